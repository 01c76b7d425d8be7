"""Which names the code that ran has in it: only what code mentions can it have read."""

from __future__ import annotations

import dis
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

_LIBRARY = str(Path(__file__).parents[2]) + "/"
_PYTHON = (sysconfig.get_path("stdlib"), str(Path(np.__file__).parent), "<frozen")
_PACKAGE = __name__.partition(".")[0]
_FOREIGN = frozenset([*sys.stdlib_module_names, "numpy", _PACKAGE]) - {"__main__"}

USER, LIBRARY, FOREIGN = "user", "library", "foreign"


@lru_cache(maxsize=4096)
def whose(filename: str, module: Any) -> str:
    """Whose code it is: the user's, this library's, or Python's and NumPy's."""
    if filename == "<string>" and not is_users(module):  # written by a decorator or a factory
        return LIBRARY if is_librarys(module) else FOREIGN
    name = str(Path(filename)) if filename.startswith((".", "/")) else filename
    if name.replace("\\", "/").startswith(_LIBRARY.replace("\\", "/")):
        return LIBRARY
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


def globals_of(code: CodeType) -> list[str]:
    """The global names a function reads, in the order in which it does."""
    wanted = ("LOAD_GLOBAL", "LOAD_NAME")
    found = [i.argval for i in dis.get_instructions(code) if i.opname in wanted]
    return list(dict.fromkeys(found))


def texts_of(code: CodeType) -> list[str]:
    """The texts a function has in it: keys of dictionaries may be among them."""
    found: list[str] = []
    waiting: list[Any] = list(code.co_consts)
    while waiting:
        x = waiting.pop()
        if type(x) is str:
            found.append(x)
        elif type(x) in (tuple, frozenset):
            waiting += x
    return found


def looks_through(code: CodeType) -> bool:
    """Whether a function may go through a dictionary, so that it need not mention its keys."""
    return not {"items", "values", "keys", "get", "pop"}.isdisjoint(code.co_names) or any(
        i.opname in ("DICT_MERGE", "DICT_UPDATE") for i in dis.get_instructions(code)
    )
