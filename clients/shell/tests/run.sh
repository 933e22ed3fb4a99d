#!/bin/sh
# Runs the conversation against the real program: IMAGEWIRE=/path/to/imagewire tests/run.sh
# In dash, bash's POSIX mode and busybox, as far as they are there.
set -eu
cd "$(dirname "$0")/.."
home=$(mktemp -d "${TMPDIR:-/tmp}/imagewire-shell.XXXXXX")
trap 'rm -rf "$home"' EXIT
count=0

# converse STATUS PATTERN PROGRAM PROMPT: the exit status and a pattern of the output.
converse() {
  count=$((count + 1))
  status=0
  env -i PATH="$PATH" HOME="$home" TMPDIR="$home" $shell ./conversation.sh "$3" "$4" >"$home/out" 2>&1 || status=$?
  if [ "$status" -ne "$1" ] || ! grep -qF -- "$2" "$home/out"; then
    printf 'FAILED (%s): status %s, and no "%s" in\n' "$shell" "$status" "$2"
    cat "$home/out"
    exit 1
  fi
}

for shell in dash 'bash --posix' 'busybox sh'; do
  command -v "${shell%% *}" >/dev/null || continue
  converse 0 'The image: ' "$IMAGEWIRE" 'a red fox in snow'
  image=$(sed -n 's/^The image: //p' "$home/out")
  head -c 4 "$image" | grep -q PNG
  converse 0 '"prompt":"a \"fox\" \\ \t$HOME `id` %s\nin snow 🦊"' "$IMAGEWIRE" "$(printf 'a "fox" \\ \t$HOME `id` %%s\nin snow 🦊')"
  converse 1 'answered with an error' "$IMAGEWIRE" ' '
  converse 1 'was not found' /nowhere/imagewire 'a fox'
  converse 1 'imagewire has ended' false 'a fox'
done
echo "Shell: $count conversations, 0 failed"
