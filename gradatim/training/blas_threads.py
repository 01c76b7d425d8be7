"""How many threads NumPy's matrix products use while a block runs.

Two threads meet at the end of every product. For the products of small models, microseconds long,
one thread is as fast; and where anything else runs on the machine, the waiting makes two threads
up to ten times slower. One thread also gives the same digits on machines with more cores.

NumPy has no call for this, so the matrix library that it loaded is asked directly.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

# (get, set) as OpenBLAS is built for NumPy's wheels, for conda and Linux distributions, and MKL.
_NAMES = [
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
]


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Use so many threads in the block, and as many as before after it; 0 changes nothing.

    A matrix library that cannot be asked (Apple's Accelerate) is left as it is.

    >>> with blas_threads(1):
    ...     threads_now() in (1, None)
    True
    """
    calls = _calls()
    if calls is None or count == 0:
        yield
        return
    get, set_ = calls
    before = get()
    set_(count)
    try:
        yield
    finally:
        set_(before)


def threads_now() -> int | None:
    """How many threads matrix products use; None if the library cannot be asked."""
    calls = _calls()
    return None if calls is None else int(calls[0]())


@cache
def _calls() -> tuple[Any, Any] | None:
    for path in _libraries():
        with suppress(OSError):
            library = ctypes.CDLL(str(path))
            for get, set_ in _NAMES:
                if hasattr(library, get) and hasattr(library, set_):
                    return getattr(library, get), getattr(library, set_)
    return None


def _libraries() -> list[Path]:
    """Where NumPy's matrix library may be: beside NumPy in wheels, else what NumPy is linked to."""
    home = Path(np.__file__).parent
    folders = (home.with_name("numpy.libs"), home / ".dylibs")
    bundled = [path for folder in folders for path in sorted(folder.glob("*openblas*"))]
    linked = sys.modules.get("numpy._core._multiarray_umath")
    return [*bundled, Path(linked.__file__)] if linked and linked.__file__ else bundled
