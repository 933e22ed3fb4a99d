#!/bin/sh
# Runs the tests in a real Vim against the real program: IMAGEWIRE=/path/to/imagewire tests/run.sh
# VIM_PROGRAM names another Vim. The home directory of the user is neither read nor written.
set -eu
cd "$(dirname "$0")/.."
home=$(mktemp -d "${TMPDIR:-/tmp}/imagewire-vim.XXXXXX")
trap 'rm -rf "$home"' EXIT
status=0
for script in tests/test_*.vim; do
  suite=$(basename "$script" .vim)
  # Vim draws its screen to /dev/null and writes the results to a file.
  env -i PATH="$PATH" HOME="$home" LANG=C.UTF-8 IMAGEWIRE="$IMAGEWIRE" RESULTS="$home/$suite" \
    "${VIM_PROGRAM:-vim}" -N -u NONE -i NONE -n --not-a-term -T xterm --cmd "set runtimepath^=$PWD" -S "$script" \
    </dev/null >/dev/null 2>"$home/errors" || status=$?
  cat "$home/$suite" || cat "$home/errors"
done
results=$(cat "$home"/test_*)
echo "Vim: $(echo "$results" | grep -cE '^(ok|FAILED) ') tests, $(echo "$results" | grep -c '^FAILED ') failed"
exit "$status"
