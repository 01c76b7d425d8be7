"""Bigrams by gradient descent: the table of counts, learned as the weights of one layer.

The model of Shannon 1948 (see `bigram_counts`) as the smallest neural network: one linear layer
without bias, softmax, and maximum likelihood.

    x        one-hot of the letter before              (B, V)
    logits = x W                                       (B, V)
    p      = softmax(logits)
    loss   = -mean log p[y] + l2 mean(W^2)

exp(W) becomes proportional to the counts, row by row; like smoothing, the penalty pulls the rows
towards uniform. Left out: everything a hidden layer could add.

B: batch, V: number of letters with the boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .._tensor.randomness import randn
from .._tensor.tensor import Tensor
from ..nn import Module, Parameter
from ..nn import functional as F


@dataclass(frozen=True)
class Config:
    """`l2` is the weight of the penalty mean(W^2), which is added in training only."""

    vocab_size: int = 27  # letters, and the end of a word
    l2: float = 0.001  # weight of the penalty mean(W^2)
    block_size: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.l2 < 0:
            raise ValueError(f"l2 must not be negative, got {self.l2}")


class Bigram(Module):
    """A learnable V x V matrix.

    >>> import gradatim
    >>> model = Bigram(Config())
    >>> logits, loss = model(gradatim.tensor([[0], [5]]), gradatim.tensor([5, 0]))
    >>> logits.shape
    gradatim.Size([2, 27])
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        V = config.vocab_size
        self.W = Parameter(randn(V, V))  # (V, V)

    def forward(self, X: Tensor, Y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """X (B, 1), Y (B,) -> logits (B, V) and the loss."""
        # One-hot times W picks a row; written as a product, its gradient is a product too.
        x = F.one_hot(X[:, -1], self.config.vocab_size).to(self.W.dtype)  # (B, V)
        logits = x @ self.W  # (B, V)
        if Y is None:
            return logits, None
        loss = F.cross_entropy(logits, Y)
        if self.training and self.config.l2:
            loss = loss + self.config.l2 * (self.W**2).mean()
        return logits, loss


Model = Bigram
