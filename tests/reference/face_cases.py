"""Expressions that PyTorch and this library must answer alike, a line each in `face_*.txt`.

In them `g` is the library and `G` makes a generator. `make_face.py` stores PyTorch's answers,
the tests compare. An error counts as alike if it is of the same built-in type.
"""

from __future__ import annotations

import copy
import operator
import pickle
from pathlib import Path
from typing import Any

import numpy as np

GROUPS = ("creation", "conversion", "random", "windows", "distributions")


def expressions(group: str) -> list[str]:
    """The lines of a group's file."""
    text = Path(__file__).with_name(f"face_{group}.txt").read_text(encoding="utf-8")
    return text.splitlines()


def evaluate(expression: str, g: Any) -> dict[str, Any]:
    """What the library `g` answers, in a form that JSON keeps."""

    def seeded(seed: int, draw: Any) -> Any:
        g.manual_seed(seed)
        return draw()

    def generator(seed: int = 1) -> Any:
        return g.Generator().manual_seed(seed)

    names = {
        "g": g,
        "G": generator,
        "np": np,
        "copy": copy,
        "operator": operator,
        "pickle": pickle,
        "seeded": seeded,
    }
    try:
        answer = eval(expression, names)  # noqa: S307 - the expressions are this folder's
    except Exception as error:  # the kind of error is the answer
        return {"error": _builtin(type(error))}
    return _record(answer, g)


def _builtin(kind: type) -> list[str]:
    return [base.__name__ for base in kind.__mro__ if base.__module__ == "builtins"]


def _record(answer: Any, g: Any) -> dict[str, Any]:
    if isinstance(answer, g.Tensor):
        return {
            "tensor": str(answer.dtype).rpartition(".")[2],
            "shape": list(answer.shape),
            "values": answer.detach().reshape(-1).tolist(),
            "requires_grad": answer.requires_grad,
        }
    if isinstance(answer, np.ndarray):
        return {"array": answer.dtype.name, "values": answer.tolist()}
    if isinstance(answer, g.Size):
        return {"size": list(answer)}
    if isinstance(answer, list | tuple):
        return {"list": [_record(x, g) for x in answer]}
    if isinstance(answer, bool | int | float | None):
        return {"value": answer}
    text = answer if isinstance(answer, str) else repr(answer)
    return {"text": text.replace("torch.", "gradatim.")}
