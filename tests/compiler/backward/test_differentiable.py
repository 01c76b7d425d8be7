"""Gradients through compiled functions: what belongs to a call, and to a program."""

from __future__ import annotations

import os
import signal
import threading
import time
import weakref
from typing import Any

import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.autograd import grad
from gradatim.core.errors import AutogradError
from tests.compiler.backward.both_ways import alike, both, leaf

# -- what belongs to a call ----------------------------------------------------------------------


def test_a_result_has_one_entry_for_the_whole_function() -> None:
    w, x = leaf(3), leaf(4, 3)
    y = g.compile(lambda x: (x * w).tanh().sum(1))(x)
    assert y.requires_grad
    assert not y.is_leaf
    assert y.grad_fn.name() == "CompiledFunctionBackward"
    assert len(y.grad_fn.next_functions) == 2


def test_gradients_add_up_in_leaves() -> None:
    def use(f: Any) -> Any:
        w.grad, x = None, leaf(4, 3)
        for _ in range(2):
            f(x).backward()
        return w.grad, x.grad

    w = leaf(3)
    both(lambda x: (x * w).tanh().sum(), use)


def test_two_calls_before_their_ways_back() -> None:
    def use(f: Any) -> Any:
        a, b = leaf(4, 3), leaf(4, 3) * 2
        first, second = f(a), f(b)
        return [grad(second, w)[0], grad(first, [w, a])[1], second, first]

    w = leaf(3)
    both(lambda x: ((x * w).tanh() * w.exp()).sum(), use)


def test_what_was_handed_over_is_freed_with_the_walk() -> None:
    entry: Any = g.compile(lambda x: x.exp().tanh())(leaf(300, 300))
    held = [weakref.ref(x) for x in entry._edge.handed_over]
    assert held
    entry.sum().backward()
    assert all(x() is None for x in held)
    program: Any = g.compile(lambda x: (x.exp().tanh(), [x.sin()]))
    dropped, others = program(leaf(300, 300))
    held = [weakref.ref(x) for x in dropped._edge.node.handed_over]
    del dropped, others  # nobody goes back; no cycle is left for the garbage collector
    assert all(x() is None for x in held)


def test_a_second_walk_needs_retain_graph() -> None:
    x = leaf(3)
    y = g.compile(lambda x: x.exp().sum())(x)
    y.backward(retain_graph=True)
    y.backward()
    alike(x.grad, 2 * x.detach().exp())
    with pytest.raises(AutogradError, match="pass retain_graph=True to the first backward"):
        y.backward()


def test_what_is_needed_and_written_over_meanwhile_is_refused() -> None:
    w, x = leaf(3), leaf(3)
    f: Any = g.compile(lambda x: (x * w).exp())
    for spoil in (w, x):
        y = f(x).sum()
        with g.no_grad():
            spoil.add_(1)
        with pytest.raises(AutogradError, match="overwritten in place since"):
            y.backward()
    y = f(x)
    y.detach().zero_()  # the slope of exp is its result
    with pytest.raises(AutogradError, match="CompiledFunctionBackward needs a tensor of shape"):
        y.sum().backward()


def test_without_gradients_nothing_is_handed_over() -> None:
    x = leaf(3)
    f: Any = g.compile(lambda x: x.exp().tanh())
    with g.no_grad():
        assert f(x).grad_fn is None
    assert f(x.detach()).grad_fn is None
    assert not any(hasattr(b, "joint") for known in f.variants.values() for b in known)


def test_hooks_of_parameters_and_results_fire_once() -> None:
    told: list[str] = []
    w, x = leaf(3), leaf(3)
    w.register_hook(lambda d: told.append("w") or d * 10)
    w.register_post_accumulate_grad_hook(lambda w: told.append("after"))
    x.register_hook(lambda d: told.append("x"))
    f: Any = g.compile(lambda x: (x * w).sum())
    y = f(x)
    y.register_hook(lambda d: told.append("y"))
    assert told == []
    y.backward()
    assert sorted(told) == ["after", "w", "x", "y"]
    alike(w.grad, 10 * x.detach())


def test_a_hook_inside_is_part_of_the_way_back() -> None:
    def f(x: Any) -> Any:
        h = x.tanh()
        h.register_hook(lambda d: d * 3)
        return h.exp().sum(), h

    x = leaf(3)
    both(f, lambda f: grad(sum(f(x)[1]) + f(x)[0], x))


