"""How primitives act on whole batches, whose first dimension counts the samples.

Most primitives do the same on a batch as on one sample if the dimensions they name are moved by
one: those are in `DIRECT`. `RULES` has the others: what takes apart the first dimension, and
products, which are faster if a matrix that all samples share is not repeated. A composite in
neither is expanded into primitives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops.broadcast import broadcast_to, full, numel, reshape, reshape_to
from ..ops.elementwise import add, lt, where
from ..ops.indexing import flat_index, gather, put, scatter, take
from ..ops.matmul import linear, linear_back, matmul
from ..ops.movement import permute, update_view
from ..ops.sorting import searchsorted

Batches = Any  # a `Batching`, which this file must not import

# fmt: off
DIRECT = frozenset((
    "neg", "add", "sub", "mul", "div", "pow", "square", "abs", "sign", "reciprocal", "floor_divide",
    "trunc_divide", "remainder", "floor", "ceil", "trunc", "round", "exp", "expm1", "log", "log1p",
    "sqrt", "sin", "cos", "tanh", "sigmoid", "relu", "maximum", "minimum", "where", "cast", "eq",
    "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "logical_not",
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "isnan", "isinf", "erf", "copy",
    "reinterpret", "tanh_back", "flat", "clamp_min", "clamp_max", "tan", "sinh", "cosh", "atan",
    "asin", "acos", "atan2", "asinh", "acosh", "atanh", "hypot", "fmod", "logaddexp", "share",
    "power", "clamp", "leaky_relu", "elu", "softplus", "hardtanh", "hardsigmoid", "hardswish",
    "hardshrink", "softshrink", "threshold", "gelu", "gelu_back", "gelu_tanh", "gelu_tanh_back",
    "silu", "silu_back", "mish", "mish_back", "log_sigmoid", "round_corner", "reduce_sum",
    "reduce_prod", "amax", "amin", "argmax", "argmin", "any", "all", "mean", "var", "std", "norm",
    "logsumexp", "softmax", "log_softmax", "extreme", "cumsum", "cumprod", "recurrence",
    "running_index", "argsort", "top", "kth", "permute", "slice", "flip", "diagonal", "cat",
    "gather", "scatter", "scatter_extreme", "scatter_prod", "solve", "inv", "cofactors", "det",
    "cholesky", "slogdet", "eigh", "svd", "qr", "distances", "pull",
))
# fmt: on


def lifted(params: dict[str, Any], size: int) -> dict[str, Any]:
    """The static parameters of a primitive for a batch of `size` samples."""
    return {name: _LIFT[name](value, size) if name in _LIFT else value
            for name, value in params.items()}  # fmt: skip


def _dim(dim: int, size: int) -> int:
    return dim + 1


def _view(view: Any, size: int) -> Any:
    return tuple([(primitive, lifted(params, size)) for primitive, params in view])


_LIFT: dict[str, Callable[[Any, int], Any]] = {
    "dim": _dim,
    "dim1": _dim,
    "dim2": _dim,
    "dims": lambda dims, size: tuple([dim + 1 for dim in dims]),
    "order": lambda order, size: (0, *[i + 1 for i in order]),
    "shape": lambda shape, size: (size, *shape),
    "index": lambda index, size: (slice(None), *index),
    "view": _view,
}

# -- shapes ------------------------------------------------------------------------------------


def _broadcast_to(batches: Batches, x: Any, *, shape: tuple[int, ...]) -> Any:
    whole = batches.whole(x)
    ones = (1,) * (len(shape) + 1 - whole._value.ndim)
    whole = reshape_to(whole, (batches.size, *ones, *whole._value.shape[1:]))
    return broadcast_to(whole, shape=(batches.size, *shape))


def _reshape(batches: Batches, x: Any, *, shape: tuple[int, ...]) -> Any:
    return reshape(batches.whole(x), shape=(batches.size, *shape))


def _update_view(batches: Batches, x: Any, y: Any, *, view: Any) -> Any:
    return update_view(batches.whole(x), batches.whole(y), view=_view(view, batches.size))


# -- products ----------------------------------------------------------------------------------


def _matmul(batches: Batches, x: Any, y: Any) -> Any:
    if batches.is_batched(y) or y._value.ndim != 2:
        return matmul(batches.whole(x), batches.whole(y))
    whole = batches.whole(x)
    shape = whole._value.shape
    flat = matmul(reshape_to(whole, (numel(shape[:-1]), shape[-1])), y)
    return reshape_to(flat, (*shape[:-1], y._value.shape[-1]))


def _of_rows(product: Any) -> Callable[..., Any]:
    """A product whose weight the samples share: a sample is more rows."""

    def rule(batches: Batches, x: Any, weight: Any) -> Any:
        if not batches.is_batched(weight):
            return product(batches.whole(x), weight)
        whole, w = batches.whole(x), batches.whole(weight)
        shape = whole._value.shape
        rows = reshape_to(whole, (shape[0], numel(shape[1:-1]), shape[-1]))
        out = matmul(rows, permute(w, order=(0, 2, 1)) if product is linear else w)
        return reshape_to(out, (*shape[:-1], out._value.shape[-1]))

    return rule


def _linear_bias(batches: Batches, x: Any, weight: Any, bias: Any) -> Any:
    y = _of_rows(linear)(batches, x, weight)
    b = batches.whole(bias)
    b = reshape_to(b, (batches.size, *(1,) * (y._value.ndim - 2), b._value.shape[-1]))
    return add(y, broadcast_to(b, shape=y._value.shape))


# -- positions given by integers ---------------------------------------------------------------


def _positions(index: Any, shape: tuple[int, ...], dim: int) -> Any:
    """Each sample's index, spread over the other dimensions of a batch of this shape."""
    size, kind = shape[dim + 1], index._value.dtype
    ends = full(index._value.shape, size, kind)
    index = where(lt(index, full(index._value.shape, 0, kind)), add(index, ends), index)
    count = numel(index._value.shape[1:])
    alone = (shape[0], *(1,) * dim, count, *(1,) * (len(shape) - dim - 2))
    spread = (*shape[: dim + 1], count, *shape[dim + 2 :])
    return broadcast_to(reshape_to(index, alone), shape=spread)


