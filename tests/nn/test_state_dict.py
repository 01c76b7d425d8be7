import pytest

import gradatim
from gradatim import nn
from gradatim.nn.module import StateDictError


def net():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    model.register_buffer("steps", gradatim.tensor(3))
    model.register_buffer("cache", gradatim.zeros(9), persistent=False)
    return model


def test_a_state_dict_shares_memory_and_carries_no_history():
    model = net()
    state = model.state_dict()
    assert list(state) == ["steps", "0.weight", "0.bias", "2.weight", "2.bias"]
    assert not any(v.requires_grad for v in state.values())
    state["0.weight"].zero_()
    assert (model[0].weight == 0).all()
    assert model.state_dict(keep_vars=True)["0.bias"] is model[0].bias
    assert next(iter(model.state_dict(prefix="m."))) == "m.steps"


def test_loading_copies_into_the_same_parameters():
    a, b = net(), net()
    weight, memory = b[0].weight, b[0].weight.detach().numpy()
    assert str(b.load_state_dict(a.state_dict())) == "<All keys matched successfully>"
    assert b[0].weight is weight
    assert (memory == a[0].weight.detach().numpy()).all()
    assert weight.requires_grad


def test_loading_casts_to_the_modules_dtype():
    a, b = net().double(), net()
    b.load_state_dict(a.state_dict())
    assert b[0].weight.dtype == gradatim.float32


def test_assign_takes_the_tensors_themselves():
    a, b = net(), net()
    b[0].weight.requires_grad_(False)
    state = a.state_dict()
    b.load_state_dict(state, assign=True)
    assert not b[0].weight.requires_grad
    assert b[2].weight.requires_grad
    assert isinstance(b[2].weight, nn.Parameter)
    state["2.weight"].zero_()
    assert (b[2].weight == 0).all()


def test_not_strict_loads_what_fits_by_name():
    a, b = net(), net()
    state = a.state_dict()
    del state["0.weight"]
    state["other"] = gradatim.zeros(1)
    found = b.load_state_dict(state, strict=False)
    assert found.missing_keys == ["0.weight"]
    assert found.unexpected_keys == ["other"]
    assert (b[0].bias == a[0].bias).all()


def test_every_problem_is_listed_and_nothing_is_copied():
    a, b = net(), net()
    before = b[0].bias.tolist()
    state = {**a.state_dict(), "other": gradatim.zeros(1), "2.weight": gradatim.zeros(3, 3)}
    state["2.bias"] = [0.0]
    del state["steps"]
    with pytest.raises(StateDictError) as error:
        b.load_state_dict(state)
    text = str(error.value)
    assert text.startswith("Error(s) in loading state_dict for Sequential:\n\tMissing key(s)")
    assert 'Missing key(s) in state_dict: "steps". ' in text
    assert 'Unexpected key(s) in state_dict: "other". ' in text
    assert "size mismatch for 2.weight: copying a param with shape gradatim.Size([3, 3])" in text
    assert "expected gradatim.Tensor or Tensor-like object from checkpoint" in text
    assert b[0].bias.tolist() == before
    with pytest.raises(StateDictError, match=r"size mismatch for 2\.weight"):
        b.load_state_dict(state, strict=False)


def test_a_shared_parameter_is_saved_under_both_names():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    state = model.state_dict()
    assert state["0.weight"].data_ptr() == state["1.weight"].data_ptr()
    model.load_state_dict(state)
    assert model[1].weight is model[0].weight


def test_old_checkpoints_of_norms_have_no_count_of_batches():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    model(gradatim.randn(4, 2))
    old = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    assert str(model.load_state_dict(old)) == "<All keys matched successfully>"
    assert model[1].num_batches_tracked.item() == 1
    with pytest.raises(StateDictError, match=r'Missing key\(s\) in state_dict: "1.running_var"'):
        model.load_state_dict({k: v for k, v in old.items() if k != "1.running_var"})


def test_a_new_state_dict_knows_that_it_lacks_the_count_of_batches():
    state = nn.Sequential(nn.BatchNorm1d(3)).state_dict()
    assert state._metadata == {"": {"version": 1}, "0": {"version": 2}}
    del state["0.num_batches_tracked"]
    with pytest.raises(StateDictError, match='Missing key.*"0.num_batches_tracked"'):
        nn.Sequential(nn.BatchNorm1d(3)).load_state_dict(state)
    assert nn.Sequential(nn.BatchNorm1d(3)).load_state_dict(dict(state)).missing_keys == []
