"""Whether numbers are among others, and the places of flat indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.errors import ArgumentError
from ..core.handle import Handle
from ..ops.sorting import searchsorted
from .creation import tensor
from .dims import integers
from .promotion import result_type, to_dtype


def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Any:
    """Whether each element is one of `test_elements`, or with `invert`, whether it is none.

    One of the two may be a number. `assume_unique` changes nothing.

    >>> import gradatim
    >>> isin(gradatim.tensor([1, 2, 3]), gradatim.tensor([3, 1]))
    tensor([ True, False,  True])
    """
    if not isinstance(elements, Handle) and not isinstance(test_elements, Handle):
        raise TypeError("isin: one of the arguments must be a tensor")
    given = [x if isinstance(x, Handle) else tensor(x) for x in (elements, test_elements)]
    dtype = result_type(*given)
    x, wanted = to_dtype(given[0], dtype), to_dtype(given[1].reshape(-1), dtype)
    if not wanted.numel():
        return (x != x) ^ invert if x.is_floating_point() else (x < x) ^ invert
    wanted = wanted.sort().values
    place = searchsorted(wanted.detach(), x.detach().contiguous(), right=False)
    found = wanted[place.clamp(max=wanted.numel() - 1)] == x
    return ~found if invert else found


def unravel_index(indices: Any, shape: int | Sequence[int]) -> tuple[Any, ...]:
    """The places in a tensor of this shape that indices into its flat elements stand for.

    Errors: ArgumentError for a shape with a negative size.

    >>> import gradatim
    >>> unravel_index(gradatim.tensor([5, 7]), (3, 4))
    (tensor([1, 1]), tensor([1, 3]))
    """
    sizes = integers("unravel_index", (shape,))
    if min(sizes, default=0) < 0:
        raise ArgumentError(f"unravel_index: shape cannot have negative values, got {list(sizes)}")
    places = []
    for n in reversed(sizes):
        places.append(indices % n)
        indices = indices.div(n, rounding_mode="floor")
    return tuple(reversed(places))
