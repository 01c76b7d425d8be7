"""Ctrl-C from the first line of the command to the last: one line, exit code 130, no traceback."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals as POSIX has them")

# As the script that an installation makes, but for the hook, which is called before each import.
SCRIPT = """
import os, sys
moment = sys.argv.pop()
def interrupt(event, arguments):
    if event == "import" and arguments[0] == moment:
        os.kill(os.getpid(), 2)
sys.addaudithook(interrupt)
from gradatim_command import main
sys.exit(main())
"""


def run(*arguments, before=()):
    command = [*before, sys.executable, "-c", SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "moment",
    ["signal", "enum", "gradatim", "numpy", "click", "gradatim.models"],
)
def test_while_python_still_imports(moment):
    done = run("models", moment)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nStopped.\n")


def test_nothing_is_said_of_it_without_it():
    done = run("--version", "no such module")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("gradatim ")


def test_ignored_it_stays_ignored():
    done = run("models", "numpy", before=["sh", "-c", 'trap "" INT; exec "$@"', "sh"])
    assert (done.returncode, done.stderr) == (0, "")


def test_exit_codes_are_those_of_the_command():
    assert run("no-such-command", "-").returncode == 2
