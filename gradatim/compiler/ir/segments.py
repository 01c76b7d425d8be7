"""Primitives that NumPy computes between stretches of machine code, and why.

A program with such a segment holds the GIL there, and `repeat` loops over it in Python. All
primitives that are not in this list have machine code.
"""

from __future__ import annotations

BY_PLACE = "indices repeat in any order and combine by more than a sum; its gradient is rare"
ENDS_MEET = "its halves are rounded from either end: made once, outside of a step"
LAPACK = "LAPACK computes it"
NO_NUMBERS = "nothing is drawn, or in a dtype without machine code"

REASONS: dict[str, str] = {
    "searchsorted": "it searches: made once, outside of a step",
    "bincount": "it counts integers: made once, outside of a step",
    "scatter_extreme": BY_PLACE,
    "scatter_prod": BY_PLACE,
    "linspace": ENDS_MEET,
    **dict.fromkeys(("solve", "inv", "det", "cofactors", "slogdet"), LAPACK),
    **dict.fromkeys(("cholesky", "eigh", "svd", "qr"), LAPACK),
}

# Their output shapes depend on the data: a trace refuses them.
UNTRACEABLE = ("nonzero", "true_places", "unique")

# The memory of a program has one dtype, by which reads and writes of it are told apart.
ONE_DTYPE = ("reinterpret",)
