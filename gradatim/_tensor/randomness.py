"""Random tensors: the same numbers as from PyTorch's CPU generator with the same seed.

As in PyTorch, memory is filled in the order of addresses, which matters for transposed tensors.
`requires_grad` and `device` are as in `creation`; `generator=None` means the default one. Draws are
not differentiable (for gradients write `mean + std * randn_like(mean)`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import dtypes
from ..core.arguments import check_number
from ..core.context import GradMode
from ..core.handle import Handle, check_tensor
from ..core.inplace import write
from ..core.numbers import glance
from ..core.primitive import Primitive
from ..core.random import RandomError, draw_order
from ..ops import movement
from ..ops import random as ops
from .creation import floating_or, made, new_shape
from .generators import engine_of
from .memory_format import asks_for_order
from .promotion import broadcast_shape, expanded, to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor

Shape = tuple[int, ...]


# -- new tensors ---------------------------------------------------------------------------


def rand(
    *sizes: Any,
    size: Any = None,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1).

    >>> import gradatim
    >>> gradatim.rand(2, generator=gradatim.Generator().manual_seed(0))
    tensor([0.4963, 0.7682])
    """
    params = {"low": 0.0, "high": 1.0, "dtype": floating_or(dtype)}
    return _drawn("rand", ops.uniform, sizes or size, params, generator, device, requires_grad)


