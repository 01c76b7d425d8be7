"""A traced function that asks for a tensor's value is stopped, with its line and the way out."""

import copy
import pickle

import numpy as np
import pytest

import gradatim as g
from gradatim import nn
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


class Remembers(nn.Module):
    def __init__(self, first):
        super().__init__()
        self.last = first

    def forward(self, x):
        self.last = x if self.last is None else self.last + x
        return self.last * 2


@pytest.mark.parametrize("first", [None, g.zeros(2)])
def test_a_tensor_kept_in_an_attribute_is_refused_with_its_name_and_the_way_out(first):
    model = g.compile(Remembers(first))
    said = r"line \d+: `self.last = x if.* made while .* \(in a module, a buffer: register_buffer\)"
    with pytest.raises(
        TraceError, match=rf"{said}, with copy_ or add_. It is kept in Remembers.last: if only the"
    ):
        model(g.ones(2))
    with pytest.raises(TraceError, match=said):
        model(g.ones(2))


def test_what_the_message_says_works():
    class InABuffer(Remembers):
        def __init__(self):
            super().__init__(None)
            del self.last
            self.register_buffer("last", g.zeros(2))

    model = g.compile(InABuffer())
    assert [model(g.ones(2)).tolist() for _ in range(3)] == [[2.0] * 2, [4.0] * 2, [6.0] * 2]


class Lazy(g.optim.Optimizer):
    """Momentum whose state is made by the first step, as many optimisers for PyTorch have it."""

    def __init__(self, params):
        super().__init__(params, {"lr": 0.1})

    @g.no_grad()
    def step(self):
        for p in self.param_groups[0]["params"]:
            state = self.state[p]
            if not state:
                state["mean"] = g.zeros_like(p)
            state["mean"].mul_(0.9).add_(p.grad)
            p.sub_(0.1 * state["mean"])


def test_what_only_the_first_step_makes_is_made_before_compiling():
    def trainer():
        p = g.tensor([1.0, -2.0], requires_grad=True)
        optimizer = Lazy([p])

        def step():
            optimizer.zero_grad()
            (p * p).sum().backward()
            optimizer.step()
            return p.detach().clone()

        return step

    with pytest.raises(TraceError, match="optimizer.state.*do that step before compiling"):
        g.compile(trainer())()
    eager, ours = trainer(), trainer()
    expected = [eager() for _ in range(4)]
    first, compiled = ours(), g.compile(ours)
    found = [first, *(compiled() for _ in range(3))]
    assert all(map(g.allclose, found, expected))


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
    class Kept:
        __slots__ = ("tensor",)

    def keeps(x: g.Tensor) -> Kept:
        kept = Kept()
        kept.tensor = x * 2
        return kept

    kept = g.compile(keeps)(g.ones(2, 2)).tensor
    with pytest.raises(TraceError, match="made while a compiled function"):
        use(kept)
