#!/bin/bash
# Installs the wheel that scripts/build_wheel.sh made, with extras, into a virtual environment.
#
# Usage: scripts/install_wheel.sh PYTHON FOLDER EXTRAS, e.g. .venv/bin/python build/wheel sandbox,test
set -euo pipefail
python=$1 extras=$3
wheel=$(ls "$2"/*.whl)

echo "venv: installing till[$extras]"
"$python" -m pip install --disable-pip-version-check -q "$wheel[$extras]"
# The extras' own packages stay; till itself is replaced even when its version is the same.
"$python" -m pip install --disable-pip-version-check -q --force-reinstall --no-deps "$wheel"
