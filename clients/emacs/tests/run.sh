#!/bin/sh
# Compiles the package without a warning, checks its documentation, and runs the tests in a real Emacs against the real
# program: IMAGEWIRE=/path/to/imagewire tests/run.sh
# EMACS names another Emacs. Nothing of the home directory of whoever runs it is read or written.
set -eu
cd "$(dirname "$0")/.."
home=$(mktemp -d "${TMPDIR:-/tmp}/imagewire-emacs.XXXXXX")
trap 'rm -rf "$home"' EXIT
run() { env -i PATH="$PATH" HOME="$home" LANG=C.UTF-8 IMAGEWIRE="$IMAGEWIRE" "${EMACS:-emacs}" -Q --batch "$@"; }

cp imagewire.el "$home"
run --eval '(setq byte-compile-error-on-warn t)' -f batch-byte-compile "$home/imagewire.el"
complaints=$(run --eval "(progn (require 'checkdoc) (checkdoc-file \"imagewire.el\"))" 2>&1)
if [ -n "$complaints" ]; then
  echo "checkdoc: $complaints"
  exit 1
fi
# What is tested is what was compiled.
run -L "$home" -L tests -l imagewire-tests -l imagewire-faults-tests -f ert-run-tests-batch-and-exit
