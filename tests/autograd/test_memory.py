"""What the tape keeps alive, and for how long; graphs of any depth."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import gradatim
from gradatim import tensor
from gradatim.autograd import Function, detect_anomaly, grad
from gradatim.core.tape import history


def leaf(values):
    return tensor(values, dtype=gradatim.float64, requires_grad=True)


@pytest.fixture(autouse=True)
def no_collector():
    """What a cycle would keep is not freed behind the test's back."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Keep(Function):
    """Saves its input, its result and something between; puts a tensor on ctx."""

    @staticmethod
    def forward(ctx, x):
        ctx.between = x * 2
        y = ctx.between * x
        ctx.save_for_backward(x, y, ctx.between)
        return y

    @staticmethod
    def backward(ctx, g):
        _, _, between = ctx.saved_tensors
        return 2 * between * g


GRAPHS = {
    "saved inputs": lambda x: (x * x) * x,
    "saved results": lambda x: x.exp().tanh(),
    "views": lambda x: (x * 1).view(4).t()[1:3].reshape(2, 1).expand(2, 3),
    "one of several results": lambda x: (x * 1).max(0).values,
    "joined": lambda x: gradatim.cat([x * 1, x.exp()]),
    "indexed": lambda x: (x * 1)[tensor([0, 2])],
    "softmax": lambda x: (x * 1).softmax(0).log(),
    "function": lambda x: Keep.apply(x * 1),
    "written in place": lambda x: (x * 1).mul_(2).add_(x),
    "written through a view": lambda x: written_through_a_view(x),
    "with hooks": lambda x: with_hooks(x),
    "gradients of gradients": lambda x: grad((x**3).sum(), x, create_graph=True)[0],
}


def written_through_a_view(x):
    y = x * 1
    y[:2] = y[2:] * 2
    return y


def with_hooks(x):
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 2)
    return y * y


graphs = pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)


def entries(y):
    """Weak references to all operations on the tape behind a tensor."""
    found, waiting = [], [history(y)]
    while waiting:
        entry = waiting.pop()
        found.append(weakref.ref(entry))
        waiting += [edge for edge in entry.edges if edge is not None and edge.edges]
    return found


@graphs
def test_a_graph_that_is_dropped_is_freed_at_once(make):
    x = leaf([1.0, 2.0, 3.0, 4.0])
    y = make(x)
    behind = [*entries(y), weakref.ref(y)]
    del y
    assert [ref for ref in behind if ref() is not None] == []
    assert gc.collect() == 0


@graphs
def test_walking_it_makes_no_cycle_either(make):
    x = leaf([1.0, 2.0, 3.0, 4.0])
    y = make(x)
    behind = [*entries(y), weakref.ref(y)]
    y.sum().backward()
    del y
    assert [ref for ref in behind if ref() is not None] == []
    x.grad = None
    assert gc.collect() == 0


def test_results_on_the_way_die_as_soon_as_nobody_needs_them():
    x = leaf([1.0, 2.0])
    doubled = x * 2
    gone, kept = weakref.ref(doubled), doubled
    y = doubled + 1  # addition saves nothing
    del doubled, kept
    assert gone() is None
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_saved_memory_is_freed_by_backward():
    x = leaf(np.ones(100_000))
    tracemalloc.start()
    try:
        y = ((x * 3).exp() * x).sum()
        before = tracemalloc.get_traced_memory()[0]
        y.backward()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert y.requires_grad
    assert before > 800_000
    assert after < before - 800_000 + x.grad.numpy().nbytes + 10_000


def test_retain_graph_keeps_it():
    x = leaf([1.0, 2.0])
    a = x * 3
    saved = weakref.ref(a)
    y = (a * a).sum()
    del a
    y.backward(retain_graph=True)
    assert saved() is not None


