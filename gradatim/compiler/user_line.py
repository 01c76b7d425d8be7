"""The line of the user's code that is running, for messages and equations."""

import linecache
import sys
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

from .code_owner import USER, owner_of

_users: dict[tuple[str, Any], bool] = {}  # by file and module


def user_line() -> str:
    """The line of the user's code that is running: `train.py, line 12: `if loss > 3:``."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        # `is_users` inlined: this runs over some ten frames for each equation, and a watched trace
        # reports every call.
        names = frame.f_globals
        module = names["__name__"] if "__name__" in names else None  # noqa: SIM401 - `get` is a call
        key = frame.f_code.co_filename, module
        if _users[key] if key in _users else is_users(frame):
            break
        frame = frame.f_back
    return shown_line(frame, frame.f_lineno)


def shown_line(frame: FrameType, number: int) -> str:
    """A line of a frame's code: `train.py, line 12: `if loss > 3:``."""
    return _shown(frame.f_code.co_filename, number)


@lru_cache(4096)
def _shown(name: str, number: int) -> str:
    line = linecache.getline(name, number).strip()
    return f"{_file(name)}, line {number}" + (f": `{line}`" if line else "")


def _file(name: str) -> str:
    """The name of a file; that of a notebook's cell is its prompt, `In[3]`."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    cell = shell.compile.format_code_name(name) if shell is not None else None
    return cell[1] if cell else Path(name).name


def is_users(frame: FrameType) -> bool:
    """Whether a frame runs the user's code."""
    key = frame.f_code.co_filename, frame.f_globals.get("__name__")
    if key not in _users:
        _users[key] = owner_of(*key) is USER
    return _users[key]
