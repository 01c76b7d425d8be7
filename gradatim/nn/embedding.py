"""A table of vectors, one for each symbol."""

from __future__ import annotations

from typing import Any

from .._tensor.creation import empty
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..core.errors import ArgumentError, ShapeError
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class Embedding(Module):
    """Row `input` of a table: (...) integers -> (..., embedding_dim).

    `weight` (num_embeddings, embedding_dim) begins normal. Row `padding_idx` begins zero and
    stays so.

    >>> import gradatim
    >>> table = Embedding(27, 10, padding_idx=0)
    >>> table
    Embedding(27, 10, padding_idx=0)
    >>> table(gradatim.tensor([[0, 5, 13]])).shape
    gradatim.Size([1, 3, 10])
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ArgumentError(
                    f"Embedding: padding_idx {padding_idx} must be within the {num_embeddings} rows"
                )
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        self.weight = Parameter(empty(num_embeddings, embedding_dim, device=device, dtype=dtype))
        self.reset_parameters()

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None
    ) -> Embedding:
        """A table with given rows, not trained unless `freeze` is False."""
        if embeddings.ndim != 2:
            raise ShapeError(
                f"from_pretrained: embeddings must be (V, D), got shape {list(embeddings.shape)}"
            )
        made = cls.__new__(cls)
        Module.__init__(made)
        made.num_embeddings, made.embedding_dim = embeddings.shape
        made.padding_idx = padding_idx
        made.weight = Parameter(embeddings.detach(), requires_grad=not freeze)
        return made

    def reset_parameters(self) -> None:
        """Draw the rows anew, from the default generator."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].zero_()

    def forward(self, input: Tensor) -> Tensor:
        """(...) -> (..., embedding_dim)."""
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """The sizes."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
