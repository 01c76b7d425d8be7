"""Normalisation of vectors to length 1, distances of vectors, and the cosine between them."""

from __future__ import annotations

from ..._tensor.promotion import only_floats, promoted
from ..._tensor.tensor import Tensor
from ..._tensor.triangles import triu_indices
from ...core.errors import ArgumentError, ShapeError
from ...core.handle import check_tensor


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(|x|_p, eps): vectors along `dim` of length 1.

    >>> import gradatim
    >>> normalize(gradatim.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    check_tensor("normalize", input)
    length = input.norm(p, dim, keepdim=True)
    return input / length.clamp(min=eps)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """|x1 - x2 + eps|_p along the last dimension: (N, D) and (N, D) give (N,).

    `eps` keeps the gradient finite where both are equal. `cdist` computes all pairs.

    >>> import gradatim
    >>> pairwise_distance(gradatim.zeros(1, 2), gradatim.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """
    check_tensor("pairwise_distance", x1, "x1")
    check_tensor("pairwise_distance", x2, "x2")
    return (x1 - x2 + eps).norm(p, -1, keepdim=keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The distances of all pairs of rows: (N, D) -> (N (N - 1) / 2,), in the order of indices.

    Errors: ShapeError for anything but a matrix, ArgumentError if p is negative.

    >>> import gradatim
    >>> pdist(gradatim.tensor([[0.0], [1.0], [5.0]]))
    tensor([1., 5., 4.])
    """
    check_tensor("pdist", input)
    only_floats("pdist", input)
    if input.ndim != 2:
        raise ShapeError(f"pdist: takes rows of points, (N, D), got shape {list(input.shape)}")
    if not p >= 0:
        raise ArgumentError(f"pdist: p must be 0 or more, got {p}")
    first, second = triu_indices(len(input), len(input), 1)
    return (input[first] - input[second]).norm(p, -1)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along `dim`: x1/max(|x1|, eps) . x2/max(|x2|, eps).

    x1 and x2 broadcast; `dim` counts in their common shape and is removed from the result: (N, D)
    and (N, D) along dimension 1 give (N,). The cosine with a zero vector is 0.

    Errors: ShapeError if they do not broadcast, IndexOutOfRange for a `dim` out of range,
    DTypeError for integers, ArgumentError if `eps` is negative.

    >>> import gradatim
    >>> x = gradatim.tensor([[3.0, 4.0], [1.0, 0.0]])
    >>> cosine_similarity(x, gradatim.tensor([1.0, 0.0]))
    tensor([0.6000, 1.0000])
    """
    check_tensor("cosine_similarity", x1, "x1")
    check_tensor("cosine_similarity", x2, "x2")
    if not eps >= 0:
        raise ArgumentError(f"cosine_similarity: eps must be 0 or more, got {eps}")
    x, y = promoted(x1, x2, name="cosine_similarity")
    only_floats("cosine_similarity", x)
    return (normalize(x, dim=dim, eps=eps) * normalize(y, dim=dim, eps=eps)).sum(dim)
