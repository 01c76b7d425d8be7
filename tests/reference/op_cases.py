"""Calls of tensor functions that PyTorch and this library must answer alike.

`make_ops.py` stores PyTorch's values and gradients, `tests/ops/test_reference.py` compares.
`g` is the library. Floating inputs are tried in single and in double precision.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

INF, NAN = float("inf"), float("nan")


@dataclass(frozen=True)
class Call:
    """One call: a name, the function of the library and of tensors, and the tensors' numbers."""

    name: str
    function: Callable[..., Any]
    inputs: tuple[np.ndarray, ...]
    dtypes: tuple[str, ...]


def call(name: str, function: Callable[..., Any], *inputs: Any) -> Call:
    """A call on nested lists, in both precisions if there are floating numbers."""
    arrays = tuple([np.array(x) for x in inputs])
    # What infinity and nan become does not depend on the precision.
    exact = not any(x.dtype.kind == "f" and x.ndim == 2 and (abs(x) > 1e9).any() for x in arrays)
    floating = any(x.dtype.kind == "f" for x in arrays)
    return Call(name, function, arrays, ("float32", "float64")[: 1 + (exact and floating)])


def methods(names: str, *inputs: Any) -> list[Call]:
    """The functions of these names, on the same inputs."""
    return [
        call(f"{name}({_shapes(inputs)})", lambda g, *xs, n=name: getattr(g, n)(*xs), *inputs)
        for name in names.split()
    ]


def expressions(lines: str, *inputs: Any, of: str = "x") -> list[Call]:
    """Expressions in `g` and `x` (`y`, `z`), one a line."""
    return [
        call(f"{line} | {of}", eval(f"lambda g, {_letters(inputs)}: {line}"), *inputs)  # noqa: S307
        for line in lines.splitlines()
        if line
    ]


def _letters(inputs: tuple[Any, ...]) -> str:
    return ", ".join("xyz"[: len(inputs)])


def _shapes(inputs: tuple[Any, ...]) -> str:
    return " ".join(str(list(np.shape(x))) for x in inputs)


# -- one number at a time -----------------------------------------------------------------------

SPECIAL = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.3, -7.7, 3.0),
    *(1e-30, -1e-30, 1e-5, 1e30, -1e30, 88.0, -104.0, 12345.678),
    *(INF, -INF, NAN),
]
FEW = [0.0, -0.0, 1.0, -2.0, 3.0, 1e30, INF, -INF, NAN]

UNARY = """
atan asinh positive exp2 deg2rad rad2deg nan_to_num isposinf isneginf fix
abs neg sign square reciprocal exp expm1 log log1p log2 log10 sqrt rsqrt sin cos
tan sinh cosh tanh sigmoid relu floor ceil trunc round isnan isinf isfinite logical_not
"""

ONE_NUMBER = """
x.nan_to_num(0.5, 9.0, -9.0)
x.clamp_min(0.3)
x.clamp_max(0.3)
x.fmod(2.5)
x.fmod(-2)
x.frac()
x.detach().sgn()
x.clamp(-1, 2)
x.clamp(min=0.3)
x.clamp(max=0.3)
x.clamp(2, -1)
x.clip(0.0, 1.0)
g.clamp(x, max=g.tensor(1.5, dtype=x.dtype))
x.round(decimals=1)
x ** 0
x ** 1
x ** 2
x ** 3
x ** -1
x ** -2
x ** 0.5
x ** -0.5
x ** 2.5
0 ** x
1 ** x
2 ** x
0.5 ** x
(-2) ** x
1 - x
1 / x
x + 1
x * 0
x / 0
x / 3
x.detach() // 2
x % 2.5
x % -2.5
5 // x.detach()
5 % x.detach()
x.pow(2.0)
-x
abs(x)
x.lerp(g.ones_like(x), 0.25)
g.where(x > 0, x, 0)
g.where(x > 0, 0.1, x)
x.where(x > 0, -0.3)
g.where(x > 0, x.log(), x)
x == 0
x != x
x < 1
x >= 0.5
x.float()
x.double()
"""

# -- two numbers at a time ----------------------------------------------------------------------

