"""What a program leaves in `.grad`: nobody who has seen a gradient ever sees it change."""

import copy
import itertools
import math
import threading
import time
import weakref
from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler.errors import NotFiniteError
from gradatim.nn import functional as F


def stepper(w: Any) -> Any:
    """A program that leaves its argument in `w.grad`."""

    @g.compile
    def step(x: Any) -> Any:
        w.grad = None
        loss = (w * x).sum()
        loss.backward()
        return loss

    return step


def row(number: float, size: int) -> Any:
    return g.full((size,), number)


LOOKS = {
    "the tensor": lambda grad: grad,
    "a view": lambda grad: grad[1:],
    "an array": lambda grad: grad.numpy(),
    "a part of an array": lambda grad: grad.numpy()[1:],
    "detached": lambda grad: grad.detach(),
    "its memory": lambda grad: memoryview(grad.numpy()),
}


@pytest.mark.parametrize("size", [3, 20_000])
@pytest.mark.parametrize("look", LOOKS)
def test_what_was_seen_of_a_gradient_stays(look: str, size: int) -> None:
    w = g.ones(size, requires_grad=True)
    step, kept = stepper(w), []
    for i in range(12):
        step(row(float(i), size))
        if i % 3:  # now and then nobody asks
            kept.append((i, LOOKS[look](w.grad)))
    assert all(float(np.asarray(x)[0]) == i for i, x in kept)


def test_a_gradient_is_the_same_tensor_whenever_it_is_asked_for() -> None:
    w = g.ones(2, requires_grad=True)
    step = stepper(w)
    step(row(1.0, 2))
    first = w.grad
    assert w.grad is first
    gone = weakref.ref(first)
    first.note = "mine"
    del first
    step(row(2.0, 2))
    assert gone() is None
    assert not hasattr(w.grad, "note")
    assert w.grad.tolist() == [2, 2]


def test_what_somebody_else_puts_there_is_replaced() -> None:
    w = g.ones(2, requires_grad=True)
    step = stepper(w)

    def put(how: str) -> None:
        if how == "none":
            w.grad = None
        elif how == "tensor":
            w.grad = g.full((2,), -1.0)
        elif how == "eager":
            (w * 5).sum().backward()
        elif how == "deleted":
            del w.grad
        elif how == "in place":
            w.grad.mul_(100)

    number = 0.0
    for how in ("none", "tensor", "eager", "deleted", "in place", "nothing") * 2:
        number += 1
        step(row(number, 2))
        put(how)
        step(row(-number, 2))
        assert w.grad.tolist() == [-number] * 2, how


def test_what_is_asked_for_first_after_an_eager_pass_is_the_sum() -> None:
    w = g.ones(2, requires_grad=True)
    stepper(w)(row(3.0, 2))
    (w * 2).sum().backward()
    assert w.grad.tolist() == [5, 5]


def test_two_programs_leave_gradients_for_one_tensor_in_turns() -> None:
    w = g.ones(2, requires_grad=True)
    one, two = stepper(w), stepper(w)
    for i in range(6):
        one(row(float(i), 2))
        two(row(i + 100.0, 2))
        if i % 2:
            assert w.grad.tolist() == [i + 100.0] * 2
        one(row(i + 50.0, 2))
        if i > 3:
            assert w.grad.tolist() == [i + 50.0] * 2


def test_each_argument_keeps_the_gradient_of_its_own_call() -> None:
    @g.compile
    def step(x: Any, factor: Any) -> None:
        (x * factor).sum().backward()

    given = [g.ones(3, requires_grad=True) for _ in range(5)]
    for i, x in enumerate(given):
        step(x, g.tensor(float(i)))
    assert [x.grad.tolist() for x in given] == [[float(i)] * 3 for i in range(5)]


def test_a_program_that_reads_and_replaces_a_gradient() -> None:
    w = g.ones(2, requires_grad=True)

    @g.compile
    def step(x: Any) -> None:
        before = w.grad
        w.grad = None
        (w * x).sum().backward()
        w.grad = w.grad + 10 * before

    w.grad = g.zeros(2)
    kept = []
    for i in range(1, 4):
        step(row(float(i), 2))
        kept.append(w.grad)
    assert [k.tolist() for k in kept] == [[1, 1], [12, 12], [123, 123]]


