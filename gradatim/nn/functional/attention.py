"""Attention: each query averages the values, weighted by its match with their keys."""

from __future__ import annotations

import math
from typing import Any

from ..._tensor.promotion import broadcast_shape, expanded
from ..._tensor.tensor import Tensor
from ..._tensor.triangles import triangle
from ...core.errors import ArgumentError, DTypeError, ShapeError
from ...core.handle import Handle, check_optional, check_tensor
from ...ops import attention as ops
from ...ops.creation import constant
from .dropout import dropout

NAME = "scaled_dot_product_attention"


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(scale Q K^T + mask) V: Q (..., L, E), K (..., S, E), V (..., S, D) -> (..., L, D).

    `scale` defaults to 1 / sqrt(E). A boolean `attn_mask` (..., L, S) is true where a query may
    attend, a floating one is added to the scores; a query that may attend to no key gets zeros.
    `is_causal` lets query i attend to keys 0 to i. `dropout_p` drops weights at every call: pass
    0.0 when not training. With `enable_gqa` each head of K and V (dimension -3) is shared by
    several heads of Q.

    Errors: ShapeError or DTypeError names the input that does not fit; ArgumentError for a mask
    together with `is_causal`.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1.

    >>> import gradatim
    >>> q = k = gradatim.zeros(1, 2, 4)
    >>> scaled_dot_product_attention(q, k, gradatim.tensor([[[1.0], [3.0]]]), is_causal=True)
    tensor([[[1.],
             [2.]]])
    """
    if dropout_p or not _is_mask(attn_mask):
        weights, value = attention_weights(
            query, key, value, attn_mask, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa
        )
        return dropout(weights, dropout_p) @ value
    key, value, mask = _checked(query, key, value, attn_mask, is_causal, enable_gqa)
    inputs: Any = _same_batch(query, key, value)
    factor = _factor(query, scale)
    if mask is None:
        return ops.attention(*inputs, scale=factor)[0]
    return ops.masked_attention(*inputs, mask, scale=factor)[0]


def attention_weights(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    *,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tuple[Tensor, Tensor]:
    """The weights (..., L, S) with which each query averages the values, and the values."""
    key, value, mask = _checked(query, key, value, attn_mask, is_causal, enable_gqa)
    factor = _factor(query, scale)
    scores: Any = query @ key.transpose(-2, -1)  # (..., L, S)
    if mask is None:
        return (scores * factor).softmax(-1), value
    if not _is_mask(mask):
        scores, factor, mask = scores * factor + mask, 1.0, mask != -math.inf
    seen = expanded(mask, scores._value.shape)
    return ops.masked_softmax(scores, seen, scale=factor), value


def _is_mask(mask: Any) -> bool:
    """Whether the mask is boolean (or None), rather than numbers to add."""
    return mask is None or (isinstance(mask, Handle) and mask._value.dtype.kind == "b")


def _factor(query: Any, scale: float | None) -> float:
    return 1 / math.sqrt(query._value.shape[-1]) if scale is None else float(scale)


def _checked(
    query: Any, key: Any, value: Any, mask: Any, is_causal: bool, enable_gqa: bool
) -> tuple[Any, Any, Any]:
    """Key and value with as many heads as the query, and the mask if there is one."""
    _check(query, key, value)
    check_optional(NAME, attn_mask=mask)
    if mask is not None and is_causal:
        raise ArgumentError(
            f"{NAME}: attn_mask should not be set when is_causal=True; combine both masks, for "
            "example attn_mask & attn_mask.new_ones(attn_mask.shape).tril()"
        )
    if enable_gqa:
        key, value = (_repeated(query, x, what) for x, what in ((key, "key"), (value, "value")))
    if is_causal:
        mask = constant(array=triangle(query._value.shape[-2], key._value.shape[-2], 0, True))
    elif mask is not None:
        _check_mask(mask, query, key)
    return key, value, mask


def _check_mask(mask: Any, query: Any, key: Any) -> None:
    q, k, given = query._value, key._value, mask._value
    if given.dtype.kind != "b" and given.dtype != q.dtype:
        raise DTypeError(
            f"{NAME}: attn_mask must be boolean or {query.dtype}, like query, got {mask.dtype}"
        )
    shape = (*broadcast_shape(NAME, q.shape[:-2], k.shape[:-2]), q.shape[-2], k.shape[-2])
    if broadcast_shape(NAME, given.shape, shape) != shape:
        raise ShapeError(
            f"{NAME}: attn_mask of shape {list(mask.shape)} must broadcast to that of the weights, "
            f"{list(shape)}"
        )


def _same_batch(*inputs: Any) -> list[Any]:
    """The inputs, broadcast to equal dimensions before the last two."""
    first, *others = (x._value.shape[:-2] for x in inputs)
    if all(shape == first for shape in others):
        return list(inputs)
    lead = broadcast_shape(NAME, first, *others)
    return [expanded(x, (*lead, *x._value.shape[-2:])) for x in inputs]


def _check(query: Any, key: Any, value: Any) -> None:
    for name, x in (("query", query), ("key", key), ("value", value)):
        check_tensor(NAME, x, name)
    q, k, v = query._value, key._value, value._value
    if min(len(q.shape), len(k.shape), len(v.shape)) < 2:
        shapes = " ".join(f"{list(x.shape)}" for x in (q, k, v))
        raise ShapeError(f"{NAME}: query, key and value need at least 2 dimensions, got {shapes}")
    if not q.dtype == k.dtype == v.dtype or q.dtype.kind != "f":
        dtypes = ", ".join(str(x.dtype) for x in (query, key, value))
        raise DTypeError(f"{NAME}: query, key and value must have one floating dtype, got {dtypes}")
    if q.shape[-1] != k.shape[-1]:
        raise ShapeError(
            f"{NAME}: the last dimensions of query and key must be equal, they are "
            f"{q.shape[-1]} and {k.shape[-1]}"
        )
    if k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"{NAME}: there is one value for each key, got {k.shape[-2]} keys and "
            f"{v.shape[-2]} values"
        )


def _repeated(query: Tensor, x: Tensor, what: str) -> Tensor:
    """The heads of keys or values, each repeated for the query heads that share it."""
    heads = query.shape[-3] if query.ndim > 2 else 1
    shared = x.shape[-3] if x.ndim > 2 else 1
    if not shared or heads % shared:
        raise ShapeError(
            f"{NAME}: {heads} heads of query cannot share {shared} heads of {what}; one number "
            "must divide the other"
        )
    return x if heads == shared else x.repeat_interleave(heads // shared, -3)
