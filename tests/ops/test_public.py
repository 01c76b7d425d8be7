"""Public functions on operands that broadcast, and on operands whose memory is not in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim.autograd import grad, gradcheck, gradgradcheck
from tests.ops.case import numbers

Function = Callable[..., Any]


def leaf(x: Any) -> g.Tensor:
    return g.tensor(np.array(x), requires_grad=True)


# -- broadcasting -------------------------------------------------------------------------------

# Each pair of shapes, and the shape in which they meet.
PAIRS = [
    ((3, 2), (2,), (3, 2)),
    ((3, 1), (1, 2), (3, 2)),
    ((), (3, 2), (3, 2)),
    ((3,), (), (3,)),
    ((2, 1, 2), (3, 1), (2, 3, 2)),
    ((1,), (0,), (0,)),
    ((0, 1), (1, 2), (0, 2)),
    ((1, 1, 1), (2,), (1, 1, 2)),
]

# The function, its meaning in NumPy, and the range of its operands.
BINARY: dict[str, tuple[Function, Function, float, float]] = {
    "add": (g.add, np.add, -2, 2),
    "add, scaled": (lambda x, y: g.add(x, y, alpha=3), lambda x, y: x + 3 * y, -2, 2),
    "sub": (g.sub, np.subtract, -2, 2),
    "sub, scaled": (lambda x, y: g.sub(x, y, alpha=0.5), lambda x, y: x - y / 2, -2, 2),
    "mul": (g.mul, np.multiply, -2, 2),
    "div": (g.div, np.divide, 0.5, 3),
    "pow": (g.pow, np.power, 0.5, 2),
    "remainder": (g.remainder, np.mod, 0.4, 3),
    "floor_divide": (g.floor_divide, np.floor_divide, 0.4, 3),
    "maximum": (g.maximum, np.maximum, -2, 2),
    "minimum": (g.minimum, np.minimum, -2, 2),
    "lerp": (lambda x, y: g.lerp(x, y, 0.3), lambda x, y: x + 0.3 * (y - x), -2, 2),
    "clamp from below": (lambda x, y: x.clamp(min=y), np.maximum, -2, 2),
    "where": (lambda x, y: g.where(x > y, x, y * 2), lambda x, y: np.where(x > y, x, 2 * y), -2, 2),
    "operators": (lambda x, y: (x + y) * x - y / 2, lambda x, y: (x + y) * x - y / 2, -2, 2),
}

UNDIFFERENTIATED: dict[str, tuple[Function, Function]] = {
    "eq": (g.eq, np.equal),
    "ne": (g.ne, np.not_equal),
    "lt": (g.lt, np.less),
    "le": (g.le, np.less_equal),
    "gt": (g.gt, np.greater),
    "ge": (g.ge, np.greater_equal),
    "isclose": (g.isclose, np.isclose),
    "logical_and": (g.logical_and, np.logical_and),
    "logical_or": (g.logical_or, np.logical_or),
    "logical_xor": (g.logical_xor, np.logical_xor),
}

pairs = pytest.mark.parametrize(("a", "b", "meet"), PAIRS, ids=str)
binaries = pytest.mark.parametrize("name", BINARY)


@pairs
@binaries
def test_broadcast_value_and_gradients(name: str, a: Any, b: Any, meet: Any) -> None:
    function, meaning, low, high = BINARY[name]
    x, y = leaf(numbers(a, low, high)), leaf(numbers(b, low, high, 5))
    out = function(x, y)
    assert out.shape == meet
    np.testing.assert_allclose(
        out.detach().numpy(), meaning(x.detach().numpy(), y.detach().numpy()), rtol=1e-12
    )
    assert gradcheck(function, (x, y), atol=1e-6, rtol=1e-6)
    assert gradgradcheck(function, (x, y), atol=1e-6, rtol=1e-6)


@pairs
@pytest.mark.parametrize("name", UNDIFFERENTIATED)
def test_broadcast_value(name: str, a: Any, b: Any, meet: Any) -> None:
    function, meaning = UNDIFFERENTIATED[name]
    x, y = numbers(a, 0.5, 2), numbers(b, 0.5, 2, 7)
    out = function(leaf(x), g.tensor(y))
    assert out.shape == meet
    assert not out.requires_grad
    np.testing.assert_array_equal(out.numpy(), meaning(x, y))


@pytest.mark.parametrize("shape", [(3, 2), (), (0,)], ids=str)
@pytest.mark.parametrize("name", sorted({*BINARY} - {"maximum", "minimum"}))  # of two tensors
def test_python_numbers_on_the_right(name: str, shape: Any) -> None:
    function, meaning, low, high = BINARY[name]
    x = leaf(numbers(shape, low, high))
    out = function(x, 1.5)
    np.testing.assert_allclose(out.detach().numpy(), meaning(x.detach().numpy(), 1.5), rtol=1e-12)
    assert gradcheck(lambda x: function(x, 1.5), x, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 3 - x,
        lambda x: 3 / x,
        lambda x: 3**x,
        lambda x: 3 % x,
        lambda x: 2 * x + 1,
        lambda x: g.pow(2.5, x),
        lambda x: g.where(x > 1, x, 0.0),
        lambda x: g.where(x > 1, 1.0, x),
    ],
)
@pytest.mark.parametrize("shape", [(3, 2), (), (0,)], ids=str)
def test_python_numbers_on_the_left(f: Function, shape: Any) -> None:
    x = leaf(numbers(shape, 0.5, 2))
    assert gradcheck(f, x, atol=1e-6, rtol=1e-6)
    assert gradgradcheck(f, x, atol=1e-6, rtol=1e-6)


FACTORS = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 3), (3, 2)),
    ((2, 2, 3), (3,)),
    ((3,), (2, 3, 2)),
    ((2, 2, 3), (3, 2)),
    ((2, 3), (2, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 1)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 2)),
    ((0, 2, 3), (3, 2)),
]


@pytest.mark.parametrize(("a", "b"), FACTORS, ids=str)
def test_products_of_all_numbers_of_dimensions(a: Any, b: Any) -> None:
    x, y = leaf(numbers(a)), leaf(numbers(b, seed=2))
    np.testing.assert_allclose(
        (x @ y).detach().numpy(), np.matmul(x.detach().numpy(), y.detach().numpy()), rtol=1e-12
    )
    assert gradcheck(g.matmul, (x, y), atol=1e-6, rtol=1e-6)
    assert gradgradcheck(g.matmul, (x, y), atol=1e-6, rtol=1e-6)


# -- memory in another order --------------------------------------------------------------------

# Functions of a (3, 4) tensor of numbers between 0.4 and 2.
FUNCTIONS: dict[str, Function] = {
    "exp": g.exp,
    "log": g.log,
    "pow": lambda x: x**2.5,
    "clamp": lambda x: x.clamp(0.7, 1.3),
    "sum of rows": lambda x: x.sum(1),
    "sum of columns": lambda x: x.sum(0, keepdim=True),
    "mean": g.mean,
    "max": lambda x: x.max(1).values,
    "amax": lambda x: x.amax((0, 1)),
    "prod": lambda x: x.prod(0),
    "std": lambda x: x.std(1),
    "norm": lambda x: x.norm(),
    "softmax": lambda x: x.softmax(1),
    "log_softmax": lambda x: x.log_softmax(0),
    "logsumexp": lambda x: x.logsumexp(1),
    "cumsum": lambda x: x.cumsum(0),
    "cumprod": lambda x: x.cumprod(1),
    "sort": lambda x: x.sort(1).values,
    "topk": lambda x: x.topk(2, 0).values,
    "with itself": lambda x: x @ x.T,
    "times a vector": lambda x: x @ g.arange(4, dtype=x.dtype),
    "reshape": lambda x: x.reshape(2, 6),
    "flatten": lambda x: x.flatten(),
    "transpose": lambda x: x.t(),
    "flip": lambda x: x.flip(0),
    "roll": lambda x: x.roll(1, 1),
    "repeat": lambda x: x.repeat(2, 1),
    "unbind": lambda x: x.unbind(1)[2],
    "cat": lambda x: g.cat([x, x[:1]]),
    "stack": lambda x: g.stack([x, x], 1),
    "slice": lambda x: x[1:, ::2],
    "pick": lambda x: x[g.tensor([2, 0, 2])],
    "mask": lambda x: x[g.arange(12).reshape(3, 4) % 3 == 0],
    "gather": lambda x: x.gather(1, g.tensor([[3, 0], [1, 1], [2, 0]])),
    "index_select": lambda x: x.index_select(1, g.tensor([1, 3])),
    "tril": lambda x: x.tril(),
    "diagonal": lambda x: x.diagonal(1),
    "masked_fill": lambda x: x.masked_fill(x > 1, 0.5),
    "written in place": lambda x: (x * 1).mul_(2),
}


def of_transposed(base: g.Tensor) -> g.Tensor:
    return base.reshape(-1)[:12].reshape(4, 3).t()


def of_steps(base: g.Tensor) -> g.Tensor:
    return base[::2, 1::2]


def of_expanded(base: g.Tensor) -> g.Tensor:
    return base[0, :4].expand(3, 4)


def of_offset(base: g.Tensor) -> g.Tensor:
    return base.reshape(-1)[5:17].reshape(3, 4)


def of_turned(base: g.Tensor) -> g.Tensor:
    return base[:4, :3].permute(1, 0)


VIEWS = [of_transposed, of_steps, of_expanded, of_offset, of_turned]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_strided_operands_give_what_contiguous_ones_do(name: str, view: Function) -> None:
    function, base = FUNCTIONS[name], leaf(numbers((6, 9), 0.4, 2))
    strided, plain = view(base), view(base).detach().clone().requires_grad_()
    ours, theirs = function(strided), function(plain)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-14)
    weights = g.arange(ours.numel(), dtype=ours.dtype).cos().reshape(ours.shape)
    (got,) = grad(ours, strided, weights)
    (want,) = grad(theirs, plain, weights)
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ["exp", "norm", "with itself", "cumprod", "written in place"])
def test_gradients_arrive_at_the_memory_behind_a_view(name: str, view: Function) -> None:
    function = FUNCTIONS[name]
    base = leaf(numbers((6, 9), 0.4, 2))
    assert gradcheck(lambda base: function(view(base)), base, atol=1e-6, rtol=1e-6)
