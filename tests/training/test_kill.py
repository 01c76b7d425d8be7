"""`kill -9` at any moment, on real processes; `proofs/prove_kill.py` does it by the hundred."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from proofs.prove_kill import random_kills

EXHAUSTIVE = """
import sys
from pathlib import Path
from proofs.prove_kill import exhaustive_kills
from tests.training.numpy_learner import go_on, open_run, settings, start

def train(root):
    config = settings(steps=3, interval=1)
    run = open_run(root, "kill") if (root / "kill").exists() else start(root, config)
    go_on(run, config)

report = exhaustive_kills(train, interval=1)
assert report.kills > 40, report
assert report.during_a_checkpoint > 5, report
sys.exit("\\n".join(report.failures) or 0)
"""


def test_random_moments():
    def command(root: Path) -> list[str]:
        return [sys.executable, "-m", "tests.training.numpy_learner", str(root), "60", "1"]

    report = random_kills(command, kills=8, interval=1)
    assert report.failures == []
    assert report.most_steps_lost <= 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_before_every_file_operation():
    # In a process of its own: forking the test runner would copy its threads' locks.
    done = subprocess.run(
        [sys.executable, "-c", EXHAUSTIVE], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
