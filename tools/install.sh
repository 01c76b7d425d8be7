#!/bin/sh
# Make an environment if it is not there, and install a part of the project into it.
#
#     sh tools/install.sh .venv/bin/python '.[test]'
#
# Whatever goes wrong is said in one sentence that tells what to do.

here=$1
what=$2
venv=${here%/*/*}

fail() {
    echo "gradatim: $*" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null </dev/null
}

find_python() {
    for name in ${PYTHON:+"$PYTHON"} python3.15 python3.14 python3.13 python3.13 python3.11 python3 python; do
        if new_enough "$name"; then
            echo "$name"
            return
        fi
    done
}

describe_python() {
    for name in ${PYTHON:+"$PYTHON"} python3 python; do
        if version=$("$name" -V 2>/dev/null </dev/null); then
            echo "$name is $version"
            return
        fi
    done
    echo "no Python was found"
}

if [ -n "$PYTHON" ] && ! new_enough "$PYTHON"; then
    fail "PYTHON=$PYTHON is not a Python 3.11 or newer ($(describe_python))."
fi

if [ ! -d "$venv" ]; then
    python=$(find_python)
    [ -n "$python" ] || fail "Python 3.11 or newer is needed and $(describe_python);" \
        "install one from https://www.python.org/downloads/, or name it: make PYTHON=/path/to/python3.13"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make environments; on Debian and Ubuntu 'sudo apt install python3-venv' adds that."
    echo "Making $venv with $("$python" -V) ..."
    if ! "$python" -m venv "$venv"; then
        rm -rf "$venv"
        fail "$python could not make the environment $venv; the lines above say why."
    fi
elif ! new_enough "$here"; then
    fail "the Python in $venv is missing or older than 3.11; remove the folder $venv and run this again."
fi

"$here" -m pip --version >/dev/null 2>&1 ||
    fail "there is no pip in $venv; remove the folder $venv and run this again."

echo "Installing $what and what it needs into $venv (once) ..."
"$here" -m pip install --quiet --no-input --disable-pip-version-check --editable "$what" ||
    fail "could not install $what; the lines above say why (a new machine needs the network once)."
