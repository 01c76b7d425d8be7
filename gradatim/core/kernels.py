"""Compiled kernels for eager operations, and when they are used instead of NumPy.

NumPy takes five to forty passes over memory for a GELU, a norm or an optimiser's update; machine
code takes one. An operation that gains from this declares how its arrays are cut into rows (`cut`),
and a kernel computes any number of rows. Kernels are used for large contiguous arrays. The compiler
is above this package, so `gradatim/__init__` injects its kernel maker. Whether a kernel runs
depends only on shapes, dtypes and memory layout, never on earlier calls: a script gives the same
bits in every run.

GRADATIM_KERNELS=0 turns kernels off; so does `set_kernels_enabled(False)`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from .cut import Cut, Form
from .forking import fork_lock
from .storage import ArrayType

Array = np.ndarray[Any, Any]
Work = Callable[..., Any]
Make = Callable[[str, Work, "Form"], "Kernel | None"]

MIN_ELEMENTS = 1 << 14  # below this NumPy is as fast, and small scripts never load the compiler


class Kernel(Protocol):
    """Machine code for all calls of one form."""

    def run(self, inputs: Sequence[Array], outputs: Sequence[Array], rows: int) -> None:
        """Compute this many rows of the outputs from the inputs."""

    def run_all(
        self, calls: Sequence[tuple[Sequence[Array], int]], shared: Sequence[Array]
    ) -> None:
        """Run several calls, each given as (arrays, rows), whose outputs overwrite inputs.

        The arrays in `shared` are the last inputs of every call.
        """


class _State:
    """Whether kernels are enabled, and the function that makes them."""

    enabled = os.environ.get("GRADATIM_KERNELS", "1") != "0"
    make: Make | None = None


def set_kernels_enabled(mode: bool) -> None:
    """Turn compiled kernels for large arrays on or off; when off, NumPy computes everything.

    >>> set_kernels_enabled(False)
    >>> are_kernels_enabled()
    False
    >>> set_kernels_enabled(True)
    """
    _State.enabled = bool(mode)


def are_kernels_enabled() -> bool:
    """Whether compiled kernels are used for large arrays.

    >>> are_kernels_enabled()
    True
    """
    return _State.enabled


def set_kernel_maker(make: Make) -> None:
    """Install the compiler's function (name, work, form) -> kernel, or None if it cannot."""
    _State.make = make


class Kernels:
    """The kernels of one operation, by form."""

    def __init__(self, name: str, work: Work) -> None:
        self._name, self._work = name, work
        self._made: dict[Form, Kernel | None] = {}

    def of(self, form: Form) -> Kernel | None:
        """The kernel for a form, compiled on first use; None if it cannot be compiled."""
        if form in self._made:
            return self._made[form]
        with fork_lock:  # a child forked while this imports the compiler would deadlock
            if form not in self._made and _State.make is not None:
                self._made[form] = _State.make(self._name, self._work, form)
        return self._made.get(form)


class Plan(NamedTuple):
    """How to call a kernel on arrays of given types."""

    kernel: Kernel
    rows: int
    outputs: tuple[ArrayType, ...]
    several: bool  # the operation returns a tuple


def kernel_or_numpy(
    name: str, work: Work, shape: Work, numpy: Work, cut: Cut, numpy_only: Sequence[str] = ()
) -> Work:
    """A function of arrays that runs a kernel where there is one, otherwise `numpy`.

    `work` is the same function in library operations, from which kernels are compiled; `shape` is
    its shape rule. Parameters named in `numpy_only` help `numpy` only; kernels get None for them.
    """

    def traced(*tensors: Any, **params: Any) -> Any:
        return work(*cut.operands(tensors), **params)

    kernels = Kernels(name, traced)

    @lru_cache(maxsize=1024)
    def planned(static: tuple[tuple[str, Any], ...], *types: Any) -> Plan | None:
        kinds = [ArrayType(*pair) for pair in zip(types[::2], types[1::2], strict=True)]
        params = dict(static)
        formed = cut.form(kinds, params)
        if formed is None:
            return None
        form, rows = formed
        kernel = kernels.of(form)
        if kernel is None:
            return None
        outputs = shape(*kinds, **params)
        several = type(outputs) is not ArrayType
        return Plan(kernel, rows, outputs if several else (outputs,), several)

    def value(*arrays: Array, **params: Any) -> Any:
        large = _State.enabled and arrays[0].size >= MIN_ELEMENTS
        given = cut.kernel_arrays(arrays) if large else None
        if given is None:
            return numpy(*arrays, **params)
        types = [part for a in given for part in (a.shape, a.dtype)]
        static = params
        if numpy_only:
            static = {k: None if k in numpy_only else v for k, v in params.items()}
        plan = planned(tuple(static.items()), *types)
        if plan is None:
            return numpy(*arrays, **params)
        outputs = tuple([np.empty(*t) for t in plan.outputs])
        plan.kernel.run(given, outputs, plan.rows)
        return outputs if plan.several else outputs[0]

    return value
