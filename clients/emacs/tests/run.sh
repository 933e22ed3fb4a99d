#!/bin/sh
# Compiles the package without a warning, checks its documentation, installs it, and runs the tests in a real Emacs
# against the real program: IMAGEWIRE=/path/to/imagewire tests/run.sh
# EMACS names another Emacs. The home directory of the user is neither read nor written.
set -eu
cd "$(dirname "$0")/.."
home=$(mktemp -d "${TMPDIR:-/tmp}/imagewire-emacs.XXXXXX")
trap 'rm -rf "$home"' EXIT
run() { env -i PATH="$PATH" HOME="$home" LANG=C.UTF-8 IMAGEWIRE="$IMAGEWIRE" "${EMACS:-emacs}" -Q --batch "$@"; }

mkdir "$home/compiled"
cp ./*.el "$home/compiled"
# Each in an Emacs of its own, so that none lives on what another requires.
for file in *.el; do
  run -L "$home/compiled" --eval '(setq byte-compile-error-on-warn t)' -f batch-byte-compile "$home/compiled/$file"
  # Without version control, whose programs need not be there.
  complaints=$(run --eval "(progn (require 'checkdoc) (setq vc-handled-backends nil) (checkdoc-file \"$file\"))" 2>&1)
  if [ -n "$complaints" ]; then
    echo "checkdoc: $complaints"
    exit 1
  fi
done

# Emacs names a package after the first file with a version that it comes upon, in no order.
versions=$(grep -l '^;; Version:' ./*.el)
if [ "$versions" != ./imagewire.el ]; then
  echo "a version belongs in imagewire.el alone, and is in: $versions"
  exit 1
fi
# The folder is a package, as README has it; its commands are there before it is loaded, and load the whole of it.
check="(progn
  (dolist (command '(imagewire-generate imagewire-list imagewire-cancel imagewire-change imagewire-vary imagewire-again
                     imagewire-history imagewire-choose-model imagewire-choose-input imagewire-image-mode
                     imagewire-global-image-mode imagewire-menu))
    (unless (autoloadp (symbol-function command)) (error \"%s is not autoloaded\" command))
    (unless (commandp command) (error \"%s is no command\" command)))
  (require 'imagewire-menu))"
if ! said=$(run -l package --eval '(package-install-file default-directory)' 2>&1 &&
            run -f package-initialize --eval "$check" 2>&1); then
  echo "install: $said"
  exit 1
fi

# The tests use the compiled files.
loads=
for file in tests/*-tests.el; do loads="$loads -l $(basename "$file" .el)"; done
# TESTS chooses some of them, as ert-run-tests-batch does.
run -L "$home/compiled" -L tests $loads --eval "(ert-run-tests-batch-and-exit ${TESTS:-t})"