PAIRS = list(itertools.product(FEW, FEW))
LEFT, RIGHT = [a for a, _ in PAIRS], [b for _, b in PAIRS]

BINARY = """
x + y
x - y
x * y
x / y
x ** y
g.maximum(x, y)
g.minimum(x, y)
x % y
x.detach() // y.detach()
g.div(x, y, rounding_mode="trunc")
x.clamp(min=y)
g.fmod(x, y)
g.fmax(x.detach(), y.detach())
g.fmin(x.detach(), y.detach())
g.logaddexp(x.detach(), y.detach())
g.hypot(x.detach(), y.detach())
g.xlogy(x.detach(), y.detach())
g.heaviside(x.detach(), y.detach())
"""

COMPARISONS = """
x == y
x < y
x >= y
g.isclose(x, y)
g.isclose(x, y, equal_nan=True)
g.logical_and(x, y)
g.logical_or(x, y)
g.logical_xor(x, y)
"""

A = [[1.5, -2.25, 0.5], [3.0, 0.25, -1.0]]
ROW, COLUMN = [2.0, -0.5, 4.0], [[0.75], [-1.25]]

BROADCAST = """
x + y
x * y
x / y
g.maximum(x, y)
g.add(x, y, alpha=2)
g.sub(x, y, alpha=-0.5)
g.where(x > y, x, y)
g.subtract(x, y)
g.true_divide(x, y)
g.multiply(x, y)
g.remainder(x, y)
g.floor_divide(x.detach(), y.detach())
g.div(x, y, rounding_mode="floor")
g.absolute(x)
g.negative(x)
g.eq(x, y)
g.ne(x, y)
g.lt(x, y)
g.le(x, y)
g.gt(x, y)
g.ge(x, y)
g.allclose(x, y)
x.lerp(y.expand(2, 3), 0.7)
g.lerp(x, y, y)
g.addcmul(x, y, y)
g.addcmul(x, y, x, value=0.5)
g.addcdiv(x, y, x, value=-2)
g.logaddexp(x, y)
g.logaddexp2(x, y)
g.hypot(x, y)
g.atan2(x, y)
g.fmod(x, y)
g.fmax(x, y)
g.fmin(x, y)
g.xlogy(x.abs(), y.abs())
g.xlogy(x.abs(), 3)
g.float_power(x.abs(), 2)
g.asin(x / 8)
g.acos(x / 8)
g.acosh(x.abs() + 1)
g.atanh(x / 8)
g.arctan2(y, x)
g.logit(x.abs() / 8)
g.logit(x, eps=0.2)
g.sinc(x)
x.clone().addcmul_(y, y, value=2)
x.clone().clamp_min_(0.5)
"""

# -- many numbers to one ------------------------------------------------------------------------

DIMS = ("", "0", "1", "-1", "(0, 1)", "0, keepdim=True")
SINGLE_DIMS = ("0", "1", "-1", "1, keepdim=True")


def _each(names: str, *arguments: str) -> list[str]:
    return [f"x.{name}({given})" for name in names.split() for given in arguments]


REDUCTIONS = [
    *_each("sum mean amax amin std var", *DIMS),
    *_each("any all logsumexp", *DIMS[1:]),
    *_each("prod argmax argmin", "", *SINGLE_DIMS),
    *_each("max min median", "", *SINGLE_DIMS),
    *_each("cumsum cumprod softmax log_softmax", "0", "1"),
    *_each("cummax cummin sort argsort", "1"),
    *_each("norm", "", "1", "INF", "-INF", "0", "3", "2, 1", "2, 0, keepdim=True"),
    *_each("nansum nanmean count_nonzero", "", "1"),
    *("x.topk(2, 1)", "x.sort(0, descending=True)", "x.aminmax()", "g.equal(x, x)"),
    *("x.std(unbiased=False)", "x.var(0, correction=2)", "g.var_mean(x, 1)", "g.std_mean(x)"),
    *("x.sum(dtype=g.float64)", "x.mean(axis=0)", "x.sum(axis=(0, 1))"),
]
OF_LARGE = _each("sum mean std norm logsumexp prod softmax log_softmax cumprod", "0", "1")

