"""Tasks: what is drawn, what is looked at, what is kept, for words and for texts."""

from dataclasses import replace

import numpy as np
import pytest

import gradatim
from gradatim.data import text
from gradatim.data.text import survey
from gradatim.models import gpt
from gradatim.training import examples
from gradatim.training.config import TrainingConfig
from gradatim.training.errors import BadUse
from gradatim.training.losses import MeanLoss, stretches
from gradatim.training.optimizers import decay_groups, make_optimizer
from gradatim.training.session import make_learner
from gradatim.training.settings import configured, find_model
from gradatim.training.tasks import SampleRequest, sequences
from gradatim.training.tasks.sequences import RunningText, WholeWords
from tests.training.test_compiled import all_steps, falling
from tests.training.test_learner import WORDS

SMALL = ["n_layer=1", "n_head=2", "n_embd=8", "batch_size=4", "compile=false"]
POEM = text.of("poem", "In winter the men of the town\nhave noses of orange and brown;\n" * 30)


def configuration(*pairs):
    return configured(find_model("gpt"), [*SMALL, *pairs])


def of_text(*pairs, known=None):
    config = configuration("data.file=poem", "block_size=12", *pairs)
    task = RunningText(POEM, config, known)
    return task.sized(config), task


def of_words(*pairs, known=None):
    config = configuration("data.file=words", "form=words", *pairs)
    task = WholeWords(WORDS, config, known)
    return task.sized(config), task


@pytest.mark.parametrize("make", [of_text, of_words])
@pytest.mark.parametrize("tokenizer", ["char", "bpe"])
def test_what_a_checkpoint_knows_makes_the_same_task(make, tokenizer):
    pairs = [f"tokenizer={tokenizer}", *(["vocab_size=270"] if tokenizer == "bpe" else [])]
    config, task = make(*pairs)
    again_config, again = make(*pairs, known=task.known())
    assert again.tokenizer == task.tokenizer
    assert again_config == config
    assert again.known() == task.known()
    assert config.model.vocab_size == len(task.tokenizer)


def test_a_batch_out_of_a_table_is_the_batch_that_is_read(monkeypatch):
    found = []
    for limit in (1 << 30, 0):
        monkeypatch.setattr(examples, "TABLE_LIMIT", limit)
        learner = make_learner(*of_text())
        assert learner.examples.has_table == bool(limit)
        found.append(all_steps(learner, falling(6) / 100))
    assert found[0] == found[1]


@pytest.mark.parametrize("make", [of_text, of_words])
def test_compiled_steps_and_losses_are_those_of_operation_after_operation(make):
    found = []
    for compiled in ("true", "false"):
        learner = make_learner(*make(f"compile={compiled}", "clip=0.5"), warn=pytest.fail)
        steps = all_steps(learner, falling(8) / 100)
        found.append([*steps, learner.evaluate("dev", examples=0)])
    assert found[0] == pytest.approx(found[1], abs=1e-5)


@pytest.mark.parametrize("make", [of_text, of_words])
def test_every_target_counts_the_same_in_a_loss(make):
    config, task = make()
    learner = make_learner(config, task)
    part = task.part("train", config.model)
    X, Y = part[:]
    learner.model.eval()  # without dropout
    with gradatim.no_grad():
        logits, _ = learner.model(gradatim.from_numpy(X))
        losses = gradatim.nn.functional.cross_entropy(
            logits.flatten(0, 1), gradatim.from_numpy(Y).flatten(), ignore_index=-1, reduction="sum"
        )
    mean = losses.item() / np.count_nonzero(Y >= 0)
    assert len(part) > 1_024 // part.predictions
    found = MeanLoss(learner.model)(
        part, stretches(part), count=len(part), between=lambda done: None
    )
    assert found == pytest.approx(mean, rel=1e-5)


def test_byte_pairs_are_learned_from_the_training_part_alone():
    other = text.of("other", POEM.split().train.read() + "zqzqzqzqzqzq" * 20)
    config = configuration("data.file=x", "block_size=12", "tokenizer=bpe", "vocab_size=262")
    assert len(other.split().dev.read()) > 50
    task = RunningText(other, config, None)
    assert not any(b"zq" in token for token in task.tokenizer.tokens)


def test_of_a_long_text_byte_pairs_are_learned_from_pieces_all_over_it(monkeypatch):
    monkeypatch.setattr(survey, "PIECE", 100)
    monkeypatch.setattr(sequences, "LEARNED_FROM", 1_000)
    whole = text.of("x", POEM.read())
    config = configuration("data.file=x", "block_size=12", "tokenizer=bpe", "vocab_size=262")
    task = RunningText(whole, config, None)
    read = list(task.training_text())
    assert 5 <= len(read) <= 20
    assert all(piece in POEM.read() for piece in read)


def test_all_windows_of_a_text_may_be_a_batch():
    learner = make_learner(*of_text("batch_size=0"))
    X, Y = learner.examples.draw()
    assert len(X) == len(Y) == len(POEM.split().train) - 12


def test_only_matrices_decay_if_that_is_wanted():
    model = gpt.Model(gpt.Config(n_layer=1, n_embd=8, n_head=2))
    settings = TrainingConfig(weight_decay=0.1, decay="matrices", beta2=0.95)
    matrices, others = make_optimizer(model, settings).param_groups
    assert (matrices["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    assert matrices["betas"] == others["betas"] == (0.9, 0.95)
    assert all(p.ndim >= 2 for p in matrices["params"])
    assert all(p.ndim == 1 for p in others["params"])
    together = len(matrices["params"]) + len(others["params"])
    assert together == len(list(model.parameters()))
    (everything,) = decay_groups(model, replace(settings, decay="all"))
    assert len(everything["params"]) == together


def test_new_betas_and_decay_hold_after_going_on():
    one = make_learner(*of_text())
    all_steps(one, falling(2) / 100)
    other = make_learner(*of_text("beta2=0.5", "weight_decay=0.5"))
    other.restore(one.arrays(), one.position())
    matrices, others = other.optimizer.param_groups
    assert matrices["betas"] == others["betas"] == (0.9, 0.5)
    assert (matrices["weight_decay"], others["weight_decay"]) == (0.5, 0.0)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"temperature": 0.0}, "the temperature is 0.0; it is a number from 1e-30 up .*--greedy"),
        ({"temperature": 1e-300}, "the temperature is 1e-300; it is a number from 1e-30 up"),
        ({"temperature": float("inf")}, "the temperature is inf"),
        ({"top_k": 0}, "top_k is 0; at least 1 token"),
        ({"top_p": 1.5}, "top_p is 1.5; it is a probability"),
        ({"max_tokens": 0}, "at most 0 tokens is no text"),
        ({"seed": 1 << 64}, "--seed is 18446744073709551616; it is a whole number from 0 to"),
        ({"greedy": True, "top_k": 3}, "--greedy draws nothing"),
    ],
)
def test_a_request_that_makes_no_sense(asked, message):
    with pytest.raises(BadUse, match=message):
        SampleRequest(**asked)
