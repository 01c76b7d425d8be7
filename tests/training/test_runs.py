import os
import subprocess
import sys

import pytest

from gradatim.training.errors import BadUse, Failure, RunInUse
from gradatim.training.lock import Lock, is_locked
from gradatim.training.runs import (
    create_run,
    latest_run,
    list_runs,
    open_run,
    summarise,
)
from tests.training.numpy_learner import NumpyLearner, go_on, names, settings, start

HOLD = """
import sys, time
from pathlib import Path
from gradatim.training.lock import Lock
with Lock(Path(sys.argv[1]), of="run 'x'"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_run_appears_with_its_settings_and_first_checkpoint(tmp_path):
    run = start(tmp_path / "deep" / "runs", settings(), name="first")
    assert names(run.path) == ["checkpoints", "config.toml"]
    assert run.load().step == 0
    assert "[training]" in run.config.read_text(encoding="utf-8")


def test_names_count_up_by_model(tmp_path):
    names = [start(tmp_path, settings(), name=None).name for _ in range(3)]
    assert names == ["least-squares-1", "least-squares-2", "least-squares-3"]
    start(tmp_path, settings(), name="least-squares-9")
    assert start(tmp_path, settings(), name=None).name == "least-squares-10"


def test_a_taken_name_is_refused_with_both_ways_out(tmp_path):
    start(tmp_path, settings(), name="mine")
    with pytest.raises(BadUse) as error:
        start(tmp_path, settings(), name="mine")
    assert str(error.value) == (
        "run 'mine' exists (least-squares, step 0 of 20, interrupted); go on with it:"
        f" gradatim train --resume {tmp_path / 'mine'}, or choose another --name"
    )


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "-x", "a b", "é", "a" * 81])
def test_a_name_that_is_no_plain_folder_name_is_refused(tmp_path, name):
    with pytest.raises(BadUse, match="is no name for a run"):
        start(tmp_path, settings(), name=name)
    assert list_runs(tmp_path) == []


def test_a_run_is_opened_by_name_or_by_folder(tmp_path):
    run = start(tmp_path, settings(), name="mine")
    assert open_run(tmp_path, "mine") == open_run(tmp_path / "elsewhere", str(run.path)) == run


def test_an_unknown_run_gets_the_nearest_name_or_what_to_type(tmp_path):
    with pytest.raises(BadUse, match="has none yet; type: gradatim train"):
        open_run(tmp_path, "mlp-1")
    with pytest.raises(BadUse, match=r"no run in .* yet; type: gradatim train"):
        latest_run(tmp_path)
    start(tmp_path, settings(), name="mlp-1")
    with pytest.raises(BadUse, match=r"no run 'mpl-1' in .*; did you mean 'mlp-1'"):
        open_run(tmp_path, "mpl-1")
    with pytest.raises(BadUse, match=r"no run 'zzz' in .*; there is mlp-1"):
        open_run(tmp_path, "zzz")


def test_the_latest_run_is_the_one_written_last(tmp_path):
    first = start(tmp_path, settings(), name="b")
    second = start(tmp_path, settings(), name="a")
    os.utime(first.checkpoints / "step-00000000" / "checkpoint.json", (1, 1))
    assert latest_run(tmp_path) == second


def test_a_checkpoint_is_chosen_by_last_best_or_step(tmp_path):
    config = settings(steps=20, interval=5)
    run = start(tmp_path, config)
    go_on(run, config)
    assert run.load("last").step == 20
    assert run.load("10").step == 10
    assert run.load("best").step in run.steps()
    with pytest.raises(BadUse, match="has no checkpoint '7'; it has last, best, 10, 15, 20"):
        run.load("7")
    with pytest.raises(BadUse, match="has no checkpoint 'worst'"):
        run.load("worst")


def test_the_summary_tells_the_states_apart(tmp_path):
    config = settings(steps=10)
    run = start(tmp_path, config)
    assert summarise(run).state == "interrupted"
    with run.lock():
        assert summarise(run).state == "running"
    go_on(run, config)
    summary = summarise(run)
    assert (summary.state, summary.step, summary.steps) == ("finished", 10, 10)
    assert summary.dev_loss == run.load("best").dev_loss
    for name in names(run.checkpoints):
        (run.checkpoints / name / "checkpoint.json").write_bytes(b"")
    assert summarise(run).state == "damaged"


def test_what_a_killed_creation_left_is_removed_by_the_next(tmp_path):
    start(tmp_path, settings(), name="one")
    (tmp_path / ".tmp-two" / "checkpoints").mkdir(parents=True)
    assert [run.name for run in list_runs(tmp_path)] == ["one"]
    start(tmp_path, settings(), name="three")
    assert names(tmp_path) == [".lock", "one", "three"]


@pytest.mark.skipif(os.name == "nt", reason="folder permissions work otherwise on Windows")
@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(Failure, match=r"cannot create a run .*Permission denied.*--runs FOLDER"):
        start(tmp_path, settings(), name="x")


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "runs").write_text("", encoding="utf-8")
    with pytest.raises(Failure, match=r"cannot create a run in .*; choose a folder you may write"):
        start(tmp_path / "runs", settings(), name="x")


def test_a_second_process_is_told_who_trains_the_run(tmp_path):
    path = tmp_path / "run.lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout.readline() == "held\n"
            assert is_locked(path)
            with pytest.raises(RunInUse, match=f"in use by another process.*{holder.pid}"):
                Lock(path, of="run 'x'", patience=0).acquire()
        finally:
            holder.kill()  # nothing goes stale: the lock dies with its process
    assert not is_locked(path)
    with Lock(path, of="run 'x'"):
        assert is_locked(path)


def test_a_lock_that_nobody_made_is_free(tmp_path):
    assert not is_locked(tmp_path / "none")


def test_creating_needs_no_learner_of_the_library(tmp_path):
    from gradatim.training.loop import first_checkpoint

    config = settings()
    first = first_checkpoint(config, NumpyLearner(config))
    assert create_run(tmp_path, name=None, config={}, first=first).load().step == 0
