#!/bin/sh
# Runs the tests in a headless Neovim against the real program: IMAGEWIRE=/path/to/imagewire tests/run.sh
# NVIM names another Neovim, TESTS the tests to run, by a Lua pattern. The home directory of the user is neither read nor written.
set -eu
cd "$(dirname "$0")/.."
home=$(mktemp -d "${TMPDIR:-/tmp}/imagewire-neovim.XXXXXX")
trap 'rm -rf "$home"' EXIT
env -i PATH="$PATH" HOME="$home" LANG=C.UTF-8 IMAGEWIRE="$IMAGEWIRE" TESTS="${TESTS:-}" PATIENCE="${PATIENCE:-30000}" \
  "${NVIM:-nvim}" --headless --clean --cmd "set runtimepath^=$PWD" -c 'luafile tests/run.lua'
