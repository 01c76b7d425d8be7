"""Graphs nobody thought of: random expressions against finite differences, views against NumPy."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim as g
from gradatim.autograd import grad, no_grad
from gradatim.core.tape import history

pytestmark = pytest.mark.slow  # thousands of graphs

Array = np.ndarray[Any, Any]

# -- random expressions -------------------------------------------------------------------------

SHAPES = [(), (1,), (2,), (3,), (1, 3), (2, 1), (2, 3), (3, 2), (1, 1, 2), (0, 2)]

# Smooth, and bounded so that nothing grows out of the range of finite differences.
UNARY: list[Callable[[Any], Any]] = [
    lambda x: x.tanh(),
    lambda x: x.sin(),
    lambda x: x.sigmoid(),
    lambda x: -x,
    lambda x: x * 0.5 + 1,
    lambda x: 1 / (x * x + 1),
    lambda x: (x * x + 0.5).sqrt(),
    lambda x: (x * x + 0.5).log(),
    lambda x: (-x * x).exp(),
    lambda x: g.where(x * 0 == 0, x, x * 2),
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x / (y * y + 1),
    lambda x, y: (x * x + 1) ** y.tanh(),
]
REDUCE: list[Callable[[Any], Any]] = [
    lambda x: x.sum(),
    lambda x: x.sum(0, keepdim=True),
    lambda x: x.sum(-1),
    lambda x: x.softmax(-1),
    lambda x: x.cumsum(0),
    lambda x: x.mean() if x.numel() else x.sum(),
]
MOVE: list[Callable[[Any], Any]] = [
    lambda x: x.t() if x.ndim == 2 else x,
    lambda x: x.reshape(-1),
    lambda x: x.unsqueeze(0),
    lambda x: x.flip(0),
    lambda x: x[::2],
    lambda x: x[None],
    lambda x: g.cat([x, x * 2], 0),
    lambda x: g.stack([x, x], -1).sum(-1),
    lambda x: x.expand(2, *x.shape) if x.ndim < 3 else x,
    lambda x: x[g.tensor([0, 0])] if x.shape[0] else x,
]


@dataclass
class Program:
    """A list of steps on a growing list of tensors; the last of them, added up, is the result."""

    shapes: list[tuple[int, ...]]
    steps: list[tuple[str, int, int, int]]
    seed: int
    leaves: list[Array] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.leaves = [rng.uniform(-1, 1, shape) for shape in self.shapes]

    def run(self, *leaves: g.Tensor) -> g.Tensor:
        made = list(leaves)
        for kind, which, i, j in self.steps:
            made.append(_step(kind, which, made[i % len(made)], made[j % len(made)]))
        # All of them, so that no step is without a part in the gradient.
        total = sum((x.tanh().sum() for x in made[1:]), made[0].tanh().sum())
        assert isinstance(total, g.Tensor)
        return total


def _step(kind: str, which: int, x: g.Tensor, y: g.Tensor) -> g.Tensor:
    if kind == "unary":
        return UNARY[which % len(UNARY)](x)
    if kind in ("reduce", "move"):
        table = REDUCE if kind == "reduce" else MOVE
        return table[which % len(table)](x if x.ndim else x.reshape(1))
    if kind == "product":
        return _product(x, y)
    if kind == "in place":
        return (x * 1).mul_(0.5).add_(x)
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        y = y.sum()
    out = BINARY[which % len(BINARY)](x, y)
    return out if out.numel() <= 64 else out.sum()


def _product(x: g.Tensor, y: g.Tensor) -> g.Tensor:
    """x @ y, folded to shapes that fit."""
    if not x.numel() or not y.numel():
        return x.sum() * y.sum()
    a, b = (t.reshape(-1, t.shape[-1]) if t.ndim > 1 else t.reshape(1, -1) for t in (x, y))
    n = min(a.shape[1], b.shape[1])
    return a[:4, :n] @ b[:4, :n].t()


steps = st.tuples(
    st.sampled_from(
        ["unary", "unary", "binary", "binary", "reduce", "move", "product", "in place"]
    ),
    *[st.integers(0, 99)] * 3,
)
programs = st.builds(
    Program,
    st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3),
    st.lists(steps, min_size=1, max_size=8),
    st.integers(0, 1000),
)


def leaf(array: Array) -> g.Tensor:
    return g.tensor(array, requires_grad=True)


def differences(f: Callable[..., Any], arrays: list[Array], direction: list[Array]) -> float:
    """The slope of f along a direction."""
    h = 1e-6
    with no_grad():
        ahead, behind = (
            f(*[g.tensor(a + s * d) for a, d in zip(arrays, direction, strict=True)]).item()
            for s in (h, -h)
        )
    return (ahead - behind) / (2 * h)


@settings(max_examples=200)
@given(programs)
def test_gradients_of_random_expressions(program: Program) -> None:
    leaves = [leaf(a) for a in program.leaves]
    found = grad(program.run(*leaves), leaves, materialize_grads=True)
    rng = np.random.default_rng(7)
    direction = [rng.standard_normal(a.shape) for a in program.leaves]
    slope = sum(float((x.numpy() * d).sum()) for x, d in zip(found, direction, strict=True))
    assert slope == pytest.approx(
        differences(program.run, program.leaves, direction), rel=1e-6, abs=1e-6
    )


@settings(max_examples=80)
@given(programs)
def test_second_gradients_of_random_expressions(program: Program) -> None:
    rng = np.random.default_rng(7)
    weights = [g.tensor(rng.standard_normal(a.shape)) for a in program.leaves]
    direction = [rng.standard_normal(a.shape) for a in program.leaves]

    def weighted(*leaves: g.Tensor) -> g.Tensor:
        with g.enable_grad():
            chosen = [x if x.requires_grad else x.requires_grad_() for x in leaves]
            first = grad(program.run(*chosen), chosen, create_graph=True, materialize_grads=True)
            return sum(((x * w).sum() for x, w in zip(first, weights, strict=True)), g.tensor(0.0))

    leaves = [leaf(a) for a in program.leaves]
    y = weighted(*leaves)
    if not y.requires_grad:
        return
    second = grad(y, leaves, materialize_grads=True)
    slope = sum(float((x.numpy() * d).sum()) for x, d in zip(second, direction, strict=True))
    assert slope == pytest.approx(
        differences(weighted, program.leaves, direction), rel=1e-5, abs=1e-5
    )


@settings(max_examples=60)
@given(programs)
def test_backward_and_grad_agree_and_accumulate(program: Program) -> None:
    leaves = [leaf(a) for a in program.leaves]
    found = grad(program.run(*leaves), leaves, materialize_grads=True)
    for _ in range(2):
        program.run(*leaves).backward()
    for x, once in zip(leaves, found, strict=True):
        assert x.grad is not None
        np.testing.assert_allclose(x.grad.numpy(), 2 * once.numpy(), rtol=1e-12, atol=1e-14)


@settings(max_examples=60)
@given(programs)
def test_random_graphs_are_freed_without_the_collector(program: Program) -> None:
    gc.disable()
    try:
        y = program.run(*[leaf(a) for a in program.leaves])
        entries, waiting = [], [history(y)]
        while waiting:
            edge = waiting.pop()
            entries.append(weakref.ref(edge))
            waiting += [behind for behind in edge.edges if behind is not None]
        y.backward()
        del y, edge
        assert [entry for entry in entries if entry() is not None] == []
    finally:
        gc.enable()


# -- random chains of views ---------------------------------------------------------------------

indices = st.one_of(
    st.integers(-4, 3),
    st.builds(
        slice,
        st.none() | st.integers(-4, 4),
        st.none() | st.integers(-4, 4),
        st.none() | st.integers(1, 3),
    ),
    st.none(),
    st.just(...),
)
views = st.one_of(
    st.tuples(st.just("index"), st.lists(indices, min_size=1, max_size=3).map(tuple)),
    st.tuples(st.just("permute"), st.permutations(range(4))),
    st.tuples(st.just("reshape"), st.integers(0, 99)),
    st.tuples(st.just("diagonal"), st.integers(-2, 2)),
    st.tuples(st.just("squeeze"), st.none()),
)


def valid(shape: tuple[int, ...], index: tuple[Any, ...]) -> bool:
    if sum(i is ... for i in index) > 1:
        return False
    try:
        np.empty(shape)[index]
    except IndexError:
        return False
    return True


def forms(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Other shapes for as many elements."""
    n = int(np.prod(shape))
    return [(n,), (1, n), (n, 1), *[(k, n // k) for k in (2, 3, 4) if n and n % k == 0]]


def apply(x: Any, view: tuple[str, Any]) -> Any:
    """One view of a tensor or of an array; the same thing if it cannot be had."""
    kind, how = view
    shape = tuple(x.shape)
    numpy = isinstance(x, np.ndarray)
    if kind == "index":
        return x[how] if valid(shape, how) else x
    if kind == "permute":
        order = [*[d for d in how if d < len(shape)], *range(4, len(shape))]
        return x.transpose(order) if numpy else x.permute(order)
    if kind == "reshape":
        new = forms(shape)[how % len(forms(shape))]
        return x.reshape(new)
    if kind == "squeeze":
        return x.squeeze()
    if len(shape) < 2:
        return x
    return x.diagonal(how)  # of the first two dimensions, in both


bases = st.sampled_from([(4,), (3, 4), (2, 3, 4), (2, 2, 3, 2), (1, 5), ()])
chains = st.lists(views, min_size=1, max_size=6)


@settings(max_examples=250)
@given(bases, chains)
def test_chains_of_views_read_as_numpys(shape: tuple[int, ...], chain: list[Any]) -> None:
    array = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    x: Any = g.tensor(array)
    y: Any = array
    for view in chain:
        x, y = apply(x, view), np.asarray(apply(y, view))
        assert x.shape == y.shape
        np.testing.assert_array_equal(x.numpy(), y)


@settings(max_examples=250)
@given(bases, chains)
def test_gradients_through_chains_of_views_count_how_often_an_element_is_seen(
    shape: tuple[int, ...], chain: list[Any]
) -> None:
    x = leaf(np.zeros(shape))
    places: Any = np.arange(np.prod(shape), dtype=np.int64).reshape(shape)
    y: Any = x
    for view in chain:
        y, places = apply(y, view), np.asarray(apply(places, view))
    weights = np.arange(1.0, y.numel() + 1).reshape(y.shape)
    y.backward(g.tensor(weights))
    expected = np.zeros(int(np.prod(shape)))
    np.add.at(expected, places.reshape(-1), weights.reshape(-1))
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), expected.reshape(shape))


@settings(max_examples=250)
@given(bases, chains)
def test_writing_through_chains_of_views_as_numpy_does(
    shape: tuple[int, ...], chain: list[Any]
) -> None:
    """The numbers that arrive, and the gradients of the old contents and of what was written."""
    start = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    array = start.copy()
    old, new = leaf(start), leaf(np.array(2.0))
    base = old * 1
    part: Any = base
    seen: Any = array
    for view in chain:
        following = np.asarray(apply(seen, view))
        if following.size and not np.shares_memory(following, seen):
            continue  # a copy: writing there would not reach the base
        if not following.flags.writeable:
            following = _writeable(following, seen)
        part, seen = apply(part, view), following
    part.mul_(new)
    seen *= 2.0
    np.testing.assert_array_equal(base.detach().numpy(), array)
    base.sum().backward()
    assert old.grad is not None
    np.testing.assert_array_equal(old.grad.numpy(), np.where(array == start, 1.0, 2.0))
    written = np.where(array == start, 0.0, start).sum()
    assert (new.grad.item() if new.grad is not None else 0.0) == pytest.approx(written)


def _writeable(view: Array, base: Array) -> Array:
    """NumPy's diagonals are read-only, out of caution."""
    view.flags.writeable = base.flags.writeable
    return view
