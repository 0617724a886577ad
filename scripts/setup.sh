#!/bin/sh
# Makes a virtual environment from requirements.lock: setup.sh PYTHON DIRECTORY
set -eu
python=$1
venv=$2

fail() {
    echo "setup: $1" >&2
    exit 1
}

# What points Python and pip elsewhere than into the environment; index, proxy and certificates stay as they are.
unset PYTHONHOME PYTHONPATH PYTHONSAFEPATH VIRTUAL_ENV
unset PIP_CONSTRAINT PIP_DRY_RUN PIP_EDITABLE PIP_NO_DEPS PIP_PREFIX PIP_PYTHON PIP_REQUIREMENT \
    PIP_REQUIRE_VIRTUALENV PIP_ROOT PIP_TARGET PIP_UPGRADE PIP_USER

command -v "$python" >/dev/null || fail "there is no $python; Python 3.11 or newer is needed: make setup PYTHON=…"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || fail "$python does not start"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is Python $version; 3.11 or newer is needed: make setup PYTHON=python3.11"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python has no venv module: install it (Debian, Ubuntu: python$version-venv) or choose another PYTHON=…"

# An environment of another Python, or one that was cut short, is made anew.
if [ "$("$venv/bin/python" -c 'import pip, sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$version" ]; then
    echo "setup: making $venv with Python $version"
    "$python" -m venv --clear "$venv" || fail "$python cannot make $venv"
fi
echo "setup: installing the packages of requirements.lock"
"$venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --require-hashes \
    --requirement requirements.lock || fail "the packages cannot be installed; what pip says is above"
touch "$venv/.installed"
