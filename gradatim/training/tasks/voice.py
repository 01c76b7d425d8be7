"""What a trained model of language is asked: to write, and how surprised it is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ...core.random import Generator
from ...models.choosing import COLDEST
from ..errors import BadUse


class Letter(NamedTuple):
    """A letter, or a token, under a model: its probability p and its surprise, -log p, in nats."""

    letter: str
    probability: float
    surprise: float
    is_end: bool


@dataclass(frozen=True)
class Wish:
    """What to write: so many samples that begin with `prompt`, each drawn token by token.

    A token is a draw from softmax(logits / temperature), of the `top_k` likeliest tokens, or of the
    fewest whose probabilities reach `top_p`; `greedy` takes the likeliest instead. `longest` is how
    many tokens one may have, None for what is usual. Equal seeds draw the same, None each time
    something else.
    """

    count: int = 1
    prompt: str = ""
    greedy: bool = False
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    longest: int | None = None
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
        if self.longest is not None and self.longest < 1:
            raise BadUse(f"at most {self.longest} tokens is no text; ask for at least 1")
        draws = (self.temperature, self.top_k, self.top_p) != (1.0, None, None)
        if self.greedy and draws:
            raise BadUse(
                "--greedy draws nothing, so --temperature, --top-k and --top-p have no meaning with"
                " it"
            )

    def generator(self) -> Generator:
        """The random numbers of all samples, one after the other."""
        generator = Generator()
        if self.seed is None:
            generator.seed()
        else:
            generator.manual_seed(self.seed)
        return generator


class Voice(ABC):
    """A trained model of language.

    `writes` is what a sample of it is, "words" or "texts"; `usually` how many are asked for.
    """

    writes: str
    usually: int

    @abstractmethod
    def say(self, wish: Wish) -> Iterator[Iterator[str]]:
        """The samples, each in pieces as they are drawn; a text begins with its prompt.

        Each must be read to its end before the next one.

        Errors: BadUse; UnknownCharacter for a prompt with characters that are not known.
        """

    @abstractmethod
    def surprise(self, text: str) -> list[Letter]:
        """How surprised the model is by each letter or token of a text.

        Errors: BadUse for a text without any; UnknownCharacter.
        """

    def tokens(self, text: str) -> tuple[list[int], list[str]]:
        """What a model of tokens sees of a text: their numbers, and the names of each.

        Errors: BadUse for a model of letters; UnknownCharacter.
        """
        raise BadUse("this model looks at no tokens; train one that does with gradatim train gpt")


def surprised(names: list[str], surprises: list[float], *, has_end: bool) -> list[Letter]:
    """Letters of these names with these -log p; the last one is the end, if there is one."""
    last = len(names) - 1
    return [
        Letter(name, math.exp(-nats), nats, is_end=has_end and place == last)
        for place, (name, nats) in enumerate(zip(names, surprises, strict=True))
    ]
