"""What the tests of gradients through compiled functions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradatim as g


def alike(a: Any, b: Any) -> None:
    """Equal, but for rounding: tensors, and lists of them in which some are None."""
    if isinstance(a, tuple | list):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            alike(x, y)
    elif isinstance(a, g.Tensor) and isinstance(b, g.Tensor):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a.detach(), b.detach(), rtol=1e-5, atol=1e-6)
    else:
        assert a == b


def both(function: Callable[..., Any], use: Callable[[Any], Any]) -> None:
    """What `use` finds is the same with the function and with the compiled one."""
    alike(use(g.compile(function)), use(function))


def leaf(*shape: int) -> Any:
    g.manual_seed(sum(shape))
    return g.randn(*shape, requires_grad=True)
