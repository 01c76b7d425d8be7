"""A table of vectors, one for each token."""

from __future__ import annotations

from typing import Any

from .._tensor.creation import empty
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..core.errors import ArgumentError, ShapeError
from . import functional as F
from . import init
from .functional.layers import refuse_sparse
from .module import Module
from .parameter import Parameter


class Embedding(Module):
    """Row `input` of a table: (...) integers -> (..., embedding_dim).

    `weight` (num_embeddings, embedding_dim) starts standard normal; row `padding_idx` starts
    at zero and gets no gradient. `max_norm`, `norm_type`, `scale_grad_by_freq`: see `F.embedding`.

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
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        refuse_sparse("Embedding", sparse)
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ArgumentError(
                    f"Embedding: padding_idx {padding_idx} must be within the {num_embeddings} rows"
                )
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        rows = _weight
        if rows is None:
            rows = empty(num_embeddings, embedding_dim, device=device, dtype=dtype)
        if rows.shape != (num_embeddings, embedding_dim):
            raise ShapeError(
                f"Embedding: the weight must have shape {[num_embeddings, embedding_dim]}, "
                f"got {list(rows.shape)}"
            )
        self.weight = Parameter(rows.detach(), requires_grad=not _freeze)
        if _weight is None:
            self.reset_parameters()

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """A table with these rows; it is trained only if `freeze` is False."""
        if embeddings.ndim != 2:
            raise ShapeError(
                f"from_pretrained: embeddings must be (V, D), got shape {list(embeddings.shape)}"
            )
        rows, columns = embeddings.shape
        return cls(
            rows,
            columns,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=embeddings,
            _freeze=freeze,
        )

    def reset_parameters(self) -> None:
        """Draw the rows again from the default generator."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].zero_()

    def forward(self, input: Tensor) -> Tensor:
        """(...) -> (..., embedding_dim)."""
        return F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
        )

    def extra_repr(self) -> str:
        """The sizes, and the settings that differ from their defaults."""
        usual = {
            "padding_idx": None,
            "max_norm": None,
            "norm_type": 2.0,
            "scale_grad_by_freq": False,
        }
        unusual = [f", {k}={getattr(self, k)}" for k, v in usual.items() if getattr(self, k) != v]
        return f"{self.num_embeddings}, {self.embedding_dim}{''.join(unusual)}"
