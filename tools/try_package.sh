#!/usr/bin/env bash
# Build the wheel and the sdist, install each in a fresh environment, and use it from another folder,
# as someone would who has never seen the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory .venv/installed-test

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
.venv/bin/python -m hatchling build -d "$folder/dist"

for package in "$folder"/dist/*.whl "$folder"/dist/*.tar.gz; do
    echo "-- $(basename "$package")"
    rm -rf "$folder/env" "$folder/elsewhere"
    .venv/bin/python -m venv "$folder/env"
    "$folder/env/bin/python" -m pip install --quiet "$package"
    mkdir "$folder/elsewhere"
    (
        cd "$folder/elsewhere"
        export PATH="$folder/env/bin:$PATH"
        unset PYTHONPATH
        python - <<'CHECK'
import sys
from pathlib import Path

import gradatim
from gradatim.data import names

where = Path(gradatim.__file__)
assert where.is_relative_to(sys.prefix), f"{where} is not the installed package"
assert (where.parent / "py.typed").is_file(), "the package has no py.typed"
assert len(names.load()) == 29_910
CHECK
        gradatim --version
        gradatim
        gradatim models
        gradatim train bigram --name trial --set training.steps=20
        gradatim sample trial --seed 1
        gradatim eval trial
        gradatim surprise emma
        gradatim runs
        gradatim doctor
    )
done