def test_only_what_a_rule_needs_is_kept():
    x, constant = leaf([1.0, 2.0]), tensor([3.0, 4.0], dtype=gradatim.float64) * 1
    unneeded = weakref.ref(constant)
    y = x + constant
    del constant
    assert unneeded() is None
    factor = x.detach() * 2
    needed = weakref.ref(factor)
    z = y * factor  # d z / d y needs the factor; nobody wants d z / d factor
    left = weakref.ref(y)
    del factor, y
    assert needed() is not None
    assert left() is None
    z.sum().backward()


def test_leaves_are_not_kept_alive_by_their_entry():
    x = leaf([1.0, 2.0])
    y = x + 1
    dead = weakref.ref(x)
    del x
    assert dead() is None
    y.sum().backward()  # the gradient has nowhere to go, which is no error


def test_hooks_die_with_their_tensor():
    class Listener:
        def __call__(self, g):
            pass

    listener = Listener()
    dead = weakref.ref(listener)
    y = leaf([1.0]) * 2
    y.register_hook(listener)
    del listener, y
    assert dead() is None


def test_anomaly_mode_keeps_no_frames():
    class Big:
        pass

    def compute(x):
        local = Big()
        return weakref.ref(local), x * 2

    with detect_anomaly():
        dead, y = compute(leaf([1.0]))
    assert y.requires_grad
    assert dead() is None


def test_an_exception_in_a_hook_leaves_no_cycle():
    def fail(g):
        raise KeyError("mine")

    x = leaf([1.0])
    y = x * 2
    y.register_hook(fail)
    behind = entries(y)
    with pytest.raises(KeyError):
        y.backward()
    y.grad_fn  # noqa: B018  # the graph is as it was
    del y
    assert [ref for ref in behind if ref() is not None] == []


# -- depth --------------------------------------------------------------------------------------


def test_a_graph_of_100_000_operations():
    x, one = leaf(1.0), tensor(1.0, dtype=gradatim.float64)
    y = x
    for _ in range(50_000):
        y = (y + one) * one
    y.backward()
    assert x.grad.item() == 1.0
    del y  # freeing it must not recurse either


def test_a_chain_of_300_000_additions():
    x, one = leaf(1.0), tensor(1.0, dtype=gradatim.float64)
    y = x
    for _ in range(300_000):
        y = y + one
    last = weakref.ref(y)
    y.backward()
    assert (y.item(), x.grad.item()) == (300_001.0, 1.0)
    del y
    assert last() is None


DEEP = {
    "saved values": (10_000, lambda y, x: y * x),
    "views": (2_000, lambda y, x: y.view(2)),
    "views of views, stepped": (2_000, lambda y, x: y[:]),
    "in place": (10_000, lambda y, x: y.add_(x)),
    "in place through a view": (2_000, lambda y, x: (y[:1].add_(x[1]), y)[1]),
    "functions": (2_000, lambda y, x: Pass.apply(y)),
    "several results": (2_000, lambda y, x: y.sort().values),
}


class Pass(Function):
    """The identity."""

    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        return g


@pytest.mark.parametrize(("depth", "step"), DEEP.values(), ids=DEEP)
def test_depth_of_any_kind(depth, step):
    x = leaf([1.0, 1.0])
    y = x * 1
    for _ in range(depth):
        y = step(y, x)
    y.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    del y


def test_a_deep_graph_of_gradients():
    x = leaf(1.0)
    y = x
    for _ in range(3_000):
        y = y * 1.0001 + x * x * 1e-9
    (first,) = grad(y, x, create_graph=True)
    first.backward()
    assert x.grad.item() == pytest.approx(sum(2e-9 * 1.0001**k for k in range(3_000)), rel=1e-6)


def test_a_wide_graph():
    x = leaf([1.0, 2.0])
    gradatim.stack([x * i for i in range(2_000)]).sum().backward()
    assert x.grad.tolist() == [1_999_000.0] * 2


def test_a_value_reached_by_exponentially_many_ways_is_visited_once():
    x = leaf(1.0)
    y, visits = x * 1, []
    y.register_hook(visits.append)
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60
    assert len(visits) == 1
