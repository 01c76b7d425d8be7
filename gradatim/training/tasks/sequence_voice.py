"""What a model of tokens writes, token by token, and what it is surprised by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..._tensor.creation import tensor
from ...autograd import no_grad
from ...core.random import Generator
from ...data.tokenizers import from_json
from ...models import Writer, generate
from ...nn import functional as F
from ..errors import BadUse
from ..once import only_once
from .task import Known
from .voice import Letter, Voice, Wish, surprised

BOUNDARY = 0  # the token before the first of a word and after its last
USUAL_TEXT, USUAL_WORD = 300, 50  # tokens of a sample at most, if nobody says
WINDOWS = 64  # looked at together


class SequenceVoice(Voice):
    """Words from their beginning to their end, or texts of so many tokens."""

    def __init__(
        self, model: Any, known: Known, compiled: bool, warn: Callable[[str], None]
    ) -> None:
        self.model, self.warn = model, warn
        self.writer = Writer(model, compiled=compiled, tell=only_once(warn))
        self.tokenizer = from_json(known["tokenizer"], source="the tokeniser of the run")
        self.of_words = known["form"] == "words"
        self.writes, self.usually = ("words", 20) if self.of_words else ("texts", 1)
        self.start = [BOUNDARY] if self.of_words else self.tokenizer.encode(known["start"])

    def say(self, wish: Wish) -> Iterator[Iterator[str]]:
        prompt = self.tokenizer.encode(wish.prompt)
        before = [*self.start, *prompt] if self.of_words or not prompt else prompt
        if len(before) > self.model.config.block_size:
            self.warn(
                f"the prompt has {len(prompt):,} tokens, and the model looks at"
                f" {self.model.config.block_size}: only the last of them count"
            )
        generator = wish.generator()
        return (self._sample(before, wish, generator) for _ in range(wish.count))

    def _sample(self, before: list[int], wish: Wish, generator: Generator) -> Iterator[str]:
        if wish.prompt:
            yield wish.prompt
        numbers = generate(
            self.model,
            before,
            wish.longest or (USUAL_WORD if self.of_words else USUAL_TEXT),
            temperature=wish.temperature,
            top_k=wish.top_k,
            top_p=wish.top_p,
            greedy=wish.greedy,
            generator=generator,
            stop=BOUNDARY if self.of_words else None,
            writer=self.writer,
        )
        yield from self.tokenizer.stream(numbers)

    def surprise(self, text: str) -> list[Letter]:
        numbers = self.tokenizer.encode(text)
        row = [BOUNDARY, *numbers, BOUNDARY] if self.of_words else numbers
        if len(row) < 2 or not numbers:
            least = "a letter" if self.of_words else "two tokens: the first has nothing before it"
            raise BadUse(f"{text!r} is too short; the surprise needs at least {least}")
        names = [self.tokenizer.name(number) for number in row[1:]]
        return surprised(names, self._surprises(row), has_end=self.of_words)

    def tokens(self, text: str) -> tuple[list[int], list[str]]:
        numbers = self.tokenizer.encode(text)
        names = [self.tokenizer.name(number) for number in numbers]
        return ([BOUNDARY, *numbers], [".", *names]) if self.of_words else (numbers, names)

    def _surprises(self, row: Sequence[int]) -> list[float]:
        """-log p of each token but the first, given as many before it as the model looks at."""
        T = self.model.config.block_size
        with no_grad():
            found = self._losses([row[:-1][:T]], row[1 : T + 1])
            rest = range(T + 1, len(row))
            for start in range(0, len(rest), WINDOWS):
                at = rest[start : start + WINDOWS]
                found += self._losses([row[i - T : i] for i in at], [row[i] for i in at])
        return [x if math.isfinite(x) else math.inf for x in found]

    def _losses(self, X: list[Sequence[int]], Y: Sequence[int]) -> list[float]:
        """-log p of every next token of one row, or of the last one of several."""
        logits, _ = self.model(tensor([list(row) for row in X]))  # (B, T, V)
        of_each = logits[0] if len(X) == 1 and len(Y) == len(X[0]) else logits[:, -1]
        losses: list[float] = F.cross_entropy(of_each, tensor(list(Y)), reduction="none").tolist()
        return losses
