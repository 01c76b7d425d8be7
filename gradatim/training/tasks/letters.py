"""Words one letter at a time: the letters before, and the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from ...data import names
from ...data.examples import Examples
from ...data.names import BOUNDARY, Vocabulary, Words
from ...models import Stream, sample, surprise
from ..config import DataConfig, RunConfig
from ..errors import BadUse
from ..once import only_once
from .language_model import LanguageModel, Letter, SampleRequest, letters_of
from .sizes import with_vocabulary
from .sources import EMBEDDED, ENGLISH, refuse_misspelt
from .task import Kind, Known, Task


class LetterTask(Task):
    """Words as rows of `block_size` letters and the next one."""

    loss_is = "mean negative log likelihood of the next letter, in nats"

    def __init__(self, words: Words, *, split_seed: int, is_embedded: bool = False) -> None:
        self.words, self.split_seed, self.is_embedded = words, split_seed, is_embedded
        self.name = words.name

    def sized(self, config: RunConfig) -> RunConfig:
        size = len(self.words.vocabulary)
        return with_vocabulary(
            config, size, f"{self.name} has {size} different characters with the boundary"
        )

    def training(self, model: Any) -> Examples:
        return self.part("train", model)

    def part(self, split: str, model: Any) -> Examples:
        return self.parts[split].rows(model.block_size)

    def everything(self, model: Any) -> Examples:
        return self.words.rows(model.block_size)

    def extent(self) -> str:
        return f"{len(self.parts['train']):,} of {len(self.words):,} words of {self.name}"

    def known(self) -> Known:
        characters = self.words.vocabulary.characters
        return {"name": self.name, "digest": self._digest, "characters": characters}

    def is_other_than(self) -> str:
        return f"{self.name} has other words than those"

    @cached_property
    def parts(self) -> dict[str, Words]:
        """The words of train, dev and test."""
        parts: dict[str, Words] = self.words.split(seed=self.split_seed)._asdict()
        return parts

    @cached_property
    def _digest(self) -> str:
        return self.words.digest()  # which reads them all


class LetterModel(LanguageModel):
    """Writes words letter by letter, compiled if possible."""

    unit, default_count = "words", 20

    def __init__(
        self, model: Any, known: Known, compiled: bool, warn: Callable[[str], None]
    ) -> None:
        self.model, self.vocabulary = model, Vocabulary(known["characters"])
        self.stream = Stream(model, warn=only_once(warn)) if compiled else None

    def samples(self, request: SampleRequest) -> Iterator[Iterator[str]]:
        words = sample(
            self.model,
            request.count,
            prompt=self.vocabulary.encode(request.prompt),
            greedy=request.greedy,
            temperature=request.temperature,
            top_k=request.top_k,
            top_p=request.top_p,
            generator=request.generator(),
            max_length=request.max_tokens or 50,
            stream=self.stream,
        )
        return (iter([self.vocabulary.decode(word)]) for word in words)

    def surprise(self, text: str) -> list[Letter]:
        if not text:
            raise BadUse("an empty word has no letters; write gradatim surprise emma")
        surprises = surprise(self.model, self.vocabulary.encode(text))
        return letters_of([*text, BOUNDARY], surprises, has_end=True)


def read(config: RunConfig, known: Known | None) -> LetterTask:
    """The words that the settings name, with the alphabet of a checkpoint if there is one.

    Errors: BadUse for a running text; DataError.
    """
    words = read_words(config.data.file, reader=config.name)
    if known is not None:
        words = replace(words, vocabulary=Vocabulary(known["characters"]))
    is_embedded = config.data.file in EMBEDDED
    return LetterTask(words, split_seed=config.data.split_seed, is_embedded=is_embedded)


def read_words(file: str, *, reader: str) -> Words:
    """The built-in names, or the words of a file. Errors: BadUse; DataError."""
    if file == ENGLISH:
        raise BadUse(
            f"{ENGLISH} is running text, and {reader} learns words; train gpt on it as text, or"
            " give a file of words with --data FILE"
        )
    if file in EMBEDDED:
        return names.load()
    refuse_misspelt(file)
    return names.read(file)


LETTERS = Kind(DataConfig, read, lambda data: "names", LetterModel)
