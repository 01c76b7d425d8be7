"""`save` and `load`: what comes back, and what is refused."""

import hashlib
import io
import json
import pickle
import zipfile
from collections import OrderedDict, namedtuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import gradatim as g
from gradatim import nn, optim


def through(value):
    file = io.BytesIO()
    g.save(value, file)
    file.seek(0)
    return g.load(file)


def same(a, b):
    if isinstance(a, g.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=True)
    if isinstance(a, dict):
        return type(a) is type(b) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        pairs = len(a) == len(b) and zip(a, b, strict=True)
        return type(a) is type(b) and bool(pairs) and all(same(x, y) for x, y in pairs)
    return type(a) is type(b) and (a == b or a != a)


# -- what comes back ---------------------------------------------------------------------------

tensors = st.sampled_from(
    [
        g.arange(6.0).reshape(2, 3).T,
        g.tensor(3.5, dtype=g.float64),
        g.zeros(0, 2),
        g.tensor([True, False]),
        g.tensor([1, 255], dtype=g.uint8),
        g.tensor([1, -2], dtype=g.int32),
        g.arange(5).flip(0),
        g.tensor([float("nan"), -0.0, float("inf")]),
    ]
)
keys = st.one_of(st.text(max_size=4), st.integers(), st.booleans(), st.none(), st.floats(0, 1))
plain = st.one_of(tensors, st.none(), st.booleans(), st.integers(), st.floats(), st.text())
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(keys, inner, max_size=3),
        st.dictionaries(st.sampled_from(["array", "tuple", "0", "dict"]), inner, max_size=2),
        st.dictionaries(keys, inner, max_size=3).map(OrderedDict),
    ),
    max_leaves=10,
)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(values)
def test_every_nest_of_values_comes_back_as_it_was(value):
    assert same(through(value), value)


def test_shapes_dtypes_and_devices_come_back():
    value = {"shape": g.ones(2, 3).shape, "dtype": g.int64, "device": g.device("cpu")}
    found = through(value)
    assert found == value
    assert isinstance(found["shape"], g.Size)


