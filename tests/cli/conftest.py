"""A small trained run that the commands are tried on."""

from pathlib import Path

import pytest

from gradatim.cli import main

WORDS = ["ada", "alan", "ana", "anna", "bea", "ben", "dan", "dana", "eda", "lea", "lena", "nan"]


@pytest.fixture(scope="session")
def words(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_text("\n".join(WORDS * 5) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def runs(tmp_path_factory, words) -> Path:
    """A folder with a finished run `small` and an interrupted one of `bigram`, `half`."""
    root = tmp_path_factory.mktemp("runs")
    small = ["--set", "h=8", "--set", "batch_size=16", "--set", "eval_interval=20"]
    common = ["--runs", str(root), "--data", str(words), "--samples", "0", "--no-compile"]
    assert main(["train", "mlp", "--name", "small", "--steps", "60", *small, *common]) == 0
    return root
