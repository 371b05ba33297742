#!/bin/sh
# Makes the virtual environment VENV with PYTHON and installs LOCK and this project into it.
# usage: setup.sh PYTHON VENV LOCK
set -eu
python=$1 venv=$2 lock=$3

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Python 3.11 or later is needed, and '$python' is not one. Name one: make PYTHON=python3.12 …" >&2
    exit 1
fi
echo "Installing into $venv (once; later starts skip this) …"
if command -v uv >/dev/null 2>&1; then
    [ -x "$venv/bin/python" ] || uv venv --quiet --python "$python" "$venv"
    uv pip install --quiet --python "$venv/bin/python" --requirement "$lock"
    uv pip install --quiet --python "$venv/bin/python" --no-deps --editable .
else
    [ -x "$venv/bin/pip" ] || "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$lock"
    "$venv/bin/pip" install --quiet --no-deps --editable .
fi
