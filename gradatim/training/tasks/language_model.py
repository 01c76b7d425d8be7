"""What a trained language model can do: write samples, and score a given text."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ...core.random import Generator
from ...models.next_token import COLDEST
from ..errors import BadUse


class Letter(NamedTuple):
    """A letter, or a token, under a model: its probability p and its surprise, -log p, in nats."""

    letter: str
    probability: float
    surprise: float
    is_end: bool


@dataclass(frozen=True)
class SampleRequest:
    """How many samples to write, from which prompt, and how tokens are drawn.

    Each token is drawn from softmax(logits / temperature), restricted to the `top_k` most likely
    tokens, or to the fewest whose probabilities reach `top_p`; `greedy` takes the most likely one.
    A sample ends after `max_tokens` (None: the model's default). Equal seeds give equal samples,
    None different ones each time.
    """

    count: int = 1
    prompt: str = ""
    greedy: bool = False
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if not COLDEST <= self.temperature < math.inf:
            raise BadUse(
                f"the temperature is {self.temperature}; it is a number from {COLDEST} up (for the"
                " likeliest every time: --greedy)"
            )
        if self.top_k is not None and self.top_k < 1:
            raise BadUse(f"top_k is {self.top_k}; at least 1 token must be left to draw from")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise BadUse(f"top_p is {self.top_p}; it is a probability above 0, up to 1")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise BadUse(f"at most {self.max_tokens} tokens is no text; ask for at least 1")
        if self.seed is not None and not 0 <= self.seed < 1 << 64:
            raise BadUse(f"--seed is {self.seed}; it is a whole number from 0 to 2^64 - 1")
        draws = (self.temperature, self.top_k, self.top_p) != (1.0, None, None)
        if self.greedy and draws:
            raise BadUse(
                "--greedy draws nothing, so --temperature, --top-k and --top-p have no meaning with"
                " it"
            )

    def generator(self) -> Generator:
        """A new generator for all samples, seeded by `seed`."""
        generator = Generator()
        if self.seed is None:
            generator.seed()
        else:
            generator.manual_seed(self.seed)
        return generator


class LanguageModel(ABC):
    """A trained language model, whatever its tokens.

    `unit` is what one sample is, "words" or "texts"; `default_count` how many to write by default.
    """

    unit: str
    default_count: int

    @abstractmethod
    def samples(self, request: SampleRequest) -> Iterator[Iterator[str]]:
        """The samples, each as pieces of text while they are drawn; a text begins with its prompt.

        Read each sample to its end before the next one.

        Errors: BadUse; UnknownCharacter for a character that the model does not know.
        """

    @abstractmethod
    def surprise(self, text: str) -> list[Letter]:
        """The probability and surprise, -log p, of each letter or token of a text.

        Errors: BadUse for an empty text; UnknownCharacter.
        """

    def tokens(self, text: str) -> tuple[list[int], list[str]]:
        """The token numbers of a text as the model sees it, and the name of each.

        Errors: BadUse for a model of single letters; UnknownCharacter.
        """
        raise BadUse("this model has no tokens; train one that has: gradatim train gpt")


def letters_of(names: list[str], surprises: list[float], *, has_end: bool) -> list[Letter]:
    """A `Letter` for each name and its -log p; the last is the end of the word, if `has_end`."""
    last = len(names) - 1
    return [
        Letter(name, math.exp(-nats), nats, is_end=has_end and place == last)
        for place, (name, nats) in enumerate(zip(names, surprises, strict=True))
    ]