TABLES = {
    "plain": [[1.5, -2.0, 0.25], [0.5, 3.0, -1.75]],
    "ties": [[2.0, 2.0, 1.0], [-1.0, 2.0, -1.0]],
    "zeros": [[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]],
    "nan": [[NAN, 1.0, 2.0], [3.0, 4.0, NAN]],
    "infinite": [[INF, 1.0, -INF], [INF, INF, 2.0]],
    "minus infinity": [[-INF, -INF, -INF], [0.0, -INF, 1.0]],
    "large": [[1e30, -1e30, 100.0], [88.0, 300.0, 1e30]],
}

NUMBER_REDUCTIONS = """
x.sum()
x.mean()
x.prod()
x.amax()
x.max()
x.std()
x.var()
x.var(correction=0)
x.norm()
x.sum(0)
x.sum(-1)
x.cumsum(0)
x.cumprod(0)
x.softmax(0)
x.log_softmax(-1)
x.logsumexp(0)
x.max(0)
x.sort()
x.argmax()
x.argmax(0)
x.median()
x.all()
x.any()
"""

EMPTY_REDUCTIONS = """
x.sum()
x.sum(0)
x.sum(1)
x.mean()
x.mean(1)
x.prod()
x.prod(1)
x.any()
x.all()
x.all(1)
x.std()
x.var(0)
x.norm()
x.cumsum(0)
x.cumprod(1)
x.softmax(1)
x.logsumexp(1)
x.logsumexp(0)
x.amax(1)
x.amax(0)
x.max()
x.max(1)
x.argmax(0)
x.sort(0)
x.t()
x.flatten()
"""

# -- products -----------------------------------------------------------------------------------


def _grid(*shape: int, seed: int = 0) -> np.ndarray:
    """Multiples of 1/8 between -2 and 2, the same everywhere."""
    n = int(np.prod(shape))
    return ((np.arange(n) * (7 + 4 * seed) + 3 * seed) % 33 - 16).reshape(shape) / 8


FACTORS = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((2, 2, 3), (2, 3, 2)),
    ((2, 2, 3), (3, 2)),
    ((2, 3), (2, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 1)),
    ((2, 2, 3), (3,)),
    ((3,), (2, 3, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 2)),
    ((2, 3), (2, 3)),
    ((), (2,)),
]

ADDED_PRODUCTS = """
g.addmm(x, y, z)
g.addmm(x, y, z, beta=0.5, alpha=-2)
g.addmm(g.full_like(x, INF), y, z, beta=0)
g.addmm(y, z, z)
g.baddbmm(x, y[None], z[None], alpha=3)
g.cdist(y, z)
g.cdist(y, z, p=1)
g.cdist(y, y)
g.cdist(y[None], z.expand(4, 3, 3))
g.cdist(x, z)
"""
EINSUMS = [
    ("ij,jk->ik", ((2, 3), (3, 4))),
    ("ij,jk", ((2, 3), (3, 4))),
    ("ba,cb", ((2, 3), (4, 2))),
    ("bhqd,bhkd->bhqk", ((2, 2, 3, 2), (2, 2, 4, 2))),
    ("bnd,bmd,d->nm", ((2, 2, 3), (2, 4, 3), (3,))),
    ("i,j->ij", ((2,), (3,))),
    ("i,i->", ((3,), (3,))),
    ("ij,ij->ij", ((2, 3), (2, 3))),
    ("ij,ij->ji", ((2, 3), (1, 3))),
    ("ii->i", ((3, 3),)),
    ("ii", ((3, 3),)),
    ("iij->j", ((2, 2, 3),)),
    ("ijk->kij", ((2, 3, 4),)),
    ("i j -> ", ((2, 3),)),
    ("...ij,...jk->...ik", ((2, 1, 2, 3), (4, 3, 2))),
    ("...i->...", ((2, 3),)),
    ("...i->i", ((2, 3),)),
    ("i...->...i", ((2, 3, 4),)),
    ("ij,jk->ik", ((2, 0), (0, 4))),
    (",i->i", ((), (3,))),
    ("ij->ik", ((2, 3),)),
    ("ij->ii", ((2, 3),)),
    ("ij", ((2, 3, 4),)),
    ("ij,jk", ((2, 3), (4, 2))),
    ("ij,jk", ((2, 3),)),
    ("ij", ((2, 3), (3, 4))),
    ("i1->i", ((2, 3),)),
    ("ii", ((2, 3),)),
]


