"""The built-in digits, and their fixed split."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from ..names.parts import DEV, SEED, TEST, TRAIN, part_of

BRIGHTEST = 16  # the largest pixel value: each pixel counts the black dots of a 4 x 4 square

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, repr=False)
class Digits:
    """`images` (N, 8, 8) of uint8 from 0 to 16, `labels` (N,) of int64 from 0 to 9.

    >>> load()
    <Digits: 1,797 images of 8 x 8 pixels>
    """

    images: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        height, width = self.images.shape[-2:]
        return f"<Digits: {self.labels.size:,} images of {height} x {width} pixels>"

    def pixels(self, dtype: Any = np.float32) -> Array:
        """The pixels as (N, 64), each between 0 and 1."""
        return (self.images.reshape(len(self), -1) / BRIGHTEST).astype(dtype)

    def split(self, *, seed: int = SEED) -> Split:
        """80 % train, 10 % dev and 10 % test, always the same for a seed.

        >>> [len(part) for part in load().split()]
        [1438, 179, 180]
        """
        part = part_of(np.arange(len(self)), len(self), seed=seed)
        return Split(*(self[part == which] for which in (TRAIN, DEV, TEST)))

    def __getitem__(self, chosen: Any) -> Digits:
        return Digits(self.images[chosen], self.labels[chosen])


class Split(NamedTuple):
    """Three disjoint parts."""

    train: Digits
    dev: Digits
    test: Digits


def load() -> Digits:
    """The built-in digits; PROVENANCE.txt beside them names their source.

    >>> len(load())
    1797
    """
    with files(__package__).joinpath("digits.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        return Digits(arrays["images"], arrays["labels"].astype(np.int64))
