"""Bits by name: what `&`, `|`, `^` and `~` do."""

import numpy as np
import pytest

import gradatim as g

NAMES = ["bitwise_and", "bitwise_or", "bitwise_xor"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.bool_])
def test_they_are_numpys(name, dtype):
    x = np.array([[0, 1, 5], [7, 200, 3]]).astype(dtype)
    y = np.array([1, 4, 6]).astype(dtype)
    found = getattr(g, name)(g.tensor(x), g.tensor(y))
    assert np.array_equal(found.numpy(), getattr(np, name)(x, y))
    assert found.numpy().dtype == dtype
    assert g.equal(getattr(g.tensor(x), name)(g.tensor(y)), found)


def test_a_number_stands_for_a_tensor():
    assert g.bitwise_and(g.tensor([5, 6]), 3).tolist() == [1, 2]


def test_not():
    assert g.bitwise_not(g.tensor([0, -5])).tolist() == [-1, 4]
    assert g.tensor([True, False]).bitwise_not().tolist() == [False, True]
    with pytest.raises(TypeError, match="only for integer and bool tensors"):
        g.bitwise_not(g.zeros(1))


@pytest.mark.parametrize("name", NAMES)
def test_what_has_no_bits_is_refused(name):
    with pytest.raises(RuntimeError, match=f"{name}: only for integer and bool tensors, got float"):
        getattr(g, name)(g.zeros(1), g.zeros(1))
    with pytest.raises(TypeError, match=f"{name}: expects a tensor or a number as other, got str"):
        getattr(g, name)(g.tensor([1]), "1")
