"""A transformer that predicts the next token from those before it.

A. Radford, J. Wu, R. Child, D. Luan, D. Amodei and I. Sutskever, "Language Models are Unsupervised
Multitask Learners", 2019 (GPT-2), on A. Vaswani et al., "Attention Is All You Need", 2017:

    h_0 = wte(x) + wpe(0 ... T-1)                      the token and its position
    a   = h + Attention(LayerNorm(h))                  n_layer times: attend to earlier tokens,
    h   = a + MLP(LayerNorm(a))                        then transform each token on its own
    p(next | before) = softmax(LayerNorm(h) wte^T)

    Attention(x) = concat(head_1 ... head_H) W_o       head_i = softmax(Q K^T / sqrt(d) + mask) V
                                                       Q, K, V: d columns of x W_q, x W_k, x W_v
    MLP(x) = gelu(x W_1 + b_1) W_2 + b_2               four times wider inside

Weights are initialised as in GPT-2: normal with standard deviation 0.02, biases zero, and the two
projections that write into h scaled by 1 / sqrt(2 n_layer), so that h does not grow with depth.
Sharing wte between input and output follows O. Press and L. Wolf, "Using the Output Embedding to
Improve Language Models", 2017; gelu is D. Hendrycks and K. Gimpel, 2016, with tanh as in GPT-2.
Left out: GPT-2's byte-level tokens (tokens come from the data) and multi-machine training.

B: batch, T: tokens, V: vocabulary, C: n_embd, H: n_head, d = C / H, S: cached positions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .._tensor.creation import arange, zeros
from .._tensor.joining import stack
from .._tensor.tensor import Tensor
from ..core.errors import ArgumentError, IndexOutOfRange, ShapeError
from ..core.numbers import glance
from ..data.examples import UNCOUNTED
from ..nn import Dropout, Embedding, LayerNorm, Linear, Module, ModuleList, init
from ..nn import functional as F


@dataclass(frozen=True)
class Config:
    """The sizes; `tied` uses one table as input embedding and output projection."""

    vocab_size: int = 27  # number of tokens
    block_size: int = 16  # context length
    n_layer: int = 4  # number of blocks
    n_head: int = 4  # attention heads per block
    n_embd: int = 64  # embedding width
    dropout: float = 0.0  # probability of zeroing an activation
    bias: bool = True  # biases in linear layers and norms
    tied: bool = True  # input and output share one embedding

    def __post_init__(self) -> None:
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "n_embd"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.n_embd % self.n_head:
            raise ValueError(
                f"n_head must divide n_embd, as each head gets an equal part of the width; got "
                f"{self.n_head} heads and a width of {self.n_embd}"
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and less than 1, got {self.dropout}")


class KeyValueCache:
    """The keys and values that one layer has computed, a row for each position."""

    def __init__(self, batch: int, config: Config, dtype: Any) -> None:
        shape = (batch, config.block_size, config.n_embd)
        self.keys, self.values = zeros(shape, dtype=dtype), zeros(shape, dtype=dtype)  # (B, S, C)
        self.texts, self.places = arange(batch), arange(config.block_size)  # (B,), (S,)

    def clear(self) -> None:
        """Fill with zeros: a stale nan would reach the output even where the mask hides it.

        Uses NumPy: tensor operations would take a third of the time of a token.
        """
        for rows in (self.keys, self.values):
            rows.numpy().fill(0)

    def fill(self, k: Tensor, v: Tensor) -> None:
        """Store k and v (B, T, C) at the first T positions."""
        for rows, new in ((self.keys, k), (self.values, v)):
            rows[:, : new.shape[1]].copy_(new)

    def update(self, k: Tensor, v: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
        """Write k and v (B, 1, C) at positions `at` (B,), then return the whole cache."""
        for rows, new in ((self.keys, k), (self.values, v)):
            rows[self.texts, at] = new[:, 0]
        return self.keys, self.values

    def mask(self, at: Tensor) -> Tensor:
        """True at positions that have been written: (B, 1, 1, S)."""
        return (self.places <= at.unsqueeze(1)).view(len(at), 1, 1, -1)


class Attention(Module):
    """Causal multi-head self-attention: every token attends to itself and those before it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        C = config.n_embd
        self.n_head, self.dropout = config.n_head, config.dropout
        self.qkv = Linear(C, 3 * C, bias=config.bias)  # W_q, W_k and W_v in one product
        self.proj = Linear(C, C, bias=config.bias)  # W_o
        self.drop = Dropout(config.dropout)

    def forward(self, x: Tensor, cache: KeyValueCache | None = None, at: Any = None) -> Tensor:
        """x (B, T, C) -> (B, T, C); with `at`, x is one token (B, 1, C) at that position."""
        q, k, v = self.qkv(x).split(x.shape[-1], -1)  # (B, T, C) each
        seen = None
        if cache is not None and at is not None:
            k, v = cache.update(k, v, at)  # (B, S, C)
            seen = cache.mask(at)
        elif cache is not None:
            cache.fill(k, v)
        q, k, v = (self._heads(t) for t in (q, k, v))  # (B, H, T or S, d) each
        p = self.dropout if self.training else 0.0
        y: Any = F.scaled_dot_product_attention(q, k, v, seen, p, is_causal=seen is None)
        return self.drop(self.proj(y.transpose(1, 2).flatten(2)))

    def weights(self, x: Tensor) -> Tensor:
        """The attention weights: x (B, T, C) -> (B, H, T, T), rows that sum to 1."""
        q, k, _ = (self._heads(t) for t in self.qkv(x).split(x.shape[-1], -1))
        return F.attention.attention_weights(q, k, k, is_causal=True)[0]

    def _heads(self, x: Any) -> Any:
        """(B, T, C) -> (B, H, T, d)."""
        return x.view(*x.shape[:2], self.n_head, x.shape[-1] // self.n_head).transpose(1, 2)


class Block(Module):
    """Attention across tokens, then an MLP on each; both are added to their input."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        C = config.n_embd
        self.ln_1 = LayerNorm(C, bias=config.bias)
        self.attn = Attention(config)
        self.ln_2 = LayerNorm(C, bias=config.bias)
        self.fc = Linear(C, 4 * C, bias=config.bias)  # W_1, b_1
        self.proj = Linear(4 * C, C, bias=config.bias)  # W_2, b_2
        self.drop = Dropout(config.dropout)

    def forward(self, h: Tensor, cache: KeyValueCache | None = None, at: Any = None) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        a = h + self.attn(self.ln_1(h), cache, at)
        return a + self.drop(self.proj(F.gelu(self.fc(self.ln_2(a)), approximate="tanh")))


class GPT(Module):
    """Token ids in, logits of the next token out.

    >>> import gradatim
    >>> model = GPT(Config())
    >>> tokens = gradatim.zeros(32, 16).long()
    >>> logits, loss = model(tokens, tokens)
    >>> logits.shape
    gradatim.Size([32, 16, 27])
    >>> sum(p.numel() for p in model.parameters())
    202816
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        V, T, C = config.vocab_size, config.block_size, config.n_embd
        self.wte, self.wpe = Embedding(V, C), Embedding(T, C)  # token and position embeddings
        self.drop = Dropout(config.dropout)
        self.blocks = ModuleList([Block(config) for _ in range(config.n_layer)])
        self.ln_f = LayerNorm(C, bias=config.bias)
        self.head = Linear(C, V, bias=False)
        if config.tied:
            self.head.weight = self.wte.weight
        self.apply(_begin)
        for name, p in self.named_parameters():
            if name.endswith("proj.weight"):
                init.normal_(p, std=0.02 / math.sqrt(2 * config.n_layer))

    def forward(
        self, X: Tensor, Y: Tensor | None = None, *, cache: list[KeyValueCache] | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """X (B, T), Y (B, T) -> logits (B, T, V) and the mean of -log p over all counted Y.

        A token never changes the logits of an earlier position, not even by rounding. The keys and
        values of X are written into `cache`, if given.
        """
        self._check(X)
        h = self.drop(self.wte(X) + self.wpe(arange(X.shape[1])))  # (B, T, C)
        for i, block in enumerate(self.blocks):
            h = block(h, None if cache is None else cache[i])
        logits = self.head(self.ln_f(h))  # (B, T, V)
        if Y is None:
            return logits, None
        return logits, F.cross_entropy(logits.flatten(0, 1), Y.flatten(), ignore_index=UNCOUNTED)

    def cache(self, batch: int = 1) -> list[KeyValueCache]:
        """An empty cache for each layer, for `batch` texts."""
        return [KeyValueCache(batch, self.config, self.wte.weight.dtype) for _ in self.blocks]

    def next(self, x: Tensor, at: Tensor, cache: list[KeyValueCache]) -> Tensor:
        """Logits (B, V) after one more token x (B,) of each text, at positions `at` (B,).

        Equal to `forward` on all tokens so far, up to rounding, but only this token is computed:
        the keys and values of the others are cached.
        """
        h: Any = self.drop(self.wte(x) + self.wpe(at)).unsqueeze(1)  # (B, 1, C)
        for block, seen in zip(self.blocks, cache, strict=True):
            h = block(h, seen, at)
        return self.head(self.ln_f(h)).squeeze(1)

    def attention(self, X: Tensor) -> Tensor:
        """The attention weights: X (B, T) -> (n_layer, B, H, T, T), rows that sum to 1."""
        self._check(X)
        h, weights = self.wte(X) + self.wpe(arange(X.shape[1])), []
        for block in self.blocks:
            weights.append(block.attn.weights(block.ln_1(h)))
            h = block(h)
        return stack(weights)

    def _check(self, X: Tensor) -> None:
        T, V = self.config.block_size, self.config.vocab_size
        if X.ndim != 2:
            raise ShapeError(f"GPT: tokens must be (B, T), got shape {list(X.shape)}")
        if X.shape[1] > T:
            raise ArgumentError(
                f"GPT: {X.shape[1]} tokens exceed the context of {T}; pass the last {T}, or "
                "make the model with a larger block_size"
            )
        ids = glance(X)
        if ids is not None and ids.size and not 0 <= ids.min() <= ids.max() < V:
            wrong = ids[(ids < 0) | (ids >= V)].flat[0]
            raise IndexOutOfRange(
                f"GPT: token {wrong} is out of range: there are {V}, 0 to {V - 1}"
            )


def _begin(module: Module) -> None:
    """GPT-2's weight initialisation."""
    if isinstance(module, Linear | Embedding):
        init.normal_(module.weight, std=0.02)
    if isinstance(module, Linear) and module.bias is not None:
        init.zeros_(module.bias)


Model = GPT
