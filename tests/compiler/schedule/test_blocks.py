"""Attention done block by block: the numbers of eager, and nothing as large as all scores."""

import math
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim as g
from gradatim.compiler.ir.nests import BlockNest, DrawNest, writes
from gradatim.compiler.machine.target import host
from gradatim.compiler.pipeline.draft import drafted
from gradatim.compiler.trace.trace import trace
from gradatim.nn import functional as F
from tests.compiler.running import schedule_of

F32, F64 = "float32", "float64"


def attention(q, k, v, *, mask=None, p=0.0, causal=False, **rest):
    return F.scaled_dot_product_attention(q, k, v, mask, p, causal, **rest)


def by_hand(q, k, v, future, *, soft=lambda s: s.softmax(-1)):
    """As one writes it from the paper: scores, a mask, softmax, a mean of values."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return soft(scores.masked_fill(future, -math.inf)) @ v


def tensors(B, H, T, S, d, e, dtype=F32):
    """Queries, keys, values, and what the result's gradient is to be."""
    g.manual_seed(T + S + d)
    shapes = (B, H, T, d), (B, H, S, d), (B, H, S, e), (B, H, T, e)
    return [g.randn(*s, dtype=getattr(g, dtype), requires_grad=i < 3) for i, s in enumerate(shapes)]


def stepping(function, *more):
    """A step that returns a function's result and the gradients of its three inputs."""

    def step(q, k, v, slope):
        y = function(q, k, v, *more)
        (y * y * slope).sum().backward()
        found = [x.grad for x in (q, k, v)]
        for x in (q, k, v):
            x.grad = None
        return [y.detach(), *found]

    return step


def nests_of(step, given):
    traced = trace(step, given)
    return schedule_of(traced.graph, traced.updates).nests


def blocks_of(step, given):
    return [n for n in nests_of(step, given) if isinstance(n, BlockNest)]


def check(step, given, *, blocks=2):
    """Compiled as eager, in so many block nests."""
    state = g.get_rng_state()
    expected = step(*given)
    g.set_rng_state(state)
    found = g.compile(step)(*given)
    rtol, atol = (1e-4, 2e-5) if given[0].dtype == g.float32 else (1e-11, 1e-12)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=atol)
    assert len(blocks_of(step, given)) == blocks


