import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradatim.training.checkpoint import (
    Checkpoint,
    best_checkpoint,
    checkpoint_paths,
    clean_checkpoints,
    load_checkpoint,
    newest_checkpoint,
    save_checkpoint,
    step_of,
)
from gradatim.training.errors import CheckpointError, DamagedCheckpoint, Failure
from tests.training.numpy_learner import names


def checkpoint(step=1, dev_loss=None, **arrays):
    return Checkpoint(
        model="mlp",
        step=step,
        config={"training": {"steps": 10}},
        arrays=arrays or {"w": np.full(3, float(step))},
        progress={"loop": {"loss_sum": 0.1 + 0.2}, "position": {"index": 7}},
        dev_loss=dev_loss,
    )


def steps(folder):
    return [step_of(path) for path in checkpoint_paths(folder)]


@settings(max_examples=50)
@given(
    array=hnp.arrays(
        st.sampled_from(["float32", "float64", "int64", "int32", "uint8", "bool"]),
        hnp.array_shapes(min_dims=0, min_side=0),
    ),
)
def test_every_array_comes_back_bit_for_bit(tmp_path_factory, array):
    folder = tmp_path_factory.mktemp("checkpoints")
    path = save_checkpoint(folder, checkpoint(a=array, b=array.T))
    back = load_checkpoint(path).arrays
    for name, wanted in (("a", array), ("b", array.T)):
        assert (back[name].dtype, back[name].shape) == (wanted.dtype, wanted.shape)
        assert back[name].tobytes() == wanted.tobytes()


def test_everything_else_comes_back_too(tmp_path):
    saved = checkpoint(step=12, dev_loss=2.25)
    loaded = load_checkpoint(save_checkpoint(tmp_path, saved))
    assert (loaded.progress, loaded.dev_loss) == (saved.progress, 2.25)
    assert (loaded.model, loaded.step, loaded.config) == ("mlp", 12, saved.config)


def test_the_description_is_readable(tmp_path):
    path = save_checkpoint(tmp_path, checkpoint())
    info = json.loads((path / "checkpoint.json").read_text(encoding="utf-8"))
    assert info["tensors"] == {"w": {"dtype": "float64", "shape": [3]}}
    assert set(info["versions"]) == {"gradatim", "numpy", "python"}
    assert info["step"] == 1


def test_equal_states_are_equal_files(tmp_path):
    one = save_checkpoint(tmp_path / "a", checkpoint(x=np.ones(2), y=np.zeros(3)))
    two = save_checkpoint(tmp_path / "b", checkpoint(y=np.zeros(3), x=np.ones(2)))
    for name in ("state.safetensors", "checkpoint.json"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_the_last_three_and_the_best_are_kept(tmp_path):
    losses = {1: 3.0, 2: 1.5, 3: 2.0, 4: None, 5: 1.75, 6: 1.8, 7: None}
    for step, loss in losses.items():
        save_checkpoint(tmp_path, checkpoint(step, loss))
    assert steps(tmp_path) == [2, 5, 6, 7]
    assert best_checkpoint(tmp_path).step == 2
    assert newest_checkpoint(tmp_path).step == 7


def test_without_evaluation_the_newest_is_the_best(tmp_path):
    for step in (1, 2):
        save_checkpoint(tmp_path, checkpoint(step))
    assert best_checkpoint(tmp_path).step == 2


def truncate(path: Path):
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(path: Path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def edit_the_step(path: Path):
    path.write_text(path.read_text(encoding="utf-8").replace('"step": 3', '"step": 4'), "utf-8")


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("state.safetensors", truncate, "state.safetensors is truncated: "),
        ("state.safetensors", flip_a_bit, "state.safetensors was altered: its checksum differs"),
        ("state.safetensors", Path.unlink, "state.safetensors is missing"),
        ("checkpoint.json", truncate, "checkpoint.json is truncated or altered: not JSON"),
        ("checkpoint.json", edit_the_step, "checkpoint.json was altered: its checksum differs"),
        ("checkpoint.json", Path.unlink, "checkpoint.json is missing"),
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_taken(tmp_path, name, damage, message):
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, checkpoint(step, float(step)))
    newest = checkpoint_paths(tmp_path)[-1]
    damage(newest / name)
    with pytest.raises(DamagedCheckpoint) as error:
        load_checkpoint(newest)
    assert message in str(error.value)
    told = []
    assert newest_checkpoint(tmp_path, on_damaged=told.append).step == 2
    assert len(told) == 1
    assert message in str(told[0])


def test_if_all_are_damaged_it_says_what_to_do(tmp_path):
    truncate(save_checkpoint(tmp_path, checkpoint()) / "state.safetensors")
    with pytest.raises(CheckpointError, match="restore it from a copy, or train a new run"):
        newest_checkpoint(tmp_path)


def test_no_checkpoint_at_all(tmp_path):
    with pytest.raises(CheckpointError, match=r"no checkpoint in .*; train a new run"):
        newest_checkpoint(tmp_path)
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "step-00000001")


def test_a_checkpoint_of_a_later_format_names_its_writer(tmp_path, monkeypatch):
    import gradatim.training.checkpoint as module

    monkeypatch.setattr(module, "FORMAT", 2)
    path = save_checkpoint(tmp_path, checkpoint())
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="has format 2, this version of Gradatim reads 1"):
        load_checkpoint(path)


@pytest.mark.parametrize("call", ["fsync", "rename", "mkdir"])
def test_a_full_disk_leaves_the_earlier_ones_and_no_leftover(tmp_path, monkeypatch, call):
    save_checkpoint(tmp_path, checkpoint(1))

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    if call != "fsync":
        monkeypatch.setattr(Path, call, full)
    with pytest.raises(Failure, match=r"cannot save the checkpoint of step 2 .*\(No space left"):
        save_checkpoint(tmp_path, checkpoint(2))
    monkeypatch.undo()
    assert names(tmp_path) == ["step-00000001"]
    assert newest_checkpoint(tmp_path).step == 1


def test_leftovers_of_a_killed_process_are_not_checkpoints_and_are_removed(tmp_path):
    path = save_checkpoint(tmp_path, checkpoint(1))
    shutil.copytree(path, tmp_path / ".tmp-step-00000002")
    (tmp_path / ".tmp-file").write_bytes(b"half")
    assert newest_checkpoint(tmp_path).step == 1
    clean_checkpoints(tmp_path, after=1)
    assert names(tmp_path) == ["step-00000001"]


def test_damaged_later_checkpoints_are_set_aside_so_that_they_do_not_crowd_out_new_ones(tmp_path):
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, checkpoint(step))
    for path in checkpoint_paths(tmp_path)[1:]:
        truncate(path / "state.safetensors")
    clean_checkpoints(tmp_path, after=1)
    assert steps(tmp_path) == [1]
    assert (tmp_path / "damaged-step-00000003").is_dir()
    save_checkpoint(tmp_path, checkpoint(2))
    assert newest_checkpoint(tmp_path).step == 2


def test_a_checkpoint_of_a_step_that_is_there_replaces_it(tmp_path):
    save_checkpoint(tmp_path, checkpoint(1, w=np.zeros(1)))
    save_checkpoint(tmp_path, checkpoint(1, w=np.ones(1)))
    assert newest_checkpoint(tmp_path).arrays["w"] == [1.0]


def test_foreign_files_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "step-notes").mkdir()
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    save_checkpoint(tmp_path, checkpoint(1))
    clean_checkpoints(tmp_path, after=1)
    assert names(tmp_path) == ["notes.txt", "step-00000001", "step-notes"]
