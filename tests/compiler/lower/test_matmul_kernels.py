"""Matrix products in machine code, against NumPy, on operands that lie in any way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim
from gradatim.compiler.lower.products.product import Product
from gradatim.compiler.lower.products.tiles import plan
from gradatim.compiler.machine.target import LEVELS, WIDTHS, host, named
from tests.compiler.lower.products import Kernel, asked, kernel, spoiled

VECTORS = [width for width in WIDTHS if width <= host().vector_bytes]
WIDE = named("x86-64-v4")


def operand(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    dtype: Any = np.float32,
    layout: str = "rows",
) -> np.ndarray:
    """Numbers of a shape, as a view of memory that holds nan everywhere else."""
    *batch, rows, columns = shape
    if layout == "columns":
        return operand(rng, (*batch, columns, rows), dtype).swapaxes(-1, -2)
    gap = {"rows": 0, "offset": 3, "apart": 0, "flipped": 0, "same": 0}[layout]
    inner = columns * (2 if layout == "apart" else 1) + gap
    memory = spoiled(int(np.prod(batch, dtype=int)) * rows * inner + gap, dtype)
    array = memory[gap:].reshape(*batch, rows, inner)[..., : inner - gap]
    if layout == "apart":
        array = array[..., ::2]
    if layout == "flipped":
        array = array[..., ::-1, ::-1]
    array[...] = numbers(rng, array.shape, dtype)
    return np.broadcast_to(array[..., :1], array.shape) if layout == "same" else array


def numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    kind = np.dtype(dtype).kind
    return (
        rng.standard_normal(shape)
        if kind == "f"
        else rng.integers(0, 2 if kind == "b" else 9, shape)
    )


def error(got: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """The largest error in units of the rounding error of the sums of absolute values."""
    exact = a.astype(np.float64) @ b.astype(np.float64)
    scale = abs(a).astype(np.float64) @ abs(b).astype(np.float64)
    if not got.size:
        return 0.0
    return float(np.max(abs(got - exact) / np.maximum(scale, 1e-30)) / np.finfo(got.dtype).eps)


def check(code: Kernel, a: np.ndarray, b: np.ndarray) -> None:
    """Right, and the same bits however the items are divided."""
    got = code(a, b)
    if a.dtype.kind == "f":
        assert error(got, a, b) <= max(2.0, 0.5 * np.sqrt(a.shape[-1]))
    else:
        np.testing.assert_array_equal(got, a @ b)
    pieces = [(i, i + 1) for i in reversed(range(code.plan.items))]
    np.testing.assert_array_equal(code(a, b, pieces).view(np.uint8), got.view(np.uint8))


SIZES = [
    (4, 3, 4),
    (4, 4, 1),
    (1, 1, 1),
    (1, 300, 1),
    (1, 33, 200),
    (3, 40, 50),
    (32, 30, 200),
    (32, 200, 27),
    (27, 32, 200),
    (96, 31, 65),
    (67, 129, 3),
    (64, 64, 64),
    (50, 700, 70),
]


@pytest.mark.parametrize("layouts", ["rows rows", "columns rows", "rows columns"])
@pytest.mark.parametrize("size", SIZES)
def test_the_sizes_of_small_models(size: tuple[int, int, int], layouts: str) -> None:
    m, k, n = size
    rng = np.random.default_rng(0)
    left, right = layouts.split()
    a, b = operand(rng, (m, k), layout=left), operand(rng, (k, n), layout=right)
    check(kernel(a, b), a, b)


LAYOUTS = ["rows", "columns", "offset", "apart", "flipped", "same"]
DTYPES = ["float32", "float32", "float64", "int64", "int32", "uint8", "bool"]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.tuples(st.integers(0, 40), st.integers(0, 70), st.integers(0, 40)),
    st.sampled_from(LAYOUTS),
    st.sampled_from(LAYOUTS),
    st.sampled_from(DTYPES),
    st.sampled_from([((), ()), ((3,), (3,)), ((3,), ()), ((), (2, 3)), ((2, 1), (1, 3))]),
    st.sampled_from(VECTORS),
    st.booleans(),
)
def test_any_product(
    size: tuple[int, int, int],
    left: str,
    right: str,
    dtype: str,
    batches: tuple[tuple[int, ...], tuple[int, ...]],
    vector_bytes: int,
    heavy: bool,
) -> None:
    m, k, n = size
    rng = np.random.default_rng(m + 41 * n + 1681 * k)
    a = operand(rng, (*batches[0], m, k), dtype, left)
    b = operand(rng, (*batches[1], k, n), dtype, right)
    check(kernel(a, b, vector_bytes, heavy=heavy), a, b)


@pytest.mark.parametrize("vector_bytes", VECTORS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape_a", "shape_b", "left", "right"),
    [
        ((6, 20, 16), (6, 16, 20), "rows", "columns"),  # scores of attention: q k^T
        ((6, 20, 20), (6, 20, 16), "rows", "rows"),  # and what they weigh
        ((2, 3, 40, 24), (24, 35), "rows", "columns"),  # a batch through a layer, (out, in)
        ((35, 300), (300, 24), "columns", "rows"),  # the gradient of its weights
        ((300, 64), (64, 1), "rows", "rows"),
        ((300, 64), (64, 3), "columns", "apart"),
        ((2, 600), (600, 50), "rows", "columns"),
    ],
)
def test_what_layers_ask_for(
    shape_a: tuple[int, ...],
    shape_b: tuple[int, ...],
    left: str,
    right: str,
    dtype: str,
    vector_bytes: int,
) -> None:
    rng = np.random.default_rng(1)
    a, b = operand(rng, shape_a, dtype, left), operand(rng, shape_b, dtype, right)
    check(kernel(a, b, vector_bytes), a, b)


def test_every_way_of_computing_is_taken() -> None:
    rng = np.random.default_rng(0)

    def planned(m: int, k: int, n: int, left: str, right: str) -> Any:
        a, b = operand(rng, (m, k), layout=left), operand(rng, (k, n), layout=right)
        return plan(asked(a, b), WIDE)

    assert planned(768, 64, 1, "rows", "rows").dot
    assert planned(1, 512, 512, "rows", "columns").dot
    assert planned(768, 64, 1, "columns", "rows").turned
    assert planned(384, 768, 128, "columns", "rows").scratch > 0
    assert [p.operand for p in planned(768, 128, 512, "rows", "columns").packs] == ["b"]
    assert planned(64, 64, 64, "rows", "rows").packs == ()
    assert planned(64, 64, 64, "rows", "rows").scratch == 0


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_sums_of_a_tile_fill_the_registers_and_fit_into_them(level: str, dtype: str) -> None:
    square = np.ones((256, 256), dtype)
    found = plan(asked(square, square), named(level))
    sums, registers = found.rows * found.vectors, named(level).registers
    assert 0.7 * registers < sums < registers - found.vectors


@pytest.mark.parametrize("m", [1, 40])
@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_nothing_to_add_is_zero_and_no_columns_are_no_work(m: int, layout: str) -> None:
    rng = np.random.default_rng(0)
    a, b = operand(rng, (m, 0), layout=layout), operand(rng, (0, 30), layout=layout)
    np.testing.assert_array_equal(kernel(a, b)(a, b), np.zeros((m, 30), np.float32))
    empty = Product((2,), 5, 0, 7, np.dtype("float32"), (35, 7, 1), (0, 0, 1))
    assert plan(empty, WIDE).items == 0
    none = Product((0,), 5, 3, 7, np.dtype("float32"), (35, 7, 1), (0, 3, 1))
    assert plan(none, WIDE).items == 0


@pytest.mark.parametrize("layouts", ["rows rows", "columns rows", "rows columns"])
@pytest.mark.parametrize("size", [(64, 256, 64), (40, 3000, 40), (1, 3000, 200), (20, 3000, 1)])
def test_errors_are_those_of_a_good_library(size: tuple[int, int, int], layouts: str) -> None:
    m, k, n = size
    rng = np.random.default_rng(0)
    left, right = layouts.split()
    a, b = operand(rng, (m, k), layout=left), operand(rng, (k, n), layout=right)
    assert error(kernel(a, b)(a, b), a, b) <= 4 * error(a @ b, a, b)


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_large_operands_are_cut_into_blocks_and_many_items(layout: str, heavy: bool) -> None:
    rng = np.random.default_rng(0)
    a, b = operand(rng, (130, 1100)), operand(rng, (1100, 750), layout=layout)
    code = kernel(a, b, heavy=heavy)
    assert bool(code.plan.packs) == (layout == "columns")
    assert code.plan.scratch
    assert code.plan.items >= 4
    check(code, a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("vector_bytes", VECTORS)
@pytest.mark.parametrize("size", [(61, 259, 97), (130, 300, 200), (128, 256, 64), (200, 400, 3)])
def test_long_sums_are_made_in_blocks_of_strips_that_their_first_tiles_copy(
    size: tuple[int, int, int], vector_bytes: int, dtype: Any
) -> None:
    rng, (m, k, n) = np.random.default_rng(0), size
    a = operand(rng, (2, m, k), dtype, layout="columns")
    b = operand(rng, (2, k, n), dtype)
    code = kernel(a, b, vector_bytes)
    assert code.plan.copies or code.plan.turned
    check(code, a, b)


def test_what_long_sums_read_next_is_asked_for_once_line_after_line() -> None:
    p = Product((2,), 128, 512, 384, np.dtype("float32"), (49152, 1, 128), (196608, 512, 1), True)
    found = plan(p, WIDE)
    tiles = found.panel[0] * found.panel[1]
    for run, lines in zip(found.runs, (64 * 128 // 16, 64 * 256 // 16), strict=True):
        asked_for = tiles * found.turns * run.some
        assert lines <= asked_for <= 1.5 * lines


@pytest.mark.parametrize(("m", "items"), [(64, 2), (512, 4)])
def test_large_products_are_worth_four_workers(m: int, items: int) -> None:
    strides = ((384 * m, 1, m), (384 * 128, 128, 1))
    found = plan(Product((2,), m, 128, 384, np.dtype("float32"), *strides, True), WIDE)
    assert found.items == items


@pytest.mark.parametrize(
    ("size", "panels"), [((200, 30, 32), (2, 1)), ((27, 32, 200), (1, 2)), ((16, 16, 16), (1, 1))]
)
def test_a_product_of_a_microsecond_has_two_halves(
    size: tuple[int, int, int], panels: tuple[int, int]
) -> None:
    m, k, n = size
    found = plan(Product((), m, n, k, np.dtype("float32"), (k, 1), (n, 1)), WIDE)
    assert found.panels == panels


@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_few_rows_share_the_reading_of_a_large_matrix(layout: str) -> None:
    rng = np.random.default_rng(0)
    for m in (1, 3):
        a, b = operand(rng, (m, 130)), operand(rng, (130, 500), layout=layout)
        code = kernel(a, b)
        assert code.plan.items >= 4
        check(code, a, b)


def test_short_columns_that_are_read_once_are_asked_for_ahead() -> None:
    def is_asked_for(m: int, k: int, n: int) -> bool:
        a, b = np.ones((m, k), np.float32), np.ones((n, k), np.float32).T
        return "llvm.prefetch" in kernel(a, b).text()

    assert is_asked_for(1, 128, 512)
    assert not is_asked_for(1, 2048, 512)  # a processor sees by itself where these lead
    assert not is_asked_for(1, 128, 32)  # what is near


def test_integers_wrap_around_as_numpy_s_do() -> None:
    rng = np.random.default_rng(0)
    for dtype in ("int32", "int64", "uint8"):
        high = int(np.iinfo(dtype).max)
        a = rng.integers(0, high, (9, 30), dtype=dtype)
        b = rng.integers(0, high, (30, 21), dtype=dtype)
        np.testing.assert_array_equal(kernel(a, b)(a, b), a @ b)


def test_matrices_that_share_b_are_one_long_matrix() -> None:
    rng = np.random.default_rng(0)
    b = operand(rng, (24, 35))
    for shape in [(64, 8, 24), (4, 16, 8, 24), (512, 1, 24), (1, 512, 1, 24)]:
        a = operand(rng, shape)
        code = kernel(a, b)
        one = plan(asked(a.reshape(512, 24), b), code.target)
        assert code.plan == one
        check(code, a, b)
    apart = operand(rng, (3, 8, 24), layout="columns")
    assert plan(asked(apart, b), WIDE).product.m == 8
    check(kernel(apart, b), apart, b)


@pytest.mark.parametrize("n", [6, 40])
def test_some_matrices_that_share_b_are_a_long_one_each(n: int) -> None:
    rng = np.random.default_rng(0)
    a, b = operand(rng, (2, 3, 4, 5)), operand(rng, (2, 1, 5, n))
    code = kernel(a, b)
    assert (code.plan.product.batch, code.plan.product.m) == ((2,), 12)
    check(code, a, b)
    c = rng.standard_normal((2, 3, 4, n)).astype(np.float32)
    program = gradatim.compile(lambda x, y, z: (x @ y) * z)
    result = program(*(gradatim.tensor(t) for t in (a, b, c)))
    np.testing.assert_allclose(result.numpy(), (a @ b) * c, rtol=1e-4, atol=1e-5)


def test_plans_depend_on_nothing_but_the_shapes() -> None:
    a, b = np.ones((300, 200), np.float32), np.ones((200, 100), np.float32)
    assert plan(asked(a, b), WIDE) == plan(asked(a.copy(), b.copy()), WIDE)
    assert kernel(a, b).text() == kernel(a, b).text()


def test_what_may_lie_across_lines_of_the_cache_is_packed_where_it_is_read_often() -> None:
    a, b = np.ones((256, 256), np.float32), np.ones((256, 256), np.float32)
    here = asked(a, b)
    assert plan(here, WIDE).packs
    assert not plan(replace(here, aligned=True), WIDE).packs
    assert not plan(asked(a[:32], b), WIDE).packs
    odd = asked(a, np.ones((256, 250), np.float32))
    assert plan(replace(odd, aligned=True), WIDE).packs


@pytest.mark.parametrize("classes", [2, 3, 5, 17])
@pytest.mark.parametrize("dtype", [gradatim.float32, gradatim.float64])
def test_weights_of_few_classes_are_updated_from_tiles_of_several_heights(
    classes: int, dtype: gradatim.dtype
) -> None:
    rng = np.random.default_rng(0)
    x = gradatim.tensor(rng.standard_normal((512, 127)), dtype=dtype)

    def trained(step: Any) -> np.ndarray:
        w = gradatim.ones(127, classes, dtype=dtype, requires_grad=True)
        optimiser = gradatim.optim.SGD([w], lr=0.1, momentum=0.9)
        run = step(lambda: ((x @ w).tanh().mean().backward(), optimiser.step()))
        run()
        run()
        return w.detach().numpy()

    np.testing.assert_allclose(trained(gradatim.compile), trained(lambda f: f), rtol=1e-5)
