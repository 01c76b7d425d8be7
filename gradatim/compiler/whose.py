"""Whose code it is that runs: the user's, this library's, or Python's and NumPy's."""

from __future__ import annotations

import sys
import sysconfig
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

_LIBRARY = Path(__file__).parents[1].as_posix() + "/"
_COMPILER = _LIBRARY + "compiler/"
# Of the compiler, through which one function calls another:
_CALLS = ("program/program.py", "program/module.py", "compiler/attempt.py")
_PYTHON = (sysconfig.get_path("stdlib"), str(Path(np.__file__).parent), "<frozen")
_PACKAGE = __name__.partition(".")[0]
_FOREIGN = frozenset([*sys.stdlib_module_names, "numpy", _PACKAGE]) - {"__main__"}

USER, LIBRARY, FOREIGN = "user", "library", "foreign"


@lru_cache(maxsize=4096)
def whose(filename: str, module: Any) -> str:
    """Whose code it is: the user's, this library's, or Python's and NumPy's.

    What writes a trace down belongs to the last: what it reads is no part of a function.
    """
    if filename == "<string>" and not is_users(module):  # written by a decorator or a factory
        ours = is_librarys(module) and not module.startswith(f"{_PACKAGE}.compiler")
        return LIBRARY if ours else FOREIGN
    name = str(Path(filename)) if filename.startswith((".", "/")) else filename
    posix = name.replace("\\", "/")
    if posix.startswith(_LIBRARY):
        return FOREIGN if posix.startswith(_COMPILER) and not posix.endswith(_CALLS) else LIBRARY
    is_installed = "site-packages" in name or "dist-packages" in name
    if name.startswith(_PYTHON) and (not is_installed or name.startswith(_PYTHON[1])):
        return FOREIGN
    return USER


def is_users(module: Any) -> bool:
    """Whether a class or module of this name was written by the user."""
    if type(module) is not str or module.startswith("namedtuple_"):
        return False
    return module.partition(".")[0] not in _FOREIGN


def is_librarys(module: Any) -> bool:
    """Whether a class or module of this name belongs to this library."""
    return type(module) is str and module.partition(".")[0] == _PACKAGE
