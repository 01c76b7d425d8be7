"""Arguments of the wrong type: the error names the operation, what came, and what to do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim.nn import LayerNorm, Linear
from gradatim.nn import functional as F

LOGITS, ONE = g.zeros(2, 3), g.ones(1, requires_grad=True)
SAME = "expects a tensor as "


def assign_data() -> None:
    ONE.data = 3


REFUSED: dict[str, Callable[[], Any]] = {
    f"exp: {SAME}input, got int; make one with gradatim.tensor(...)": lambda: g.exp(3),
    f"linear: {SAME}input, got ndarray; make one with gradatim.from_numpy(...)": (
        lambda: Linear(3, 2)(np.ones(3))
    ),
    f"embedding: {SAME}input, got list": lambda: F.embedding([0], LOGITS),
    f"cross_entropy: {SAME}input, got int": lambda: F.cross_entropy(1, LOGITS),
    f"cross_entropy: {SAME}target, got list": lambda: F.cross_entropy(LOGITS, [0, 1]),
    f"nll_loss: {SAME}target, got list": lambda: F.nll_loss(LOGITS, [0, 1]),
    f"mse_loss: {SAME}target, got int": lambda: F.mse_loss(LOGITS, 3),
    f"grad: output 0: {SAME}the output, got float": lambda: g.autograd.grad([1.0], ONE),
    f"data: {SAME}the new memory, got int": assign_data,
    "cat: expects a list or tuple of tensors, got int": lambda: g.cat(3),
    "full: size must be a tuple of integers, got 2; write (n,)": lambda: g.full(2, 3),
    f"where: {SAME}condition, got list": lambda: g.where([True], 1, 2),
    f"equal: {SAME}other, got int": lambda: g.equal(ONE, 1),
    f"isclose: {SAME}other, got list": lambda: g.allclose(ONE, [1]),
    f"masked_fill: {SAME}mask, got list": lambda: LOGITS.masked_fill([True], 0.0),
    f"multinomial: {SAME}input, got list": lambda: g.multinomial([0.5, 0.5], 1),
    f"bernoulli: {SAME}input, got float": lambda: g.bernoulli(0.5),
    "one_hot: num_classes must be a whole number, got Ellipsis": (
        lambda: F.one_hot(g.tensor([1]), num_classes=...)
    ),
    "topk: k must be a whole number, got 1.5": lambda: LOGITS.topk(1.5),
    "kthvalue: k must be a whole number, got '1'": lambda: LOGITS.kthvalue("1"),
    "chunk: the number of chunks must be a whole number, got None": lambda: LOGITS.chunk(None),
    "dropout: p must be a number, got '0.5'": lambda: F.dropout(LOGITS, "0.5"),
    "normal: std must be a number, got None": lambda: ONE.detach().normal_(0.0, None),
    "layer_norm: normalized_shape must be a tuple of integers, got 3; write (n,)": (
        lambda: F.layer_norm(LOGITS, 3)
    ),
    "normalized_shape: sizes must be integers, got (Ellipsis,)": lambda: LayerNorm(...),
    "sum: a dimension must be an integer, got 'a'": lambda: LOGITS.sum("a"),
    "Tensor.softmax() missing 1 required positional argument: 'dim'": lambda: LOGITS.softmax(),
}


@pytest.mark.parametrize("message", REFUSED)
def test_the_message(message: str) -> None:
    with pytest.raises(TypeError) as error:
        REFUSED[message]()
    assert message in str(error.value)


def test_a_shape_beyond_all_memory_is_refused_by_name() -> None:
    with pytest.raises(RuntimeError, match="zeros: more elements than memory has"):
        g.zeros(10**12, 10**12)


def test_rolling_wants_one_shift_for_each_dimension() -> None:
    with pytest.raises(ValueError, match="roll: one shift for each dimension, got 2 shifts and 1"):
        LOGITS.roll((1, 2), 0)


def test_the_class_is_known_by_its_public_name() -> None:
    assert repr(type(ONE)) == "<class 'gradatim.Tensor'>"


def test_a_histogram_has_a_hundred_bins_unless_told() -> None:
    hist, edges = g.histogram(g.linspace(0, 1, 500))
    assert hist.tolist() == [5.0] * 100
    assert len(edges) == 101
