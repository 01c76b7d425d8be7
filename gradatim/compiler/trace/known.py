"""Numbers that are known while a function is traced, because they follow from constants alone.

`for t in torch.linspace(0, 1, 5).tolist()` unrolls a loop: its numbers are the same in every call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...core.backend import Eager
from ...core.context import using
from ..ir.graph import Equation, Var


def known(asked: Var, equations: Iterable[Equation], constants: dict[Var, Any]) -> Any:
    """The array of a variable, computed now; None if it needs an input or a random number.

    What is computed on the way joins the constants.
    """
    makers = {v: e for e in equations for v in e.outputs}
    stack = [asked]
    with using(Eager()):
        while stack:
            equation = makers.get(stack[-1])
            if stack[-1] in constants:
                stack.pop()
                continue
            if equation is None or equation.draws:
                return None
            missing = [v for v in equation.inputs if v not in constants]
            stack += missing
            if not missing:
                arrays = [constants[v] for v in equation.inputs]
                value = equation.primitive.value(*arrays, **equation.params)
                values = value if type(value) is tuple else (value,)
                constants.update(zip(equation.outputs, map(np.asarray, values), strict=True))
    return constants[asked]
