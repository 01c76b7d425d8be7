"""Text generation, token by token.

The next token is chosen from the logits at the last token so far, of a context of at most
`block_size` tokens. While the text fits in the context, keys and values are cached, and a step
computes one token. After that every step shifts the window by one token, which changes the position
of each: the cached keys and values are no longer valid, and the whole window is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .._tensor.comparison import where
from .._tensor.creation import arange, ones, tensor, zeros
from .._tensor.generators import engine_of
from .._tensor.joining import cat
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..compiler.attempt import Attempt
from ..core.arguments import whole_number
from ..core.dtypes import float64, int64
from ..core.errors import ArgumentError, IndexOutOfRange
from ..core.random import Generator
from ..ops.random import multinomial as draw
from .next_token import Choice, check_temperature

SOON = 0.04  # seconds that a compiled writer may spend on tokens ahead, since each call has a cost


def generate(
    model: Any,
    prompt_ids: Sequence[int],
    max_new_tokens: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    greedy: bool = False,
    generator: Any = None,
    stop: int | None = None,
    writer: Writer | None = None,
) -> Iterator[int]:
    """The tokens that continue a prompt, yielded one by one.

    Logits are divided by `temperature`; `top_k` keeps the k likeliest tokens, `top_p` the fewest
    whose total probability is at least p; `greedy` takes the likeliest. Generation ends after
    `max_new_tokens`, or at the token `stop`, which is not yielded. A prompt longer than the context
    is cut to its end. The generator advances by one draw per yielded token, even if you stop early.

    A `writer` of this model generates the tokens in machine code, with the same draws, and can be
    reused for one text after another. The results are the same, unless two tokens are so nearly
    tied that rounding decides.

    Errors: ArgumentError for an empty prompt or invalid settings, TypeError for settings or tokens
    that are not numbers, IndexOutOfRange for a token outside the vocabulary.

    >>> import gradatim
    >>> from gradatim.models import gpt
    >>> model = gpt.Model(gpt.Config(n_layer=1))
    >>> len(list(generate(model, [0], 20, top_k=5)))
    20
    """
    check_temperature(temperature)
    choice = Choice(greedy, top_k, top_p)
    if whole_number("generate: max_new_tokens", max_new_tokens) < 0:
        raise ArgumentError(f"generate: max_new_tokens must not be negative, got {max_new_tokens}")
    prompt = _checked(prompt_ids, model.config.vocab_size)
    writer = Writer(model, compiled=False) if writer is None else writer
    if writer.model is not model:
        raise ArgumentError("generate: this writer belongs to another model")
    engine = None if greedy else engine_of("generate", generator)
    return writer.write(_Text(prompt, max_new_tokens, choice, temperature, engine, stop))


def _checked(prompt_ids: Sequence[int], vocab_size: int) -> list[int]:
    try:
        tokens = iter(prompt_ids)
    except TypeError:
        raise TypeError(
            f"generate: the prompt must be a sequence of tokens, got {prompt_ids!r}"
        ) from None
    prompt = [whole_number("generate: a token of the prompt", token) for token in tokens]
    if not prompt:
        raise ArgumentError(
            "generate: the prompt is empty; give at least one token, such as the start of a text"
        )
    for token in prompt:
        if not 0 <= token < vocab_size:
            raise IndexOutOfRange(
                f"generate: token {token} of the prompt is out of range: there are {vocab_size}, 0 "
                f"to {vocab_size - 1}"
            )
    return prompt


@dataclass(frozen=True)
class _Text:
    """A text to write: the arguments of `generate`, checked."""

    prompt: list[int]
    most: int  # tokens
    choice: Choice
    temperature: float
    engine: Any  # None if greedy
    stop: int | None


class Writer:
    """Generates a model's tokens with programs compiled once and reused; one text at a time.

    If compilation fails, `warn` is called with the reason, and the programs run eagerly, as they do
    with `compiled=False`.
    """

    def __init__(
        self, model: Any, *, compiled: bool = True, warn: Callable[[str], None] = lambda why: None
    ) -> None:
        self.model, self.warn = model, warn
        self._modules = [*model.modules()]
        self._compiled = compiled
        self._page = _Page(model)
        self._programs: dict[Choice, tuple[Attempt, Attempt]] = {}
        self._turn = 0
        self._ahead = 1  # tokens made in one call

    def write(self, text: _Text) -> Iterator[int]:
        """The tokens that continue a text; they are made as they are taken.

        What is surely needed is compiled before this returns, so that nothing is said about it in
        the middle of a text that is printed token by token.
        """
        if text.most:
            moves = text.stop is None and len(text.prompt) + text.most > self._page.size
            self._prepare(text.choice, reading=len(text.prompt) > 1 or moves)
        return self._continued(text)

    def _continued(self, text: _Text) -> Iterator[int]:
        self._turn += 1
        turn, size, left = self._turn, self._page.size, text.most
        self._page.begin(text.prompt[-size:], text.temperature)
        count = min(len(text.prompt), size)
        is_remembered = count == 1  # the keys and values of all but the last token are cached
        while left:
            if turn != self._turn:
                raise RuntimeError("generate: this writer has begun another text meanwhile")
            room = size - count + 1 if is_remembered else left if count == size else 1
            before = None if text.engine is None else text.engine.mark()
            tokens = self._tokens(text, is_remembered, min(left, room, self._ahead))
            yield from self._given(text, tokens, before)
            if text.stop in tokens:
                return
            left -= len(tokens)
            is_remembered = count + len(tokens) <= size
            count = min(count + len(tokens), size)

    def _given(self, text: _Text, tokens: list[int], before: Any) -> Iterator[int]:
        """Yield the tokens; undo the draws of those that the caller did not take."""
        asked = 0
        try:
            for token in tokens:
                asked += 1
                if token == text.stop:
                    return
                yield token
        finally:
            if asked < len(tokens) and text.engine is not None:
                # Any draw of this many tokens consumes the same number of generator words.
                weights = ones(asked, self.model.config.vocab_size, dtype=self._page.dtype)
                text.engine.return_to(before)
                draw(weights, generator=text.engine, num_samples=1, replacement=False)

    def _tokens(self, text: _Text, is_remembered: bool, steps: int) -> list[int]:
        """The next tokens; the engine is left where their draws end."""
        program, engine = self._program(text.choice, is_remembered), text.engine
        generator = self._page.generator
        if engine is not None:
            generator.return_to(engine.mark())
        start = time.perf_counter()
        try:
            with no_grad(), _evaluated(self._modules):
                tokens: list[int] = program.repeat(steps).tolist()
            self._adapt(steps, time.perf_counter() - start)
            return tokens
        finally:
            if engine is not None:
                engine.return_to(generator.mark())

    def _adapt(self, steps: int, seconds: float) -> None:
        """Double the tokens per call while calls are fast, halve them when they are slow."""
        if self._compiled and steps >= self._ahead and seconds < SOON / 2:
            self._ahead *= 2
        elif seconds > SOON:
            self._ahead = max(1, self._ahead // 2)

    def _prepare(self, choice: Choice, *, reading: bool) -> None:
        with no_grad(), _evaluated(self._modules):
            if reading:
                self._program(choice, is_remembered=False).prepare()
            self._program(choice, is_remembered=True).prepare()

    def _program(self, choice: Choice, is_remembered: bool) -> Attempt:
        if choice not in self._programs:
            page: _Page = self._page
            options: dict[str, Any] = {"wanted": self._compiled, "warn": self.warn}
            self._programs[choice] = (
                Attempt(lambda: page.next(choice), name="the generation of tokens", **options),
                Attempt(lambda: page.reread(choice), name="the reading of a prompt", **options),
            )
        return self._programs[choice][0 if is_remembered else 1]


@contextmanager
def _evaluated(modules: Sequence[Any]) -> Iterator[None]:
    """Evaluation mode inside the block; each module's own mode is restored afterwards."""
    training = [m for m in modules if m.training]
    for m in training:
        m.training = False
    try:
        yield
    finally:
        for m in training:
            m.training = True


