"""Sequences of tokens, each predicted from those before it: whole words, or running text."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ...compiler.attempt import announced
from ...data import names, text
from ...data.examples import Examples
from ...data.names import WORD, Sequences, Words
from ...data.text import Text
from ...data.tokenizers import BPETokenizer, CharTokenizer, Tokenizer, from_json, load
from ..config import DataConfig, RunConfig
from ..errors import BadUse, did_you_mean
from .letters import read_words
from .sizes import with_vocabulary
from .sources import EMBEDDED, ENGLISH, refuse_misspelt
from .task import Kind, Known, Task
from .token_model import TokenModel

BYTE_PAIRS = 512  # maximum tokens of a byte-pair tokeniser by default
LEARNED_FROM = 16 << 20  # characters, sampled throughout the text, to learn byte pairs from


@dataclass(frozen=True)
class SequenceData(DataConfig):
    """`file` is `names`, `english` or a text file; `form` says how to read it.

    As `words`, each line is a word, learned from its beginning to its end; as `text`, the file is
    one running text. `auto` means words for the built-in names and text for anything else. The
    `tokenizer` is `char`, `bpe` (byte pairs learned from the training part, `vocab_size` of them or
    up to 512), or the file of a saved tokeniser.
    """

    file: str = ""  # names, english, or a text file
    form: Literal["auto", "words", "text"] = "auto"  # words, text, or auto: by the data
    tokenizer: str = "char"  # char, bpe, or the file of a saved one


class SequenceTask(Task):
    """What words and texts share: a tokeniser, learned from them or taken from a run."""

    form: str
    specials: tuple[str, ...] = ()
    tokenizer: Tokenizer

    @property
    def loss_is(self) -> str:  # type: ignore[override]
        what = "letter" if self.tokenizer.kind == "char" else "token"
        return f"mean negative log likelihood of the next {what}, in nats"

    def tokenized(self, config: RunConfig, known: Known | None) -> None:
        """Set the tokeniser: that of a run, that of a file, or one learned from this data."""
        wanted = config.data.tokenizer
        if known is not None:
            self.tokenizer = from_json(known["tokenizer"], source="the tokeniser of the run")
        elif wanted == "char":
            self.tokenizer = CharTokenizer(self.alphabet(), specials=self.specials)
        elif wanted == "bpe":
            is_asked = "model.vocab_size" in config.asked
            size = config.model.vocab_size if is_asked else BYTE_PAIRS
            with announced(f"Learning {size:,} byte-pair tokens from {self.name} ..."):
                self.tokenizer = BPETokenizer.train(
                    self.training_text(), size, specials=self.specials, exactly=is_asked
                )
        elif wanted.endswith(".json"):
            self.tokenizer = load(wanted)
            self._check_specials(wanted)
        else:
            hint = did_you_mean(wanted, ("char", "bpe"))
            raise BadUse(f"data.tokenizer is '{wanted}'; it is char, bpe, or a .json file{hint}")

    def sized(self, config: RunConfig) -> RunConfig:
        size = len(self.tokenizer)
        return with_vocabulary(config, size, f"the tokeniser of {self.name} has {size} tokens")

    def known(self) -> Known:
        return {
            "name": self.name,
            "digest": self.digest,
            "form": self.form,
            "tokenizer": self.tokenizer.to_json(),
        }

    def files(self) -> dict[str, bytes]:
        return {"tokenizer.json": self.tokenizer.to_bytes()}

    @abstractmethod
    def alphabet(self) -> str:
        """All characters, sorted."""

    @abstractmethod
    def training_text(self) -> Iterable[str]:
        """The text that byte pairs are learned from."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """A digest that identifies the data."""

    def _check_specials(self, path: str) -> None:
        if self.tokenizer.specials[: len(self.specials)] != self.specials:
            raise BadUse(
                f"{path} was not made for words: it lacks the special token {WORD}; leave out"
                " data.tokenizer to make one"
            )

    def _tokens(self) -> str:
        """A short description of the tokeniser."""
        of = "characters" if self.tokenizer.kind == "char" else "byte pairs"
        return f"{len(self.tokenizer):,} tokens: {of}"


class WholeWords(SequenceTask):
    """Words, each an example from the boundary before it to the boundary after it."""

    form, specials = "words", (WORD,)

    def __init__(self, words: Words, config: RunConfig, known: Known | None) -> None:
        self.words, self.name = words, words.name
        self.is_embedded = config.data.file in EMBEDDED and config.data.tokenizer == "char"
        self.split_seed = config.data.split_seed
        self.tokenized(config, known)

    @cached_property
    def parts(self) -> dict[str, Words]:
        """The words of train, dev and test."""
        parts: dict[str, Words] = self.words.split(seed=self.split_seed)._asdict()
        return parts

    def training(self, model: Any) -> Examples:
        return self.part("train", model)

    def part(self, split: str, model: Any) -> Examples:
        return Sequences(self.parts[split].words, model.block_size, self.tokenizer)

    def everything(self, model: Any) -> Examples:
        return Sequences(self.words.words, model.block_size, self.tokenizer)

    def predictions_per_letter(self, split: str) -> float:
        words = self.parts[split].words
        letters, tokens = sum(map(len, words)), sum(len(self.tokenizer.encode(w)) for w in words)
        return (tokens + len(words)) / (letters + len(words))  # the end of a word is a letter too

    def extent(self) -> str:
        train, whole = len(self.parts["train"]), len(self.words)
        return f"{train:,} of {whole:,} words of {self.name} ({self._tokens()})"

    def is_other_than(self) -> str:
        return f"{self.name} has other words than those"

    def alphabet(self) -> str:
        return self.words.vocabulary.characters.removeprefix(names.BOUNDARY)

    def training_text(self) -> Iterable[str]:
        return self.parts["train"].words

    @cached_property
    def digest(self) -> str:
        return self.words.digest()


class RunningText(SequenceTask):
    """A text as one long row of tokens, and windows of it."""

    form = "text"

    def __init__(self, whole: Text, config: RunConfig, known: Known | None) -> None:
        self.text, self.name = whole, whole.name
        self.is_embedded = config.data.file == ENGLISH and config.data.tokenizer == "char"
        self.parts: dict[str, Text] = whole.split()._asdict()
        self.tokenized(config, known)
        self._rows: dict[str, Any] = {}

    def keep_in(self, folder: Path) -> None:
        super().keep_in(folder)
        for split, row in self._rows.items():
            text.store_tokens(row, self.parts[split], self.tokenizer, folder)

    def training(self, model: Any) -> Examples:
        self._check_parts(model.block_size)
        return text.Windows(self._row("train"), model.block_size, name=self._called("train"))

    def _check_parts(self, block_size: int) -> None:
        """Check that the shortest part has a window, so that the error's advice suits all parts."""
        shortest = min(self.parts, key=lambda split: len(self._row(split)))
        text.Windows(self._row(shortest), block_size, name=self._called(shortest))

    def part(self, split: str, model: Any) -> Examples:
        return text.Tiles(self._row(split), model.block_size, name=self._called(split))

    def everything(self, model: Any) -> Examples:
        row = text.cached_tokens(self.text, self.tokenizer, self.folder)
        return text.Tiles(row, model.block_size, name=self.name)

    def predictions_per_letter(self, split: str) -> float:
        return len(self._row(split)) / len(self.parts[split])

    def extent(self) -> str:
        train, whole = len(self.parts["train"]), len(self.text)
        return f"{train:,} of {whole:,} characters of {self.name} ({self._tokens()})"

    def known(self) -> Known:
        start = "\n" if "\n" in self.text.characters else next(self.text.pieces())[:1]
        return {**super().known(), "start": start}

    def is_other_than(self) -> str:
        of_python = ", which comes with Python and differs between its versions,"
        return f"{self.name}{of_python if self.is_embedded else ''} has another text than that one"

    def alphabet(self) -> str:
        return self.text.characters

    def training_text(self) -> Iterable[str]:
        train = self.parts["train"]
        every = -(-len(train) // LEARNED_FROM)
        return (piece for i, piece in enumerate(train.pieces()) if i % every == 0)

    @property
    def digest(self) -> str:
        return self.text.digest()

    def _row(self, split: str) -> Any:
        if split not in self._rows:
            with announced(f"Making tokens of {self.name} ..."):
                part = self.parts[split]
                self._rows[split] = text.cached_tokens(part, self.tokenizer, self.folder)
        return self._rows[split]

    def _called(self, split: str) -> str:
        return f"the {split} part of {self.name}"


def read(config: RunConfig, known: Known | None) -> SequenceTask:
    """The words or text that the settings name; a trained model reads data of its own kind.

    Errors: BadUse; DataError.
    """
    file = config.data.file
    of_words = form(config.data) == "names" if known is None else known["form"] == "words"
    if not of_words and file in EMBEDDED:
        raise BadUse("names are words, and the model learned running text; give a file of text")
    if of_words:
        return WholeWords(read_words(file, reader="gpt with form=words"), config, known)
    if file == ENGLISH:
        return RunningText(text.english(), config, known)
    refuse_misspelt(file)
    return RunningText(text.read(file), config, known)


def form(data: SequenceData) -> str:
    """The recipe for these settings: "names" or "text"."""
    if data.form == "text" and data.file in EMBEDDED:
        raise BadUse("the built-in names are words, not running text; leave out data.form")
    if data.form == "auto":
        return "names" if data.file in EMBEDDED else "text"
    return "names" if data.form == "words" else "text"


SEQUENCES = Kind(SequenceData, read, form, TokenModel)
