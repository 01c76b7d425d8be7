import math
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from itertools import pairwise

import numpy as np
import pytest

import gradatim as g
from gradatim import optim
from gradatim.data import names
from gradatim.models import MODELS, Stream, sample, surprise
from gradatim.nn import functional as F

NAMED = {entry.name: entry for entry in MODELS}
every = pytest.mark.parametrize("entry", MODELS, ids=lambda entry: entry.name)
of_letters = pytest.mark.parametrize(
    "entry", [e for e in MODELS if e.kind == "letters"], ids=lambda entry: entry.name
)


def examples(model, count=64):
    rows = names.load().split().train.rows(model.config.block_size)
    X, Y = rows[:count]
    return g.from_numpy(X), g.from_numpy(Y)


def make(entry, **settings):
    g.manual_seed(1)
    file = entry.load()
    return file.Model(file.Config(**settings))


@of_letters
def test_every_model_keeps_the_contract(entry):
    model = make(entry)
    X, Y = examples(model)
    logits, loss = model(X, Y)
    assert logits.shape == (64, 27)
    assert loss.shape == ()
    assert model(X)[1] is None
    model.eval()
    expected = F.cross_entropy(model(X)[0], Y).item()
    assert model(X, Y)[1].item() == pytest.approx(expected)


@of_letters
def test_a_config_is_frozen_and_decides_the_sizes(entry):
    file = entry.load()
    config = file.Config()
    with pytest.raises(FrozenInstanceError):
        config.vocab_size = 3
    model = file.Model(replace(config, vocab_size=5))
    X = g.zeros(2, config.block_size).long()
    assert model(X)[0].shape == (2, 5)


@every
def test_a_model_says_where_it_comes_from(entry):
    file = entry.load()
    year = "".join(c for c in entry.paper if c.isdigit())[:4]
    assert year in file.__doc__
    assert "Left out" in file.__doc__
    assert entry.summary
    assert NAMED[entry.name] is entry
    for variant in entry.variants:
        low, high = variant.expected_dev_loss
        assert low < high < math.log(27)


@of_letters
def test_a_state_dict_brings_a_model_back(entry):
    model, other = make(entry), make(entry)
    X, Y = examples(model)
    if hasattr(model, "learn"):
        model.learn(X, Y)
    else:
        (p, *_) = model.parameters()
        with g.no_grad():
            p += 1
    other.load_state_dict(model.state_dict())
    assert other(X)[0].tolist() == model(X)[0].tolist()


@pytest.mark.parametrize("name", ["bigram", "mlp"])
def test_a_descended_model_learns_a_few_examples(name):
    model = make(NAMED[name])
    X, Y = examples(model, 256)
    before = model(X, Y)[1].item()
    optimizer = optim.AdamW(model.parameters(), lr=0.1 if name == "bigram" else 0.01)
    for _ in range(100):
        optimizer.zero_grad()
        model(X, Y)[1].backward()
        optimizer.step()
    assert model(X, Y)[1].item() < 0.75 * before
    assert all(p.grad is not None for p in model.parameters())


# -- bigrams -----------------------------------------------------------------------------------


def counted(smoothing=1.0):
    model = make(NAMED["bigram-counts"], smoothing=smoothing)
    rows = names.load().split().train.rows(1)
    model.learn(*map(g.from_numpy, (rows.X, rows.Y)))
    return model, rows


def test_counts_are_those_of_a_loop_over_the_words():
    model, _ = counted()
    expected = np.zeros((27, 27))
    for word in names.load().split().train.words:
        codes = [0, *(ord(c) - 96 for c in word), 0]
        for a, b in pairwise(codes):
            expected[a, b] += 1
    assert model.N.tolist() == expected.tolist()


def test_rows_of_probabilities_sum_to_one():
    model, _ = counted()
    assert model.P.sum(1).tolist() == pytest.approx([1.0] * 27)
    assert (model.P > 0).all()
    model, _ = counted(smoothing=0.0)
    assert model.P.sum(1).tolist() == pytest.approx([1.0] * 27)


def test_without_smoothing_the_loss_is_the_conditional_entropy():
    model, rows = counted(smoothing=0.0)
    _, loss = model(g.from_numpy(rows.X), g.from_numpy(rows.Y))
    weights = model.N.sum(1) / model.N.sum()
    assert loss.item() == pytest.approx((weights * F.entropy(model.P)).sum().item(), rel=1e-5)


def test_a_pair_never_seen_is_impossible_without_smoothing():
    model = make(NAMED["bigram-counts"], vocab_size=3, smoothing=0.0)
    model.learn(g.tensor([[0]]), g.tensor([1]))
    assert surprise(model, [2])[0] == math.inf
    with pytest.raises(ValueError, match="smoothing must not be negative"):
        make(NAMED["bigram-counts"], smoothing=-1.0)


@pytest.mark.slow
def test_the_descended_matrix_reaches_the_counts():
    by_hand, rows = counted()
    X, Y = map(g.from_numpy, (rows.X, rows.Y))
    model = make(NAMED["bigram"])
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    schedule = optim.lr_scheduler.WarmupCosineLR(optimizer, 0, 400, 0.01)
    for _ in range(400):
        index = g.randint(0, len(Y), (4096,))
        optimizer.zero_grad()
        model(X[index], Y[index])[1].backward()
        optimizer.step()
        schedule.step()
    model.eval()
    with g.no_grad():
        assert model(X, Y)[1].item() == pytest.approx(by_hand(X, Y)[1].item(), abs=0.01)
        p = F.softmax(model.W, 1)
    common = by_hand.N > 300
    assert (p - by_hand.P)[common].abs().max() < 0.05