SHAPES = [
    (2, 2, 16, 16, 16, 16, True),
    (1, 3, 5, 5, 7, 7, True),
    (3, 1, 2, 2, 4, 4, False),
    (2, 1, 64, 64, 8, 8, True),
    (1, 2, 67, 67, 9, 5, False),
    (1, 2, 100, 100, 20, 33, True),
    (2, 2, 9, 50, 8, 6, False),
    (1, 2, 50, 3, 8, 6, True),
    (1, 2, 130, 40, 12, 12, True),
    (1, 2, 40, 130, 12, 12, True),
    (1, 2, 40, 900, 6, 6, False),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_any_shape(shape):
    *sizes, causal = shape
    blocks = 2 if shape[2] >= 8 else 0  # for so few rows taking turns is not worth while
    step = stepping(lambda q, k, v: attention(q, k, v, causal=causal))
    check(step, tensors(*sizes), blocks=blocks)


@pytest.mark.parametrize("shape", [(1, 2, 67, 67, 9, 5), (1, 2, 9, 50, 8, 6)])
def test_double_precision(shape):
    check(stepping(lambda q, k, v: attention(q, k, v, causal=True)), tensors(*shape, F64))


@pytest.mark.parametrize(
    ("kind", "T", "p"),
    [
        ("holes", 8, 0.3),
        ("holes", 67, 0.0),
        ("padding", 67, 0.3),
        ("window", 67, 0.0),
        ("blind rows", 8, 0.0),
        ("blind rows", 67, 0.0),
        ("added", 8, 0.3),
        ("added", 67, 0.0),
    ],
)
def test_any_mask(kind, T, p):
    given = tensors(2, 2, T, T, 8, 8)
    mask = masks(T)[kind]
    check(stepping(lambda q, k, v: attention(q, k, v, mask=mask, p=p)), given)


def masks(T):
    g.manual_seed(3)
    here, there = g.arange(T).unsqueeze(1), g.arange(T)
    lengths = g.tensor([T // 3 + 1, T // 2]).view(2, 1, 1, 1)
    return {
        "holes": g.rand(T, T) < 0.5,
        "padding": (there < lengths) & g.ones(2, 1, T, T).bool(),
        "window": (there <= here) & (there > here - 5),
        "blind rows": (there <= here) & (here != 3),
        "added": g.randn(T, T),
    }


def test_a_trained_bias_on_the_scores_keeps_its_gradient():
    given = tensors(2, 2, 20, 20, 8, 8)
    bias = g.randn(20, 20, requires_grad=True)

    def step(q, k, v, slope):
        attention(q, k, v, mask=bias).backward(slope)
        found = [x.grad for x in (q, k, v, bias)]
        for x in (q, k, v, bias):
            x.grad = None
        return found

    expected, found = step(*given), g.compile(step)(*given)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("T", [12, 70])
def test_an_attention_written_by_hand_is_done_in_blocks_too(T):
    future = g.ones(T, T).triu(1).bool()
    step = stepping(by_hand, future)
    check(step, tensors(2, 3, T, T, 8, 8))
    hidden = [n.hiding is not None for n in blocks_of(step, tensors(2, 3, T, T, 8, 8))]
    assert all(hidden) or T < 32


def test_weights_that_are_no_softmax():
    future = g.ones(33, 33).triu(1).bool()

    step = stepping(lambda q, k, v: by_hand(q, k, v, future, soft=g.sigmoid))
    check(step, tensors(2, 2, 33, 33, 8, 8))


def test_heads_that_share_keys():
    g.manual_seed(1)
    q, slope = g.randn(2, 6, 30, 8, requires_grad=True), g.randn(2, 6, 30, 8)
    k, v = (g.randn(2, 2, 30, 8, requires_grad=True) for _ in range(2))
    check(stepping(lambda *x: attention(*x, causal=True, enable_gqa=True)), [q, k, v, slope])


def test_heads_of_one_row_of_numbers():
    """Queries, keys and values as a layer makes them: parts of one product, heads side by side."""
    g.manual_seed(1)
    x, slope = g.randn(2, 40, 48, requires_grad=True), g.randn(2, 40, 16)

    def step(x, slope):
        q, k, v = (t.view(2, 40, 2, 8).transpose(1, 2) for t in x.split(16, -1))
        y = attention(q, k, v, causal=True).transpose(1, 2).flatten(2)
        (y * y * slope).sum().backward()
        found, x.grad = x.grad, None
        return [y.detach(), found]

    check(step, [x, slope])


def test_weights_that_are_returned_are_kept():
    given = tensors(2, 2, 20, 20, 8, 8)

    def step(q, k, v, slope):
        weights, values = F.attention.attention_weights(q, k, v, is_causal=True)
        y = weights @ values
        y.backward(slope)
        found = [x.grad for x in (q, k, v)]
        for x in (q, k, v):
            x.grad = None
        return [weights.detach(), y.detach(), *found]

    expected, found = step(*given), g.compile(step)(*given)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)


def test_second_gradients():
    q, k, v, slope = tensors(2, 2, 20, 20, 8, 8, F64)

    def step(q, k, v, slope):
        y = attention(q, k, v, causal=True)
        (dq,) = g.autograd.grad((y * slope).sum(), q, create_graph=True)
        return g.autograd.grad(dq.square().sum(), [q, k, v])

    expected, found = step(q, k, v, slope), g.compile(step)(q, k, v, slope)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-11)


# -- memory, order, exactness --------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.0, 0.1])
def test_nothing_is_as_large_as_all_scores(p):
    given = tensors(4, 8, 256, 256, 8, 8)
    step = stepping(lambda q, k, v: attention(q, k, v, p=p, causal=True))
    largest = 4 * 8 * 256 * 256
    for nest in nests_of(step, given):
        if not isinstance(nest, DrawNest):  # a byte for each coin of a dropout
            assert all(v.size < largest for v in writes(nest))
    traced = trace(step, given)
    arena = drafted(traced.graph, traced.updates, traced.result_count, host()).layout.arena
    assert arena.size < largest * (4 if p == 0 else 5) / 2


def test_memory_grows_with_the_context_not_with_its_square():
    def arena(T):
        given = tensors(1, 32, T, T, 8, 8)
        traced = trace(stepping(lambda q, k, v: attention(q, k, v, causal=True)), given)
        return drafted(traced.graph, traced.updates, traced.result_count, host()).layout.arena.size

    assert arena(1024) < 3 * arena(512)


def test_a_later_token_changes_nothing_before_it():
    q, k, v, _ = tensors(1, 2, 100, 100, 8, 8)
    program = g.compile(lambda q, k, v: attention(q, k, v, causal=True))
    with g.no_grad():
        before = program(q, k, v).numpy().copy()
        for t in (1, 17, 50, 99):
            others = [x.detach().clone() for x in (q, k, v)]
            for x in others:
                x[:, :, t:] = 7.0
            np.testing.assert_array_equal(program(*others).numpy()[:, :, :t], before[:, :, :t])


def test_a_mask_may_change_from_call_to_call():
    q, k, v, _ = tensors(1, 2, 70, 70, 8, 8)
    mask = g.ones(70, 70).tril().bool()
    program = g.compile(lambda q, k, v, mask: attention(q, k, v, mask=mask))
    with g.no_grad():
        for shift in (0, 40, -69):
            mask = g.ones(70, 70).tril(shift).bool()
            expected = attention(q, k, v, mask=mask)
            np.testing.assert_allclose(program(q, k, v, mask), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 3])
def test_few_rows_take_turns_where_a_mask_hides_columns(rows):
    q, k, v = (g.randn(2, 3, n, 8) for n in (rows, 70, 70))
    places = g.arange(70)

    def step(q, k, v, at):
        return attention(q, k, v, mask=(places <= at.unsqueeze(1)).view(2, 1, 1, 70))

    program = g.compile(step)
    for at in ([0, 0], [15, 3], [16, 40], [69, 1], [69, 69]):
        at = g.tensor(at)
        np.testing.assert_allclose(program(q, k, v, at), step(q, k, v, at), rtol=1e-4, atol=1e-5)
    (block,) = blocks_of(step, (q, k, v, at))
    assert block.hiding is not None
    assert not blocks_of(attention, (q, k, v))


