"""Kernels: one operation for any number of rows, as machine code that eager calls.

    entry(words, calls)     for each call: where its arrays are, its first row and where it ends

What makes the text (`kernel_text`) loads only when a kernel is not in the cache: with it a first
call takes a tenth of a second, without it a few milliseconds.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Callable, Sequence
from functools import cache as once
from typing import Any

import numpy as np

from ...core.cut import Form
from ..machine import cache, engine
from ..machine.cache_key import cache_key
from ..machine.kept_code import kept_code
from ..machine.target import host

Array = np.ndarray[Any, Any]

# What sums over rows is called for so many of them at a time, and the parts are added up: a float32
# sum of very many numbers, one after the other, loses digits.
TOGETHER = 1024


class Compiled:
    """The kernel of one form, with so many arrays; `sums` are the outputs that sum up all rows."""

    def __init__(self, loaded: engine.Loaded, arrays: int, sums: Sequence[int]) -> None:
        self._loaded = loaded
        kind = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int64)
        self._entry = kind(self._loaded.address("entry"))
        self.line, self.sums = arrays + 2, frozenset(sums)
        self._words = struct.Struct(f"{self.line}Q").pack

    def run(self, inputs: Sequence[Array], outputs: Sequence[Array], rows: int) -> None:
        """Read the inputs and write the outputs, of so many rows."""
        if self.sums and rows > TOGETHER:
            self._in_parts(inputs, outputs, rows)
        else:
            self._entry(self._words(*map(id, inputs), *map(id, outputs), 0, rows), 1)

    def run_all(
        self, calls: Sequence[tuple[Sequence[Array], int]], shared: Sequence[Array]
    ) -> None:
        """The same for several calls, all of whose outputs take the place of inputs.

        The last inputs are `shared` by all calls.
        """
        words: list[int] = []
        last = [*map(id, shared), 0]
        for arrays, rows in calls:
            words += map(id, arrays)
            words += last
            words.append(rows)
        self._go(words)

    def _go(self, words: Sequence[int]) -> None:
        self._entry(struct.pack(f"{len(words)}Q", *words), len(words) // self.line)

    def _in_parts(self, inputs: Sequence[Array], outputs: Sequence[Array], rows: int) -> None:
        """Sums over some rows at a time, and their sums in the end."""
        starts = range(0, rows, TOGETHER)
        parts = {i: np.empty((len(starts), *outputs[i].shape), outputs[i].dtype) for i in self.sums}
        words: list[int] = []
        each = [
            [parts[i][k] if i in parts else o for i, o in enumerate(outputs)]
            for k in range(len(starts))
        ]
        for start, places in zip(starts, each, strict=True):
            words += [*map(id, inputs), *map(id, places), start, min(start + TOGETHER, rows)]
        self._go(words)
        for i, part in parts.items():
            np.add.reduce(part, 0, out=outputs[i])


def make(name: str, work: Callable[..., Any], form: Form) -> Compiled | None:
    """The kernel of some work for a form; None where there is no compiler, or no such kernel.

    Nobody asked for machine code here, so what goes wrong is not said: NumPy does it as well.
    """
    try:
        return _made(name, work, form) if addresses_known() else None
    except Exception:  # a compiler that does not work fails in its own ways
        return None


def _made(name: str, work: Callable[..., Any], form: Form) -> Compiled:
    target = host()
    key = cache_key(f"kernel {name} {form} {OFFSET}", target)
    loaded, parts = kept_code(key) or (None, {})
    if loaded is None:
        from . import kernel_text  # all stages of the compiler: four times as long as the rest

        text, arrays, sums = kernel_text.written(work, form, target, OFFSET)
        code = engine.compile_object(text, target)
        parts = {"code": code, "arrays": bytes([arrays]), "sums": bytes(sums)}
        cache.store(key, parts)
        loaded = engine.load(code)
    return Compiled(loaded, parts["arrays"][0], parts["sums"])


# -- where an array's numbers lie ----------------------------------------------------------------

# Asking NumPy for an address takes 3 microseconds. Every C extension reads it where it stands: in
# the array object, right behind what all Python objects begin with. So machine code is given the
# objects, which `id` tells the address of.
OFFSET = object.__basicsize__


@once
def addresses_known() -> bool:
    """Whether arrays are laid out here as the machine code believes."""
    if sys.implementation.name != "cpython":
        return False
    array = np.arange(3.0)[1:]
    found = ctypes.c_void_p.from_address(id(array) + OFFSET).value
    return found == array.__array_interface__["data"][0]