def _take(batches: Batches, x: Any, index: Any, *, dim: int) -> Any:
    if not batches.is_batched(index):
        return take(batches.whole(x), index, dim=dim + 1)
    index = batches.whole(index)
    if not batches.is_batched(x):
        taken = take(x, index, dim=dim)
        rest = [i for i in range(taken._value.ndim) if i != dim]
        return permute(taken, order=(dim, *rest)) if dim else taken
    whole, inner = batches.whole(x), index._value.shape[1:]
    shape = whole._value.shape
    taken = gather(whole, _positions(index, shape, dim), dim=dim + 1)
    return reshape_to(taken, (*shape[: dim + 1], *inner, *shape[dim + 2 :]))


def _put(batches: Batches, x: Any, index: Any, values: Any, *, dim: int, accumulate: bool) -> Any:
    whole, new = batches.whole(x), batches.whole(values)
    if not batches.is_batched(index):
        return put(whole, index, new, dim=dim + 1, accumulate=accumulate)
    places = _positions(batches.whole(index), whole._value.shape, dim)
    new = reshape_to(new, places._value.shape)
    return scatter(whole, places, new, dim=dim + 1, accumulate=accumulate)


def _flat_index(batches: Batches, *indices: Any, sizes: tuple[int, ...]) -> Any:
    most = max(i._value.ndim for i in indices)  # they are broadcast with each other
    aligned = []
    for i in indices:
        whole, shape = batches.whole(i), i._value.shape
        aligned.append(reshape_to(whole, (batches.size, *(1,) * (most - len(shape)), *shape)))
    return flat_index(*aligned, sizes=sizes)


def _searchsorted(batches: Batches, edges: Any, values: Any, *, right: bool) -> Any:
    found = batches.whole(values)
    if not batches.is_batched(edges) and edges._value.ndim == 1:
        return searchsorted(edges, found, right=right)
    edges, shape = batches.whole(edges), found._value.shape
    if edges._value.ndim == 2:
        found = reshape_to(found, (shape[0], numel(shape[1:])))
    return reshape_to(searchsorted(edges, found, right=right), shape)


RULES: dict[str, Callable[..., Any]] = {
    "broadcast_to": _broadcast_to,
    "reshape": _reshape,
    "update_view": _update_view,
    "matmul": _matmul,
    "linear": _of_rows(linear),
    "linear_back": _of_rows(linear_back),
    "linear_bias": _linear_bias,
    "take": _take,
    "put": _put,
    "flat_index": _flat_index,
    "searchsorted": _searchsorted,
}
