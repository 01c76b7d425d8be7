"""No free lunch: averaged over all problems, every learner is as good as a coin.

Take the eight inputs of three bits. A problem is a labelling: each input gets 0 or 1, so there are
2^8 = 256 problems. A learner sees the labels of four inputs and guesses the other four. Whatever it
guesses for an unseen input, exactly half of the problems consistent with the seen labels agree with
the guess. So its average score is exactly one half.

A learner is better than a coin only on problems that fit its assumptions (its inductive bias), and
pays for that on the others. Source: Wolpert and Macready, "No Free Lunch Theorems for
Optimization", 1997; for supervised learning, Wolpert, "The Lack of A Priori Distinctions Between
Learning Algorithms", 1996.
"""

import functools
import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from .network import Neuron
from .training import train

__all__ = [
    "INPUTS",
    "LABELLINGS",
    "SEEN",
    "average_score",
    "majority",
    "nearest_neighbour",
    "trained_neuron",
]

Bits = tuple[int, ...]
Learner = Callable[[Sequence[Bits], Bits], Callable[[Bits], int]]

INPUTS: tuple[Bits, ...] = tuple(itertools.product((0, 1), repeat=3))
LABELLINGS: tuple[Bits, ...] = tuple(itertools.product((0, 1), repeat=len(INPUTS)))
SEEN: tuple[Bits, ...] = ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0))


def average_score(
    learner: Learner, labellings: Iterable[Bits] = LABELLINGS, seen: Sequence[Bits] = SEEN
) -> Fraction:
    """Return the fraction of unseen inputs that the learner guesses right, averaged over problems.

    A learner is called with the seen inputs and their labels, and returns a guessing function. A
    labelling holds the labels of `INPUTS`, in order. The result is an exact fraction.

    >>> average_score(nearest_neighbour), average_score(majority)
    (Fraction(1, 2), Fraction(1, 2))

    On the six problems where the label is one of the bits, or its complement, a bias pays:

    >>> copies = [tuple(x[i] ^ flip for x in INPUTS) for i in range(3) for flip in (0, 1)]
    >>> average_score(trained_neuron, copies)
    Fraction(1, 1)
    """
    learn = functools.cache(lambda labels: learner(seen, labels))
    unseen = [x for x in INPUTS if x not in seen]
    right = total = 0
    for labelling in labellings:
        label = dict(zip(INPUTS, labelling, strict=True))
        guess = learn(tuple(label[x] for x in seen))
        right += sum(guess(x) == label[x] for x in unseen)
        total += len(unseen)
    return Fraction(right, total)


def majority(seen: Sequence[Bits], labels: Bits) -> Callable[[Bits], int]:
    """Guess the more frequent label; 1 if both are equally frequent."""
    winner = int(2 * sum(labels) >= len(labels))
    return lambda x: winner


def nearest_neighbour(seen: Sequence[Bits], labels: Bits) -> Callable[[Bits], int]:
    """Guess the label of the seen input with the fewest different bits (the first, if tied)."""

    def guess(x: Bits) -> int:
        def distance(i: int) -> int:
            return sum(a != b for a, b in zip(x, seen[i], strict=True))

        return labels[min(range(len(seen)), key=distance)]

    return guess


def trained_neuron(seen: Sequence[Bits], labels: Bits) -> Callable[[Bits], int]:
    """Guess by the sign of one tanh neuron, trained on the seen inputs by gradient descent."""
    neuron = Neuron(len(seen[0]), rng=random.Random(0))
    samples = [
        ([float(bit) for bit in x], 2.0 * y - 1.0) for x, y in zip(seen, labels, strict=True)
    ]
    train(neuron, samples, rate=0.4, steps=60)
    return lambda x: int(float(neuron(x)) > 0.0)
