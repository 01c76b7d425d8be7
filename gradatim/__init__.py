"""Gradatim: a deep-learning library you can read."""

from ._tensor.creation import ones, tensor, zeros
from ._tensor.tensor import Tensor

__all__ = ["Tensor", "ones", "tensor", "zeros"]
