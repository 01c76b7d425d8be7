"""Mixed precision, for programs that ask for it: everything is computed in the dtypes it has.

On a CPU float16 would be slower, and there are no tensor cores, so `autocast` changes nothing and a
`GradScaler` scales nothing. Both say so if they are not disabled.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from .core.errors import ArgumentError


class autocast:
    """A block, or as `@autocast("cpu")` a function, that would run in another dtype: it does not.

    With `enabled=False`, or float32 as its dtype, it is silent.

    >>> import gradatim
    >>> with autocast("cpu", enabled=False):
    ...     y = gradatim.ones(2, 2) @ gradatim.ones(2, 2)
    >>> y.dtype
    gradatim.float32
    """

    def __init__(
        self,
        device_type: str,
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ArgumentError(
                f"autocast: device_type must be a string such as 'cpu', got {device_type!r}"
            )
        if enabled and getattr(dtype, "name", None) not in ("float32", "float64"):
            warnings.warn(
                "autocast changes nothing here: everything is computed in the dtype that it has, "
                "float32 by default; pass enabled=False to say that this is meant",
                stacklevel=2,
            )

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return call


class GradScaler:
    """PyTorch's methods around a step, without a scale: float32 gradients do not vanish.

    >>> import gradatim
    >>> scaler = GradScaler(enabled=False)
    >>> x = gradatim.ones(1, requires_grad=True)
    >>> optimizer = gradatim.optim.SGD([x], lr=0.5)
    >>> scaler.scale((3 * x).sum()).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> x.item()
    -0.5
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled:
            warnings.warn(
                "GradScaler scales nothing here: gradients have the dtype of their parameters; "
                "pass enabled=False to say that this is meant",
                stacklevel=2,
            )

    def scale(self, outputs: Any) -> Any:
        """The outputs themselves."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing to do."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """The optimiser's step."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Nothing to do."""

    def get_scale(self) -> float:
        """1."""
        return 1.0

    def is_enabled(self) -> bool:
        """False."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Empty, as of a disabled one."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to do."""


__all__ = ["GradScaler", "autocast"]
