"""Conversion of all parameters to one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from ..._tensor.joining import cat
from ..._tensor.tensor import Tensor
from ...core.errors import ShapeError


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements in order as one vector; differentiable.

    >>> import gradatim
    >>> parameters_to_vector([gradatim.ones(2, 2), gradatim.zeros(1)])
    tensor([1., 1., 1., 1., 0.])
    """
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Make each parameter a view of its part of the vector.

    Errors: ShapeError unless the vector has exactly as many elements as the parameters.
    """
    given = list(parameters)
    need = sum(p.numel() for p in given)
    if vec.numel() != need:
        raise ShapeError(
            f"vector_to_parameters: the vector has {vec.numel()} elements, the parameters {need}"
        )
    start = 0
    for p in given:
        p.data = vec[start : start + p.numel()].reshape(*p.shape).data
        start += p.numel()
