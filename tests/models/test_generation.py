"""Generation: with a cache of keys and values, and compiled, it gives what the definition gives."""

import math
from itertools import islice

import numpy as np
import pytest

import gradatim
from gradatim.models import Writer, generate, gpt
from gradatim.models.next_token import Choice

pytestmark = pytest.mark.slow  # models are compiled

SIZE = 6


@pytest.fixture(scope="module")
def model():
    gradatim.manual_seed(5)
    made = gpt.Model(gpt.Config(vocab_size=9, block_size=SIZE, n_layer=2, n_head=2, n_embd=8))
    with gradatim.no_grad():
        for p in made.parameters():
            p.mul_(10)  # so that it has opinions
    return made.eval()


@pytest.fixture(scope="module")
def writer(model):
    return Writer(model, warn=pytest.fail)


def seeded(seed=1):
    return gradatim.Generator().manual_seed(seed)


def definition(model, prompt, count, choice, temperature, generator):
    """The whole window through the model for every token; nothing is remembered."""
    tokens = list(prompt)
    with gradatim.no_grad():
        for _ in range(count):
            logits = model(gradatim.tensor([tokens[-SIZE:]]))[0][:, -1]
            tokens.append(int(choice(logits, temperature, generator)))
    return tokens[len(prompt) :]


PROMPTS = ([0], [3, 1], list(range(SIZE - 1)), list(range(SIZE)), [*range(SIZE), 8, 7])
WISHES = ({}, {"top_k": 3}, {"top_p": 0.7}, {"top_k": 5, "top_p": 0.9}, {"greedy": True})


@pytest.mark.parametrize("prompt", PROMPTS, ids=str)
@pytest.mark.parametrize("is_compiled", [False, True])
def test_tokens_and_generator_are_those_of_the_definition(model, writer, prompt, is_compiled):
    for wish in WISHES if prompt == [3, 1] else WISHES[:1]:
        theirs, ours = seeded(), seeded()
        expected = definition(model, prompt, 20, Choice(**wish), 0.8, theirs)
        found = generate(
            model, prompt, 20, temperature=0.8, generator=ours, **wish,
            writer=writer if is_compiled else None,
        )  # fmt: skip
        assert list(found) == expected
        assert (ours.get_state() == theirs.get_state()).all()


@pytest.mark.parametrize("is_compiled", [False, True])
def test_it_ends_at_the_stop_and_draws_no_further(model, writer, is_compiled):
    reference = definition(model, [0], 30, Choice(), 1.0, seeded())
    stop = reference[7]
    expected = reference[: reference.index(stop)]
    theirs, ours = seeded(), seeded()
    definition(model, [0], len(expected) + 1, Choice(), 1.0, theirs)
    given = writer if is_compiled else None
    assert list(generate(model, [0], 30, generator=ours, stop=stop, writer=given)) == expected
    assert (ours.get_state() == theirs.get_state()).all()


def test_who_stops_asking_leaves_the_generator_after_the_last_token_given(model, writer):
    theirs, ours = seeded(), seeded()
    expected = definition(model, [0], 4, Choice(), 1.0, theirs)
    text = generate(model, [0], 30, generator=ours, writer=writer)
    assert list(islice(text, 4)) == expected
    text.close()
    assert (ours.get_state() == theirs.get_state()).all()


def test_tokens_come_as_they_are_made(model):
    text = generate(model, [0], 10**9)
    assert len([next(text) for _ in range(3)]) == 3


def test_without_a_generator_the_default_one_is_drawn_from(model, writer):
    gradatim.manual_seed(11)
    first = list(generate(model, [0], 12, writer=writer))
    after = gradatim.rand(1).item()
    gradatim.manual_seed(11)
    assert list(generate(model, [0], 12)) == first
    assert gradatim.rand(1).item() == after


def test_one_writer_writes_one_text_at_a_time(model, writer):
    first = generate(model, [0], 100, writer=writer)
    next(first)
    next(generate(model, [1], 100, writer=writer))
    with pytest.raises(RuntimeError, match="has begun another text"):
        list(first)


def test_a_model_in_training_is_asked_without_dropout_and_left_in_training():
    gradatim.manual_seed(5)
    made = gpt.Model(gpt.Config(vocab_size=9, block_size=6, n_layer=1, n_head=1, n_embd=8,
                                dropout=0.9))  # fmt: skip
    found = list(generate(made, [0], 8, greedy=True))
    assert made.training
    assert found == list(generate(made.eval(), [0], 8, greedy=True))


def test_what_makes_no_sense_is_refused_at_once(model):
    with pytest.raises(ValueError, match="the prompt is empty; give at least one token"):
        generate(model, [], 5)
    with pytest.raises(IndexError, match="token 9 of the prompt is out of range: there are 9, 0"):
        generate(model, [1, 9], 5)
    with pytest.raises(ValueError, match="temperature must be a number from 1e-30 up, got 0"):
        generate(model, [0], 5, temperature=0)
    with pytest.raises(ValueError, match="max_new_tokens must not be negative, got -1"):
        generate(model, [0], -1)
    other = gpt.Model(gpt.Config(n_layer=1))
    with pytest.raises(ValueError, match="this writer belongs to another model"):
        generate(other, [0], 5, writer=Writer(model, compiled=False))


@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_writer_gets_over_weights_that_were_nan(is_compiled):
    made = gpt.Model(gpt.Config(vocab_size=9, block_size=6, n_layer=1, n_head=1, n_embd=8))
    weights = {name: x.clone() for name, x in made.state_dict().items()}
    writer = Writer(made, compiled=is_compiled)
    found = list(generate(made, [0], 4, greedy=True, writer=writer))
    made.load_state_dict({name: x * math.nan for name, x in weights.items()})
    list(generate(made, [0], 4, greedy=True, writer=writer))
    made.load_state_dict(weights)
    assert found == list(generate(made, [0], 4, greedy=True, writer=writer))


def test_no_tokens_are_no_tokens(model):
    assert list(generate(model, [0], 0)) == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"top_k": 1.5}, r"top_k must be a whole number, got 1\.5"),
        ({"top_k": "3"}, "top_k must be a whole number, got '3'"),
        ({"top_p": "0.5"}, "top_p must be a number, got '0.5'"),
        ({"prompt_ids": None}, "the prompt must be a sequence of tokens, got None"),
        ({"prompt_ids": "ab"}, "a token of the prompt must be a whole number, got 'a'"),
        ({"temperature": "hot"}, "temperature must be a number, got 'hot'"),
        ({"max_new_tokens": 2.5}, r"max_new_tokens must be a whole number, got 2\.5"),
        ({"prompt_ids": [0, 1.7]}, r"a token of the prompt must be a whole number, got 1\.7"),
        ({"prompt_ids": gradatim.tensor([1.0])}, "a token of the prompt must be a whole number"),
        ({"prompt_ids": gradatim.tensor([[0, 1]])}, "a token of the prompt must be a whole number"),
    ],
)
def test_what_is_no_such_number_is_refused_at_once(model, given, says):
    with pytest.raises(TypeError, match=says):
        generate(model, **{"prompt_ids": [0], "max_new_tokens": 5, **given})


def test_whole_numbers_of_numpy_and_tensors_will_do(model):
    prompts = ([0, 1], np.array([0, 1]), gradatim.tensor([0, 1]))
    found = [list(generate(model, p, np.int64(4), top_k=np.int64(1))) for p in prompts]
    assert found[0] == found[1] == found[2]
