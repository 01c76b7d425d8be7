"""`regions.find` and `regions.count`: the exact regions of a network within given bounds."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError
from .affine import affine_maps, numbers
from .line import Line, cut_line
from .plane import Plane, cut_plane

Corner = float | Sequence[float] | Tensor | np.ndarray


def find(model: Any, low: Corner = -1.0, high: Corner = 1.0) -> Line | Plane:
    """Split the inputs from `low` to `high` into the regions where a ReLU network is linear.

    With one input that is an interval, with two a rectangle: `low` and `high` are its corners, or
    one number for both coordinates. The regions are exact up to float64 rounding: points closer
    than a ten-billionth of a region are merged.

    Errors: ArgumentError for another number of inputs, and for anything but a ReLU network
    (`nn.Sequential` of `Linear` and `ReLU`, a custom module that calls such layers in sequence,
    `scalar.MLP`, or a list of (W, b)), or if there are more regions than fit into about 2 GB.

    >>> from gradatim.diagnose import regions
    >>> hat = [([[1.0], [1.0]], [0.0, -1.0]), ([[1.0, -2.0]], [0.0])]  # relu(x) - 2 relu(x - 1)
    >>> found = regions.find(hat, -1.0, 2.0)
    >>> found.x.tolist(), found.slope[:, 0].tolist()
    ([-1.0, 0.0, 1.0, 2.0], [0.0, 1.0, -1.0])
    """
    maps = affine_maps(model)
    inputs = maps[0].W.shape[1]
    if inputs not in (1, 2):
        raise ArgumentError(
            f"regions: counts networks with one or two inputs, got {inputs}; fix all but two of"
            " them in the first layer's bias to look at a slice"
        )
    start, end = _corner(low, inputs), _corner(high, inputs)
    if not all(-inf < a < b < inf for a, b in zip(start, end, strict=True)):
        raise ArgumentError(f"regions: low must be below high, both finite, got {low} and {high}")
    if inputs == 1:
        return cut_line(maps, start[0], end[0])
    return cut_plane(maps, (start[0], start[1]), (end[0], end[1]))


def count(model: Any, low: Corner = -1.0, high: Corner = 1.0, *, of: str = "patterns") -> int:
    """The number of linear regions of a ReLU network between `low` and `high`.

    By default it counts activation patterns: distinct sets of active units. The pattern can change
    without a change of slope, so there can be fewer straight pieces (`of="pieces"`, for one input:
    neighbours of equal slope count once) and fewer distinct slopes (`of="slopes"`).

    >>> from gradatim.diagnose import regions
    >>> net = regions.zigzag(10, 5)
    >>> [regions.count(net, 0.0, 1.0, of=what) for what in ("patterns", "pieces", "slopes")]
    [161051, 161051, 11]
    """
    cells = find(model, low, high)
    kinds = ("patterns", "pieces", "slopes") if isinstance(cells, Line) else ("patterns", "slopes")
    if of not in kinds:
        raise ArgumentError(f"regions.count: of is one of {', '.join(kinds)} here, got {of!r}")
    number: int = getattr(cells, of)
    return number


def _corner(given: Corner, inputs: int) -> list[float]:
    corner = numbers(given)
    if corner.ndim and corner.shape != (inputs,):
        raise ArgumentError(
            f"regions: the network has {inputs} inputs, but {given} are {corner.size} numbers"
        )
    return np.broadcast_to(corner, inputs).tolist()
