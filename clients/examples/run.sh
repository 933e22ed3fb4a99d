#!/bin/sh
# Runs each example against the real program, as far as its language is there: IMAGEWIRE=/path/to/imagewire run.sh
set -eu
cd "$(dirname "$0")"
home=$(mktemp -d "${TMPDIR:-/tmp}/imagewire-examples.XXXXXX")
trap 'rm -rf "$home"' EXIT
count=0

# draws TOOL COMMAND…: prints the path of an image for a prompt with every kind of character, and fails for an empty one.
draws() {
  command -v "$1" >/dev/null || return 0
  shift
  count=$((count + 1))
  prompt=$(printf 'a "fox" \\ é %%s\t🦊')
  path=$(env HOME="$home" XDG_STATE_HOME= IMAGEWIRE_PROVIDER=sandbox "$@" "$prompt")
  head -c 4 "$path" | grep -q PNG
  env HOME="$home" XDG_STATE_HOME= "$IMAGEWIRE" list --text "$prompt" --json | grep -q '"status":"completed"'
  if env HOME="$home" XDG_STATE_HOME= IMAGEWIRE_PROVIDER=sandbox "$@" "" >"$home/said" 2>&1; then
    echo "an empty prompt is no error for: $*" >&2
    exit 1
  fi
  grep -q 'prompt' "$home/said" || { cat "$home/said" >&2; exit 1; }
  if "$@" >"$home/said" 2>&1 || ! grep -q 'usage: image' "$home/said"; then
    echo "without a prompt it does not say how it is used: $*" >&2
    cat "$home/said" >&2
    exit 1
  fi
  rm -rf "$home/.local"
}

draws perl perl image.pl
draws ruby ruby image.rb
draws lua5.4 lua5.4 image.lua
if command -v go >/dev/null; then
  GOCACHE=$home/cache GOFLAGS=-mod=mod go build -o "$home/image-go" image.go
  draws go "$home/image-go"
fi
if command -v rustc >/dev/null; then
  rustc --edition 2021 -o "$home/image-rs" image.rs
  draws rustc "$home/image-rs"
fi
echo "Examples: $count languages, 0 failed"
