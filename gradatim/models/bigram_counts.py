"""Bigrams by hand: count which letter follows which, and divide.

C. E. Shannon, "A Mathematical Theory of Communication", Bell System Technical Journal 27, 1948,
section 3: English approximated by the frequencies of its letter pairs.

    N[i, j]     how often letter j follows letter i, plus the smoothing
    P[i, j]     N[i, j] / sum_j N[i, j]: each row sums to 1
    p(y | x) =  P[x, y]

The rows of P maximise the likelihood, so (without smoothing) no bigram model has a lower loss on
the words it was counted from. Left out: longer contexts, and smoothing that backs off to shorter
ones (Kneser and Ney 1995).

B: batch, V: number of letters with the boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .._tensor.creation import ones, zeros
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..nn import Module
from ..nn import functional as F


@dataclass(frozen=True)
class Config:
    """`smoothing` is added to every count; with 0, unseen pairs have probability 0."""

    vocab_size: int = 27  # letters, and the end of a word
    smoothing: float = 1.0  # added to every count
    block_size: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.smoothing < 0:
            raise ValueError(f"smoothing must not be negative, got {self.smoothing}")


class BigramCounts(Module):
    """A table of counts; `learn` fills it, without gradient descent.

    >>> import gradatim
    >>> model = BigramCounts(Config(vocab_size=3, smoothing=0.0))
    >>> model.learn(gradatim.tensor([[0], [1], [1]]), gradatim.tensor([1, 2, 1]))
    >>> model.N
    tensor([[0., 1., 0.],
            [0., 1., 1.],
            [0., 0., 0.]])
    """

    N: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        V = config.vocab_size
        self.register_buffer("N", zeros(V, V))  # (V, V)

    def learn(self, X: Tensor, Y: Tensor) -> None:
        """Count the pairs: X (B, 1), Y (B,)."""
        with no_grad():
            ones_ = ones(len(Y), dtype=self.N.dtype)
            self.N.index_put_((X[:, -1], Y), ones_, accumulate=True)

    @property
    def P(self) -> Tensor:
        """The probabilities (V, V): rows that sum to 1."""
        counts: Any = self.N + self.config.smoothing
        # keepdim makes the sums a column. Without it they would be a row and divide the columns:
        # the loss would be the same (a letter is left as often as it is entered), the rows wrong.
        sums = counts.sum(1, keepdim=True)  # (V, 1)
        return counts / sums.masked_fill(sums == 0, 1.0)

    def forward(self, X: Tensor, Y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """X (B, 1), Y (B,) -> log probabilities (B, V) and the mean of -log p(y | x)."""
        logits = self.P.log()[X[:, -1]]  # (B, V)
        return logits, None if Y is None else F.nll_loss(logits, Y)


Model = BigramCounts
