"""What `make` says on a machine where the environment cannot be made: one sentence, no dump."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "install.sh"

pytestmark = pytest.mark.skipif(not shutil.which("sh"), reason="make needs a shell")

OLD = """#!/bin/sh
if [ "$1" = -V ]; then echo "Python 3.9.2"; exit 0; fi
exit 1
"""
WITHOUT_ENSUREPIP = f"""#!/bin/sh
case "$2" in *ensurepip*) exit 1;; esac
exec "{sys.executable}" "$@"
"""


@pytest.fixture
def install(tmp_path):
    """Run the script in an empty folder, on a machine with these programs and hardly another."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "rm"):
        (programs / name).symlink_to(shutil.which(name))

    def run(**pythons):
        for name, text in pythons.items():
            (programs / name).write_text(text, encoding="utf-8")
            (programs / name).chmod(0o755)
        environment = {**os.environ, "PATH": str(programs)}
        environment.pop("PYTHON", None)
        command = ["sh", str(SCRIPT), ".venv/bin/python", "."]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_no_python(install):
    done = install()
    assert done.returncode == 1
    assert done.stderr == (
        "gradatim: Python 3.11 or newer is needed and no Python was found; install one from "
        "https://www.python.org/downloads/, or name it: make PYTHON=/path/to/python3.13\n"
    )


def test_only_an_old_python(install):
    done = install(python3=OLD)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed and python3 is Python 3.9.2; install" in done.stderr
    assert done.stderr.count("\n") == 1


def test_debian_without_venv(install, tmp_path):
    done = install(python3=WITHOUT_ENSUREPIP)
    assert done.returncode == 1
    assert done.stderr == (
        "gradatim: python3 cannot make environments; on Debian and Ubuntu "
        "'sudo apt install python3-venv' adds that.\n"
    )
    assert not (tmp_path / ".venv").exists()


def test_an_environment_whose_python_is_gone(install, tmp_path):
    (tmp_path / ".venv").mkdir()
    done = install()
    assert done.returncode == 1
    assert done.stderr == (
        "gradatim: the Python in .venv is missing or older than 3.11; "
        "remove the folder .venv and run this again.\n"
    )
