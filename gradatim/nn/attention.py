"""Multi-head attention as a layer."""

from __future__ import annotations

import math
from typing import Any

from .._tensor.creation import empty
from .._tensor.joining import cat
from .._tensor.tensor import Tensor
from ..core.errors import ArgumentError, ShapeError
from . import functional as F
from . import init
from .linear import Linear
from .module import Module
from .parameter import Parameter

PROJECTIONS = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


class MultiheadAttention(Module):
    """concat(head_1 ... head_H) W_o with head_i = softmax(Q_i K_i^T / sqrt(d)) V_i, d = E / H.

    Query (L, N, E), key (S, N, kdim), value (S, N, vdim) -> (L, N, E) and weights (N, L, S). With
    `batch_first` N comes first; unbatched inputs have no N. `in_proj_weight` (3 E, E) stacks the
    matrices of Q, K and V; if `kdim` or `vdim` differ from E, each has its own. `add_bias_kv`
    appends a learned key and value, `add_zero_attn` a key and value of zeros: each makes S one
    larger in the weights.

    Errors: ArgumentError if `num_heads` does not divide `embed_dim`, ShapeError for other shapes.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.

    >>> import gradatim
    >>> layer = MultiheadAttention(8, 2, batch_first=True)
    >>> x = gradatim.zeros(5, 3, 8)
    >>> out, weights = layer(x, x, x)
    >>> out.shape, weights.shape
    (gradatim.Size([5, 3, 8]), gradatim.Size([5, 3, 3]))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            raise ArgumentError(
                "MultiheadAttention: num_heads must divide embed_dim, and both be positive; got "
                f"embed_dim={embed_dim} and num_heads={num_heads}"
            )
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.head_dim = embed_dim // num_heads
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.dropout, self.batch_first = dropout, batch_first
        self.add_zero_attn = add_zero_attn

        def matrix(*sizes: int) -> Parameter:
            return Parameter(empty(*sizes, device=device, dtype=dtype))

        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight: Parameter | None = matrix(3 * embed_dim, embed_dim)
            for name in PROJECTIONS:
                self.register_parameter(name, None)
        else:
            widths = (embed_dim, self.kdim, self.vdim)
            for name, width in zip(PROJECTIONS, widths, strict=True):
                setattr(self, name, matrix(embed_dim, width))
            self.register_parameter("in_proj_weight", None)
        self.in_proj_bias: Parameter | None = None
        if bias:
            self.in_proj_bias = matrix(3 * embed_dim)
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self.bias_k = matrix(1, 1, embed_dim) if add_bias_kv else None
        self.bias_v = matrix(1, 1, embed_dim) if add_bias_kv else None
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", *PROJECTIONS):
            if getattr(self, name) is not None:
                init.xavier_uniform_(getattr(self, name))
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for row in (self.bias_k, self.bias_v):
            if row is not None:
                init.xavier_normal_(row)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The outputs, and the weights averaged over the heads, or None.

        Masks are true where a query must not attend (the opposite of
        `scaled_dot_product_attention`), or numbers added to the scores: `key_padding_mask` (N, S),
        `attn_mask` (L, S) or (N H, L, S). `is_causal` declares that `attn_mask`, which must be
        given, is the causal mask.
        """
        if is_causal and attn_mask is None:
            raise ArgumentError(
                "MultiheadAttention: is_causal is a hint about attn_mask; pass the mask too"
            )
        batched = self._check(query, key, value)
        q, k, v = (self._batch_first(x, batched) for x in (query, key, value))
        mask = self._mask(q, k, key_padding_mask, attn_mask)
        q, k, v = self._projected(q, k, v)
        k, v = self._longer(k, self.bias_k), self._longer(v, self.bias_v)
        q, k, v = (self._heads(x) for x in (q, k, v))  # (N, H, L or S, d) each
        weights, values = F.attention.attention_weights(q, k, v, mask)
        weights = F.dropout(weights, self.dropout, self.training)
        # In the order of PyTorch's memory, which decides where a dropout of the result falls.
        out = self.out_proj((weights @ values).permute(2, 0, 1, 3).flatten(2))  # (L, N, E)
        seen: Any = None
        if need_weights:
            seen = weights.mean(1) if average_attn_weights else weights
        if batched:
            return out.transpose(0, 1) if self.batch_first else out, seen
        return out.squeeze(1), None if seen is None else seen.squeeze(0)

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> bool:
        """Whether the inputs are batched; refuse shapes that do not fit."""
        ndims = {x.ndim for x in (query, key, value)}
        widths = tuple(x.shape[-1] for x in (query, key, value) if x.ndim)
        if ndims not in ({2}, {3}) or widths != (self.embed_dim, self.kdim, self.vdim):
            got = ", ".join(str(list(x.shape)) for x in (query, key, value))
            raise ShapeError(
                f"MultiheadAttention: query, key and value must have 3 dimensions, or 2 without a "
                f"batch, and the last be {self.embed_dim}, {self.kdim} and {self.vdim}; got {got}"
            )
        return ndims == {3}

    def _batch_first(self, x: Tensor, batched: bool) -> Tensor:
        if not batched:
            return x.unsqueeze(0)
        return x if self.batch_first else x.transpose(0, 1)

    def _projected(self, q: Tensor, k: Tensor, v: Tensor) -> list[Tensor]:
        E = self.embed_dim
        if self.in_proj_weight is not None:
            if q is k and k is v:  # one product for all three
                return list(F.linear(q, self.in_proj_weight, self.in_proj_bias).split(E, -1))
            matrices = list(self.in_proj_weight.split(E))
        else:
            matrices = [getattr(self, name) for name in PROJECTIONS]
        biases = [None] * 3 if self.in_proj_bias is None else list(self.in_proj_bias.split(E))
        return [F.linear(x, W, b) for x, W, b in zip((q, k, v), matrices, biases, strict=True)]

    def _longer(self, x: Any, row: Any) -> Any:
        """(N, S, E) followed by the rows that no input gave: bias, zeros."""
        N, _, E = x.shape
        rows = [] if row is None else [row.expand(N, 1, E)]
        rows += [x.new_zeros(N, 1, E)] if self.add_zero_attn else []
        return cat([x, *rows], 1) if rows else x

    def _heads(self, x: Tensor) -> Tensor:
        """(N, L, E) -> (N, H, L, d)."""
        return x.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2)

    def _mask(self, q: Any, k: Any, padding: Any, mask: Any) -> Tensor | None:
        """Both masks as one to add to the scores: (N or 1, H or 1, L or 1, S + appended rows)."""
        combined = self._given(q, k, padding, mask)
        more = (self.bias_k is not None) + self.add_zero_attn
        if combined is None or not more:
            return combined
        return cat([combined, combined.new_zeros(*combined.shape[:-1], more)], -1)

    def _given(self, q: Any, k: Any, padding: Any, mask: Any) -> Any:
        N, L, S = q.shape[0], q.shape[1], k.shape[1]
        if mask is not None:
            shapes = ((L, S), (N * self.num_heads, L, S))
            if tuple(mask.shape) not in shapes:
                raise ShapeError(
                    f"MultiheadAttention: attn_mask must have shape {list(shapes[0])} or "
                    f"{list(shapes[1])}, got {list(mask.shape)}"
                )
            each = (N, self.num_heads)
            mask = _added(mask, q).unflatten(0, each) if mask.ndim == 3 else _added(mask, q)
        if padding is None:
            return mask
        if tuple(padding.shape) not in ((N, S), (S,)) or (padding.ndim == 1 and N != 1):
            raise ShapeError(
                f"MultiheadAttention: key_padding_mask must have shape {[N, S]}, got "
                f"{list(padding.shape)}"
            )
        padded = _added(padding, q).reshape(N, 1, 1, S)
        return padded if mask is None else padded + mask


def _added(mask: Any, like: Any) -> Any:
    """The mask as numbers to add: -inf where a boolean mask is true."""
    if mask.is_floating_point():
        return mask
    if mask._value.dtype.kind != "b":
        raise ArgumentError(
            f"MultiheadAttention: masks must be boolean or floating, got {mask.dtype}"
        )
    return like.new_zeros(mask.shape).masked_fill(mask, -math.inf)