def _grids(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [_grid(*shape, seed=i) for i, shape in enumerate(shapes)]


PRODUCTS = [
    *[
        call(f"x @ y | {a} {b}", lambda g, x, y: x @ y, _grid(*a), _grid(*b, seed=1))
        for a, b in FACTORS
    ],
    *methods("mm matmul", _grid(2, 3), _grid(3, 2, seed=1)),
    *methods("bmm", _grid(2, 2, 3), _grid(2, 3, 1, seed=1)),
    *methods("mv", _grid(2, 3), _grid(3, seed=1)),
    *methods("dot outer", _grid(3), _grid(3, seed=1)),
    *methods("mm mv dot bmm outer", _grid(2, 3), _grid(2, 3)),
    *expressions(ADDED_PRODUCTS, _grid(3), _grid(2, 3), _grid(3, 3, seed=1)),
    *[
        call(
            f"einsum {equation} | {shapes}",
            lambda g, *xs, e=equation: g.einsum(e, *xs),
            *_grids(*shapes),
        )
        for equation, shapes in EINSUMS
    ],
]

# -- shapes -------------------------------------------------------------------------------------

SHAPES = """
x.reshape(6)
x.reshape(3, -1)
x.view(3, 2)
x.reshape(4)
x.flatten()
x.t()
x.T
x.mT
x.transpose(0, 1)
x.permute(1, 0)
x.permute(dims=(1, 0))
x.swapaxes(axis0=0, axis1=1)
x.movedim(0, 1)
x.unsqueeze(0)
x.unsqueeze(-1)
x.unsqueeze(5)
x.squeeze()
x[None].squeeze(0)
x[:, :1].squeeze(1)
x.expand(2, 2, 3)
x.expand(size=(2, 2, 3))
x.expand(-1, 3)
x[:, :1].expand(2, 4)
x.expand(3, 3)
x.broadcast_to((1, 2, 3))
x.repeat(2, 2)
x.repeat(2, 1, 1)
x.repeat(repeats=(2, 1))
x.tile(dims=(2, 2))
x.reshape(shape=(3, 2))
x.view(size=(3, -1))
x.repeat_interleave(2)
x.repeat_interleave(2, dim=1)
x.flip(0)
x.flip(0, 1)
x.flip(dims=(1,))
x.roll(1)
x.roll(1, 1)
x.roll((1, -1), (0, 1))
x.narrow(1, 1, 2)
x.select(0, 1)
x.split(2, 1)
x.split([1, 2], 1)
x.chunk(2, 1)
x.unbind()
x.unbind(1)
x.unflatten(1, (3, 1))
x.tril()
x.triu(1)
x.diagonal()
x.diagonal(1)
x.diag()
g.diag(x[0])
x.trace()
x.contiguous()
x.clone()
x.t().contiguous()
x.masked_fill(x > 0, 9.0)
x.masked_select(x > 0)
g.cat([x, x])
g.cat([x, x[:1]], 0)
g.cat([x, x * 2], dim=1)
g.cat([x, x], -1)
g.stack([x, x])
g.stack([x, -x], 1)
g.stack([x, x], dim=-1)
g.cat([x, x[0]])
g.stack([x, x[0]])
g.cat([])
g.outer(x[0], x[1])
x.detach()
x.gather(1, g.tensor([[0, 2], [1, 1]]))
x.index_select(1, g.tensor([2, 0]))
x[g.tensor([1, 0, 1])]
x[x > 0]
x[:, ::2]
x[..., -1]
x.moveaxis(0, 1)
x.swapdims(0, 1)
x.expand_as(x[None])
x.masked_scatter(x > 0, g.arange(6, dtype=x.dtype))
x.index_copy(0, g.tensor([1]), x[:1] * 2)
x.index_add(1, g.tensor([0, 0]), x[:, :2])
x.index_fill(1, g.tensor([2]), 7.0)
x.put(g.tensor([0, 4]), x[0, :2] * 3)
x.put(g.tensor([0, 4]), x[0, :2], accumulate=True)
x.take(g.tensor([5, 0]))
x.scatter(1, g.tensor([[0, 1], [2, 0]]), x[:, :2])
x.scatter_add(0, g.tensor([[0, 1, 1]]), x[:1])
x.diag_embed()
g.histogram(x.detach(), 4)
g.histc(x.detach(), 4, -2.0, 2.0)
x.numel()
x.tile(2)
x.tile((2, 2))
x.tile(2, 1, 1)
x.ravel()
g.meshgrid(x[0], x[1])
g.meshgrid(x[0], x[1], indexing="xy")
g.meshgrid(x[0], x[0, 0], x[1])
g.meshgrid(x, x[0])
g.nn.functional.pad(x, (1, 2))
g.nn.functional.pad(x, (1, 2, 3, 0), value=1.5)
g.nn.functional.pad(x, (-1, 2))
g.nn.functional.pad(x, (0, -1, -1, 1))
g.nn.functional.pad(x, (-2, -2))
g.nn.functional.pad(x, (1, 2, 3))
g.nn.functional.pad(x, (1, 1, 1, 1, 1, 1))
g.nn.functional.pad(x, (2, 1), "reflect")
g.nn.functional.pad(x[None], (2, 1, 0, 1), "reflect")
g.nn.functional.pad(x, (-1, 1), "reflect")
g.nn.functional.pad(x, (3, 0), "reflect")
g.nn.functional.pad(x, (5, 1), mode="replicate")
g.nn.functional.pad(x[None], (0, 1, 2, 0), mode="replicate")
g.nn.functional.pad(x, (-1, 2), mode="replicate")
g.nn.functional.pad(x, (2, 3), mode="circular")
g.nn.functional.pad(x[None], (1, 0, 1, 2), mode="circular")
g.nn.functional.pad(x, (-1, 2), mode="circular")
g.nn.functional.pad(x, (4, 0), mode="circular")
"""

# -- integers and bools -------------------------------------------------------------------------

INTEGERS = """
x / y
x // y
x % y
x ** 2
x ** 3
x + 0.5
x * True
x.sum()
x.prod()
x.mean()
x.cumsum(0)
x.max()
x.amin()
x.abs()
x.sign()
x.relu()
x.clamp(-1, 2)
x.clamp(max=1.5)
x.exp()
x.sqrt()
x.sigmoid()
x.floor()
x.softmax(0)
x.std()
x & y
x | y
x ^ y
~x
x.square()
x.reciprocal()
g.where(x > y, x, y)
g.where(x > y, x, 0.5)
g.maximum(x, y)
x == y
x.float()
x > 0
x.norm()
x @ y
x.dot(y)
x.sort()
x.argsort()
x.round()
x.logsumexp(0)
x.isnan()
"""

BOOLS = """
x + y
x * y
x - y
x & y
x | y
x ^ y
~x
-x
x.sum()
x.prod()
x.any()
x.all()
x.max()
x.cumsum(0)
x == y
x < y
x * 2
x + 0.5
x / y.logical_not()
x.float()
g.where(x, y, x)
g.where(x, 1, 0)
g.where(x, 1.0, 0)
x.logical_not()
x.exp()
x.abs()
x.int()
"""

LINEAR = """
g.linalg.solve(x, y)
g.linalg.solve(x, y[:, 0])
g.linalg.solve(x, y.T, left=False)
g.linalg.solve(x.expand(2, 3, 3), y)
g.linalg.solve(x[:2], y)
g.linalg.solve(x, y[:2])
g.linalg.inv(x)
g.linalg.inv(x * 0)
g.linalg.inv(y)
x.inverse()
g.linalg.det(x)
g.det(x[[1, 0, 2]])
g.linalg.slogdet(x[[1, 0, 2]])
x.logdet()
g.logdet(x[[1, 0, 2]])
g.linalg.cholesky(x)
g.linalg.cholesky(x, upper=True)
g.linalg.cholesky(-x)
g.cholesky_solve(y, g.linalg.cholesky(x))
g.linalg.eigvalsh(x.detach())
g.linalg.eigh(x.detach()).eigenvectors.abs()
g.linalg.svdvals(z.detach())
g.linalg.svd(z.detach(), full_matrices=False)[2].abs()
g.linalg.svd(z.detach())[0].abs()[:, :3]
g.linalg.qr(z.detach())[1].abs()
g.linalg.pinv(z.detach())
g.pinverse(x.detach())
g.linalg.matrix_rank(z.detach())
g.linalg.matrix_rank(g.ones_like(z))
g.linalg.cond(x.detach())
g.linalg.lstsq(z.detach(), g.arange(8.0, dtype=z.dtype).reshape(4, 2)).solution
g.linalg.matrix_power(x, 3)
g.matrix_power(x.detach(), 0)
g.matrix_power(x, -2)
g.linalg.multi_dot([z, x, y])
g.linalg.norm(z)
g.linalg.norm(z, dim=1)
g.linalg.norm(z, INF)
g.linalg.norm(z, 1, dim=(0, 1), keepdim=True)
g.linalg.norm(z[0], 3)
g.linalg.vector_norm(z, 3, dim=0)
g.linalg.vector_norm(z, INF)
g.linalg.matrix_norm(z)
g.linalg.matrix_norm(z.detach(), 2)
g.linalg.matrix_norm(z.detach(), "nuc", keepdim=True)
g.linalg.matrix_norm(z, -1)
g.linalg.matrix_norm(z, -INF)
g.linalg.cross(x, z[:3])
g.cross(x, z[:3], dim=0)
g.linalg.cross(y, y)
"""

SAMPLES = """
x.quantile(0.25)
x.quantile(0.3, dim=1)
x.quantile(0.7, 0, keepdim=True)
x.quantile(0.7, keepdim=True)
x.quantile(g.tensor([0.1, 0.9], dtype=x.dtype), dim=0)
x.quantile(g.tensor([0.1, 0.5], dtype=x.dtype), dim=1, keepdim=True)
x.quantile(0.4, interpolation="lower")
x.quantile(0.4, interpolation="higher")
x.quantile(0.4, interpolation="midpoint")
x.quantile(0.4, interpolation="nearest")
x.quantile(1.5)
x.nanquantile(0.25)
x.nanquantile(0.3, dim=1)
x.diff()
x.diff(2, 0)
x.diff(n=2)
x.diff(dim=0, prepend=x[:1], append=x[:1] * 2)
g.dist(x, x * 2)
g.dist(x, x * 2, 1)
g.msort(x)
x.fliplr()
x.flipud()
x.rot90()
x.rot90(2)
x.rot90(-1, (1, 0))
x.reshape_as(x.T)
"""
OF_SAMPLES = """
x.cov()
x.T.cov(correction=0)
x[0].cov()
x.cov(fweights=g.tensor([1, 2, 3]))
x.cov(aweights=g.tensor([0.5, 1.0, 2.0], dtype=x.dtype))
x.cov(fweights=g.tensor([1, 2, 3]), aweights=g.tensor([0.5, 1.0, 2.0], dtype=x.dtype))
x.corrcoef()
g.column_stack((x, x[:, 0]))
g.tensordot(x, x)
g.tensordot(x, x.T, 1)
g.tensordot(x, x, dims=([0], [0]))
g.tensordot(x, x, 1)
g.inner(x, x)
g.inner(x[0], x[1])
g.kron(x, x[:, :1])
g.kron(x, x[0])
g.block_diag(x, x[:1], x[0])
g.cartesian_prod(x[0], x[1])
g.combinations(x[0])
g.combinations(x[0], 3, with_replacement=True)
g.vander(x[0].detach())
g.vander(x[0].detach(), 4, increasing=True)
g.trapezoid(x)
g.trapezoid(x, dx=0.5, dim=0)
g.trapezoid(x, x[0])
g.trapezoid(x, x.cumsum(1))
g.broadcast_tensors(x[:1], x[:, :1])
"""

CALLS: list[Call] = [
    *methods(UNARY.replace("\n", " "), SPECIAL),
    *expressions(ONE_NUMBER, SPECIAL),
    *expressions(BINARY + COMPARISONS, LEFT, RIGHT, of="pairs"),
    *[c for y in (ROW, COLUMN, 1.5) for c in expressions(BROADCAST, A, y, of=f"A, {np.shape(y)}")],
    *[
        c
        for name, table in TABLES.items()
        for c in expressions("\n".join(OF_LARGE if name == "large" else REDUCTIONS), table, of=name)
    ],
    *expressions("x.kthvalue(2, 1)", TABLES["plain"], of="plain"),
    *[
        c
        for name in ("plain", "ties", "nan", "zeros")
        for c in expressions(SAMPLES, TABLES[name], of=name)
    ],
    *expressions(OF_SAMPLES, TABLES["plain"], of="plain"),
    *expressions(NUMBER_REDUCTIONS, 1.5, of="a number"),
    *expressions(EMPTY_REDUCTIONS, np.zeros((0, 2)), of="(0, 2)"),
    *expressions(EMPTY_REDUCTIONS, np.zeros((2, 0)), of="(2, 0)"),
    *PRODUCTS,
    *expressions(
        LINEAR,
        [[4.0, 1.0, -0.5], [1.0, 3.0, 0.25], [-0.5, 0.25, 2.0]],
        _grid(3, 2, seed=1),
        _grid(4, 3, seed=2),
        of="matrices",
    ),
    *expressions(SHAPES, _grid(2, 3), of="(2, 3)"),
    *expressions(INTEGERS, np.array([-7, 3, 4]), np.array([2, -2, 5]), of="integers"),
    *expressions(BOOLS, np.array([True, True, False]), np.array([True, False, False]), of="bools"),
]

# -- evaluation, the same for both libraries ----------------------------------------------------


def evaluate(g: Any, one: Call, dtype: str) -> dict[str, Any]:
    """Results and gradients, as numbers in text, or the kinds of the error."""
    tensors = [_tensor(g, x, dtype) for x in one.inputs]
    try:
        result = one.function(g, *tensors)
        outs = [x for x in _several(result) if isinstance(x, g.Tensor)]
        gradients = _gradients(g, outs, tensors)
    except Exception as error:
        kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
        return {"error": [kind for kind in kinds if kind not in _TOO_GENERAL]}
    if not outs:
        return {"value": result}
    told: dict[str, Any] = {"out": [_text(x) for x in outs]}
    return {**told, "grad": gradients} if gradients else told


_TOO_GENERAL = {"Exception", "BaseException", "object"}


def _tensor(g: Any, x: np.ndarray, dtype: str) -> Any:
    if x.dtype.kind != "f":
        return g.tensor(x)
    return g.tensor(x, dtype=getattr(g, dtype), requires_grad=True)


def _several(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, tuple | list) else (result,)


def _gradients(g: Any, outs: list[Any], tensors: list[Any]) -> list[Any]:
    """Of all results, weighted unevenly, by each floating input."""
    total = 0
    for y in outs:
        if y.requires_grad:
            weights = g.tensor(1 + np.arange(y.numel()) % 5 * 0.25).reshape(y.shape).to(y.dtype)
            y.backward(weights, retain_graph=True)
            total += 1
    if not total:
        return []
    return [None if x.grad is None else _text(x.grad) for x in tensors if x.requires_grad]


def _text(x: Any) -> str:
    """A tensor as one line: dtype, shape, numbers."""
    array = x.detach().numpy()
    dtype = str(x.dtype).rpartition(".")[2]
    shape = "x".join(map(str, array.shape)) or "-"
    numbers = [str(n) for n in (array * 1 if array.dtype == bool else array).reshape(-1)]
    return " ".join([dtype, shape, *numbers])


def parsed(text: str) -> np.ndarray:
    """The array that a line of `_text` tells."""
    dtype, shape, *numbers = text.split(" ")
    sizes = () if shape == "-" else tuple(int(n) for n in shape.split("x"))
    if dtype == "bool":
        return np.array([n == "1" for n in numbers], bool).reshape(sizes)
    return np.array(numbers).astype(dtype).reshape(sizes) if numbers else np.zeros(sizes, dtype)
