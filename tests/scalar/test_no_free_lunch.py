"""No free lunch: exactly one half, whoever learns."""

import itertools
import random
from fractions import Fraction

import pytest

from gradatim.scalar import average_score, majority, nearest_neighbour, trained_neuron
from gradatim.scalar.no_free_lunch import INPUTS, LABELLINGS, SEEN

HALF = Fraction(1, 2)


def test_there_are_256_problems():
    assert len(set(LABELLINGS)) == 256
    assert len(INPUTS) == 8
    assert len(SEEN) == 4


@pytest.mark.parametrize("learner", [majority, nearest_neighbour, trained_neuron])
def test_every_learner_scores_one_half(learner):
    assert average_score(learner) == HALF


@pytest.mark.parametrize("learner", [majority, nearest_neighbour])
def test_whatever_is_seen(learner):
    for seen in itertools.combinations(INPUTS, 4):
        assert average_score(learner, seen=seen) == HALF


def test_even_a_learner_that_rolls_dice():
    table = {}

    def dice(seen, labels):
        rng = random.Random(str(labels))
        return lambda x: table.setdefault((labels, x), rng.randint(0, 1))

    assert average_score(dice) == HALF


def test_a_bias_pays_where_it_fits_and_costs_as_much_elsewhere():
    copies = [tuple(x[i] ^ flip for x in INPUTS) for i in range(3) for flip in (0, 1)]
    others = [labels for labels in LABELLINGS if labels not in copies]
    assert average_score(trained_neuron, copies) == 1
    assert average_score(trained_neuron, others) < HALF


def test_parity_fools_the_neighbours():
    parity = [tuple(sum(x) % 2 for x in INPUTS)]
    assert average_score(nearest_neighbour, parity) == 0


def test_the_neuron_has_learnt_what_it_saw_when_a_neuron_can():
    labels = (0, 0, 1, 1)
    guess = trained_neuron(SEEN, labels)
    assert tuple(map(guess, SEEN)) == labels