def test_the_penalty_of_the_matrix_counts_in_training_only():
    model = make(NAMED["bigram"], l2=1.0)
    X, Y = examples(model)
    training = model(X, Y)[1].item()
    squares = (model.W**2).mean().item()
    assert training - model.eval()(X, Y)[1].item() == pytest.approx(squares, rel=1e-5)
    with pytest.raises(ValueError, match="l2 must not be negative"):
        make(NAMED["bigram"], l2=-1.0)


# -- the network -------------------------------------------------------------------------------


def test_the_network_is_equation_one_of_the_paper():
    model = make(NAMED["mlp"], vocab_size=5, block_size=2, m=3, h=4, direct=True).double()
    C, H, d = model.C.weight, model.H.weight, model.H.bias
    U, b, W = model.U.weight, model.U.bias, model.W.weight
    X = g.tensor([[1, 4], [0, 2]])
    for row, logits in zip(X.tolist(), model(X)[0], strict=True):
        x = g.cat([C[row[0]], C[row[1]]])
        y = b + W @ x + U @ (d + H @ x).tanh()
        assert logits.tolist() == pytest.approx(y.tolist())


def test_the_network_has_the_parameters_of_the_course():
    model = make(NAMED["mlp"])
    assert sum(p.numel() for p in model.parameters()) == 27 * 10 + 30 * 200 + 200 + 200 * 27 + 27
    direct = make(NAMED["mlp"], direct=True)
    assert sum(p.numel() for p in direct.parameters()) == 11_897 + 30 * 27
    assert repr(model).startswith("MLP(\n  (C): Embedding(27, 10)\n  (H): Linear(")
    with pytest.raises(ValueError, match="h must be at least 1, got 0"):
        make(NAMED["mlp"], h=0)


# -- sampling ----------------------------------------------------------------------------------


@of_letters
def test_words_are_drawn_end_and_hold_no_boundary(entry):
    model = make(entry)
    words = sample(model, 20, max_length=8)
    assert len(words) == 20
    assert all(len(word) <= 8 for word in words)
    assert all(0 < symbol < 27 for word in words for symbol in word)


def test_the_same_generator_draws_the_same_words_and_more_of_them_begin_alike():
    model, _ = counted()
    few, many = (sample(model, n, generator=g.Generator().manual_seed(5)) for n in (3, 6))
    assert many[:3] == few


@of_letters
def test_a_stream_gives_the_words_that_are_drawn_one_by_one(entry):
    model = make(entry)
    stream = Stream(model, warn=pytest.fail)
    one, other = (g.Generator().manual_seed(5) for _ in range(2))
    for count, temperature, longest in ((1, 1.0, 50), (40, 0.7, 3), (7, 3.0, 50), (0, 1.0, 50)):
        settings = {"temperature": temperature, "max_length": longest}
        words = sample(model, count, generator=one, stream=stream, **settings)
        assert words == sample(model, count, generator=other, **settings)
    assert g.equal(one.get_state(), other.get_state())
    g.manual_seed(3)
    words = sample(model, 5, stream=stream)
    g.manual_seed(3)
    assert sample(model, 5) == words
    assert sample(model, 2, stream=stream, greedy=True) == sample(model, 2, greedy=True)
    assert sample(model, 2, stream=stream, max_length=0) == [[], []]


def test_letters_are_drawn_with_the_rows_frequencies():
    model = make(NAMED["bigram-counts"], vocab_size=4, smoothing=0.0)
    model.learn(g.tensor([[0]] * 10 + [[1], [2], [3]]), g.tensor([1] * 6 + [2] * 3 + [3] + [0] * 3))
    words = sample(model, 2_000, generator=g.Generator().manual_seed(0))
    seen = np.bincount([word[0] for word in words], minlength=4)
    expected = np.array([1200, 600, 200])
    assert seen[0] == 0
    assert ((seen[1:] - expected) ** 2 / expected).sum() < 13.8  # chi-square, 2 degrees, p 0.001


def test_greedy_takes_the_likeliest_letter_and_temperature_sharpens():
    model = make(NAMED["bigram-counts"], vocab_size=4, smoothing=0.5)
    model.learn(g.tensor([[0]] * 3 + [[2]] * 3), g.tensor([2, 2, 1, 0, 0, 3]))
    assert sample(model, 2, greedy=True) == [[2], [2]]
    assert sample(model, 50, temperature=0.01) == [[2]] * 50
    mixed = sample(model, 200, temperature=100.0, generator=g.Generator().manual_seed(0))
    assert {word[0] for word in mixed if word} == {1, 2, 3}
    with pytest.raises(ValueError, match="temperature must be a number from 1e-30 up, got 0"):
        sample(model, temperature=0)


@of_letters
def test_the_mean_surprise_is_the_loss(entry):
    model = make(entry).eval()
    words = [[5, 13, 13, 1], [1, 22, 1]]
    each = [surprise(model, word) for word in words]
    assert [len(s) for s in each] == [5, 4]
    n = model.config.block_size
    rows = [[0] * n + word + [0] for word in words]
    X = g.tensor([row[i : i + n] for row in rows for i in range(len(row) - n)])
    Y = g.tensor([row[i + n] for row in rows for i in range(len(row) - n)])
    assert np.mean([s for word in each for s in word]) == pytest.approx(model(X, Y)[1].item())


def test_the_file_of_a_model_is_reached_from_the_library():
    program = "import gradatim; print(gradatim.models.mlp.Config().m, gradatim.models.gpt.Model)"
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert result.stdout == "10 <class 'gradatim.models.gpt.GPT'>\n"
    with pytest.raises(AttributeError, match="no attribute 'gtp'"):
        g.models.gtp  # noqa: B018
