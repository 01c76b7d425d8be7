"""The frame that runs the long proofs: what it stores, also of one that does not hold."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "proofs" / "run.py"


@pytest.fixture
def proofs(tmp_path):
    """A folder with two proofs of its own, one of which does not hold; runs those named."""
    folder = tmp_path / "proofs"
    folder.mkdir()
    shutil.copy(RUN, folder / "run.py")
    (folder / "prove_sum.py").write_text("print('busy')\nprint('{\"sum\":\\n 4}')")
    (folder / "prove_bad.py").write_text("print('{\"sum\": 5}'); raise SystemExit(1)")
    (folder / "prove_mute.py").write_text("print('done')")

    def run(*names):
        command = [sys.executable, str(folder / "run.py"), *names]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        paths = (folder / "results").glob("*")
        return done, {path.stem[11:]: json.loads(path.read_text("utf-8")) for path in paths}

    return run


def test_a_proof_that_holds_is_stored_with_its_machine(proofs):
    done, stored = proofs("sum")
    assert done.returncode == 0
    assert done.stdout.endswith("1 of 1 proofs hold\n")
    assert stored["sum"]["holds"] is True
    assert stored["sum"]["result"] == {"sum": 4}
    assert {"cpu", "cores", "python", "numpy", "gradatim"} <= stored["sum"]["machine"].keys()


def test_a_proof_that_does_not_hold_is_stored_too(proofs):
    done, stored = proofs("sum", "bad", "mute")
    assert done.returncode == 1
    assert done.stdout.endswith("1 of 3 proofs hold\n")
    assert [stored[name]["holds"] for name in ("sum", "bad", "mute")] == [True, False, False]
    assert stored["bad"]["result"] == {"sum": 5}
    assert stored["mute"]["result"] == ["done"]


def test_an_unknown_proof_is_refused(proofs):
    done, stored = proofs("some")
    assert "no proof is called some; there are: bad, mute, sum, tests" in done.stderr
    assert done.returncode == 1
    assert stored == {}
