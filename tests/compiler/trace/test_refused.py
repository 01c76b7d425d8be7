"""A traced function that asks for a tensor's value is stopped, with its line and the way out."""

import copy
import pickle

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler.errors import TraceError
from gradatim.compiler.trace.trace import trace

x = g.tensor([1.0, -2.0])


def in_an_if(x):
    if x.sum() > 0:
        return x
    return -x


def in_a_while(x):
    while x.sum() < 3:
        x = x + 1
    return x


READERS = {
    "if": in_an_if,
    "while": in_a_while,
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "item": lambda x: x[0].item(),
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.numpy(),
    "asarray": lambda x: np.asarray(x),
    "exp of NumPy": lambda x: np.exp(x),
    "print": lambda x: print(x),
    "format": lambda x: f"{x[0]:.3f}",
    "in": lambda x: 1.0 in x,
    "equal": lambda x: x.equal(x),
    "range": lambda x: range(x[0].long()),
    "copy": lambda x: copy.deepcopy(x),
    "pickle": lambda x: pickle.dumps(x),
    "tensor": lambda x: g.tensor([x[0], x[1]]),
}


@pytest.mark.parametrize("name", READERS)
def test_who_asks_for_a_value_is_told_the_line_and_the_way_out(name):
    with pytest.raises(TraceError) as error:
        trace(READERS[name], [x])
    text = str(error.value)
    assert text.startswith("compile: test_refused.py, line ")
    assert "asks for the value of a tensor, which is not known while the step is traced" in text
    assert "gradatim.where" in text
    assert "return the tensor and look at it outside" in text


def test_the_line_is_the_users():
    with pytest.raises(TraceError, match=r"`if x\.sum\(\) > 0:` asks for the value"):
        trace(in_an_if, [x])


@pytest.mark.parametrize(
    "read", [lambda x: x[x > 0], lambda x: x.nonzero(), lambda x: x.masked_select(x > 0)]
)
def test_a_shape_that_depends_on_values_is_refused(read):
    with pytest.raises(TraceError) as error:
        trace(read, [x])
    text = str(error.value)
    assert text.startswith("compile: test_refused.py, line ")
    assert "the shape of the result depends on the numbers" in text
    assert "use where(...) or masked_fill instead" in text


def test_unique_is_refused_too():
    with pytest.raises(TraceError, match="unique: the shape of the result depends on the numbers"):
        trace(lambda x: x.unique(), [x])


def test_a_tensor_that_the_trace_wrote_has_no_value_either():
    state = g.zeros(1)

    def step(x):
        state.add_(x.sum())
        return x * state.item()

    with pytest.raises(TraceError, match=r"`return x \* state\.item\(\)` asks"):
        trace(step, [x])
    assert state.item() == 0.0


def test_the_value_of_a_captured_tensor_is_remembered():
    scale = g.tensor(2.0)
    traced = trace(lambda x: x * scale.item(), [x])
    ((seen, numbers),) = traced.looked
    assert seen is scale
    assert numbers == 2.0


def test_numpy_does_not_write_into_a_captured_tensor_unnoticed():
    table = g.zeros(2)

    def step(x):
        table.numpy()[0] = 1.0
        return x

    with pytest.raises(ValueError, match="read-only"):
        trace(step, [x])
    assert table.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "use",
    [
        lambda kept: kept + 1,
        lambda kept: kept[0],
        lambda kept: kept.t() + 1,
        lambda kept: g.nn.functional.linear(g.ones(2, 2), kept, g.ones(2)),
    ],
)
def test_what_was_kept_from_a_trace_says_so_wherever_it_is_used(use) -> None:
    def keeps(x: g.Tensor) -> set[g.Tensor]:
        return {x * 2}

    (kept,) = g.compile(keeps)(g.ones(2, 2))
    with pytest.raises(TraceError, match="made while a compiled function"):
        use(kept)


def test_an_argument_that_the_function_makes_a_leaf_gets_no_gradient():
    def slopes(x):
        x.requires_grad_()
        (x * x).sum().backward()
        return x.grad

    with pytest.raises(TraceError, match=r"in the function x = x\.detach\(\)\.requires_grad_\(\)"):
        g.compile(slopes)(g.ones(3))

    def of_a_copy(x):
        x = x.detach().requires_grad_()
        (x * x).sum().backward()
        return x.grad

    given = g.ones(3)
    assert g.compile(of_a_copy)(given).tolist() == [2, 2, 2]
    assert given.grad is None
