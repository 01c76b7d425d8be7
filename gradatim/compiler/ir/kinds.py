"""Kinds of primitives: how each element of the output depends on elements of the inputs.

elementwise   out[i] depends on the inputs at i alone
movement      out[i] is the input at another place, as a view or a copy
reduction     out[i] combines the input along some dimensions
product       the matrix product
indirect      indices are data: take, gather, put, scatter
draw          words of a random generator
segment       computed by NumPy between stretches of machine code, for a stated reason
"""

from __future__ import annotations

from ...core.primitive import Primitive
from .graph import Equation

ARITHMETIC = (
    "neg", "add", "sub", "mul", "div", "pow", "square", "abs", "sign", "reciprocal",
    "floor_divide", "trunc_divide", "remainder", "maximum", "minimum", "relu", "where", "cast",
    "floor", "ceil", "trunc", "round", "eq", "ne", "lt", "le", "gt", "ge",
    "logical_and", "logical_or", "logical_xor", "logical_not",
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "isnan", "isinf",
)  # fmt: skip
FUNCTIONS = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "sigmoid", "erf")
ELEMENTWISE = frozenset({*ARITHMETIC, *FUNCTIONS})

# Composites whose eager result has the memory layout of their inputs
ELEMENTWISE_COMPOSITES = frozenset(
    {
        "affine", "binary_cross_entropy", "clamp", "clamp_max", "clamp_min", "elu", "floored",
        "gelu", "gelu_back", "gelu_tanh", "gelu_tanh_back", "hardshrink", "hardsigmoid",
        "hardswish", "hardtanh", "leaky_relu", "log_sigmoid", "masked_scale", "mish", "mish_back",
        "power", "prelu", "reciprocal_deviation", "round_corner", "scale", "scale_back", "silu",
        "silu_back", "softplus", "softshrink", "squared_error", "squared_error_back", "standardize",
        "standardize_back", "tanh_back", "threshold",
    }
)  # fmt: skip

# Read through strides, without moving data
VIEWS = frozenset({"broadcast_to", "reshape", "permute", "slice", "diagonal"})

SUMS = frozenset({"reduce_sum", "reduce_prod", "amax", "amin", "any", "all"})


DIVISIONS = ("floor_divide", "trunc_divide", "remainder")  # of integers: a divisor 0 is an error


def is_division(e: Equation) -> bool:
    """Whether it divides integers, so that a divisor 0 is an error."""
    return e.name in DIVISIONS and e.output.dtype.kind != "f"


def is_dear(primitive: Primitive) -> bool:
    """Whether recomputing it costs more than storing it."""
    return primitive.name in FUNCTIONS or primitive.name in ("div", "pow", "remainder")
