"""Exponentials, logarithms and roots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..core.handle import Handle
from ..ops import elementwise as ops
from ..ops import erf as erfs
from ..ops import pairs
from .comparison import where
from .promotion import binary_of_floats, floating, only_floats, promoted

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float


class Exponential(Handle):
    """`exp`, `log`, `sqrt` and what is made of them."""

    def exp(input) -> Tensor:
        """e to the power of each element."""
        return ops.exp(floating(input))

    def expm1(input) -> Tensor:
        """e^x - 1, accurate near 0."""
        return ops.expm1(floating(input))

    def exp2(input) -> Tensor:
        """2^x."""
        return 2 ** floating(input)

    def log(input) -> Tensor:
        """The natural logarithm; -inf at 0, nan below."""
        return ops.log(floating(input))

    def log1p(input) -> Tensor:
        """log(1 + x), accurate near 0."""
        return ops.log1p(floating(input))

    def log2(input) -> Tensor:
        """The logarithm to base 2."""
        return ops.log(floating(input)) * (1 / math.log(2.0))

    def log10(input) -> Tensor:
        """The logarithm to base 10."""
        return ops.log(floating(input)) * (1 / math.log(10.0))

    def sqrt(input) -> Tensor:
        """The square root; nan below 0."""
        return ops.sqrt(floating(input))

    def rsqrt(input) -> Tensor:
        """1 / sqrt(x)."""
        return ops.reciprocal(ops.sqrt(floating(input)))

    def sigmoid(input) -> Tensor:
        """1 / (1 + e^-x)."""
        return ops.sigmoid(floating(input))

    def logit(input, eps: float | None = None) -> Tensor:
        """log(p / (1 - p)), the inverse of sigmoid; p is held in [eps, 1 - eps] if that is given.

        >>> import gradatim
        >>> gradatim.tensor([0.5, 0.75]).logit()
        tensor([0.0000, 1.0986])
        """
        p = floating(input)
        if eps is not None:
            p = p.clamp(eps, 1 - eps)
        return p.log() - (-p).log1p()

    def erf(input) -> Tensor:
        """The error function: 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x."""
        return erfs.erf(floating(input))

    def logaddexp(input, other: Tensor) -> Tensor:
        """log(e^x + e^y), without overflow.

        >>> import gradatim
        >>> gradatim.tensor([0.0, 200.0]).logaddexp(gradatim.tensor([0.0, 0.0]))
        tensor([  0.6931, 200.0000])
        """
        return binary_of_floats(pairs.logaddexp, input, other)

    def logaddexp2(input, other: Tensor) -> Tensor:
        """log2(2^x + 2^y), without overflow."""
        x, y = promoted(input, other, name="logaddexp2")
        two = math.log(2)
        return (only_floats("logaddexp2", x) * two).logaddexp(y * two) / two

    def xlogy(input, other: Tensor | Number) -> Tensor:
        """x log y, and 0 where x is 0, unless y is nan."""
        x, y = promoted(input, other, name="xlogy", floating=True)
        is_zero = (x == 0) & ((y <= 0) | y.isinf())  # where log y is not finite
        return x * where(is_zero, 1.0, y).log()
