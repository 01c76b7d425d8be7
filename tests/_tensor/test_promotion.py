"""The dtype of every operation of two operands, for every pair of them, is PyTorch's."""

import pytest

import gradatim
from tests._tensor.pytorch_programs import stored
from tests.reference.promotion_cases import OPERATIONS, dtype_of, name_of, pairs

# Where PyTorch answers and we refuse: powers of truth values.
REFUSED = {("**", "bool", "True"), ("**", "bool 0-d", "True")}


@pytest.mark.parametrize("name", OPERATIONS)
def test_dtypes_are_promoted_as_in_pytorch(name: str) -> None:
    wrong = []
    for pair, theirs in zip(pairs(), stored()["dtypes"][name], strict=True):
        call = (name, *map(name_of, pair))
        ours = dtype_of(gradatim, OPERATIONS[name], *pair)
        if ours != ("RuntimeError" if call in REFUSED else theirs):
            wrong.append(f"{' '.join(call)}: {ours} instead of {theirs}")
    assert not wrong


def test_a_number_does_not_widen() -> None:
    x = gradatim.ones(2)
    assert (x * 2.5).dtype == gradatim.float32
    assert (x * gradatim.tensor(2.5, dtype=gradatim.float64)).dtype == gradatim.float32
    assert (x * gradatim.ones(1, dtype=gradatim.float64)).dtype == gradatim.float64


def test_the_default_dtype_is_what_integers_divide_to() -> None:
    x = gradatim.arange(3)
    assert (x / 2).dtype == gradatim.float32
    gradatim.set_default_dtype(gradatim.float64)
    try:
        assert (x / 2).dtype == gradatim.float64
        assert (x * 2.5).dtype == gradatim.float64
    finally:
        gradatim.set_default_dtype(gradatim.float32)


def test_gradients_come_back_in_the_dtype_of_their_tensor() -> None:
    x = gradatim.ones(2, requires_grad=True)
    y = gradatim.ones(2, dtype=gradatim.float64, requires_grad=True)
    (x * y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (gradatim.float32, gradatim.float64)


def test_small_integers_wrap_around() -> None:
    x = gradatim.tensor([250], dtype=gradatim.uint8)
    assert (x + 10).tolist() == [4]
    assert (x * 2).tolist() == [244]
    assert (x - 251).tolist() == [255]


def test_whole_division_rounds_down_and_remainders_have_the_sign_of_the_divisor() -> None:
    x = gradatim.tensor([7, -7, 7, -7])
    y = gradatim.tensor([2, 2, -2, -2])
    assert (x // y).tolist() == [3, -4, -4, 3]
    assert (x % y).tolist() == [1, 1, -1, -1]
    assert (x.float() // y).tolist() == [3, -4, -4, 3]
    assert (x.float() % y).tolist() == [1, 1, -1, -1]
