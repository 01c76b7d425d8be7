"""What holds for every command: one-line errors, exit codes, quick start, any terminal."""

import os
import subprocess
import sys

import pytest

from gradatim.cli import main
from gradatim.cli.failures import explain
from gradatim.cli.main import COMMANDS
from gradatim.data import DataError
from gradatim.training.errors import BadUse, Failure
from tests.training.numpy_learner import settings, start


def run(*arguments, program=("-m", "gradatim"), **environment):
    return subprocess.run(
        [sys.executable, *program, *arguments],
        check=False,
        capture_output=True,
        env={**os.environ, **environment},
    )


def test_alone_it_prints_five_things_to_type(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  gradatim")]
    assert len(lines) == 5
    assert all(line.split()[1] in COMMANDS for line in lines)


def test_alone_in_a_narrow_terminal_it_says_below_what_they_do(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gradatim.cli.welcome.columns", lambda: 60)
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert "  gradatim doctor" in lines


def test_alone_it_speaks_of_the_latest_run_if_there_is_one(capsys, tmp_path, monkeypatch):
    start(tmp_path / "runs", settings(), name="mine")
    monkeypatch.chdir(tmp_path)
    main([])
    assert "  gradatim sample mine" in capsys.readouterr().out


def test_help_lists_every_command_with_examples(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in COMMANDS)
    assert "Examples:\n    gradatim train mlp" in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(capsys, name):
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: gradatim {name}")
    assert "Examples:" in out


def test_the_list_of_pictures_cuts_no_sentence(capsys):
    assert main(["draw", "--help"]) == 0
    out = capsys.readouterr().out
    assert "..." not in out.partition("Commands:")[2]
    assert "in every head of every layer" in " ".join(out.split())


def test_the_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("gradatim ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "no command 'trian'; did you mean 'train'?"),
        (["xyzzy"], "no command 'xyzzy'; there are train, sample, "),
        (["runs", "--jsno"], "no such option '--jsno'; did you mean '--json'?"),
        (["runs", "x"], "got unexpected extra argument"),
        (["runs", "--xyzzy"], "no such option '--xyzzy'; gradatim runs --help shows how"),
        (["sample", "--seed"], "'--seed' requires an argument; gradatim sample --help shows how"),
        (["draw", "lol", "-o"], "'-o' requires an argument; gradatim draw lol --help shows how"),
        (["surprise"], "missing argument 'WORD'"),
        (["sample", "--temperature", "0"], "the temperature is 0.0; it is a number from 1e-30 up"),
        (["sample", "--temperature", "warm"], "'warm' is not a valid float"),
        (["sample", "-n", "0"], "0 is not in the range x>=1"),
        (["sample", "--greedy", "--temperature", "2"], "--greedy draws nothing"),
        (["train", "gpt", "--data", "englsh"], "no file englsh; did you mean 'english'?"),
        (["train", "mlp", "--data", "nmaes"], "no file nmaes; did you mean 'names'?"),
        (["train", "gpt", "--data", ""], "--data names no file; give one, or leave out --data"),
        (["eval", "--data", " "], "--data names no file; give one, or leave out --data"),
        (["eval", "--split", "tset"], "'tset' is not one of"),
        (["runs", "--runs", __file__], "is a file; gradatim runs --help shows how"),
        (["sample", "--runs", "no-such-folder"], "no run in no-such-folder yet"),
    ],
)
def test_bad_use_is_one_line_on_stderr_and_exit_code_2(capsys, arguments, message):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (BadUse("write it so"), 2, "Error: write it so"),
        (DataError("an empty file"), 2, "Error: an empty file"),
        (Failure("no room"), 1, "Error: no room"),
        (PermissionError(13, "Permission denied", "x.svg"), 1, "Error: x.svg: Permission denied"),
        (MemoryError(), 1, "Error: not enough memory"),
        (KeyboardInterrupt(), 130, "Stopped."),
        (KeyError("k"), 1, "Error: KeyError: 'k' (this should not happen"),
        (Failure("two\nlines"), 1, "Error: two lines"),
    ],
)
def test_every_exception_has_its_line_and_code(capsys, error, code, line):
    assert explain(error) == code
    err = capsys.readouterr().err
    assert err.startswith(line)
    assert err.count("\n") == 1


def test_debug_shows_where_an_error_came_from(tmp_path):
    done = run("sample", "--runs", str(tmp_path), "--debug")
    assert b"Traceback" in done.stderr
    assert b"Traceback" not in run("sample", "--runs", str(tmp_path)).stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX pipe")
def test_a_reader_that_goes_away_is_told_by_the_exit_code_alone(tmp_path):
    start(tmp_path, settings(), name="mine")
    for arguments in (["runs", "--json", "--runs", str(tmp_path)], ["models"], ["--help"]):
        read, write = os.pipe()
        os.close(read)  # before anything is written, so that it never depends on who is faster
        command = [sys.executable, "-m", "gradatim", *arguments]
        done = subprocess.run(command, check=False, stdout=write, stderr=subprocess.PIPE)
        os.close(write)
        assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "cp1252"},
    ],
)
def test_a_terminal_without_unicode_is_no_error(tmp_path, environment):
    """Four commands in one process, which counts what they return."""
    start(tmp_path, settings(), name="mine")
    code = (
        "import sys; from gradatim.cli import main; _, runs, wrong = sys.argv;"
        "found = [main(a) for a in (['runs', '--runs', runs], ['--help'], [], [wrong])];"
        "sys.exit(0 if found == [0, 0, 0, 2] else repr(found))"
    )
    done = run(str(tmp_path), "nö", program=("-c", code), **environment)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_help_and_version_import_nothing_heavy():
    code = (
        "import sys; from gradatim.cli import main; main([sys.argv[1]] if sys.argv[1] else []);"
        "heavy = {'rich', 'safetensors', 'gradatim.models', 'gradatim.draw'} & set(sys.modules);"
        "sys.exit(','.join(heavy) or 0)"
    )
    for argument in ("--help", "--version", ""):
        done = subprocess.run(
            [sys.executable, "-c", code, argument], check=False, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_a_closed_stdout_is_no_error():
    command = [sys.executable, "-m", "gradatim", "models"]
    closed = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *command], capture_output=True, text=True, check=False
    )
    assert (closed.returncode, closed.stderr) == (0, "")
