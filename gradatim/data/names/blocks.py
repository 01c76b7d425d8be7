"""Words as examples for a network: the characters so far, and the next one."""

from collections.abc import Sequence

import numpy as np

from .vocabulary import BOUNDARY, Vocabulary, boundary_in


def contexts(
    words: Sequence[str], block_size: int, vocabulary: Vocabulary
) -> tuple[np.ndarray, np.ndarray]:
    """For every character and every end of word, the `block_size` characters before it, and itself.

    X (N, block_size) and Y (N,), int64, in the order of the words; N is the number of characters
    plus the number of words. Positions before the start of a word are 0, the boundary, and so is Y
    at the end of a word.

    Errors: ValueError if `block_size` is below 1; UnknownCharacter, also for a boundary in a word.
    Source: the blocks of Bengio et al. 2003, section 2.

    >>> X, Y = contexts(["ava"], 3, Vocabulary(".av"))
    >>> X
    array([[0, 0, 0],
           [0, 0, 1],
           [0, 1, 2],
           [1, 2, 1]])
    >>> Y
    array([1, 2, 1, 0])
    """
    if block_size < 1:
        raise ValueError(f"block_size is {block_size}; a context has at least one character")
    codes = vocabulary.codes(BOUNDARY + "".join(word + BOUNDARY for word in words))
    if np.count_nonzero(codes == 0) != len(words) + 1:
        raise boundary_in(next(word for word in words if BOUNDARY in word))
    return windows(codes, np.arange(1, len(codes)), block_size)


def pairs(words: Sequence[str], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """The bigrams: every character and the one after it, boundaries included, two (N,) int64.

    >>> pairs(["ava"], Vocabulary(".av"))
    (array([0, 1, 2, 1]), array([1, 2, 1, 0]))
    """
    X, Y = contexts(words, 1, vocabulary)
    return X[:, 0], Y


def windows(codes: np.ndarray, at: np.ndarray, block_size: int) -> tuple[np.ndarray, np.ndarray]:
    """The examples whose target is at positions `at` of a text that begins with 0.

    X (N, block_size), Y (N,) for `at` (N,). Going back from each position, everything before the
    first boundary belongs to another word and is replaced by boundaries.
    """
    X = np.empty((len(at), block_size), np.int64)
    inside = np.ones(len(at), bool)
    for back in range(1, block_size + 1):
        before = np.where(inside, codes[np.maximum(at - back, 0)], 0)
        X[:, block_size - back] = before
        inside &= before != 0
    return X, codes[at]
