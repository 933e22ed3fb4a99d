#!/bin/sh
# Runs the tests in a real Vim against the real program: IMAGEWIRE=/path/to/imagewire tests/run.sh
# VIM_PROGRAM names another Vim. The home directory of the user is neither read nor written.
set -eu
cd "$(dirname "$0")/.."
home=$(mktemp -d "${TMPDIR:-/tmp}/imagewire-vim.XXXXXX")
trap 'rm -rf "$home"' EXIT
status=0
for suite in run faults; do
  # Vim draws its screen as ever, onto nothing; the results come in a file.
  env -i PATH="$PATH" HOME="$home" LANG=C.UTF-8 IMAGEWIRE="$IMAGEWIRE" RESULTS="$home/$suite" \
    "${VIM_PROGRAM:-vim}" -N -u NONE -i NONE -n --not-a-term -T xterm --cmd "set runtimepath^=$PWD" -S "tests/$suite.vim" \
    </dev/null >/dev/null 2>"$home/errors" || status=$?
  cat "$home/$suite" || cat "$home/errors"
done
exit "$status"