def test_the_bits_do_not_depend_on_the_number_of_threads():
    given = tensors(3, 7, 70, 70, 16, 16)
    step = stepping(lambda q, k, v: attention(q, k, v, causal=True))
    found = []
    before = g.get_num_threads()
    try:
        for threads in (1, 2, 5):
            g.set_num_threads(threads)
            found.append([x.numpy().copy() for x in g.compile(step)(*given)])
    finally:
        g.set_num_threads(before)
    for other in found[1:]:
        for x, y in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("T", [16, 64, 300])
def test_errors_are_like_those_of_eager(T):
    given = tensors(2, 2, T, T, 16, 16)
    step = stepping(lambda q, k, v: attention(q, k, v, causal=True))
    exact = step(*[x.detach().double().requires_grad_(i < 3) for i, x in enumerate(given)])
    eager, found = step(*given), g.compile(step)(*given)
    for x, y, z in zip(found, eager, exact, strict=True):
        ours, theirs = (np.abs(a.numpy() - z.numpy()).max() for a in (x, y))
        assert ours <= 4 * theirs + 1e-12


def test_matrices_of_other_sizes_do_not_take_turns():
    """Rows of four matrices and of eight, added to each other."""
    g.manual_seed(2)
    given = [g.randn(*s) for s in ((4, 16, 8), (4, 8, 16), (8, 8, 8), (8, 8, 16), (4, 16, 5))]

    def function(a, b, c, d, v):
        s = (a @ b).flatten(0, 1) + (c @ d).flatten(0, 1)
        return s.softmax(-1).view(4, 16, 16) @ v

    np.testing.assert_allclose(g.compile(function)(*given), function(*given), rtol=1e-4, atol=1e-5)


def test_plain_products_are_left_alone():
    def step(x, w, u):
        return (x @ w).relu() @ u

    given = [g.randn(40, 30), g.randn(30, 50), g.randn(50, 20)]
    assert not blocks_of(step, given)


def test_explain_and_profile_show_the_blocks():
    given = tensors(2, 2, 64, 64, 8, 8)
    program = g.compile(stepping(lambda q, k, v: attention(q, k, v, causal=True)))
    text = program.explain(*given, stage="schedule")
    assert "blocks of 4 x [64,64]: matmul mul where amax" in text
    assert "for 16 of 64 rows at a time, in each of 4 matrices:" in text
    assert "(only the first 16, 32, 48 of 64 columns are computed if " in text
    assert "define void @nest_" in program.explain(*given, stage="llvm", nest=1)
    found = program.profile(*given, steps=2)
    assert "blocks of 4 x [64,64]" in str(found)
    assert prod((2, 2, 64, 64)) * 2 * 8 <= found.timings[0].flops


# -- chains of any kind --------------------------------------------------------------------------

ROW_WISE = {
    "softmax": lambda s, mask: s.softmax(-1),
    "masked": lambda s, mask: s.masked_fill(mask, -math.inf).softmax(-1),
    "hidden after": lambda s, mask: s.tanh().masked_fill(mask, 0.0),
    "squares": lambda s, mask: s / (s.square().sum(-1, keepdim=True) + 1),
    "logarithms": lambda s, mask: s.log_softmax(-1) * 0.1,
    "largest": lambda s, mask: (s - s.amax(-1, keepdim=True)).sigmoid(),
    "columns": lambda s, mask: s - s.mean(-2, keepdim=True),
}


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    sizes=st.tuples(*(st.integers(1, 3),) * 2, *(st.integers(8, 50),) * 2, st.integers(1, 20)),
    steps=st.lists(st.sampled_from(sorted(ROW_WISE)), min_size=1, max_size=3),
    again=st.booleans(),
    shown=st.booleans(),
    gap=st.integers(-3, 3),
)
def test_chains_of_products_and_work_on_rows(sizes, steps, again, shown, gap):
    B, H, T, S, d = sizes
    g.manual_seed(T)
    a, b, c = (g.randn(B, H, n, d, dtype=g.float64, requires_grad=True) for n in (T, S, S))
    mask = g.ones(T, S).triu(gap).bool()

    def step(a, b, c):
        s = a @ b.transpose(-1, -2) * 0.3
        for name in steps:
            s = ROW_WISE[name](s, mask)
        s = g.where(s.isnan(), 0.0, s)  # of a row that sees nothing
        y = s @ c
        if again:
            y = (y @ c.transpose(-1, -2)).softmax(-1) @ b + y
        y.square().sum().backward()
        found = [x.grad for x in (a, b, c)]
        for x in (a, b, c):
            x.grad = None
        return [y.detach(), *([s.detach().sum()] if shown else []), *found]

    expected, found = step(a, b, c), g.compile(step)(a, b, c)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-10)