class _Page:
    """The end of a text and a step that extends it: the tensors that programs read and write.

    The tensors belong to the page, so one program serves all texts.
    """

    def __init__(self, model: Any) -> None:
        self.model, self.size = model, model.config.block_size
        self.cache = model.cache()
        self.dtype = self.cache[0].keys.dtype
        self.places = arange(self.size)
        self.window = zeros(1, self.size, dtype=int64)  # the last tokens, left-aligned
        self.count = zeros((), dtype=int64)  # how many tokens are in the window
        self.temperature = zeros((), dtype=float64)
        self.generator = Generator()

    def begin(self, prompt: list[int], temperature: float) -> None:
        """Start a new text."""
        with no_grad():
            for layer in self.cache:
                layer.clear()
            self.window[0, : len(prompt)] = tensor(prompt)
            self.count.fill_(len(prompt))
            self.temperature.fill_(temperature)

    def next(self, choice: Choice) -> Tensor:
        """Choose a token from the last one and the cached keys and values; 0-d."""
        at = (self.count - 1).reshape(1)
        logits = self.model.next(self.window[0].index_select(0, at), at, self.cache)  # (1, V)
        return self._written(choice, logits)

    def reread(self, choice: Choice) -> Tensor:
        """Choose a token from the whole window, and fill the cache; 0-d.

        Whatever the window holds after the last token does not matter, since attention is causal.
        """
        logits, _ = self.model(self.window, cache=self.cache)  # (1, S, V)
        return self._written(choice, logits[0].index_select(0, (self.count - 1).reshape(1)))

    def _written(self, choice: Choice, logits: Any) -> Tensor:
        token = choice(logits, self.temperature.to(logits.dtype), self.generator)  # (1,)
        moved = cat([self.window[:, 1:], token.unsqueeze(0)], 1)
        longer = where(self.places == self.count, token, self.window)
        self.window.copy_(where(self.count == self.size, moved, longer))
        self.count.copy_((self.count + 1).clamp(max=self.size))
        return token.reshape(())
