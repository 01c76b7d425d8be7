"""Small data sets: the four samples of the slides, and two moons."""

import math
import random

__all__ = ["Sample", "four_samples", "two_moons"]

Sample = tuple[list[float], float]  # the inputs and the target


def four_samples() -> tuple[list[list[float]], list[float]]:
    """Return the xs and ys of the slides: four samples of three inputs, two of each class.

    >>> xs, ys = four_samples()
    >>> xs[0], ys
    ([2.0, 3.0, -1.0], [1.0, -1.0, -1.0, 1.0])
    """
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    return xs, ys


def two_moons(
    count: int = 100, *, noise: float = 0.1, rng: random.Random | None = None
) -> list[Sample]:
    """Return points on two interleaving half circles, alternating between the classes 1 and -1.

    `noise` is the standard deviation of the noise added to both coordinates; without `rng` it is
    drawn by the module `random`.

    >>> moons = two_moons(100, rng=random.Random(0))
    >>> len(moons), sum(y for x, y in moons)
    (100, 0.0)
    """
    gauss = (rng or random).gauss
    points = []
    for i in range(count):
        angle = math.pi * (i // 2) / max(1, (count - 1) // 2)
        upper = (math.cos(angle), math.sin(angle), 1.0)
        lower = (1.0 - math.cos(angle), 0.5 - math.sin(angle), -1.0)
        x, y, label = upper if i % 2 == 0 else lower
        points.append(([x + gauss(0.0, noise), y + gauss(0.0, noise)], label))
    return points
