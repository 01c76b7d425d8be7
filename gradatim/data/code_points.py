"""Look up all characters of a text at once, by their Unicode code points."""

import numpy as np


def number_table(characters: str, *, first: int = 0) -> np.ndarray:
    """Numbers `first`, `first` + 1, ... by code point, for `numbers_of`.

    The table (highest code point + 2,) holds -1 for characters without a number; its last entry
    stands for all higher code points.
    """
    points = [ord(character) for character in characters]
    table = np.full(max(points, default=-1) + 2, -1, np.int64)
    table[points] = first + np.arange(len(points))
    return table


def numbers_of(text: str, table: np.ndarray) -> np.ndarray:
    """The number of each character of a text, int64 (len(text),); -1 if it has none.

    >>> numbers_of("abxba", number_table("ab"))
    array([ 0,  1, -1,  1,  0])
    """
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    numbers: np.ndarray = table[np.minimum(points, len(table) - 1)]
    return numbers
