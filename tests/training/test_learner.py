"""A model with its optimiser and words, as the loop sees it."""

from dataclasses import replace

import numpy as np
import pytest

import gradatim
from gradatim.data import names
from gradatim.training.config import apply_pairs
from gradatim.training.errors import CheckpointError
from gradatim.training.learner import load_parameters
from gradatim.training.losses import MeanLoss, stretches
from gradatim.training.session import make_learner
from gradatim.training.settings import default_config, find_model
from gradatim.training.tasks.letters import LetterTask

WORDS = replace(names.load(), words=names.load().words[:300])


TASK = LetterTask(WORDS, split_seed=42)


def learner(*pairs, model="mlp"):
    small = ["h=8"] if model == "mlp" else []
    given = [*small, "batch_size=16", "compile=false", *pairs]
    return make_learner(apply_pairs(default_config(find_model(model)), given), TASK)


def one_step(learner, rate):
    (loss,) = learner.steps(np.array([rate])).tolist()
    return loss


def tensors(pair):
    return tuple(map(gradatim.from_numpy, pair))


def nothing(part):
    pass


@pytest.mark.parametrize(
    "pairs",
    [
        ["optimizer=adamw", "weight_decay=0.1"],
        ["optimizer=adam"],
        ["optimizer=sgd"],
        ["optimizer=sgd", "momentum=0.9"],
        ["optimizer=sgd", "momentum=0.9", "clip=0.5"],
        ["batch_size=0"],
    ],
    ids=" ".join,
)
def test_a_restored_learner_takes_the_same_steps(pairs):
    one = learner(*pairs)
    for _ in range(3):
        one_step(one, 0.1)
    arrays = {name: array.copy() for name, array in one.arrays().items()}
    position = one.position()
    ahead = [one_step(one, 0.1) for _ in range(3)]
    other = learner(*pairs)
    other.restore(arrays, position)
    assert [one_step(other, 0.1) for _ in range(3)] == ahead
    for name, array in one.arrays().items():
        assert array.tobytes() == other.arrays()[name].tobytes(), name
    assert other.position() == one.position()


def test_settings_that_were_changed_hold_after_restoring():
    one = learner("weight_decay=0.5")
    one_step(one, 0.1)
    other = learner("weight_decay=0.25")
    other.restore(one.arrays(), one.position())
    assert [group["weight_decay"] for group in other.optimizer.param_groups] == [0.25]


def test_clipping_bounds_the_step():
    free, clipped = learner("optimizer=sgd"), learner("optimizer=sgd", "clip=0.001")
    before = {name: array.copy() for name, array in free.arrays().items()}
    for one in (free, clipped):
        one_step(one, 1.0)

    def moved(one):
        squares = [
            ((array - before[name]) ** 2).sum()
            for name, array in one.arrays().items()
            if name.startswith("model.")
        ]
        return float(np.sqrt(sum(squares)))

    assert moved(clipped) == pytest.approx(0.001, rel=1e-3)
    assert moved(free) > 0.01


@pytest.mark.parametrize("compiled", [False, True])
def test_the_loss_over_batches_is_the_loss_over_all(compiled):
    one = learner()
    rows = one.parts["train"]
    mean_loss = MeanLoss(one.model, compiled=compiled)
    with gradatim.no_grad():
        _, loss = one.model(*tensors(rows[:]))
    assert len(rows) > 1_024
    assert mean_loss(rows, stretches(rows), count=len(rows), between=nothing) == pytest.approx(
        loss.item(), rel=1e-6
    )
    few = mean_loss(rows, stretches(rows, 10), count=10, between=nothing)
    with gradatim.no_grad():
        _, loss = one.model(*tensors(rows[rows.some(10)]))
    assert few == pytest.approx(loss.item(), rel=1e-6)


def test_the_stretches_change_no_digit():
    one = learner("h=2")
    X, Y = (np.tile(array, (5, *[1] * (array.ndim - 1))) for array in one.parts["train"][:])
    assert len(Y) > 5 * 1_024
    whole = one.mean_loss(one.parts["train"], [(X, Y)], count=len(Y), between=nothing)
    for size in (1_024, 2_048):
        pairs = [(X[i : i + size], Y[i : i + size]) for i in range(0, len(Y), size)]
        assert one.mean_loss(one.parts["train"], pairs, count=len(Y), between=nothing) == whole
    again = [one.evaluate("train", examples=1_500) for _ in range(2)]
    assert again[0] == again[1]


def test_an_evaluation_is_left_where_somebody_asks():
    one = learner()

    def stop(part):
        raise KeyboardInterrupt

    one.model.train()
    for examples in (0, 50):
        with pytest.raises(KeyboardInterrupt):
            one.evaluate("dev", examples=examples, between=stop)
    assert one.model.training
    assert one.evaluate("dev", examples=50) == learner().evaluate("dev", examples=50)


def test_of_a_very_large_split_enough_is_looked_at(monkeypatch):
    monkeypatch.setattr("gradatim.training.losses.ENOUGH", 500)
    one = learner("h=2")
    assert len(one.parts["train"]) > 500 > len(one.parts["dev"])
    everything = len(one.parts["dev"])
    assert one.evaluate("train", examples=0) == one.evaluate("train", examples=500)
    assert one.evaluate("dev", examples=0) == one.evaluate("dev", examples=everything)


@pytest.mark.parametrize("compiled", [False, True])
def test_an_evaluation_says_what_part_of_it_is_done(compiled):
    one, parts = learner("h=2"), []
    X, Y = (np.tile(array, (9, *[1] * (array.ndim - 1))) for array in one.parts["train"][:])
    mean_loss = MeanLoss(one.model, compiled=compiled)
    mean_loss(one.parts["train"], [(X, Y)], count=len(Y), between=parts.append)
    assert parts[0] == 0.0
    assert parts == sorted(parts)
    assert 0.9 < parts[-1] <= 1.0


def test_evaluating_draws_nothing_and_keeps_the_mode():
    one = learner()
    one.model.train()
    state = gradatim.get_rng_state()
    one.evaluate("dev", examples=0)
    assert np.array_equal(gradatim.get_rng_state(), state)
    assert one.model.training


def test_a_counted_model_is_counted_once():
    one = learner(model="bigram-counts")
    first = one_step(one, 0.1)
    counts = one.model.N.clone()
    assert one_step(one, 0.1) == first
    assert gradatim.equal(one.model.N, counts)
    assert counts.sum().item() == len(one.parts["train"])


def test_parameters_of_another_model_are_refused():
    mlp, bigram = learner(), learner(model="bigram")
    with pytest.raises(CheckpointError, match="the checkpoint is of another model"):
        load_parameters(bigram.model, mlp.arrays())
    with pytest.raises(
        CheckpointError, match="the checkpoint is of another model: .*size mismatch"
    ):
        load_parameters(learner("h=9").model, mlp.arrays())


def test_an_optimiser_without_an_array_is_refused():
    one = learner()
    arrays, position = one.arrays(), one.position()
    del arrays[next(name for name in arrays if name.startswith("optimizer."))]
    with pytest.raises(CheckpointError, match="incomplete: there is no array 'optimizer"):
        learner().restore(arrays, position)
