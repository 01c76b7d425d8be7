"""The order in which PyTorch fills a tensor whose memory is not in index order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray


def draw_order(shape: Sequence[int], strides: Sequence[int]) -> list[int]:
    """The axes, from the longest stride to the shortest.

    An axis of stride 0 (expanded) keeps its place; of equal strides the shorter axis goes
    first. PyTorch sorts axes this way before every elementwise operation (`TensorIterator`).

    >>> draw_order((2, 3), (1, 2))
    [1, 0]
    """
    fastest = list(reversed(range(len(shape))))
    for start in range(1, len(fastest)):
        place = start
        for earlier in reversed(range(start)):
            order = _compare(fastest[earlier], fastest[place], shape, strides)
            if order > 0:
                fastest[earlier], fastest[place] = fastest[place], fastest[earlier]
                place = earlier
            elif order < 0:
                break
    return fastest[::-1]


def _compare(a: int, b: int, shape: Sequence[int], strides: Sequence[int]) -> int:
    if strides[a] == 0 or strides[b] == 0:
        return 0
    if strides[a] != strides[b]:
        return -1 if strides[a] < strides[b] else 1
    return int(shape[a] > shape[b])


def in_draw_order(array: NDArray) -> NDArray:
    """A view of `array` whose index order is the order in which PyTorch would fill it.

    Random numbers drawn for the view's shape (normal ones with
    `contiguous=array.flags.c_contiguous`) and assigned to it equal PyTorch's in-place draws.

    >>> import numpy as np
    >>> a = np.zeros((3, 2)).T
    >>> in_draw_order(a)[...] = np.arange(6).reshape(3, 2)
    >>> a
    array([[0., 2., 4.],
           [1., 3., 5.]])
    """
    return array.transpose(draw_order(array.shape, array.strides))
