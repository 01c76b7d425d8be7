"""Which token comes next, given the logits of all: the filters of sampling, and the draw.

Filters put the logits of tokens that shall not be drawn to -inf. They are functions of tensors, so
they compile; all work on the last dimension.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._tensor.randomness import multinomial
from .._tensor.tensor import Tensor
from ..core.errors import ArgumentError
from ..nn import functional as F

COLDEST = 1e-30  # float32 logits over less would not be finite


def top_k(logits: Tensor, k: int) -> Tensor:
    """The k largest logits, and -inf for the others; those as large as the k-th stay with it.

    Source: Fan, Lewis and Dauphin 2018, arXiv:1805.04833.

    >>> import gradatim
    >>> top_k(gradatim.tensor([1.0, 3.0, 2.0, 3.0]), 2)
    tensor([-inf, 3., -inf, 3.])
    """
    if k >= logits.shape[-1]:
        return logits
    least: Any = logits.topk(k).values[..., -1:]
    return logits.masked_fill(logits < least, -math.inf)


def top_p(logits: Tensor, p: float) -> Tensor:
    """The fewest likeliest tokens that together have probability p or more, -inf for the others.

    One is always left, and equally likely ones stay or go together.

    Source: Holtzman et al. 2020, arXiv:1904.09751.

    >>> import gradatim
    >>> top_p(gradatim.tensor([0.1, 0.6, 0.3]).log(), 0.7)
    tensor([   -inf, -0.5108, -1.2040])
    """
    probability: Any = F.softmax(logits, dim=-1)
    falling: Any = probability.sort(-1, descending=True).values
    # What is likelier does not reach p by itself; float32 would take less than COLDEST for 0.
    needed = falling.cumsum(-1) - falling < max(p, COLDEST)
    least = falling.masked_fill(~needed, math.inf).amin(-1, keepdim=True)
    return logits.masked_fill(probability < least, -math.inf)


@dataclass(frozen=True)
class Choice:
    """How the next token is chosen: the likeliest, or a draw from what the filters leave.

    Temperature comes first, then `top_k`, then `top_p`; None leaves a filter out.
    """

    greedy: bool = False
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if self.top_k is not None:
            whole("top_k", self.top_k)
        if self.top_p is not None:
            number("top_p", self.top_p)
        if self.top_k is not None and self.top_k < 1:
            raise ArgumentError(f"top_k must be at least 1, got {self.top_k}; None for no limit")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ArgumentError(
                f"top_p must be above 0 and at most 1, got {self.top_p}; None for no limit"
            )

    def filtered(self, logits: Tensor, temperature: Any) -> Tensor:
        """The logits that the draw is made from: (..., V), over the temperature, a number or 0-d.

        Below 1 a temperature makes likely tokens likelier, above 1 the draws more even.
        """
        kept: Any = logits / temperature
        if self.top_k is not None:
            kept = top_k(kept, self.top_k)
        return kept if self.top_p is None or self.top_p == 1 else top_p(kept, self.top_p)

    def __call__(self, logits: Tensor, temperature: Any, generator: Any) -> Tensor:
        """The tokens (B,) for logits (B, V); greedy ones need no generator."""
        if self.greedy:
            return logits.argmax(-1)
        p = F.softmax(self.filtered(logits, temperature), dim=-1)
        return multinomial(p, 1, generator=generator).squeeze(-1)


def whole(name: str, given: Any) -> int:
    """A whole number as an int. Errors: TypeError for anything else, such as 1.5."""
    try:
        return operator.index(given)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {given!r}") from None


def number(name: str, given: Any) -> None:
    """Refuse what is no number."""
    if isinstance(given, bool) or not isinstance(given, (int, float, np.number)):
        raise TypeError(f"{name} must be a number, got {given!r}")


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that logits cannot be divided by."""
    number("temperature", temperature)
    if not COLDEST <= temperature < math.inf:
        raise ArgumentError(
            f"temperature must be a number from {COLDEST} up, got {temperature}; for the "
            "likeliest token every time, use greedy"
        )
