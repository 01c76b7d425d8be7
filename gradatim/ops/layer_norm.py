"""Layer norm as one operation, and its gradient as another: rows, each by itself, in few passes.

    normal = (x - mean) / sqrt(var + eps)        out = normal weight + bias

It keeps `normal` and the reciprocal deviation of each row for backward, not x. Compiled, both are
written out in the parts that all norms are made of (see `normalization`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite
from ..core.storage import ArrayType
from .broadcast import broadcast_to, numel, reduced
from .elementwise import add, like, mul, same
from .normalization import (
    affine,
    by_bias,
    by_normal,
    by_rstd,
    reciprocal_deviation,
    scale,
    scale_back,
    standardize,
    standardize_back,
)
from .rowwise import blocks, row_sums

Array = np.ndarray[Any, Any]
Dims = tuple[int, ...]


def _rows(x: Array, dims: Dims) -> Array:
    """(N, C), with the last dimensions, `dims`, in C."""
    split = x.ndim - len(dims)
    return np.ascontiguousarray(x).reshape(numel(x.shape[:split]), numel(x.shape[split:]))


def _layer_norm_value(
    x: Array, weight: Array, bias: Array, *, dims: Dims, eps: float
) -> tuple[Array, Array, Array]:
    rows = _rows(x, dims)
    out, normal, rstd = np.empty_like(rows), np.empty_like(rows), np.empty((len(rows), 1), x.dtype)
    w, b, width = weight.reshape(-1), bias.reshape(-1), rows.shape[1]
    for block in blocks(*rows.shape):
        part, centred, scaled = rows[block], normal[block], out[block]
        np.subtract(part, (row_sums(part) / width)[:, None], centred)
        var = row_sums(np.multiply(centred, centred, scaled)) / width
        rstd[block, 0] = 1 / np.sqrt(var + eps)
        np.multiply(centred, rstd[block], centred)
        np.add(np.multiply(centred, w, scaled), b, scaled)
    ones = reduced(x, dims, keepdim=True).shape
    return out.reshape(x.shape), normal.reshape(x.shape), rstd.reshape(ones)


def _layer_norm(x: Any, weight: Any, bias: Any, *, dims: Dims, eps: float) -> tuple[Any, Any, Any]:
    normal, _, var = standardize(x, dims=dims, eps=eps)
    return affine(normal, weight, bias, dims=dims), normal, reciprocal_deviation(var, eps=eps)


def _types(x: Any, weight: Any, bias: Any, *, dims: Dims, eps: float) -> tuple[ArrayType, ...]:
    return same(x), same(x), reduced(x, dims, keepdim=True)


def _by_input(g: Any, normal: Any, rstd: Any, weight: Any, dims: Dims) -> Any:
    """From what arrived at the result; a second gradient comes by the other two as well."""
    found, of_normal, of_rstd = g
    if found is not None:
        found = layer_norm_back(found, normal, rstd, weight, dims=dims)
    if of_normal is not None:
        part = standardize_back(of_normal, normal, rstd, dims=dims)
        found = part if found is None else add(found, part)
    if of_rstd is not None:  # d rstd / dx = -rstd^2 normal / C
        share = mul(of_rstd, mul(rstd, mul(rstd, like(rstd, -1 / max(_count(normal, dims), 1)))))
        part = mul(broadcast_to(share, shape=normal._value.shape), normal)
        found = part if found is None else add(found, part)
    return found


def _count(x: Any, dims: Dims) -> int:
    return numel(tuple([x._value.shape[d] for d in dims]))


# (x - mean) / sqrt(var + eps) weight + bias over the last dimensions, `dims`
layer_norm = Composite(
    "layer_norm(x, weight, bias, *, dims, eps)",
    _layer_norm,
    _types,
    value=_layer_norm_value,
    outputs=("out", "normal", "rstd"),
    x=_by_input,
    weight=lambda g, normal, dims: None if g[0] is None else scale_back(g[0], normal, dims=dims),
    bias=lambda g, dims: None if g[0] is None else by_bias(g[0], dims),
)


def _back_value(g: Array, normal: Array, rstd: Array, weight: Array, *, dims: Dims) -> Array:
    rows, arrived, each, w = _rows(normal, dims), _rows(g, dims), rstd.reshape(-1), weight.ravel()
    out, width = np.empty_like(rows), max(rows.shape[1], 1)
    for block in blocks(*rows.shape):
        n, a, r, part = rows[block], arrived[block], each[block], out[block]
        product = np.multiply(a, n)
        along, average = product.dot(w), a.dot(w)
        along *= r / width
        average *= r / width
        np.multiply(n, along[:, None], product)
        np.add(product, average[:, None], product)
        np.multiply(np.dot(r[:, None], w[None], part), a, part)
        np.subtract(part, product, part)
    return out.reshape(g.shape)


def _scaled(g: Any, weight: Any, dims: Dims) -> Any:
    return scale(g, weight, dims=dims)


# rstd (h - mean(h) - normal mean(h normal)), where h = g weight
layer_norm_back: Composite = Composite(
    "layer_norm_back(g, normal, rstd, weight, *, dims)",
    lambda g, normal, rstd, weight, *, dims: standardize_back(
        _scaled(g, weight, dims), normal, rstd, dims=dims
    ),
    same,
    value=_back_value,
    g=lambda h, normal, rstd, weight, dims: _scaled(
        standardize_back(h, normal, rstd, dims=dims), weight, dims
    ),
    normal=lambda h, g, normal, rstd, weight, dims: by_normal(
        h, _scaled(g, weight, dims), normal, rstd, dims
    ),
    rstd=lambda h, g, normal, weight, dims: by_rstd(h, _scaled(g, weight, dims), normal, dims),
    weight=lambda h, g, normal, rstd, dims: scale_back(
        g, standardize_back(h, normal, rstd, dims=dims), dims=dims
    ),
)
