"""Choosing the next token from logits: temperature, top-k and top-p filters, and the draw.

Filters set the logits of tokens that must not be drawn to -inf. They are tensor functions on the
last dimension, so they compile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .._tensor.randomness import multinomial
from .._tensor.tensor import Tensor
from ..core.arguments import check_number, whole_number
from ..core.errors import ArgumentError
from ..nn import functional as F

COLDEST = 1e-30  # dividing float32 logits by less would overflow


def top_k(logits: Tensor, k: int) -> Tensor:
    """The k largest logits, ties with the k-th included, and -inf for the others.

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
    """The smallest set of most likely tokens with total probability p or more; -inf for the rest.

    At least one is kept, and equally likely tokens are kept or removed together.

    Source: Holtzman et al. 2020, arXiv:1904.09751.

    >>> import gradatim
    >>> top_p(gradatim.tensor([0.1, 0.6, 0.3]).log(), 0.7)
    tensor([   -inf, -0.5108, -1.2040])
    """
    probability: Any = F.softmax(logits, dim=-1)
    falling: Any = probability.sort(-1, descending=True).values
    # Needed while the likelier tokens sum to less than p; in float32 a p below COLDEST could be 0.
    needed = falling.cumsum(-1) - falling < max(p, COLDEST)
    least = falling.masked_fill(~needed, math.inf).amin(-1, keepdim=True)
    return logits.masked_fill(probability < least, -math.inf)


@dataclass(frozen=True)
class Choice:
    """How to choose the next token: the most likely one, or a draw from the filtered distribution.

    Temperature is applied first, then `top_k`, then `top_p`; None disables a filter.
    """

    greedy: bool = False
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if self.top_k is not None:
            whole_number("top_k", self.top_k)
        if self.top_p is not None:
            check_number("top_p", self.top_p)
        if self.top_k is not None and self.top_k < 1:
            raise ArgumentError(f"top_k must be at least 1, got {self.top_k}; None for no limit")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ArgumentError(
                f"top_p must be above 0 and at most 1, got {self.top_p}; None for no limit"
            )

    def filtered(self, logits: Tensor, temperature: Any) -> Tensor:
        """The logits (..., V) to draw from; the temperature is a number or a 0-d tensor.

        A temperature below 1 makes likely tokens more likely, one above 1 evens out the draws.
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


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that is not positive and finite."""
    check_number("temperature", temperature)
    if not COLDEST <= temperature < math.inf:
        raise ArgumentError(
            f"temperature must be a number from {COLDEST} up, got {temperature}; for the "
            "likeliest token every time, use greedy"
        )
