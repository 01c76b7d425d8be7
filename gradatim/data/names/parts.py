"""The split of words into train, dev and test, 8:1:1 in every ten words, by a seeded hash.

Of each group of ten consecutive words one goes to dev and another to test. Which ones depends on
the seed and the number of the group alone, so that

- every part has its share of frequent words, however the file is sorted,
- words appended to a file leave the parts of earlier words unchanged,
- the part of a word is known without a list of all words: a file larger than memory is split
  like a small one.
"""

import numpy as np

from ..errors import TooFewWords

SEED = 42
GROUP = 10
TRAIN, DEV, TEST = 0, 1, 2


def part_of(index: np.ndarray, count: int, *, seed: int = SEED) -> np.ndarray:
    """The part, 0 train, 1 dev or 2 test, of the words at these indices among `count` words.

    `index` holds integers, of any shape; the result is int8 of that shape.

    >>> part_of(np.arange(20), 20)
    array([1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0],
          dtype=int8)
    """
    group, slot = np.divmod(np.asarray(index, np.int64), GROUP)
    dev, test = slots(group, min(count, GROUP), seed)
    return np.select([slot == dev, slot == test], [DEV, TEST], TRAIN).astype(np.int8)


def slots(group: np.ndarray, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The positions in each group, 0 to size - 1, of its dev word and its test word."""
    drawn = splitmix64(group.astype(np.uint64) + splitmix64(np.array([seed % 2**64], np.uint64)))
    low, high = drawn % 2**32, drawn // 2**32
    dev = (low % size).astype(np.int64)
    step = (high % (size - 1)).astype(np.int64)
    return dev, (dev + 1 + step) % size


def splitmix64(numbers: np.ndarray) -> np.ndarray:
    """A 64-bit hash of each 64-bit number, uint64 to uint64, any shape.

    Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.

    >>> hex(splitmix64(np.array([0], np.uint64))[0])
    '0xe220a8397b1dcdaf'
    """
    z = numbers + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def check_enough(count: int, name: str) -> None:
    """Raise TooFewWords unless there are enough words for three parts."""
    if count < 3:
        words = "1 word" if count == 1 else f"{count} words"
        raise TooFewWords(
            f"{name} has {words}, and a model needs at least 3: one each to train, to validate and "
            "to test; add words, one per line (a few hundred make it worth while)"
        )
