"""Attention: each query looks at keys, and takes what it finds from their values."""

from __future__ import annotations

import math
from typing import Any

from ..._tensor.promotion import broadcast_shape, expanded
from ..._tensor.tensor import Tensor
from ..._tensor.triangles import triangle
from ...core.errors import ArgumentError, DTypeError, ShapeError
from ...core.handle import check_optional, check_tensor
from ...ops.attention import masked_softmax
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

    `scale` is 1 / sqrt(E) if not given. A boolean `attn_mask` (..., L, S) is true where a query may
    look, a floating one is added to the scores; a query that may look nowhere gets zeros.
    `is_causal` lets query i look at keys 0 to i. `dropout_p` drops weights, always: pass 0.0 when
    not training. With `enable_gqa` each head of K and V (dimension -3) serves as many of Q.

    Errors: ShapeError and DTypeError name what does not fit; ArgumentError for a mask beside
    `is_causal`.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1.

    >>> import gradatim
    >>> q = k = gradatim.zeros(1, 2, 4)
    >>> scaled_dot_product_attention(q, k, gradatim.tensor([[[1.0], [3.0]]]), is_causal=True)
    tensor([[[1.],
             [2.]]])
    """
    weights, value = attention_weights(
        query, key, value, attn_mask, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa
    )
    return dropout(weights, dropout_p) @ value


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
    """The weights (..., L, S) by which each query mixes the values, and the values to be mixed."""
    _check(query, key, value)
    check_optional(NAME, attn_mask=attn_mask)
    if attn_mask is not None and is_causal:
        raise ArgumentError(
            f"{NAME}: attn_mask should not be set when is_causal=True; put both into the mask, for "
            "example attn_mask & attn_mask.new_ones(attn_mask.shape).tril()"
        )
    if enable_gqa:
        key, value = (_repeated(query, x, what) for x, what in ((key, "key"), (value, "value")))
    scores: Any = query @ key.transpose(-2, -1)  # (..., L, S)
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else float(scale)
    if is_causal:
        mask: Any = constant(array=triangle(*scores._value.shape[-2:], 0, True))
    elif attn_mask is None:
        return (scores * factor).softmax(-1), value
    else:
        mask = attn_mask
    if mask._value.dtype.kind != "b":
        if mask._value.dtype != scores._value.dtype:
            raise DTypeError(
                f"{NAME}: attn_mask must be boolean or {query.dtype}, like query, got {mask.dtype}"
            )
        _check_mask(mask, scores)
        scores, factor, mask = scores * factor + mask, 1.0, mask != -math.inf
    _check_mask(mask, scores)
    seen = expanded(mask, scores._value.shape)
    return masked_softmax(scores, seen, scale=factor), value


def _check_mask(mask: Any, scores: Any) -> None:
    shape = scores._value.shape
    if broadcast_shape(NAME, mask._value.shape, shape) != shape:
        raise ShapeError(
            f"{NAME}: attn_mask of shape {list(mask.shape)} must broadcast to that of the weights, "
            f"{list(shape)}"
        )


def _check(query: Tensor, key: Tensor, value: Tensor) -> None:
    for name, x in (("query", query), ("key", key), ("value", value)):
        check_tensor(NAME, x, name)
    shapes = " ".join(f"{list(x.shape)}" for x in (query, key, value))
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise ShapeError(f"{NAME}: query, key and value need at least 2 dimensions, got {shapes}")
    kinds = {x.dtype for x in (query, key, value)}
    if len(kinds) > 1 or not query.is_floating_point():
        found = ", ".join(str(x.dtype) for x in (query, key, value))
        raise DTypeError(f"{NAME}: query, key and value must have one floating dtype, got {found}")
    if query.shape[-1] != key.shape[-1]:
        raise ShapeError(
            f"{NAME}: the last dimensions of query and key must be equal, they are "
            f"{query.shape[-1]} and {key.shape[-1]}"
        )
    if key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            f"{NAME}: there is one value for each key, got {key.shape[-2]} keys and "
            f"{value.shape[-2]} values"
        )


def _repeated(query: Tensor, x: Tensor, what: str) -> Tensor:
    """Heads of keys or values, each as often as heads of queries share it."""
    heads = query.shape[-3] if query.ndim > 2 else 1
    shared = x.shape[-3] if x.ndim > 2 else 1
    if not shared or heads % shared:
        raise ShapeError(
            f"{NAME}: {heads} heads of query cannot share {shared} heads of {what}; one number "
            "must divide the other"
        )
    return x if heads == shared else x.repeat_interleave(heads // shared, -3)
