"""Padding of tensors."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from ..._tensor.joining import cat
from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError, ShapeError
from ...core.handle import check_tensor
from ...ops.broadcast import full
from ...ops.movement import slice_, update_view

Pair = tuple[int, int]

_MODES = ("constant", "reflect", "replicate", "circular")


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Add elements before and after the tensor along its last dimensions, or remove them.

    `pad` starts with the last dimension: (left, right), (left, right, top, bottom), ...; a negative
    number removes elements. The new ones are `value` (0), or by `mode` the interior mirrored at the
    edge ("reflect", which does not repeat the edge), the edge itself ("replicate"), or elements
    from the other end ("circular"). As in PyTorch, these three modes leave the first one or two
    dimensions alone: channels, or batch and channels.

    Errors: ArgumentError for an invalid `pad` or `mode`; ShapeError for more pairs than dimensions,
    and if a dimension is too small to mirror, repeat or remove that much.

    >>> import gradatim
    >>> x = gradatim.arange(3.0).reshape(1, 3)
    >>> pad(x, (1, 2)), pad(x, (1, 2), mode="reflect")
    (tensor([[0., 0., 1., 2., 0., 0.]]), tensor([[1., 0., 1., 2., 1., 0.]]))
    """
    check_tensor("pad", input)
    pairs = _pairs(pad, input.ndim)
    if mode not in _MODES:
        raise ArgumentError(f"pad: mode is one of {', '.join(_MODES)}, got {mode!r}")
    if mode == "constant":
        return _constant(input, pairs, 0 if value is None else value)
    if value is not None and value != 0:
        raise ArgumentError(f'pad: mode "{mode}" takes no value, got {value}')
    if not 1 <= len(pairs) <= 3 or input.ndim - len(pairs) not in (1, 2):
        raise ArgumentError(
            f'pad: mode "{mode}" pads the last 1, 2 or 3 dimensions of a tensor that has one or '
            f"two more, not {len(pairs)} of {input.ndim}; use unsqueeze to add one"
        )
    for i, pair in enumerate(pairs):
        dim = input.ndim - 1 - i
        _check(mode, pair, input.shape[dim], dim)
        if any(pair):
            input = _WAYS[mode](input, dim, *pair)
    return input


def _pairs(pad: Any, ndim: int) -> list[Pair]:
    try:
        numbers = [operator.index(n) for n in pad]
    except TypeError:
        raise TypeError(
            f"pad: takes a tuple of integers, two for each dimension from the last, got {pad!r}"
        ) from None
    if len(numbers) % 2:
        raise ArgumentError(f"pad: takes two numbers for each dimension, got {len(numbers)}")
    if len(numbers) > 2 * ndim:
        raise ShapeError(f"pad: {len(numbers)} numbers are for more dimensions than {ndim}")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _check(mode: str, pair: Pair, n: int, dim: int) -> None:
    most = {"reflect": n - 1, "circular": n}.get(mode)
    if most is not None and max(pair) > most:
        raise ShapeError(
            f'pad: dimension {dim} has size {n}, and mode "{mode}" can add {max(most, 0)} on each '
            f"side, not {max(pair)}"
        )
    if n + sum(pair) < 1 or n < 1:
        raise ShapeError(f'pad: mode "{mode}" leaves nothing of dimension {dim}, of size {n}')


def _constant(x: Any, pairs: list[Pair], value: float) -> Any:
    before = [max(left, 0) for left, _ in reversed(pairs)]
    for i, (left, right) in enumerate(pairs):
        dim = x.ndim - 1 - i
        if x.shape[dim] + min(left, 0) + min(right, 0) < 0:
            raise ShapeError(
                f"pad: takes {-min(left, 0) - min(right, 0)} from dimension {dim}, of size "
                f"{x.shape[dim]}"
            )
        x = _cut(x, dim, -min(left, 0), -min(right, 0))
    whole = [*x.shape]
    for i, (left, right) in enumerate(pairs, 1):
        whole[-i] += max(left, 0) + max(right, 0)
    inside = [slice(a, a + n) for a, n in zip(before, x.shape[x.ndim - len(pairs) :], strict=True)]
    index = (*[slice(None)] * (x.ndim - len(pairs)), *inside)
    room = full(tuple(whole), value, x._value.dtype)
    return update_view(room, x, view=((slice_, {"index": index}),))


def _reflect(x: Any, dim: int, left: int, right: int) -> Any:
    n = x.shape[dim]
    first = x.narrow(dim, 1, left).flip(dim) if left > 0 else None
    last = x.narrow(dim, n - 1 - right, right).flip(dim) if right > 0 else None
    return _joined(first, x, last, dim, left, right)


def _replicate(x: Any, dim: int, left: int, right: int) -> Any:
    n = x.shape[dim]
    first = _spread(x.narrow(dim, 0, 1), dim, left) if left > 0 else None
    last = _spread(x.narrow(dim, n - 1, 1), dim, right) if right > 0 else None
    return _joined(first, x, last, dim, left, right)


def _circular(x: Any, dim: int, left: int, right: int) -> Any:
    # Remove first, so that the rest wraps around what remains.
    x = _cut(x, dim, -min(left, 0), -min(right, 0))
    n, left, right = x.shape[dim], max(left, 0), max(right, 0)
    _check("circular", (left, right), n, dim)
    first = x.narrow(dim, n - left, left) if left else None
    last = x.narrow(dim, 0, right) if right else None
    return _joined(first, x, last, dim, left, right)


_WAYS = {"reflect": _reflect, "replicate": _replicate, "circular": _circular}


def _spread(x: Any, dim: int, n: int) -> Any:
    return x.expand([n if k == dim else -1 for k in range(x.ndim)])


def _joined(first: Any, x: Any, last: Any, dim: int, left: int, right: int) -> Any:
    parts = [part for part in (first, x, last) if part is not None]
    whole = cat(parts, dim) if len(parts) > 1 else x
    return _cut(whole, dim, -min(left, 0), -min(right, 0))


def _cut(x: Any, dim: int, left: int, right: int) -> Any:
    """Without the first `left` and the last `right` elements."""
    return x.narrow(dim, left, x.shape[dim] - left - right) if left or right else x
