"""Compiled sampling of words: one endless stream of letters, cut into words afterwards.

A loop that stops at the end of a word needs control flow, which a compiled program does not have.
So one step of the program draws one letter: after the end of a word the context is reset to the
boundaries and the prompt, and the next letter is the first of the next word. The draws are those of
`sampling.sample`, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._tensor.comparison import where
from .._tensor.creation import tensor, zeros
from .._tensor.generators import engine_of
from .._tensor.joining import cat
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..compiler.attempt import Attempt
from ..core.dtypes import float64, int64
from ..core.random import Generator
from .next_token import Choice

BOUNDARY = 0  # the symbol before the first letter and after the last


class Stream:
    """Draws a model's letters with a program that is compiled once and reused.

    If compilation fails, `warn` is called with the reason, and the program runs eagerly.
    """

    def __init__(self, model: Any, *, warn: Callable[[str], None] = lambda why: None) -> None:
        self.model = model
        # The stream owns the tensors a step reads and writes, so one program serves all calls.
        self.context = zeros(1, model.config.block_size, dtype=int64)
        self.start = zeros(1, model.config.block_size, dtype=int64)  # context of a first letter
        self.length = zeros((), dtype=int64)  # letters of the word so far
        self.given = zeros((), dtype=int64)  # letters of the prompt
        self.longest = zeros((), dtype=int64)
        self.temperature = zeros((), dtype=float64)
        self.generator = Generator()
        self.warn = warn
        self._letters: dict[Choice, Attempt] = {}

    def words(
        self,
        count: int,
        *,
        temperature: float,
        generator: Any,
        max_length: int,
        prompt: Sequence[int],
        choice: Choice,
    ) -> list[list[int]]:
        """`count` words; the generator ends where it would if they were drawn one by one."""
        if len(prompt) >= max_length:
            return [list(prompt) for _ in range(count)]
        engine = engine_of("sample", generator)
        with no_grad():
            self.start.copy_(tensor([start_of(self.model, prompt)]))
            self.context.copy_(self.start)
            self.given.fill_(len(prompt))
            self.length.copy_(self.given)
            self.longest.fill_(max_length)
            self.temperature.fill_(temperature)
            self.generator.return_to(engine.mark())
            try:
                return self._cut(count, max_length, list(prompt), choice)
            finally:
                engine.return_to(self.generator.mark())

    def _cut(
        self, count: int, max_length: int, prompt: list[int], choice: Choice
    ) -> list[list[int]]:
        """Words cut from the stream.

        Each missing word takes at least one more letter, so drawing as many letters as words are
        missing never draws one too many.
        """
        if choice not in self._letters:
            self._letters[choice] = Attempt(
                lambda: self._letter(choice), name="the sampling", warn=self.warn
            )
        letter = self._letters[choice]
        words: list[list[int]] = []
        word = [*prompt]
        while len(words) < count:
            for symbol in letter.repeat(count - len(words)).tolist():
                if symbol != BOUNDARY:
                    word.append(symbol)
                if symbol == BOUNDARY or len(word) == max_length:
                    words.append(word)
                    word = [*prompt]
        return words

    def _letter(self, choice: Choice) -> Tensor:
        """Draw the next symbol, 0-d, and update context and length for the one after it."""
        logits, _ = self.model(self.context)  # (1, vocab_size)
        temperature = self.temperature.to(logits.dtype)
        symbol = choice(logits, temperature, self.generator).unsqueeze(0)  # (1, 1)
        length = self.length + 1
        ends = (symbol == BOUNDARY) | (length == self.longest)  # (1, 1)
        self.length.copy_(where(ends, self.given, length).reshape(()))
        self.context.copy_(where(ends, self.start, cat([self.context[:, 1:], symbol], 1)))
        return symbol.reshape(())


def start_of(model: Any, prompt: Sequence[int]) -> list[int]:
    """The initial context of `block_size` symbols: boundaries, then the end of the prompt."""
    n = model.config.block_size
    return [BOUNDARY] * max(n - len(prompt), 0) + list(prompt)[-n:]
