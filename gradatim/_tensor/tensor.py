"""Tensor: the PyTorch-shaped face. Every method is a short line into `ops`."""

from __future__ import annotations

from ..core.handle import register
from .arithmetic import Arithmetic
from .autograd import Differentiable
from .comparison import Comparison
from .products import Products
from .reduction import Reduction
from .shape import Shaped


@register
class Tensor(Arithmetic, Comparison, Products, Reduction, Shaped, Differentiable):
    """An array of numbers of one dtype, with a gradient if asked for."""

    __array_priority__ = 1000