def test_training_goes_on_from_a_file_as_if_it_had_not_stopped(tmp_path):
    def make():
        g.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1))
        optimizer = optim.AdamW(model.parameters(), lr=0.1)
        return model, optimizer, optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=20)

    def train(model, optimizer, schedule, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            model(g.randn(8, 3)).square().mean().backward()
            optimizer.step()
            schedule.step()

    whole = make()
    train(*whole, 3)
    states = [part.state_dict() for part in whole]
    g.save({"parts": states, "rng": g.get_rng_state(), "epoch": 3}, tmp_path / "run.gt")
    train(*whole, 4)
    again = make()
    loaded = g.load(tmp_path / "run.gt")
    for part, state in zip(again, loaded["parts"], strict=True):
        part.load_state_dict(state)
    g.set_rng_state(loaded["rng"])
    train(*again, 4)
    assert same(again[0].state_dict(), whole[0].state_dict())
    assert loaded["parts"][0]._metadata == states[0]._metadata


@pytest.mark.parametrize("name", optim.lr_scheduler.__all__)
def test_the_state_of_every_schedule_comes_back(name):
    optimizer = optim.SGD([g.ones(1, requires_grad=True)], lr=0.1)
    arguments = {
        "CosineAnnealingLR": [5],
        "CosineAnnealingWarmRestarts": [5],
        "CyclicLR": [0.1, 0.2],
        "ExponentialLR": [0.9],
        "LambdaLR": [lambda step: 0.9**step],
        "MultiplicativeLR": [lambda step: 0.9],
        "MultiStepLR": [[1, 2, 2]],
        "OneCycleLR": [0.1, 9],
        "SequentialLR": [[optim.lr_scheduler.StepLR(optimizer, 2)] * 2, [3]],
        "StepLR": [2],
        "WarmupCosineLR": [2, 9],
    }
    if name in ("LRScheduler", "ChainedScheduler"):  # which has no state but that of others
        return
    schedule = getattr(optim.lr_scheduler, name)(optimizer, *arguments.get(name, []))
    state = schedule.state_dict()
    assert through(state) == state
    assert type(through(state).get("milestones")) is type(state.get("milestones"))
    schedule.load_state_dict(through(state))


def test_tied_weights_are_kept_once_and_are_tied_again():
    model = nn.Module()
    model.table, model.head = nn.Embedding(50, 8), nn.Linear(8, 50, bias=False)
    model.head.weight = model.table.weight
    file = io.BytesIO()
    g.save(model.state_dict(), file)
    assert len(file.getvalue()) < 1.5 * 50 * 8 * 4
    file.seek(0)
    state = g.load(file)
    state["head.weight"].zero_()
    assert not state["table.weight"].any()


def test_views_that_differ_come_back_as_tensors_of_their_own():
    x = g.arange(6.0).reshape(2, 3)
    found = through({"x": x, "row": x[0], "turned": x.T})
    assert found["turned"].tolist() == x.T.tolist()
    found["row"].zero_()
    assert found["x"].tolist() == x.tolist()


def test_what_learns_is_a_leaf_that_learns():
    weight, frozen = through([nn.Parameter(g.ones(2)), g.ones(2)])
    assert weight.requires_grad
    assert type(weight) is g.Tensor
    assert weight.is_leaf
    assert not frozen.requires_grad
    assert through(weight * 2).is_leaf


def test_loaded_memory_is_ones_own(tmp_path):
    x = g.ones(3)
    g.save(x, tmp_path / "x.gt")
    x.zero_()
    first, second = g.load(tmp_path / "x.gt"), g.load(tmp_path / "x.gt")
    first.mul_(5)
    assert second.tolist() == [1.0, 1.0, 1.0]


def test_a_header_that_begins_as_a_pickle_does_is_none():
    found = [through(["x" * n]) for n in range(300, 600)]  # among them one of 640 bytes
    assert [len(x[0]) for x in found] == list(range(300, 600))


def test_equal_values_make_equal_files():
    value = {"b": g.ones(2), "a": [g.zeros(3), 1.5], "half \ud800": g.ones(1)}
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        g.save(value, file)
    assert files[0].getvalue() == files[1].getvalue()
    assert same(through(value), value)


# -- files -------------------------------------------------------------------------------------


def test_the_file_of_a_state_dict_is_plain_safetensors(tmp_path):
    model = nn.Linear(3, 2)
    g.save(model.state_dict(), tmp_path / "linear.safetensors")
    found = load_file(tmp_path / "linear.safetensors")
    assert sorted(found) == ["bias", "weight"]
    np.testing.assert_array_equal(found["weight"], model.weight.detach())


def test_safetensors_of_others_are_read_as_a_dictionary(tmp_path):
    save_file({"w": np.ones((2, 3), np.float32)}, tmp_path / "other.safetensors")
    assert g.load(tmp_path / "other.safetensors")["w"].tolist() == [[1.0] * 3] * 2
    save_file({"h": np.ones(2, np.float16)}, tmp_path / "half.safetensors")
    with pytest.raises(RuntimeError, match=r"half.safetensors cannot be read: .*float16"):
        g.load(tmp_path / "half.safetensors")


def test_devices_of_pytorch_scripts_are_taken(tmp_path):
    path = str(tmp_path / "x.gt")
    g.save(g.ones(1), path)
    for where in ("cpu", "cuda:0", g.device("cuda"), {"cuda:0": "cpu"}, lambda storage, _: storage):
        assert g.load(path, map_location=where).tolist() == [1.0]
    for only in (True, False):
        assert g.load(path, weights_only=only).tolist() == [1.0]
    with pytest.raises(RuntimeError, match="'gpu' is not a device"):
        g.load(path, map_location="gpu")


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.gt"
    g.save(g.ones(1), path)
    with pytest.raises(TypeError):
        g.save({"f": print}, path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        g.save(g.zeros(1), path)
    assert g.load(path).tolist() == [1.0]
    assert [p.name for p in tmp_path.iterdir()] == ["x.gt"]


# -- what is refused ---------------------------------------------------------------------------

Point = namedtuple("Point", "x y")
NO_DATA = {
    r"a Linear is code and data; save its \.state_dict\(\) instead": nn.Linear(1, 1),
    r"at 'optimizer': a SGD is code and data": {"optimizer": optim.SGD([g.ones(1)])},
    r"at 'hooks\.0': a function is code": {"hooks": [lambda x: x]},
    r"a type is code": nn.Linear,
    r"save gradatim\.from_numpy\(x\) instead": np.ones(2),
    r"it is a NumPy int64; save x\.item\(\)": np.int64(3),
    r"a Point is not a tensor": Point(1, 2),
    r"a set is not a": {1, 2},
    r"a complex is not a": 1j,
}


@pytest.mark.parametrize("says", NO_DATA)
def test_what_is_no_data_is_refused_with_its_place(says, tmp_path):
    with pytest.raises(TypeError, match=f"save: cannot save .*{says}"):
        g.save(NO_DATA[says], tmp_path / "x.gt")
    assert not list(tmp_path.iterdir())


def test_what_contains_itself_is_refused(tmp_path):
    value = {"a": []}
    value["a"].append(value)
    with pytest.raises(ValueError, match=r"save: the value at 'a\.0' contains itself"):
        g.save(value, tmp_path / "x.gt")


def test_bad_places_are_refused(tmp_path):
    with pytest.raises(RuntimeError, match=r"save: there is no folder '.*nowhere'; make it first"):
        g.save(1, tmp_path / "nowhere" / "x.gt")
    with pytest.raises(TypeError, match="save: expects a path, or a file open for writing bytes"):
        g.save(1, 3)
    with pytest.raises(FileNotFoundError):
        g.load(tmp_path / "x.gt")
    with pytest.raises(TypeError, match="open it with mode 'rb'"):
        g.load(io.StringIO("x"))
    with pytest.raises(TypeError, match="open it with mode 'wb'"):
        g.save(1, io.StringIO())


class Evil:
    def __reduce__(self):
        return Path.touch, (Path("it-ran"),)


def test_a_pickle_is_never_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("old.pt").write_bytes(pickle.dumps(Evil(), protocol=2))
    with zipfile.ZipFile("new.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Evil()))
    for name in ("old.pt", "new.pt"):
        with pytest.raises(RuntimeError, match=f"{name} is a pickle .*code, so it is never done"):
            g.load(name, weights_only=False)
    assert not Path("it-ran").exists()


def test_a_damaged_file_is_refused(tmp_path):
    g.save({"w": g.arange(100.0), "n": 3}, tmp_path / "x.gt")
    good = (tmp_path / "x.gt").read_bytes()
    bad = tmp_path / "bad.gt"
    for at in range(0, len(good), 7):
        bad.write_bytes(good[:at])
        with pytest.raises(RuntimeError, match=r"bad\.gt cannot be read: .*truncated"):
            g.load(bad)
    for at in range(0, len(good), 3):
        bad.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(RuntimeError, match=r"bad\.gt (cannot be read|is a pickle)"):
            g.load(bad)
    bad.write_text("no such file", encoding="utf-8")
    with pytest.raises(RuntimeError, match="not a safetensors file, or truncated"):
        g.load(bad)


def texts_of(version, tree):
    sha256 = hashlib.sha256(f"{version}\n{tree}".encode()).hexdigest()
    return {"format": "gradatim", "version": version, "tree": tree, "sha256": sha256}


@pytest.mark.parametrize(
    "tree",
    ['{"array": "nowhere"}', '{"float": []}', '{"dict": 3}', '{"dtype": "int7"}', '{"size": 1}',
     '{"versions": [1]}', "[", "[" * 100_000],
)  # fmt: skip
def test_a_tree_that_no_saving_made_is_refused(tree, tmp_path):
    save_file({}, tmp_path / "x.gt", {"format": "gradatim", "version": "1", "tree": tree})
    with pytest.raises(RuntimeError, match="altered since it was saved"):
        g.load(tmp_path / "x.gt")
    save_file({}, tmp_path / "x.gt", texts_of("1", tree))
    with pytest.raises(RuntimeError, match=r"x\.gt cannot be read"):
        g.load(tmp_path / "x.gt")


def test_a_file_of_a_later_version_is_refused(tmp_path):
    save_file({}, tmp_path / "x.gt", texts_of("2", json.dumps([1])))
    with pytest.raises(RuntimeError, match="version 2, and this Gradatim reads 1; update Gradatim"):
        g.load(tmp_path / "x.gt")
