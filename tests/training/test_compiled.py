"""Training in machine code: the same steps as one operation after the other."""

from dataclasses import replace

import numpy as np
import pytest

import gradatim
from gradatim.compiler.machine import engine
from gradatim.data import names
from gradatim.models import mlp
from gradatim.training import examples
from gradatim.training.config import apply_pairs
from gradatim.training.learner import ModelLearner
from gradatim.training.session import make_learner
from gradatim.training.settings import default_config, find_model
from gradatim.training.tasks.letters import LetterTask
from tests.training.test_learner import TASK, WORDS

every_kind = pytest.mark.parametrize(
    "pairs",
    [
        ["optimizer=adamw", "weight_decay=0.1"],
        ["optimizer=sgd", "momentum=0.9", "clip=0.5"],
        ["optimizer=adam", "batch_size=0", "model.name=bigram"],
    ],
    ids=" ".join,
)


def learner(*pairs, words=WORDS, warn=None, compiled=True):
    given = ["batch_size=16", *pairs, f"compile={str(compiled).lower()}"]
    model = "bigram" if "model.name=bigram" in given else "mlp"
    given = [pair for pair in given if pair != "model.name=bigram"]
    given += ["h=8"] if model == "mlp" else []
    config = apply_pairs(default_config(find_model(model)), given)
    task = LetterTask(words, split_seed=42)
    return make_learner(config, task, warn=warn or pytest.fail)


def all_steps(learner, rates):
    """The losses of all these steps, however many are done at once."""
    found = []
    while len(found) < len(rates):
        found += learner.steps(rates[len(found) :]).tolist()
    return found


def falling(count):
    return np.linspace(0.1, 0.01, count)


@every_kind
def test_fifty_steps_follow_those_that_are_not_compiled(pairs):
    compiled, plain = learner(*pairs), learner(*pairs, compiled=False)
    rates = falling(50)
    gradatim.manual_seed(7)
    expected = all_steps(plain, rates)
    gradatim.manual_seed(7)
    assert all_steps(compiled, rates) == pytest.approx(expected, abs=1e-5)
    for name, array in plain.arrays().items():
        assert compiled.arrays()[name] == pytest.approx(array, abs=1e-4), name
    assert compiled.seen == plain.seen
    mine, theirs = (one.evaluate("train", examples=0) for one in (compiled, plain))
    assert mine == pytest.approx(theirs, abs=1e-5)


@every_kind
def test_a_restored_learner_takes_the_same_steps_in_any_chunks(pairs):
    one = learner(*pairs)
    rates = falling(24)
    all_steps(one, rates[:3])
    arrays = {name: array.copy() for name, array in one.arrays().items()}
    position = one.position()
    ahead = all_steps(one, rates)
    for chunks in ([1] * 24, [5, 1, 7, 11], [24]):
        other = learner(*pairs)
        other.restore(arrays, position)
        again, left = [], rates
        for chunk in chunks:
            again += all_steps(other, left[:chunk])
            left = left[chunk:]
        assert again == ahead
        for name, array in one.arrays().items():
            assert array.tobytes() == other.arrays()[name].tobytes(), name
        assert other.position() == one.position()


def test_a_watched_step_is_the_next_one():
    one, other = learner(), learner()
    rates = falling(6)
    gradatim.manual_seed(7)
    expected = all_steps(one, rates)
    gradatim.manual_seed(7)
    first = all_steps(other, rates[:3])
    with other.eagerly():
        first += all_steps(other, rates[3:5])
    assert first + all_steps(other, rates[5:]) == pytest.approx(expected, abs=1e-5)


def test_words_in_a_file_give_the_same_batches_from_a_table_and_as_they_are_drawn(
    tmp_path, monkeypatch
):
    path = tmp_path / "words.txt"
    path.write_text("\n".join(WORDS.words), encoding="utf-8")
    rates = falling(20)
    found = []
    for limit, mapped in ((1 << 30, False), (1 << 30, True), (0, True)):
        monkeypatch.setattr(examples, "TABLE_LIMIT", limit)
        one = learner(words=names.read(path, mapped=mapped))
        losses = all_steps(one, rates)
        found.append((losses, one.evaluate("dev", examples=100), one.evaluate("dev", examples=0)))
    assert found[0] == found[1]
    assert found[2][0] == pytest.approx(found[0][0], abs=1e-5)


def test_a_machine_that_cannot_compile_says_so_once_and_trains(monkeypatch):
    monkeypatch.setattr(engine, "available", lambda: "there is no llvmlite")
    said = []
    one = learner(warn=said.append)
    plain = learner(compiled=False)
    found = []
    for each in (one, plain):
        gradatim.manual_seed(7)
        found.append([all_steps(each, falling(9)), each.evaluate("dev", examples=0)])
    assert found[0] == found[1]
    assert said == [
        "not compiled but run as it is written, which takes longer (there is no llvmlite)"
    ]


class Curious(mlp.Model):
    """A model that looks at its numbers, which no compiled step can."""

    def forward(self, X, Y=None):
        y, loss = super().forward(X, Y)
        return (y, loss) if Y is None or loss.item() > 0 else (y, loss * 1)


def test_a_model_that_looks_at_numbers_is_not_compiled_and_loses_no_step():
    said = []
    config = learner().settings
    config = replace(default_config(find_model("mlp")), training=config)
    found = []
    for kind in (Curious, mlp.Model):
        gradatim.manual_seed(1)
        one = ModelLearner(config, kind(mlp.Config(h=8)), TASK, warn=said.append)
        found.append(all_steps(one, falling(5)))
    assert found[0] == pytest.approx(found[1], abs=1e-5)
    assert len(said) == 1
    assert "test_compiled.py, line" in said[0]


def test_a_loss_that_is_not_finite_is_the_last():
    one = learner("optimizer=sgd")
    losses = all_steps(one, np.array([0.1, 0.1, 1e38, 0.1, 0.1]))
    assert np.isfinite(losses[:3]).all()
    assert not np.isfinite(losses[-1])


def test_what_counts_in_training_only_is_in_steps_only():
    pairs = ["l2=100", "batch_size=0", "model.name=bigram"]
    one = learner(*pairs)
    (loss,) = one.steps(np.array([1e-9])).tolist()
    assert loss > one.evaluate("train", examples=0) + 10
