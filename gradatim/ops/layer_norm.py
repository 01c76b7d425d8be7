"""Layer norm as one operation, and its gradient as another, in few passes over each row.

    normal = (x - mean) / sqrt(var + eps)        out = normal weight + bias

It saves `normal` and the reciprocal standard deviation of each row for backward, not x. When
compiled, both expand into the operations that all norms share (see `normalization`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.cut import Rows
from ..core.primitive import Composite, Shortcut
from ..core.storage import ArrayType
from .broadcast import count, expand_as, numel, ones, reduced
from .elementwise import like, mul, same
from .normalization import (
    affine,
    by_bias,
    plus,
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
    """x as (N, C), with the last dimensions, `dims`, merged into C."""
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
    each = reduced(x, dims, keepdim=True).shape
    return out.reshape(x.shape), normal.reshape(x.shape), rstd.reshape(each)


def _layer_norm(x: Any, weight: Any, bias: Any, *, dims: Dims, eps: float) -> tuple[Any, Any, Any]:
    normal, _, var = standardize(x, dims=dims, eps=eps)
    return affine(normal, weight, bias, dims=dims), normal, reciprocal_deviation(var, eps=eps)


def _types(x: Any, weight: Any, bias: Any, *, dims: Dims, eps: float) -> tuple[ArrayType, ...]:
    return same(x), same(x), reduced(x, dims, keepdim=True)


def _by_all(
    g: Any, normal: Any, rstd: Any, weight: Any, dims: Dims
) -> tuple[Any, Any | None, Any | None]:
    """The gradients of x, weight and bias. Double backward uses all three outputs."""
    by_out, by_normal, by_rstd = g
    gradients: Any = (None, None, None)
    if by_out is not None:
        gradients = layer_norm_back(by_out, normal, rstd, weight, dims=dims)
    by_x = gradients[0]
    if by_normal is not None:
        by_x = plus(by_x, standardize_back(by_normal, normal, rstd, dims=dims))
    if by_rstd is not None:  # d rstd / dx = -rstd^2 normal / C
        per_one = like(rstd, -1 / max(count(normal._value.shape, dims), 1))
        share = mul(by_rstd, mul(rstd, mul(rstd, per_one)))
        by_x = plus(by_x, mul(expand_as(share, normal), normal))
    return by_x, *gradients[1:]


# (x - mean) / sqrt(var + eps) weight + bias over the last dimensions, `dims`
layer_norm = Composite(
    "layer_norm(x, weight, bias, *, dims, eps)",
    _layer_norm,
    _types,
    value=_layer_norm_value,
    cut=Rows(shared=(1, 2), along="dims"),
    outputs=("out", "normal", "rstd"),
    joint_rule=_by_all,
)


def _back_value(
    g: Array, normal: Array, rstd: Array, weight: Array, *, dims: Dims
) -> tuple[Array, Array, Array]:
    rows, arrived, each, w = _rows(normal, dims), _rows(g, dims), rstd.reshape(-1), weight.ravel()
    out, width = np.empty_like(rows), max(rows.shape[1], 1)
    by_weight, by_bias = np.zeros_like(w), np.zeros_like(w)
    for block in blocks(*rows.shape):
        n, a, r, part = rows[block], arrived[block], each[block], out[block]
        product, one = np.multiply(a, n), ones(len(a), a.dtype)
        by_weight += one.dot(product)
        by_bias += one.dot(a)
        along, average = product.dot(w), a.dot(w)
        along *= r / width
        average *= r / width
        np.multiply(n, along[:, None], product)
        np.add(product, average[:, None], product)
        np.multiply(np.dot(r[:, None], w[None], part), a, part)
        np.subtract(part, product, part)
    return out.reshape(g.shape), by_weight.reshape(weight.shape), by_bias.reshape(weight.shape)


def _back(g: Any, normal: Any, rstd: Any, weight: Any, *, dims: Dims) -> tuple[Any, Any, Any]:
    by_x = standardize_back(scale(g, weight, dims=dims), normal, rstd, dims=dims)
    return by_x, scale_back(g, normal, dims=dims), by_bias(g, dims)


# The gradient of x is rstd (h - mean(h) - normal mean(h normal)), where h = g weight
layer_norm_back = Shortcut(
    "layer_norm_back(g, normal, rstd, weight, *, dims)",
    _back,
    lambda g, normal, rstd, weight, *, dims: (same(g), same(weight), same(weight)),
    value=_back_value,
    cut=Rows(shared=(3,), along="dims"),
    outputs=("by_x", "by_weight", "by_bias"),
)
