"""How a training is told, in a log and on a terminal."""

import io
import os
import subprocess
import sys

import pytest

from gradatim.cli.progress import Bar, Lines
from gradatim.cli.terminal import harmless
from tests.training.numpy_learner import go_on, settings, start

pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_a_log_has_a_line_per_evaluation(tmp_path):
    config = settings(steps=2_000, interval=1_000)
    stream = io.StringIO()
    go_on(start(tmp_path, config), config, reporter=Lines(stream))
    lines = stream.getvalue().splitlines()
    assert [line.partition("   train ")[0] for line in lines] == [
        "step     0 of 2,000",
        "step 1,000 of 2,000",
        "step 2,000 of 2,000",
    ]
    assert all("   dev " in line for line in lines)
    assert [line.endswith(" left") for line in lines] == [False, True, False]


def test_a_log_says_how_long_the_rest_takes_if_it_goes_on_as_lately(monkeypatch):
    """The first steps may be compiled: what they took says nothing."""
    stream, clock = io.StringIO(), [0]
    monkeypatch.setattr("gradatim.cli.progress.time.monotonic", lambda: clock[0])
    lines = Lines(stream)
    lines.steps = 600
    for now, step in ((5, 0), (105, 1), (115, 101), (135, 201), (155, 301), (185, 401), (190, 600)):
        clock[0] = now
        if step:
            lines.stepped(step, 2.0)
        if step != 1:
            record = {"step": step, "train_loss": 2.0, "dev_loss": 2.0, "steps_per_second": 0.25}
            lines.recorded({"event": "eval", **record})
    assert [line.rpartition("dev 2.0000   ")[2] for line in stream.getvalue().splitlines()] == [
        "0.2 steps/s",
        "0.2 steps/s   50 s left",
        "0.2 steps/s   80 s left",
        "0.2 steps/s   60 s left",
        "0.2 steps/s   50 s left",
        "0.2 steps/s",
    ]


def test_a_terminal_has_a_bar_and_the_same_lines(tmp_path):
    config = settings(steps=20, interval=10)
    stream = Terminal()
    bar = Bar(stream)
    go_on(start(tmp_path, config), config, reporter=bar)
    bar.close()
    text = stream.getvalue()
    assert "20/20" in text
    assert "step 10 of 20" in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_real_terminal_of_any_encoding(tmp_path, words, encoding):
    command = [sys.executable, "-m", "gradatim", "train", "bigram", "--steps", "20"]
    command += ["--no-compile"]
    files = ["--runs", str(tmp_path), "--data", str(words)]
    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen([*command, *files], stdout=slave, stderr=slave, env=environment) as done:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:  # Linux's way to say that nobody writes any more
                break
            if not piece:
                break
            shown += piece
    os.close(master)
    assert done.returncode == 0
    assert b"20/20" in shown
    assert b"Next: gradatim sample" in shown
    assert b"Traceback" not in shown


@pytest.mark.parametrize(
    ("stream", "shown"), [(Terminal, "a\\x1b[2J\\x07\\x9b é\t\n"), (io.StringIO, None)]
)
def test_a_terminal_obeys_no_text_that_a_model_wrote(monkeypatch, stream, shown):
    text = "a\x1b[2J\x07\x9b é\t\n"
    monkeypatch.setattr(sys, "stdout", stream())
    assert harmless(text) == (shown or text)
