"""Strides against NumPy's, memory that is reused but never shared, and which nests are made."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradatim as g
from gradatim.compiler.ir.graph import Var
from gradatim.compiler.ir.nests import NumpyNest, ProductNest, Schedule, equations_of
from gradatim.compiler.ir.strided import Strided, as_rows, common_dims, spread
from gradatim.compiler.schedule.memory import ALIGN, Arena, Use, plan_memory
from gradatim.compiler.trace.trace import trace
from gradatim.nn import functional as F
from tests.compiler.running import compiled, schedule_of

# -- strides -------------------------------------------------------------------------------------


def read(memory: np.ndarray, view: Strided) -> np.ndarray:
    """What a view of flat memory reads, element by element."""
    found = np.empty(view.shape, memory.dtype)
    for place in np.ndindex(view.shape):
        at = view.offset + sum(i * t for i, t in zip(place, view.strides, strict=True))
        found[place] = memory[at]
    return found


@st.composite
def views(draw: Any) -> tuple[np.ndarray, Strided, np.ndarray]:
    """Memory, a chain of movements as strides, and the same chain as NumPy does it."""
    shape = tuple(draw(st.lists(st.integers(1, 4), max_size=3)))
    memory = np.arange(int(np.prod(shape)))
    view: Strided | None = Strided.whole(shape)
    array = memory.reshape(shape)
    for _ in range(draw(st.integers(0, 4))):
        step = draw(st.sampled_from([_permuted, _sliced, _spread, _flipped, _diagonal, _reshaped]))
        moved = step(draw, array)
        if moved is None:
            continue
        name, params, array = moved
        after = view.through(name, params)
        if after is None:  # only a reshape may be impossible
            assert name == "reshape"
            return memory, view, read(memory, view)
        view = after
    return memory, view, array


def _permuted(draw: Any, x: np.ndarray) -> Any:
    order = tuple(draw(st.permutations(range(x.ndim))))
    return "permute", {"order": order}, x.transpose(order)


def _sliced(draw: Any, x: np.ndarray) -> Any:
    items: list[Any] = []
    for n in x.shape:
        start, step = draw(st.integers(0, n)), draw(st.integers(1, 3))
        one = draw(st.booleans()) and n
        items.append(draw(st.integers(-n, n - 1)) if one else slice(start, None, step))
    index = (*items, *draw(st.sampled_from([(), (None,)])))
    return "slice", {"index": index}, x[index]


def _spread(draw: Any, x: np.ndarray) -> Any:
    shape = tuple(draw(st.integers(1, 3)) if n == 1 else n for n in x.shape)
    shape = (*draw(st.sampled_from([(), (2,)])), *shape)
    return "broadcast_to", {"shape": shape}, np.broadcast_to(x, shape)


def _flipped(draw: Any, x: np.ndarray) -> Any:
    if not x.ndim or not x.size:
        return None
    dims = (draw(st.integers(0, x.ndim - 1)),)
    return "flip", {"dims": dims}, np.flip(x, dims)


def _diagonal(draw: Any, x: np.ndarray) -> Any:
    if x.ndim < 2:
        return None
    dims = draw(st.permutations(range(x.ndim)))[:2]
    k = draw(st.integers(-2, 2))
    if not np.diagonal(x, k, *dims).size:
        return None
    params = {"offset": k, "dim1": dims[0], "dim2": dims[1]}
    return "diagonal", params, np.diagonal(x, k, *dims)


def _reshaped(draw: Any, x: np.ndarray) -> Any:
    if not x.size:
        return None
    first = draw(st.sampled_from([d for d in range(1, x.size + 1) if x.size % d == 0]))
    shape = (first, x.size // first)
    return "reshape", {"shape": shape}, x.reshape(shape)


@given(views())
def test_a_view_reads_what_numpy_reads(case: Any) -> None:
    memory, view, array = case
    assert view.shape == array.shape
    np.testing.assert_array_equal(read(memory, view), array)


@given(views(), st.data())
def test_a_view_as_rows_reads_the_same(case: Any, data: Any) -> None:
    """Row r and column c of the rows are element r * C + c of the view, in order."""
    memory, view, array = case
    if not array.size:
        return
    cut = data.draw(st.integers(0, len(view.shape)))
    length = int(np.prod(view.shape[cut:]))
    rows = as_rows(view, length)
    if rows is None:
        return
    finer = common_dims([rows, *filter(None, [as_rows(Strided.whole(view.shape), length)])])
    assert finer is not None
    for dims, strides in ((rows.dims, rows.strides), (finer, spread(rows, finer))):
        wide = Strided((*dims, length), (*strides, rows.along), rows.offset)
        if np.prod(dims) * length == array.size:
            np.testing.assert_array_equal(read(memory, wide).ravel(), array.ravel())


# -- memory --------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 9), st.integers(0, 5)), max_size=25))
def test_two_that_live_at_once_never_share_memory(lives: list[tuple[int, int, int]]) -> None:
    float32 = np.dtype("float32")
    made = {Var((n * 100,), float32): (first, first + more) for n, first, more in lives}
    uses = [
        Use(
            tuple(v for v, (first, last) in made.items() if first < i <= last),
            tuple(v for v, (first, _) in made.items() if first == i),
        )
        for i in range(16)
    ]
    for shared in (False, True):
        check_apart(plan_memory(uses, (), shared=shared), made)


def check_apart(arena: Arena, made: dict[Var, tuple[int, int]]) -> None:
    """Everything has its place, and none that another has at the same time."""
    assert set(arena.offsets) == set(made)
    for v, (first, last) in made.items():
        begin = arena.offsets[v]
        assert begin % ALIGN == 0
        assert begin + v.nbytes <= arena.size
        for w, (other_first, other_last) in made.items():
            if v is not w and first <= other_last and other_first <= last:
                other = arena.offsets[w]
                assert begin + v.nbytes <= other or other + w.nbytes <= begin


def test_memory_is_used_again() -> None:
    chain = [Var((100,), np.dtype("float32")) for _ in range(10)]
    uses = [Use((a,), (b,)) for a, b in pairwise(chain)]
    assert plan_memory(uses, chain[:1]).size == 2 * 448


def test_two_workers_find_their_halves_of_memory_again() -> None:
    x, large, small, y = (Var((n << 14,), np.dtype("float32")) for n in (1, 8, 2, 1))
    uses = [Use((x,), (large,)), Use((large,), (x,)), Use((x,), (small,)), Use((small,), (y,))]
    alone = plan_memory(uses, (x, y))
    assert (alone.offsets[large], alone.offsets[small]) == (0, 0)
    shared = plan_memory(uses, (x, y), shared=True)
    assert shared.size == alone.size == large.nbytes
    assert shared.offsets[large] + large.nbytes // 2 == shared.offsets[small] + small.nbytes // 2


def test_however_many_they_are() -> None:
    """A thousand large ones, which lie differently: their places are weighed in a second."""
    chain = [Var((8192 * (1 + n * n % 7) + n,), np.dtype("float32")) for n in range(1000)]
    uses = [Use((a,), (b,)) for a, b in pairwise(chain)]
    alone, shared = (plan_memory(uses, (), shared=s) for s in (False, True))
    assert shared.size < 1.1 * alone.size
    assert 5 * from_another_worker(shared, chain) < from_another_worker(alone, chain)


def from_another_worker(arena: Arena, in_turn: list[Var]) -> int:
    """How many lines are written by another worker than the one who had them last."""
    had, crossing = np.zeros(arena.size // ALIGN, int), 0
    for v in in_turn:
        begin, count = arena.offsets[v] // ALIGN, -(-v.nbytes // ALIGN)
        lines = had[begin : begin + count]
        worker = np.repeat((1, 2), (count // 2, count - count // 2))
        crossing += int((lines == 3 - worker).sum())
        lines[:] = worker
    return crossing


def test_what_lies_outside_has_no_place_in_the_arena() -> None:
    a, b = Var((3,), np.dtype("float32")), Var((3,), np.dtype("float32"))
    assert plan_memory([Use((a,), (b,))], [a, b]).offsets == {}


# -- nests ---------------------------------------------------------------------------------------


def nests(function: Callable[..., Any], *shapes: tuple[int, ...]) -> Schedule:
    tensors = [g.zeros(s) for s in shapes]
    traced = trace(function, tensors)
    updates = [(traced.result_count + k, i) for k, i in enumerate(traced.written)]
    return schedule_of(traced.graph, updates)


def described(schedule: Schedule) -> list[str]:
    """`row: exp sum`: the operations of each nest."""
    return [" ".join(e.name for e in equations_of(nest)) for nest in schedule.nests]


def test_a_chain_is_one_nest() -> None:
    made = nests(lambda x, y: ((x + y).exp() * y).tanh(), (30, 40), (40,))
    assert described(made) == ["add exp mul tanh"]


def test_a_softmax_is_one_nest() -> None:
    made = nests(lambda x: x.softmax(1), (30, 40))
    assert len(made.nests) == 1


def test_what_a_sum_is_made_of_is_computed_once_in_its_nest() -> None:
    made = nests(lambda x, y: x * y - (x * y).sum(1, keepdim=True), (30, 40), (40,))
    assert described(made) == ["mul reduce_sum sub"]


def test_a_layer_is_a_product_with_its_epilogue() -> None:
    made = nests(lambda x, w, b: F.linear(x, w, b).relu(), (30, 40), (20, 40), (20,))
    assert described(made) == ["matmul add relu"]


def test_a_product_of_something_computed_waits_for_it() -> None:
    made = nests(lambda x, w: (x @ w).tanh() @ w, (30, 30), (30, 30))
    assert described(made) == ["matmul tanh", "matmul"]


def test_views_cost_nothing() -> None:
    made = nests(lambda x: x.reshape(20, 60).T[::2].flip(0) + x[:, :20], (30, 40))
    assert described(made) == ["add"]


def heads(x: g.Tensor, y: g.Tensor) -> g.Tensor:
    return (x @ y).transpose(1, 2).reshape(12, 12) @ y.reshape(12, 10)


def test_heads_are_written_where_they_are_put_together() -> None:
    x, y = g.randn(2, 3, 6, 5), g.randn(2, 3, 5, 4)
    assert described(nests(heads, x.shape, y.shape)) == ["matmul", "matmul"]
    np.testing.assert_allclose(compiled(heads, x, y), heads(x, y), rtol=1e-5, atol=1e-6)


def test_parts_are_written_where_they_are_put_side_by_side() -> None:
    def parts(x: g.Tensor, y: g.Tensor) -> g.Tensor:
        last = (x * 2).reshape(5, 4).t()
        return g.cat([x @ y, x.exp(), last @ y, y[:4]], -1) * 3

    x, y = g.randn(4, 5), g.randn(5, 6)
    made = nests(parts, x.shape, y.shape)
    assert sorted(described(made)) == ["copy", "exp", "matmul", "matmul", "mul", "mul"]
    np.testing.assert_allclose(compiled(parts, x, y), parts(x, y), rtol=1e-5, atol=1e-6)


def test_what_is_also_read_elsewhere_keeps_its_own_memory() -> None:
    def both(x: g.Tensor, y: g.Tensor) -> tuple[g.Tensor, g.Tensor]:
        z = x @ y
        return z.transpose(1, 2).reshape(2, 6, 12), z.sum(0)

    x, y = g.randn(2, 3, 6, 5), g.randn(2, 3, 5, 4)
    for found, wanted in zip(compiled(both, x, y), both(x, y), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_a_sum_of_many_rows_is_added_up_in_two_steps() -> None:
    made = nests(lambda x: x.exp().sum(0), (5000, 50))
    assert described(made) == ["exp reduce_sum", "reduce_sum"]


def test_what_is_written_in_step_is_written_in_place() -> None:
    made = nests(lambda x: x.mul_(2).add_(1), (30, 40))
    assert len(made.nests) == 1
    assert len(made.in_place) == 1


def test_places_told_by_two_tensors_are_written_where_they_lie() -> None:
    """Such as those of the tokens that a cache of keys and values remembers."""

    def remember(cache: g.Tensor, new: g.Tensor) -> g.Tensor:
        cache[g.arange(2), g.tensor([3, 1])] = new
        return cache.sum()

    made = nests(remember, (2, 5, 40), (2, 40))
    assert len(made.in_place) == 1
    assert "copy" not in " ".join(described(made))


def test_what_is_still_read_is_not_written_over() -> None:
    made = nests(lambda x: x[1:].copy_(x[:-1].clone()), (30,))
    assert not made.in_place


def test_a_number_that_all_items_read_is_not_written_over_by_the_first() -> None:
    def counted(x: g.Tensor, count: g.Tensor) -> None:
        count.add_(1)
        x.mul_(count)

    assert len(nests(counted, (300, 400), ()).in_place) == 1
    assert len(nests(counted, (3, 4), ()).in_place) == 2


def test_an_update_runs_as_soon_as_its_gradient_is_known() -> None:
    """Its coefficients, which come after the backward pass, and a small nest do not hold it up."""

    def step(x: g.Tensor, bias: g.Tensor, w: g.Tensor, count: g.Tensor) -> None:
        y = x + bias
        back = y @ w
        for_w, for_bias = y.T @ back, (back @ w.T).sum(0)
        rate = 1 / (count + 1)
        bias.sub_(rate * for_bias)
        w.sub_(rate * for_w)

    made = described(nests(step, (60, 48), (48,), (48, 40), ()))
    assert made.index("matmul mul sub") < made.index("reduce_sum") < made.index("mul sub")


def test_a_primitive_without_machine_code_is_alone() -> None:
    made = nests(lambda x: g.searchsorted(x * 2, x) + 1, (30,))
    (left,) = [n for n in made.nests if isinstance(n, NumpyNest)]
    assert left.equation.name == "searchsorted"


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_nothing_makes_no_nest(shape: tuple[int, ...]) -> None:
    assert nests(lambda x: (x * 2).exp(), shape).nests == ()


def test_a_product_stores_one_number_for_each_of_its_elements() -> None:
    """One number for all would be written by each tile, and beyond the end of its memory."""
    count = g.zeros(1)

    def function(a: Any, b: Any) -> Any:
        count.add_(1)
        return (a @ b) * count

    traced = trace(function, [g.ones(1, 5), g.ones(5, 8)])
    made = schedule_of(traced.graph, traced.updates)
    (product,) = [n for n in made.nests if isinstance(n, ProductNest)]
    assert [s.value.size for s in product.stores] == [8]
