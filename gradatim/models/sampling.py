"""Sampling words from a model, and a model's surprise at a word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .._tensor.creation import tensor
from ..autograd import no_grad
from ..nn import functional as F
from .next_token import Choice, check_temperature
from .stream import BOUNDARY, Stream, start_of


def sample(
    model: Any,
    count: int = 1,
    *,
    prompt: Sequence[int] = (),
    greedy: bool = False,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: Any = None,
    max_length: int = 50,
    stream: Stream | None = None,
) -> list[list[int]]:
    """Words as lists of symbols, each letter drawn from p(next | the letters before).

    Each letter is a draw from softmax(logits / temperature): below 1 likely letters become
    likelier, above 1 the distribution is more even. `top_k` and `top_p` restrict the draw to the
    likeliest letters. `greedy` takes the most likely letter, so all words are the same. A word
    begins with the prompt, if given, and ends at the boundary or after `max_length` letters. The
    first words do not depend on `count`.

    With a `stream` of this model the letters come from machine code, with the same draws: the words
    are the same, unless two letters are so nearly tied that rounding decides.

    Errors: ArgumentError if the temperature is not positive.

    >>> import gradatim
    >>> from gradatim.models import bigram_counts
    >>> model = bigram_counts.Model(bigram_counts.Config(vocab_size=3))
    >>> model.learn(gradatim.tensor([[0], [1], [2]]), gradatim.tensor([1, 2, 0]))
    >>> sample(model, greedy=True)
    [[1, 2]]
    """
    check_temperature(temperature)
    choice = Choice(greedy, top_k, top_p)
    if stream is not None and max_length > 0 and not greedy:
        return stream.words(
            count,
            temperature=temperature,
            generator=generator,
            max_length=max_length,
            prompt=prompt,
            choice=choice,
        )
    with no_grad():
        return [
            _word(model, prompt, choice, temperature, generator, max_length) for _ in range(count)
        ]


def _word(
    model: Any,
    prompt: Sequence[int],
    choice: Choice,
    temperature: float,
    generator: Any,
    max_length: int,
) -> list[int]:
    """One word, drawn letter by letter: the reference that a stream must reproduce."""
    context = start_of(model, prompt)
    word = list(prompt)
    while len(word) < max_length:
        logits, _ = model(tensor([context]))  # (1, vocab_size)
        symbol = int(choice(logits, temperature, generator).item())
        if symbol == BOUNDARY:
            break
        word.append(symbol)
        context = [*context[1:], symbol]
    return word


def surprise(model: Any, word: Sequence[int]) -> list[float]:
    """-log p of each letter of a word given those before it, and of the end, in nats.

    Its mean over many words is the loss.

    >>> import gradatim
    >>> from gradatim.models import bigram_counts
    >>> model = bigram_counts.Model(bigram_counts.Config(vocab_size=4))
    >>> [round(s, 4) for s in surprise(model, [3, 1])]
    [1.3863, 1.3863, 1.3863]
    """
    n = model.config.block_size
    symbols = [BOUNDARY] * n + list(word) + [BOUNDARY]
    contexts = [symbols[i : i + n] for i in range(len(word) + 1)]
    with no_grad():
        logits, _ = model(tensor(contexts))
        losses = F.cross_entropy(logits, tensor(symbols[n:]), reduction="none")
    return [x if math.isfinite(x) else math.inf for x in losses.tolist()]
