"""Kernels: machine code that eager mode calls for one operation, for any number of rows.

    entry(words, calls)     for each call: its arrays, its first row and the row after its last

What generates the text (`kernel_text`) is imported only if a kernel is not in the cache: with it a
first call takes a tenth of a second, without it a few milliseconds.
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
from ..machine.cached_code import cached_code
from ..machine.target import host

Array = np.ndarray[Any, Any]

# Sums over rows run over this many at a time, and the partial sums are added up: a float32 sum of
# very many numbers, one after the other, loses digits.
TOGETHER = 1024


class CompiledKernel:
    """The kernel of one form; `arrays` is their number, `sums` the outputs that sum over rows."""

    def __init__(self, loaded: engine.Loaded, arrays: int, sums: Sequence[int]) -> None:
        self._loaded = loaded
        kind = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int64)
        self._entry = kind(self._loaded.address("entry"))
        self.line, self.sums = arrays + 2, frozenset(sums)
        self._words = struct.Struct(f"{self.line}Q").pack

    def run(self, inputs: Sequence[Array], outputs: Sequence[Array], rows: int) -> None:
        """Read the inputs and write the outputs for this many rows."""
        if self.sums and rows > TOGETHER:
            self._in_parts(inputs, outputs, rows)
        else:
            self._entry(self._words(*map(id, inputs), *map(id, outputs), 0, rows), 1)

    def run_all(
        self, calls: Sequence[tuple[Sequence[Array], int]], shared: Sequence[Array]
    ) -> None:
        """The same for several calls, all of whose outputs are written in place of inputs.

        The last inputs are `shared` by all calls.
        """
        words: list[int] = []
        last = [*map(id, shared), 0]
        for arrays, rows in calls:
            words += map(id, arrays)
            words += last
            words.append(rows)
        self._call(words)

    def _call(self, words: Sequence[int]) -> None:
        self._entry(struct.pack(f"{len(words)}Q", *words), len(words) // self.line)

    def _in_parts(self, inputs: Sequence[Array], outputs: Sequence[Array], rows: int) -> None:
        """Sum over chunks of rows, and add up the partial sums."""
        starts = range(0, rows, TOGETHER)
        parts = {i: np.empty((len(starts), *outputs[i].shape), outputs[i].dtype) for i in self.sums}
        words: list[int] = []
        each = [
            [parts[i][k] if i in parts else o for i, o in enumerate(outputs)]
            for k in range(len(starts))
        ]
        for start, places in zip(starts, each, strict=True):
            words += [*map(id, inputs), *map(id, places), start, min(start + TOGETHER, rows)]
        self._call(words)
        for i, part in parts.items():
            np.add.reduce(part, 0, out=outputs[i])


def make(name: str, work: Callable[..., Any], form: Form) -> CompiledKernel | None:
    """The kernel of some work for a form; None without a compiler, or if there is none for it.

    The user did not ask for machine code, so errors are not reported: NumPy computes it as well.
    """
    try:
        return _loaded_or_compiled(name, work, form) if addresses_known() else None
    except Exception:  # a broken compiler fails in ways of its own
        return None


def _loaded_or_compiled(name: str, work: Callable[..., Any], form: Form) -> CompiledKernel:
    target = host()
    key = cache_key(f"kernel {name} {form} {OFFSET}", target)
    loaded, parts = cached_code(key) or (None, {})
    if loaded is None:
        from . import kernel_text  # the whole compiler: four times the other imports

        text, arrays, sums = kernel_text.written(work, form, target, OFFSET)
        code = engine.compile_object(text, target)
        parts = {"code": code, "arrays": bytes([arrays]), "sums": bytes(sums)}
        cache.store(key, parts)
        loaded = engine.load(code)
    return CompiledKernel(loaded, parts["arrays"][0], parts["sums"])


# -- the address of an array's data --------------------------------------------------------------

# Asking NumPy for the address takes 3 microseconds. C extensions read it directly from the array
# object, where it follows the header common to all Python objects. So machine code is passed the
# objects, whose address is their `id`.
OFFSET = object.__basicsize__


@once
def addresses_known() -> bool:
    """Whether array objects here have the layout that the machine code assumes."""
    if sys.implementation.name != "cpython":
        return False
    array = np.arange(3.0)[1:]
    address = ctypes.c_void_p.from_address(id(array) + OFFSET).value
    return address == array.__array_interface__["data"][0]
