"""Tensors as text, character for character as PyTorch prints them.

Numbers have 4 decimal places; or scientific notation, if their magnitudes are too far apart, too
large or too small; or the form `1.`, if all are whole. All columns have the width of the widest
number. Large tensors show only the ends of each dimension.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.errors import ArgumentError
from ..core.handle import Handle
from ..core.numbers import glance, numbers_of
from ..core.tape import history
from .node_names import shown_name

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Options:
    """How numbers are printed."""

    precision: int = 4  # decimal places
    threshold: float = 1000  # tensors of more elements are summarised
    edgeitems: int = 3  # slices shown at each end of a summarised dimension
    linewidth: int = 80
    sci_mode: bool | None = None  # None: chosen by the numbers


_PROFILES = {
    "default": Options(),
    "short": Options(precision=2, edgeitems=2),
    "full": Options(threshold=math.inf),
}


class _Now:
    options = Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed; None leaves an option unchanged, but makes `sci_mode` auto.

    `profile` is "default", "short" or "full"; other arguments override it.

    >>> import gradatim
    >>> set_printoptions(precision=2)
    >>> gradatim.tensor([1.12345])
    tensor([1.12])
    >>> set_printoptions(profile="default")
    """
    if profile is not None and profile not in _PROFILES:
        raise ArgumentError(
            f'set_printoptions: profile must be "default", "short" or "full", got {profile!r}'
        )
    given: dict[str, Any] = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    start = _Now.options if profile is None else _PROFILES[profile]
    changed = {name: value for name, value in given.items() if value is not None}
    _Now.options = replace(start, sci_mode=sci_mode, **changed)


@contextmanager
def printoptions(
    *,
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> Iterator[None]:
    """`set_printoptions` for the length of a `with` block."""
    before = _Now.options
    set_printoptions(precision, threshold, edgeitems, linewidth, profile, sci_mode)
    try:
        yield
    finally:
        _Now.options = before


class Printed(Handle):
    """`repr` and `str`."""

    def __repr__(self) -> str:
        return text_of(self)  # works while traced too, for error messages and debuggers

    def __str__(self) -> str:
        numbers_of(self)
        return text_of(self)


def text_of(x: Any) -> str:
    """The text of a tensor: its numbers, then properties that do not follow from them."""
    prefix = "tensor("
    array = glance(x)
    suffixes = []
    if array is None:  # while a program is traced, a tensor has only a type
        numbers = "..."
        suffixes += [f"size={tuple(x._value.shape)}", f"dtype={dtypes.of(x._value.dtype)}"]
    elif array.size == 0:
        numbers = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={array.shape}")
        if array.dtype != dtypes.get_default_dtype().numpy:
            suffixes.append(f"dtype={dtypes.of(array.dtype)}")
    else:
        numbers = _numbers(array, len(prefix))
        if not _Now.options.edgeitems:
            suffixes.append(f"size={array.shape}")
        if array.dtype not in (dtypes.get_default_dtype().numpy, np.int64, np.bool_):
            suffixes.append(f"dtype={dtypes.of(array.dtype)}")
    edge = history(x)
    if edge is not None:
        name = shown_name(x, edge)
        suffixes.append(f"grad_fn=<{name}>" if name else "requires_grad=True")
    return _with_suffixes(prefix + numbers, suffixes, len(prefix))


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """Append the suffixes, breaking the line before one that would not fit."""
    width = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if width + len(suffix) + 2 > _Now.options.linewidth:
            text += ",\n" + " " * indent + suffix
            width = indent + len(suffix)
        else:
            text += ", " + suffix
            width += len(suffix) + 2
    return text + ")"


def _numbers(array: Array, indent: int) -> str:
    shorten = array.size > _Now.options.threshold
    form = _Format(_edges(array) if shorten else array)
    return _brackets(array, indent, shorten, form)


def _edges(array: Array) -> Array:
    """The elements that a summary shows: the first and last of each dimension."""
    k = _Now.options.edgeitems
    for dim, n in enumerate(array.shape):
        if n > 2 * k:
            array = np.take(array, [*range(k), *range(n - k, n)], dim)
    return array


class _Format:
    """The common format and width of all numbers of a tensor."""

    def __init__(self, array: Array) -> None:
        self.floating = array.dtype.kind == "f"
        self.whole = True
        self.scientific = False
        self.width = 1
        if not self.floating:
            self.width = max([1, *[len(str(v)) for v in array.ravel().tolist()]])
            return
        # Zeros, nan and infinities fit any format, so they do not decide it.
        numbers = array[np.isfinite(array) & (array != 0)].astype(np.float64)
        if not numbers.size:
            return
        self.whole = bool((numbers == np.ceil(numbers)).all())
        self.scientific = _needs_exponents(np.abs(numbers))
        self.width = max([1, *[len(self._finite(v)) for v in numbers.tolist()]])

    def _finite(self, value: float) -> str:
        if self.scientific:
            return f"{value:.{_Now.options.precision}e}"
        if self.whole:
            return f"{value:.0f}."
        return f"{value:.{_Now.options.precision}f}"

    def __call__(self, value: float) -> str:
        if not self.floating:
            text = str(value)
        elif math.isfinite(value):
            text = self._finite(value)
        else:
            text = str(value)
        return text.rjust(self.width)


def _needs_exponents(magnitudes: Array) -> bool:
    if _Now.options.sci_mode is not None:
        return _Now.options.sci_mode
    smallest, largest = float(magnitudes.min()), float(magnitudes.max())
    return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4


def _brackets(array: Array, indent: int, shorten: bool, form: _Format) -> str:
    if array.ndim == 0:
        return form(array.item())
    if array.ndim == 1:
        return _row(array, indent, shorten, form)
    slices = [_brackets(part, indent + 1, shorten, form) for part in _shown(array, shorten)]
    if shorten and len(array) > 2 * _Now.options.edgeitems:
        slices.insert(_Now.options.edgeitems, "...")
    gap = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + gap.join(slices) + "]"


def _row(array: Array, indent: int, shorten: bool, form: _Format) -> str:
    items = [form(value) for part in _shown_parts(array, shorten) for value in part.tolist()]
    if shorten and not _Now.options.edgeitems:
        items = ["..."]
    elif shorten and len(array) > 2 * _Now.options.edgeitems:
        items.insert(_Now.options.edgeitems, " ...")
    per_line = max(1, math.floor((_Now.options.linewidth - indent) / (form.width + 2)))
    lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _shown(array: Array, shorten: bool) -> list[Array]:
    return [slice_ for part in _shown_parts(array, shorten) for slice_ in part]


def _shown_parts(array: Array, shorten: bool) -> list[Array]:
    """The whole array, or its two ends."""
    k = _Now.options.edgeitems
    if not shorten or len(array) <= 2 * k:
        return [array]
    return [array[:k], array[len(array) - k :]]
