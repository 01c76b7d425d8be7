"""What a compiled function reads, writes and leaves behind, against the same function eager."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.compiler.errors import TraceError
from gradatim.compiler.program.program import Program
from gradatim.core.errors import AutogradError
from gradatim.nn import functional as F


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")


def same(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=rtol, atol=atol)


def silent(_: Any) -> None:
    """Return nothing, where a lambda would return something."""


def variants(program: Program) -> int:
    return sum(len(v) for v in program.variants.values())


# -- captures ------------------------------------------------------------------------------------


def test_a_captured_tensor_is_read_anew_every_time() -> None:
    w = g.ones(3)
    program = Program(lambda x: x * w)
    x = g.arange(3.0)
    same(program(x), x)
    w.fill_(5)
    same(program(x), x * 5)
    assert variants(program) == 1


def test_a_captured_tensor_replaced_in_its_module_is_followed() -> None:
    layer = nn.Linear(3, 2)
    program = Program(layer)
    x = g.randn(4, 3)
    same(program(x), layer(x))
    layer.load_state_dict({k: v * 2 for k, v in layer.state_dict().items()})
    same(program(x), layer(x))


def test_what_is_returned_untouched_is_the_thing_itself() -> None:
    w = g.ones(3)
    program = Program(lambda x: (x + 1, w, {"n": 3, "both": [x, None]}))
    x = g.zeros(2)
    y, seen, rest = program(x)
    same(y, g.ones(2))
    assert seen is w
    assert rest["n"] == 3
    assert rest["both"][1] is None
    same(rest["both"][0], x)


def test_one_result_returned_twice() -> None:
    def function(x: Any) -> Any:
        y = x * 2
        return y, y, y.T

    a, b, c = Program(function)(g.ones(2, 3))
    same(a, b)
    same(c, a.T)


def test_results_are_new_memory_every_time() -> None:
    program = Program(lambda x: x * 2)
    first = program(g.ones(3))
    second = program(g.zeros(3))
    same(first, g.full((3,), 2.0))
    same(second, g.zeros(3))


# -- writes --------------------------------------------------------------------------------------


def _swap(x: Any, y: Any) -> None:
    before = x.clone()
    x.copy_(y)
    y.copy_(before)


WRITES: dict[str, Callable[[Any, Any], Any]] = {
    "whole": lambda x, y: x.mul_(2),
    "filled": lambda x, y: x.zero_(),
    "part": lambda x, y: x[1:].add_(y[1:]),
    "turned": lambda x, y: x.T.mul_(y.T),
    "one column": lambda x, y: x[:, 1].copy_(y[:, 0]),
    "a row from itself": lambda x, y: x[0].copy_(x[2]),
    "shifted": lambda x, y: x[1:].copy_(x[:-1].clone()),
    "by index": lambda x, y: x.__setitem__((g.tensor([0, 2]), 1), 7.0),
    "added at": lambda x, y: x.index_add_(0, g.tensor([1, 1]), y[:2]),
    "masked": lambda x, y: x.masked_fill_(y > 0.5, -1.0),
    "diagonal": lambda x, y: x[:, :3].diagonal().add_(1),
    "every other": lambda x, y: x[::2, ::3].mul_(y[::2, ::3]),
    "twice": lambda x, y: x.add_(y).mul_(x),
    "read before and after": lambda x, y: y.copy_(x.clone() + x.add_(1)),
    "of a view of a view": lambda x, y: x[1:].T[1:].add_(1),
    "swapped": lambda x, y: _swap(x, y),
}


@pytest.mark.parametrize("captured", [False, True])
@pytest.mark.parametrize("what", WRITES)
def test_writes(what: str, captured: bool) -> None:
    write = WRITES[what]
    ours = [g.tensor(x) for x in _numbers()]
    eager = [g.tensor(x) for x in _numbers()]
    if captured:
        program, given = Program(lambda: silent(write(*ours))), []
    else:
        program, given = Program(lambda x, y: silent(write(x, y))), ours
    memory = [x.numpy() for x in ours]
    for _ in range(3):
        program(*given)
        write(*eager)
        for a, b, seen in zip(ours, eager, memory, strict=True):
            same(a, b)
            assert np.shares_memory(a.numpy(), seen)


def _numbers() -> list[np.ndarray]:
    return [np.random.default_rng(i).random((3, 4), np.float32) for i in range(2)]


def test_a_view_taken_before_a_write_sees_it() -> None:
    def function(x: Any) -> Any:
        part = x[1:]
        x.add_(1)
        return part * 1

    x = g.arange(4.0)
    same(Program(function)(x), g.tensor([2.0, 3.0, 4.0]))


def test_a_view_from_outside_shares_what_is_written() -> None:
    base = g.zeros(2, 3)
    row = base[1]
    Program(lambda: silent(base.add_(1)))()
    same(row, g.ones(3))
    Program(lambda: silent(row.mul_(5)))()
    same(base, g.tensor([[1.0, 1, 1], [5, 5, 5]]))


def test_memory_with_gaps_is_written_where_it_lies() -> None:
    wide = np.zeros((3, 4), np.float32)
    x = g.from_numpy(wide.T[::2])
    program = Program(lambda x: silent(x.add_(1)))
    program(x)
    program(x)
    np.testing.assert_array_equal(wide, [[2, 0, 2, 0]] * 3)


def test_several_arguments_with_gaps() -> None:
    xs = [g.from_numpy(np.random.default_rng(i).random((5, 6)).T) for i in range(4)]

    def weighted(*xs: Any) -> Any:
        return sum(x * (i + 1) for i, x in enumerate(xs))

    same(Program(weighted)(*xs), weighted(*xs))


def test_a_write_is_seen_by_the_tape() -> None:
    x = g.ones(3).requires_grad_()
    y = x * 2
    z = y * y
    program = Program(lambda: silent(y.detach().add_(1)))
    program()
    with pytest.raises(AutogradError, match="overwritten"):
        z.sum().backward()


# -- gradients -----------------------------------------------------------------------------------


def pair(seed: int = 0) -> tuple[nn.Module, nn.Module]:
    made = []
    for _ in range(2):
        g.manual_seed(seed)
        made.append(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)))
    return made[0], made[1]


def batch(step: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(step)
    x = rng.normal(size=(16, 4)).astype(np.float32)
    return g.tensor(x), g.tensor(rng.integers(0, 3, 16))


def run(loss_of: Callable[..., Any], model: nn.Module, steps: int) -> None:
    for i in range(steps):
        loss_of(model, *batch(i))


def backward(model: nn.Module, x: Any, y: Any) -> Any:
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    return loss


def test_gradients_are_made_and_then_added_to() -> None:
    ours, eager = pair()
    program = Program(lambda x, y: backward(ours, x, y))
    for i in range(3):
        x, y = batch(i)
        same(program(x, y), backward(eager, x, y))
        for p, q in zip(ours.parameters(), eager.parameters(), strict=True):
            same(p.grad, q.grad)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_gradients_are_cleared_inside(set_to_none: bool) -> None:
    def step(model: nn.Module, x: Any, y: Any) -> Any:
        for p in model.parameters():
            if set_to_none or p.grad is None:
                p.grad = None
            else:
                p.grad.zero_()
        return backward(model, x, y)

    ours, eager = pair()
    program = Program(lambda x, y: step(ours, x, y))
    for i in range(4):
        x, y = batch(i)
        same(program(x, y), step(eager, x, y))
        for p, q in zip(ours.parameters(), eager.parameters(), strict=True):
            same(p.grad, q.grad)
    assert variants(program) == (1 if set_to_none else 2)  # none to fill with zeros, at first


def test_gradients_set_to_none_outside() -> None:
    ours, eager = pair()
    program = Program(lambda x, y: backward(ours, x, y))
    for i in range(4):
        x, y = batch(i)
        for model in (ours, eager):
            for p in model.parameters():
                p.grad = None
        program(x, y)
        backward(eager, x, y)
        for p, q in zip(ours.parameters(), eager.parameters(), strict=True):
            same(p.grad, q.grad)
    assert variants(program) == 1


def test_a_result_without_backward_has_no_gradient_outside() -> None:
    w = g.ones(3).requires_grad_()
    y = Program(lambda x: x * w)(g.ones(3))
    assert w.grad is None
    same(y, g.ones(3))


def test_an_update_waits_for_gradients() -> None:
    p = g.ones(3).requires_grad_()
    program = Program(optim.SGD([p], lr=1.0).step)
    program()
    same(p, g.ones(3))
    p.grad = g.full((3,), 0.5)
    program()
    same(p, g.full((3,), 0.5))
    p.grad = None
    program()
    same(p, g.full((3,), 0.5))


# -- optimisers ----------------------------------------------------------------------------------

OPTIMISERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda ps: optim.SGD(ps, lr=0.1),
    "sgd with all": lambda ps: optim.SGD(
        ps, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01
    ),
    "sgd with dampening": lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9, dampening=0.2),
    "adam": lambda ps: optim.Adam(ps, lr=0.01),
    "amsgrad": lambda ps: optim.Adam(ps, lr=0.01, amsgrad=True, weight_decay=0.1),
    "adamw": lambda ps: optim.AdamW(ps, lr=0.01, weight_decay=0.1),
    "two groups": lambda ps: optim.AdamW(
        [{"params": (ps := list(ps))[:2]}, {"params": ps[2:], "lr": 0.05}], lr=0.01
    ),
}


def stepping(model: nn.Module, optimizer: Any, **clear: Any) -> Callable[..., Any]:
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad(**clear)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("set_to_none", [True, False])
def test_twenty_steps_follow_eager(name: str, set_to_none: bool) -> None:
    ours, eager = pair()
    optimisers = [OPTIMISERS[name](m.parameters()) for m in (ours, eager)]
    program = Program(stepping(ours, optimisers[0], set_to_none=set_to_none))
    plain = stepping(eager, optimisers[1], set_to_none=set_to_none)
    for i in range(20):
        same(program(*batch(i)), plain(*batch(i)), rtol=1e-5)
    for p, q in zip(ours.parameters(), eager.parameters(), strict=True):
        same(p, q, rtol=1e-4, atol=1e-5)
    assert variants(program) == (1 if set_to_none else 2)


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_a_schedule_of_rates_does_not_retrace(name: str) -> None:
    ours, eager = pair()
    optimisers = [OPTIMISERS[name](m.parameters()) for m in (ours, eager)]
    schedules = [optim.lr_scheduler.StepLR(o, step_size=2, gamma=0.5) for o in optimisers]
    program, plain = (
        Program(stepping(ours, optimisers[0])),
        stepping(eager, optimisers[1]),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(12):
            same(program(*batch(i)), plain(*batch(i)))
            for schedule in schedules:
                schedule.step()
    assert variants(program) == 1
    for p, q in zip(ours.parameters(), eager.parameters(), strict=True):
        same(p, q, rtol=1e-4, atol=1e-5)


# -- state ---------------------------------------------------------------------------------------


class Averaged(nn.Module):
    """Counts its calls, and keeps a running mean in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", g.zeros(4))
        self.register_buffer("count", g.tensor(0))

    def forward(self, x: Any) -> Any:
        self.count += 1
        self.mean.mul_(0.9).add_(x.mean(0) * 0.1)
        return x - self.mean