def randn(
    *sizes: Any,
    size: Any = None,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Normal numbers with mean 0 and standard deviation 1.

    >>> import gradatim
    >>> gradatim.randn(2, generator=gradatim.Generator().manual_seed(0))
    tensor([ 1.5410, -0.2934])
    """
    params = _normal_params(0.0, 1.0, floating_or(dtype))
    return _drawn("randn", ops.normal, sizes or size, params, generator, device, requires_grad)


def randint(
    low: Any = 0,
    high: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Integers in [low, high): `randint(high, size)` or `randint(low, high, size)`.

    >>> import gradatim
    >>> gradatim.randint(0, 10, (3,), generator=gradatim.Generator().manual_seed(0))
    tensor([4, 9, 3])
    """
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if not isinstance(size, tuple | list):
        raise TypeError(f"randint: size must be a tuple of integers, got {size!r}; write (n,)")
    params = _bounds(low, high, np.dtype(np.int64) if dtype is None else dtypes.of(dtype).numpy)
    return _drawn("randint", ops.randint, size, params, generator, device, requires_grad)


def randperm(
    n: int,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The integers from 0 to n - 1 in random order.

    >>> import gradatim
    >>> gradatim.randperm(5, generator=gradatim.Generator().manual_seed(0))
    tensor([4, 0, 1, 3, 2])
    """
    kind = np.dtype(np.int64) if dtype is None else dtypes.of(dtype).numpy
    out = ops.randperm(generator=engine_of("randperm", generator), n=n, dtype=kind)
    return made(out, device, requires_grad)


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers: `mean` and `std` are tensors, or numbers with a `size`.

    >>> import gradatim
    >>> gradatim.normal(0.0, 10.0, (2,), generator=gradatim.Generator().manual_seed(0))
    tensor([15.4100, -2.9343])
    """
    if not (isinstance(mean, Handle) or isinstance(std, Handle)):
        params = _normal_params(float(mean), float(std), floating_or(dtype))
        return _drawn("normal", ops.normal, size, params, generator, device, requires_grad)
    with GradMode(False):
        return made(_normal_around(mean, std, generator), device, requires_grad)


def _normal_around(mean: Any, std: Any, generator: Any) -> Any:
    if not isinstance(std, Handle):
        return _like("normal", ops.normal, mean, _normal_params(0.0, float(std)), generator) + mean
    spread = glance(std)
    if spread is not None and (spread < 0).any():
        raise RandomError("normal: every std must be zero or more, and some are not")
    if not isinstance(mean, Handle):
        return _like("normal", ops.normal, std, _normal_params(0.0, 1.0), generator) * std + mean
    shape = broadcast_shape("normal", mean._value.shape, std._value.shape)
    params = _normal_params(0.0, 1.0, mean._value.dtype)
    return _drawn("normal", ops.normal, shape, params, generator, None, False) * std + mean


def bernoulli(input: Tensor, p: float | None = None, *, generator: Any = None) -> Tensor:
    """1 with the probability given by each element of `input`, or by `p` for all; else 0.

    >>> import gradatim
    >>> gradatim.bernoulli(gradatim.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    check_tensor("bernoulli", input)
    x: Any = input
    engine = engine_of("bernoulli", generator)
    # The result is contiguous, whatever the layout of `input`.
    if p is None:
        drawn = ops.bernoulli(x, generator=engine)
    else:
        drawn = ops.coins(generator=engine, shape=x._value.shape, p=float(p))
    return to_dtype(drawn, x._value.dtype)


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None
) -> Tensor:
    """Indices drawn with the weights in `input`: (C,) or (rows, C) -> (..., num_samples).

    The weights of a row need not sum to one. Errors: RuntimeError for weights that are negative,
    not finite or all zero.

    >>> import gradatim
    >>> gradatim.multinomial(gradatim.tensor([0.0, 1.0]), 3, replacement=True)
    tensor([1, 1, 1])
    """
    check_tensor("multinomial", input)
    engine = engine_of("multinomial", generator)
    return ops.multinomial(
        input, generator=engine, num_samples=num_samples, replacement=bool(replacement)
    )


def rand_like(
    input: Tensor,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Uniform numbers in [0, 1), with the shape of `input`."""
    params: dict[str, Any] = {"low": 0.0, "high": 1.0}
    out = _like(
        "rand_like",
        ops.uniform,
        _ordered("rand_like", input, memory_format),
        _with_dtype(params, dtype),
        generator,
    )
    return made(out, device, requires_grad)


def randn_like(
    input: Tensor,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Normal numbers with mean 0 and standard deviation 1, and the shape of `input`."""
    params = _with_dtype(_normal_params(0.0, 1.0), dtype)
    return made(
        _like(
            "randn_like",
            ops.normal,
            _ordered("randn_like", input, memory_format),
            params,
            generator,
        ),
        device,
        requires_grad,
    )


def randint_like(
    input: Tensor,
    low: int = 0,
    high: int | None = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Integers in [low, high), or in [0, low), with the shape and dtype of `input`."""
    if high is None:
        low, high = 0, low
    params = _with_dtype(_bounds(low, high, None), dtype)
    return made(
        _like(
            "randint_like",
            ops.randint,
            _ordered("randint_like", input, memory_format),
            params,
            generator,
        ),
        device,
        requires_grad,
    )


def _ordered(name: str, x: Any, memory_format: Any) -> Any:
    """A tensor whose memory layout determines the order of the draws."""
    return x.contiguous() if asks_for_order(name, memory_format) else x


def coins_like(name: str, x: Tensor, p: float) -> Tensor:
    """True with probability `p`, with the shape of `x`, drawn in the order of its memory."""
    return _like(name, ops.coins, x, {"p": p}, None)


# -- in place ------------------------------------------------------------------------------


class RandomFill(Handle):
    """Tensors filled with random numbers, in place."""

    def uniform_(self, from_: float = 0.0, to: float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with uniform numbers in [from, to)."""
        return _fill("uniform_", ops.uniform, self, {"low": from_, "high": to}, generator)

    def normal_(self, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with normal numbers."""
        return _fill("normal_", ops.normal, self, _normal_params(mean, std), generator)

    def exponential_(self, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with exponential numbers with mean 1 / lambd."""
        return _fill("exponential_", ops.exponential, self, {"lambd": lambd}, generator)

    def random_(self, *bounds: Any, to: Any = None, generator: Any = None) -> Tensor:
        """Fill with integers: `random_(to)` in [0, to), `random_(from, to)` in [from, to).

        Without bounds, from 0 to the largest n such that the dtype represents all of 0 to n.
        """
        if len(bounds) > 2 or (len(bounds) == 2 and to is not None):
            raise TypeError(f"random_: expects at most from and to, got {bounds}")
        low, high = (None, to) if not bounds else (bounds[0], to if len(bounds) == 1 else bounds[1])
        if len(bounds) == 1 and to is None:
            low, high = 0, bounds[0]
        return _fill("random_", ops.randint, self, _bounds(low, high, None), generator)

    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Tensor:
        """Fill with 1 with probability `p`, else 0; `p` may be a tensor of probabilities."""
        if not isinstance(p, Handle):
            return _fill("bernoulli_", ops.coins, self, {"p": float(p)}, generator)
        each = expanded(p, self._value.shape)
        return _written(self, _toss("bernoulli_", each, self._value, generator))

    def bernoulli(input, p: float | None = None, *, generator: Any = None) -> Tensor:
        """1 with the probability given by each element, else 0; see `gradatim.bernoulli`."""
        return bernoulli(input, p, generator=generator)  # type: ignore[arg-type]

    def multinomial(
        input, num_samples: int, replacement: bool = False, *, generator: Any = None
    ) -> Tensor:
        """Indices drawn with weights; see `gradatim.multinomial`."""
        return multinomial(input, num_samples, replacement, generator=generator)  # type: ignore[arg-type]


# -- shared helpers ------------------------------------------------------------------------


def _drawn(
    name: str,
    primitive: Primitive,
    size: Any,
    params: dict[str, Any],
    generator: Any,
    device: Any,
    requires_grad: bool,
) -> Any:
    """Draw into new memory."""
    shape = new_shape(name, size)
    out = primitive(generator=engine_of(name, generator), shape=shape, **params)
    return made(out, device, requires_grad)


def _like(name: str, primitive: Primitive, x: Any, params: dict[str, Any], generator: Any) -> Any:
    """Draw into new memory, in the order of the memory of `x`."""
    if not isinstance(x, Handle):
        raise TypeError(f"{name}: expects a tensor, got {type(x).__name__}")
    if "dtype" in primitive.static and params.get("dtype") is None:
        params["dtype"] = x._value.dtype
    order = _order(x._value)
    if "contiguous" in params:
        params["contiguous"] = params["contiguous"] and order is None
    engine, shape = engine_of(name, generator), x._value.shape
    if order is None:
        return primitive(generator=engine, shape=shape, **params)
    out = primitive(generator=engine, shape=tuple(shape[i] for i in order), **params)
    return movement.permute(out, order=movement.inverse(order))


def _fill(name: str, primitive: Primitive, x: Any, params: dict[str, Any], generator: Any) -> Any:
    """Draw into the memory of `x`."""
    if "contiguous" in params:
        flags = getattr(x._value, "flags", None)
        params["contiguous"] = flags is None or flags.c_contiguous
    return _written(x, _like(name, primitive, x, params, generator))


def _toss(name: str, p: Any, memory: Any, generator: Any) -> Any:
    """Draw a bool for each probability, in the order of `memory`."""
    engine, order = engine_of(name, generator), _order(memory)
    if order is None:
        return ops.bernoulli(p, generator=engine)
    out = ops.bernoulli(movement.permute(p, order=order), generator=engine)
    return movement.permute(out, order=movement.inverse(order))


def _written(x: Any, drawn: Any) -> Any:
    write(x, to_dtype(drawn, x._value.dtype))
    return x


def _order(memory: Any) -> Shape | None:
    """The dimensions in memory order, slowest first; None if that is their own order."""
    flags = getattr(memory, "flags", None)  # None for a variable of a trace: it is contiguous
    if flags is None or flags.c_contiguous:
        return None
    order = tuple(draw_order(memory.shape, memory.strides))
    return None if order == tuple(range(len(order))) else order


def _normal_params(mean: float, std: float, dtype: np.dtype[Any] | None = None) -> dict[str, Any]:
    check_number("normal: mean", mean)
    check_number("normal: std", std)
    return {"mean": mean, "std": std, "dtype": dtype, "contiguous": True}


def _bounds(low: Any, high: Any, dtype: np.dtype[Any] | None) -> dict[str, Any]:
    return {"low": low, "high": high, "dtype": dtype}


def _with_dtype(params: dict[str, Any], dtype: Any) -> dict[str, Any]:
    return {**params, "dtype": None if dtype is None else dtypes.of(dtype).numpy}
