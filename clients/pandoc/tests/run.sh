#!/bin/sh
# Runs the tests against the real Pandoc and the real program: IMAGEWIRE=/path/to/imagewire tests/run.sh
set -eu
cd "$(dirname "$0")/../../.."
exec .build-tools/venv/bin/python -m pytest -q -p no:cacheprovider clients/pandoc/tests
