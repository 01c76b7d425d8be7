"""A trained model of tokens (GPT) as a `LanguageModel`."""

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
from .language_model import LanguageModel, Letter, SampleRequest, letters_of
from .task import Known

BOUNDARY = 0  # the token before and after each word
MAX_TEXT, MAX_WORD = 300, 50  # tokens of a sample, by default
WINDOWS = 64  # scored in one batch


class TokenModel(LanguageModel):
    """Writes words from beginning to end, or texts with a given number of tokens."""

    def __init__(
        self, model: Any, known: Known, compiled: bool, warn: Callable[[str], None]
    ) -> None:
        self.model, self.warn = model, warn
        self.writer = Writer(model, compiled=compiled, warn=only_once(warn))
        self.tokenizer = from_json(known["tokenizer"], source="the tokeniser of the run")
        self.of_words = known["form"] == "words"
        self.unit, self.default_count = ("words", 20) if self.of_words else ("texts", 1)
        self.start = [BOUNDARY] if self.of_words else self.tokenizer.encode(known["start"])

    def samples(self, request: SampleRequest) -> Iterator[Iterator[str]]:
        prompt = self.tokenizer.encode(request.prompt)
        before = [*self.start, *prompt] if self.of_words or not prompt else prompt
        context = self.model.config.block_size
        if len(before) > context:
            start = " with the start of the word" if self.of_words else ""
            self.warn(
                f"the prompt has {len(before):,} tokens{start}, but the model's context is"
                f" {context}: only the last {context} count"
            )
        generator = request.generator()
        return (self._sample(before, request, generator) for _ in range(request.count))

    def _sample(
        self, before: list[int], request: SampleRequest, generator: Generator
    ) -> Iterator[str]:
        numbers = generate(  # compiles: before the prompt is printed, not between it and the rest
            self.model,
            before,
            request.max_tokens or (MAX_WORD if self.of_words else MAX_TEXT),
            temperature=request.temperature,
            top_k=request.top_k,
            top_p=request.top_p,
            greedy=request.greedy,
            generator=generator,
            stop=BOUNDARY if self.of_words else None,
            writer=self.writer,
        )
        if request.prompt:
            yield request.prompt
        yield from self.tokenizer.stream(numbers)

    def surprise(self, text: str) -> list[Letter]:
        numbers = self.tokenizer.encode(text)
        row = [BOUNDARY, *numbers, BOUNDARY] if self.of_words else numbers
        if len(row) < 2 or not numbers:
            least = "a letter" if self.of_words else "two tokens: the first has nothing before it"
            raise BadUse(f"{text!r} is too short; the surprise needs at least {least}")
        names = [self.tokenizer.name(number) for number in row[1:]]
        return letters_of(names, self._surprises(row), has_end=self.of_words)

    def tokens(self, text: str) -> tuple[list[int], list[str]]:
        numbers = self.tokenizer.encode(text)
        names = [self.tokenizer.name(number) for number in numbers]
        return ([BOUNDARY, *numbers], [".", *names]) if self.of_words else (numbers, names)

    def _surprises(self, row: Sequence[int]) -> list[float]:
        """-log p of each token but the first, given the `block_size` tokens before it."""
        T = self.model.config.block_size
        with no_grad():
            losses = self._losses([row[:-1][:T]], row[1 : T + 1])
            rest = range(T + 1, len(row))
            for start in range(0, len(rest), WINDOWS):
                at = rest[start : start + WINDOWS]
                losses += self._losses([row[i - T : i] for i in at], [row[i] for i in at])
        return [x if math.isfinite(x) else math.inf for x in losses]

    def _losses(self, X: list[Sequence[int]], Y: Sequence[int]) -> list[float]:
        """-log p of every next token of one row, or of the last one in each of several rows."""
        logits, _ = self.model(tensor([list(row) for row in X]))  # (B, T, V)
        of_each = logits[0] if len(X) == 1 and len(Y) == len(X[0]) else logits[:, -1]
        losses: list[float] = F.cross_entropy(of_each, tensor(list(Y)), reduction="none").tolist()
        return losses
