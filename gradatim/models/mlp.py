"""The neural probabilistic language model.

Y. Bengio, R. Ducharme, P. Vincent and C. Jauvin, "A Neural Probabilistic Language Model", Journal
of Machine Learning Research 3, 2003, section 2. In the paper's symbols (equation 1), for letters
instead of words:

    x = (C(w_(t-1)), ..., C(w_(t-n+1)))       the letters before, each as m features
    y = b + W x + U tanh(d + H x)             W x only with `direct`
    p(w_t | before) = softmax(y)

Left out: the mixture with a trigram model, and the parallel implementation of section 3. The
paper's n counts the predicted word too; here `block_size` is the number of letters before, n - 1.

B: batch, V: letters with the boundary, T: block_size, m: features, h: hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._tensor.tensor import Tensor
from ..nn import Embedding, Linear, Module
from ..nn import functional as F


@dataclass(frozen=True)
class Config:
    """The sizes: `m` features per letter, `h` hidden units; `direct` connects x to y."""

    vocab_size: int = 27  # letters, and the end of a word
    block_size: int = 3  # letters in the context
    m: int = 10  # features per letter
    h: int = 200  # hidden units
    direct: bool = False  # connections that skip the hidden layer

    def __post_init__(self) -> None:
        for name in ("vocab_size", "block_size", "m", "h"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


class MLP(Module):
    """Letter embeddings, a hidden layer with tanh, and a softmax.

    >>> import gradatim
    >>> model = MLP(Config())
    >>> logits, loss = model(gradatim.zeros(32, 3).long(), gradatim.zeros(32).long())
    >>> logits.shape
    gradatim.Size([32, 27])
    >>> sum(p.numel() for p in model.parameters())
    11897
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        V, T, m, h = config.vocab_size, config.block_size, config.m, config.h
        self.C = Embedding(V, m)
        self.H = Linear(T * m, h)  # with the bias d
        self.U = Linear(h, V)  # with the bias b
        self.W = Linear(T * m, V, bias=False) if config.direct else None

    def forward(self, X: Tensor, Y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """X (B, T), Y (B,) -> logits (B, V) and the mean of -log p(y | X)."""
        x = self.C(X).flatten(1)  # (B, T, m) -> (B, T m)
        a = self.H(x).tanh()  # (B, h)
        y = self.U(a)  # (B, V)
        if self.W is not None:
            y = y + self.W(x)
        return y, None if Y is None else F.cross_entropy(y, Y)


Model = MLP
