"""When machine code does the work of NumPy.

NumPy takes five to forty passes over memory for a GELU, a norm or an update; machine code takes
one. An operation that has something to gain says how it is cut into rows (`cut`), and a kernel is
a program for any number of them. It is used for large arrays that lie in order, where somebody
knows how to make it: `gradatim/__init__` says who. So what computes depends on shapes, dtypes and
memory alone, never on what was computed before, and a script gives the same bits in every run.

GRADATIM_KERNELS=0 leaves everything to NumPy; so does `set_kernels_enabled(False)`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from .cut import Cut, Form
from .forking import undivided
from .storage import ArrayType

Array = np.ndarray[Any, Any]
Work = Callable[..., Any]
Make = Callable[[str, Work, "Form"], "Kernel | None"]

SIZE = 1 << 14  # elements: with less, NumPy is as fast, and small scripts need no compiler


class Kernel(Protocol):
    """Machine code for the calls of one form."""

    def run(self, inputs: Sequence[Array], outputs: Sequence[Array], rows: int) -> None:
        """Read the inputs and write the outputs, of so many rows."""

    def run_all(
        self, calls: Sequence[tuple[Sequence[Array], int]], shared: Sequence[Array]
    ) -> None:
        """The same for several calls, all of whose outputs take the place of inputs.

        The last inputs are `shared` by all calls.
        """


class _State:
    """Whether kernels are used, and who makes them: of a name and some library operations."""

    on = os.environ.get("GRADATIM_KERNELS", "1") != "0"
    make: Make | None = None


def set_kernels_enabled(mode: bool) -> None:
    """Let machine code compute large arrays where it is faster, or leave everything to NumPy.

    >>> set_kernels_enabled(False)
    >>> are_kernels_enabled()
    False
    >>> set_kernels_enabled(True)
    """
    _State.on = bool(mode)


def are_kernels_enabled() -> bool:
    """Whether machine code may compute large arrays.

    >>> are_kernels_enabled()
    True
    """
    return _State.on


def made_by(make: Make) -> None:
    """Say who makes kernels."""
    _State.make = make


class Kernels:
    """The kernels for some work, by their forms; None where there can be none."""

    def __init__(self, name: str, work: Work) -> None:
        self._name, self._work = name, work
        self._made: dict[Form, Kernel | None] = {}

    def of(self, form: Form) -> Kernel | None:
        """The kernel of a form, made when it is first wanted."""
        if form in self._made:
            return self._made[form]
        with undivided:  # a child would wait for ever for what its parent has begun to import
            if form not in self._made and _State.make is not None:
                self._made[form] = _State.make(self._name, self._work, form)
        return self._made.get(form)


class Plan(NamedTuple):
    """What a kernel needs for calls with arrays of some types."""

    kernel: Kernel
    rows: int
    outputs: tuple[ArrayType, ...]
    several: bool  # whether they come as a tuple


def fast(
    name: str, work: Work, shape: Work, numpy: Work, cut: Cut, helps: Sequence[str] = ()
) -> Work:
    """A function of arrays: by a kernel where there is one, elsewhere by `numpy`.

    `work` is the same in library operations, and `shape` its shape rule. The parameters that
    `helps` names, which NumPy can use, are None for machine code.
    """

    def arranged(*tensors: Any, **params: Any) -> Any:
        return work(*cut.arranged(tensors), **params)

    kernels = Kernels(name, arranged)

    @lru_cache(maxsize=1024)
    def planned(told: tuple[tuple[str, Any], ...], *types: Any) -> Plan | None:
        kinds = [ArrayType(*pair) for pair in zip(types[::2], types[1::2], strict=True)]
        params = dict(told)
        found = cut.form(kinds, params)
        kernel = None if found is None else kernels.of(found[0])
        if found is None or kernel is None:
            return None
        outputs = shape(*kinds, **params)
        several = type(outputs) is not ArrayType
        return Plan(kernel, found[1], outputs if several else (outputs,), several)

    def value(*arrays: Array, **params: Any) -> Any:
        taken = cut.taken(arrays) if _State.on and arrays[0].size >= SIZE else None
        if taken is None:
            return numpy(*arrays, **params)
        types = [part for a in taken for part in (a.shape, a.dtype)]
        told = params if not helps else {k: None if k in helps else params[k] for k in params}
        plan = planned(tuple(told.items()), *types)
        if plan is None:
            return numpy(*arrays, **params)
        made = tuple([np.empty(*t) for t in plan.outputs])
        plan.kernel.run(taken, made, plan.rows)
        return made if plan.several else made[0]

    return value