def test_two_threads_each_have_their_own_call() -> None:
    w = leaf(50)
    f: Any = g.compile(lambda x: (x * w).tanh().sum())
    f(g.ones(50)).backward()
    found: dict[int, Any] = {}

    def work(n: int) -> None:
        for _ in range(20):
            found[n] = grad(f(g.full((50,), float(n))), w)[0]

    threads = [threading.Thread(target=work, args=(n,)) for n in (1, 2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for n in (1, 2):
        alike(found[n], grad((w * n).tanh().sum(), w)[0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_while_a_way_back_is_compiled_leaves_none_locked() -> None:
    def long(x: Any) -> Any:
        for _ in range(20):
            x = (x @ x).tanh().softmax(1)
        return x.sum()

    y = g.compile(long)(leaf(20, 20))
    thread = threading.Thread(target=lambda: y.backward(retain_graph=True))
    thread.start()
    time.sleep(0.02)
    child = os.fork()
    if not child:
        signal.alarm(100)
        try:
            y.backward()
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    thread.join()


# -- programs ------------------------------------------------------------------------------------


def test_a_training_loop_with_a_compiled_model() -> None:
    def use(wrap: Any) -> Any:
        g.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
        optimizer = optim.AdamW(model.parameters(), lr=0.1)
        run, losses = wrap(lambda x: model(x)), []
        x, y = leaf(16, 3).detach(), g.arange(16) % 2
        for _ in range(5):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(run(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return [losses, [*model.parameters()]]

    alike(use(g.compile), use(lambda f: f))


def test_frozen_parameters_have_no_gradient() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    f: Any = g.compile(lambda x: model(x))
    f(g.ones(1, 3)).sum().backward()
    model.zero_grad()
    model[0].requires_grad_(False)
    with pytest.warns(UserWarning, match="requires_grad changed"):
        f(g.ones(1, 3)).sum().backward()
    assert model[0].weight.grad is None
    assert model[1].weight.grad is not None


def test_repeat_and_explain_are_of_the_program_without_a_way_back() -> None:
    x = leaf(3, 2)
    f: Any = g.compile(lambda x: x.exp().tanh().sum())
    y = f(x)
    assert f.explain(x, stage="dce").count("out ") == 1
    alike(f.repeat(3, x.detach()), x.detach().exp().tanh().sum(1))
    y.backward()
    alike(x.grad, grad(x.exp().tanh().sum(), x)[0])


def test_a_compiled_function_in_another_one_is_part_of_it() -> None:
    w = leaf(3)
    inner: Any = g.compile(lambda x: (x * w).exp())

    @g.compile
    def step(x: Any) -> Any:
        loss = inner(x).sum()
        return loss.detach(), grad(loss, w)[0]

    x = leaf(3).detach()
    alike(step(x)[1], grad((x * w).exp().sum(), w)[0])
    assert inner.variants == {}


def test_anomaly_detection_sees_the_way_back_of_a_compiled_function() -> None:
    x = g.zeros(1, requires_grad=True)
    y = g.compile(lambda x: (x.sqrt() * 0).sum())(x)
    with (
        g.autograd.detect_anomaly(),
        pytest.raises(AutogradError, match="CompiledFunctionBackward returned nan"),
    ):
        y.backward()


# -- from one result to another ------------------------------------------------------------------

PAST = r"backward: chain, a compiled function, computed one of its results from another, and that"


def chain(x: Any) -> Any:
    logits = x.exp()
    loss = logits.square().sum()
    return loss, logits, x.sin()


ASKED: dict[str, Any] = {
    "alone": lambda loss, logits, x: grad(loss, logits),
    "beside others": lambda loss, logits, x: grad(loss, [x, logits]),
    "if it is used": lambda loss, logits, x: grad(loss, logits, allow_unused=True),
    "or zeros": lambda loss, logits, x: grad(loss, logits, materialize_grads=True),
    "through more": lambda loss, logits, x: grad(loss * 2 + logits.sum(), logits),
    "to keep it": lambda loss, logits, x: [logits.retain_grad(), loss.backward()],
    "to change it": lambda loss, logits, x: [logits.register_hook(lambda k: 2 * k), grad(loss, x)],
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_gradient_between_results_is_refused(asked: str) -> None:
    x = leaf(3)
    loss, logits, _ = g.compile(chain)(x)
    with pytest.raises(AutogradError, match=PAST):
        ASKED[asked](loss, logits, x)


def test_a_hook_counts_though_its_tensor_is_gone() -> None:
    loss, logits, _ = g.compile(chain)(leaf(3))
    logits.register_hook(lambda k: 2 * k)
    del logits
    with pytest.raises(AutogradError, match=PAST):
        loss.backward()


def test_a_hook_on_a_result_that_was_written_or_viewed_is_refused() -> None:
    def use(f: Any, x: Any) -> Any:
        first, second = f(x)
        first.register_hook(lambda k: 2 * k)
        return grad(second.sum(), w)

    def written(x: Any) -> Any:
        x.mul_(w)
        return x, x.exp()

    def viewed(x: Any) -> Any:
        y = x * w
        return y, y[0]

    w = leaf(3)
    for function in (written, viewed):
        with pytest.raises(AutogradError, match="has a hook, or its gradient is asked for"):
            use(g.compile(function), g.ones(3))


def test_what_does_not_lie_behind_may_have_hooks() -> None:
    def use(f: Any) -> Any:
        loss, logits, other = f(x)
        seen: list[Any] = []
        loss.register_hook(lambda k: seen.append(k) or 3 * k)
        other.register_hook(lambda k: 5 * k)
        removed = logits.register_hook(lambda k: 7 * k)
        removed.remove()
        sums = [(loss, x), (logits.sum(), [x, logits]), (other.sum(), other)]
        found = [grad(y, of, retain_graph=True) for y, of in sums]
        return [*found, grad(loss + logits.sum() + other.sum(), x), seen]

    x = leaf(3)
    both(chain, use)


def test_of_many_results_few_ways_back_are_kept() -> None:
    def many(x: Any) -> Any:
        return [x * k for k in range(1, 6)]

    x, program = leaf(3), g.compile(many)
    for there in range(1, 32):
        found = [y for k, y in enumerate(program(x)) if there >> k & 1]
        (slope,) = grad(found, x, [g.ones(3) for _ in found])
        assert slope.tolist() == [float(sum(k + 1 for k in range(5) if there >> k & 1))] * 3
    (known,) = (binding for several in program.variants.values() for binding in several)
    assert len(known.backs) <= 8