def test_buffers_are_written() -> None:
    ours, eager = Averaged(), Averaged()
    program = Program(ours)
    for i in range(5):
        x, _ = batch(i)
        same(program(x), eager(x))
    same(ours.mean, eager.mean)
    assert ours.count.item() == 5


def test_draws_continue_where_eager_left_off() -> None:
    def draw() -> Any:
        return g.rand(5) + g.randn(5), g.randint(0, 10, (4,)), g.randperm(6)

    program = Program(draw)
    found = []
    for compiled in (False, True):
        g.manual_seed(3)
        calls = [draw, program if compiled else draw, draw, program if compiled else draw]
        found.append([np.concatenate([y.numpy() for y in call()]) for call in calls])
    for eager, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, eager, rtol=1e-6)


def test_dropout_draws_anew() -> None:
    x = g.ones(200)

    def drop(x: Any) -> Any:
        return g.where(g.rand(200) < 0.5, x / 0.5, 0.0)

    program = Program(drop)
    g.manual_seed(1)
    ours = [program(x) for _ in range(2)]
    g.manual_seed(1)
    eager = [drop(x) for _ in range(2)]
    same(ours[0], eager[0])
    same(ours[1], eager[1])
    assert (ours[0] != ours[1]).any()


def test_a_draw_of_probabilities_with_strides() -> None:
    p = g.tensor(np.random.default_rng(0).random((4, 5)).astype(np.float32)).T
    program = Program(lambda: (g.bernoulli(p), g.multinomial(p / p.sum(1, keepdim=True), 3)))
    g.manual_seed(2)
    ours = program()
    g.manual_seed(2)
    same(ours[0], g.bernoulli(p.contiguous()))
    same(ours[1], g.multinomial((p / p.sum(1, keepdim=True)).contiguous(), 3))


def test_a_trace_that_raises_leaves_everything_as_it_was() -> None:
    model, _ = pair()
    before = [p.detach().clone() for p in model.parameters()]
    buffer = g.zeros(3)

    def step(x: Any, y: Any) -> Any:
        buffer.add_(1)
        loss = backward(model, x, y)
        for p in model.parameters():
            p.detach().sub_(p.grad)
        if loss > 0:
            return loss
        return x

    with pytest.raises(TraceError, match="asks for the value of a tensor"):
        Program(step)(*batch(0))
    same(buffer, g.zeros(3))
    for p, q in zip(model.parameters(), before, strict=True):
        same(p, q)
        assert p.grad is None
    run(backward, model, 1)  # and it still works
