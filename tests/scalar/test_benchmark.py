"""The benchmark beside micrograd: it runs, and says what it needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scalar_micrograd.py"
STAND_IN = """
from gradatim.scalar import MLP as ours
def MLP(nin, nouts):
    return ours(nin, nouts, activation="relu", last="linear")
"""


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--rounds", "1", "--steps", "2", *arguments],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.fixture
def peer(tmp_path):
    package = tmp_path / "micrograd"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "nn.py").write_text(STAND_IN, encoding="utf-8")
    return tmp_path


def test_it_prints_both_times_and_the_ratio(peer):
    result = run(peer)
    assert result.returncode == 0, result.stderr
    assert "us a step" in result.stdout
    assert "times as fast as micrograd" in result.stdout


def test_it_prints_json(peer):
    result = json.loads(run(peer, "--json").stdout)
    assert set(result["microseconds_per_step"]) == {"gradatim", "micrograd"}
    assert result["ratio"] > 0
    assert result["machine"]


def test_without_micrograd_it_says_how_to_get_it(tmp_path):
    (tmp_path / "micrograd.py").write_text("raise ImportError", encoding="utf-8")
    result = run(tmp_path)
    assert result.returncode == 1
    assert "micrograd is not installed here: pip install micrograd" in result.stderr