def test_a_gradient_that_is_returned_too() -> None:
    w = g.ones(2, requires_grad=True)

    @g.compile
    def step(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        return w.grad

    kept = [step(row(float(i), 2)) for i in range(4)]
    assert [k.tolist() for k in kept] == [[float(i)] * 2 for i in range(4)]
    assert w.grad.tolist() == [3, 3]


def test_copies_and_a_dropped_program() -> None:
    w = g.ones(2, requires_grad=True)
    step = stepper(w)
    step(row(7.0, 2))
    twin = copy.deepcopy(w)
    step(row(8.0, 2))
    del step
    assert twin.grad.tolist() == [7, 7]
    assert w.grad.tolist() == [8, 8]


def test_repeat_and_a_profile_leave_what_was_seen_and_what_was_not() -> None:
    w = g.ones(2, requires_grad=True)
    step = stepper(w)
    step(row(1.0, 2))
    step.profile(row(2.0, 2), steps=2)
    assert w.grad.tolist() == [1, 1]
    kept = w.grad
    step.repeat(3, g.tensor([[3.0, 3.0], [4.0, 4.0], [5.0, 5.0]]))
    step(row(6.0, 2))
    step.repeat(2, g.tensor([[3.0, 3.0], [4.0, 4.0]]))
    assert w.grad.tolist() == [4, 4]
    assert kept.tolist() == [1, 1]


def test_before_a_step_that_made_nan_there_is_the_gradient_that_somebody_had_seen() -> None:
    w = g.ones(2, requires_grad=True)

    @g.compile
    def step(x: Any) -> Any:
        w.grad = None
        loss = (w * x.log()).sum()
        loss.backward()
        return loss

    def fail(after: int = 0) -> None:
        with pytest.raises(NotFiniteError, match=f"that before step {after + 1}"):
            step.repeat(after + 2, g.tensor([[math.e] * 2] * after + [[-1.0] * 2] * 2))

    step(row(1.0, 2))
    seen = w.grad
    fail()
    assert w.grad is seen
    assert seen.tolist() == [0, 0]
    step(row(1.0, 2))
    fail()
    assert w.grad is None  # the step wrote there: nobody had asked
    fail(after=1)
    assert w.grad.tolist() == [1, 1]


@pytest.mark.parametrize("good", range(6))
def test_nobody_sees_the_gradient_of_a_step_that_made_nan(good: int, monkeypatch: Any) -> None:
    w = g.ones(2, requires_grad=True)

    @g.compile
    def step(x: Any) -> Any:
        w.grad = None
        loss = (w * x.log()).sum()
        loss.backward()
        with g.no_grad():
            w.sub_(0.01 * w.grad)
        return loss

    step(row(1.0, 2))
    clock = itertools.count()  # so that the state is kept again every other step
    monkeypatch.setattr(time, "perf_counter", lambda: 0.1 * next(clock))
    with pytest.raises(NotFiniteError, match=f"that before step {good + 1}"):
        step.repeat(8, g.tensor([[math.e] * 2] * good + [[-1.0] * 2] * (8 - good)))
    assert w.grad is None or w.grad.tolist() == [1, 1]
    assert w.tolist() == pytest.approx([1 - 0.01 * good] * 2)


def test_who_asks_while_another_thread_steps_sees_one_whole_gradient() -> None:
    size = 2_000_000  # long enough to be asked for in the middle
    w = g.ones(size, requires_grad=True)
    step = stepper(w)
    rows = [row(float(i), size) for i in range(3)]
    step(rows[0])
    seen: list[tuple[float, float]] = []
    done = threading.Event()

    def look() -> None:
        while True:
            numbers = w.grad.numpy()
            seen.append((float(numbers[0]), float(numbers[-1])))
            if done.wait(0.0003):
                return

    looking = threading.Thread(target=look)
    looking.start()
    for i in range(60):
        step(rows[i % 3])
    done.set()
    looking.join()
    assert all(first == last for first, last in seen)


def test_who_asks_during_a_long_run_need_not_wait_for_its_end() -> None:
    w = g.ones(300, 300, requires_grad=True)
    numbers = w.detach().numpy()

    @g.compile
    def step() -> None:
        w.grad = None
        (w @ w).sum().backward()
        with g.no_grad():
            w.mul_(0.99)

    step()
    asked: Any = w
    for _ in range(20):  # on a busy machine a run may be over before its first step is seen
        with g.no_grad():
            w.fill_(1.0)
        running = threading.Thread(target=step.repeat, args=(60,))
        running.start()
        while numbers[0, 0] == 1:
            time.sleep(0.001)
        asked = w.grad
        running.join()
        if asked is None:
            break
    assert asked is None
    assert w.grad[0, 0].item() == pytest.approx(600 * 0.99**59, rel=1e-4)


@pytest.mark.parametrize("is_repeated", [False, True])
def test_of_a_step_that_is_refused_nobody_sees_half_a_gradient(is_repeated: bool) -> None:
    w = g.linspace(0, 1, 12).reshape(4, 3).requires_grad_()

    @g.compile
    def step(y: Any) -> Any:
        w.grad = None
        loss = F.cross_entropy(w * 2, y)
        loss.backward()
        return loss

    def again(y: Any) -> None:
        step.repeat(1, y[None]) if is_repeated else step(y)

    good, bad = g.tensor([0, 1, 2, 0]), g.tensor([2, 2, 3, 1])
    step(good)
    with pytest.raises(IndexError, match="target 3"):
        again(bad)
    assert w.grad is None
    step(good)
    seen, numbers = w.grad, w.grad.tolist()
    with pytest.raises(IndexError):
        again(bad)
    step(good)
    assert seen.tolist() == numbers == w.grad.tolist()


def test_hooks_of_parameters_and_of_arguments_are_part_of_a_step() -> None:
    w, x = (g.full((1,), number, requires_grad=True) for number in (3.0, 5.0))

    @g.compile
    def step(x: Any) -> None:
        w.grad = x.grad = None
        (w * x).sum().backward()

    def gradients() -> tuple[float, float]:
        step(x)
        return w.grad.item(), x.grad.item()

    assert gradients() == (5, 3)
    with x.register_hook(lambda grad: grad * 10):
        assert gradients() == (5, 30)
        hook = w.register_post_accumulate_grad_hook(lambda w: w.grad.mul_(100))
        with pytest.warns(UserWarning, match="w has other hooks than before"):
            assert gradients() == (500, 30)
    assert gradients() == (500, 3)
    hook.remove()
    assert gradients() == (5, 3)


@pytest.mark.parametrize("many", [False, True])
def test_a_gradient_that_is_filled_with_zeros_is_the_same_memory_for_ever(many: bool) -> None:
    """As whoever holds it, or an array of it, sees it in NumPy's run."""
    w = g.ones(2, requires_grad=True)
    optimizer = g.optim.SGD([w], lr=0.5)

    def step(x: Any) -> Any:
        optimizer.zero_grad(set_to_none=False)
        loss = (w * x).sum()
        loss.backward()
        optimizer.step()
        return loss

    step(g.ones(2))
    held, program = w.grad, g.compile(step)
    for i in range(4):
        program.repeat(3, row(float(i), 6).view(3, 2)) if many else program(row(float(i), 2))
        assert w.grad is held
        assert held.tolist() == [i, i]
    step(row(7.0, 2))
    assert held.tolist() == [7, 7]


def test_a_gradient_that_is_replaced_by_its_own_memory_is_still_held() -> None:
    w = g.ones(2, requires_grad=True)

    def step(x: Any) -> None:
        if w.grad is not None:
            w.grad = w.grad.detach()
        (w * x).sum().backward()

    step(g.ones(2))
    held, program = w.grad, g.compile(step)
    for i in range(3):
        program(row(float(i), 2))
    assert held.tolist() == w.grad.tolist() == [4, 4]
    w.grad = g.zeros(2)
    program(row(3.0, 2))
    assert (held.tolist(), w.grad.tolist()) == ([4, 4], [3, 3])
