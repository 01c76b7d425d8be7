"""Samplers: the order of samples, and their grouping into batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

from ..._tensor.creation import as_tensor
from ..._tensor.generators import Generator, engine_of
from ..._tensor.randomness import multinomial, randint, randperm
from ...core.dtypes import float64

T_co = TypeVar("T_co", covariant=True)

_DRAWN_AT_ONCE = 32  # as in PyTorch: another number would change the samples for a given seed


class Sampler(Generic[T_co]):
    """Yields indices, or lists of them; subclasses define `__iter__`."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(
            f"{type(self).__name__} has no __iter__: a Sampler must say which indices it gives"
        )


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ... in order."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices in random order: each once, or with `replacement` drawn independently.

    Without a `generator` the default one draws a seed that determines the order. Without
    replacement, more samples than the data has are taken from one shuffled round after another.

    >>> import gradatim
    >>> g = gradatim.Generator().manual_seed(0)
    >>> list(RandomSampler(range(5), generator=g))
    [4, 0, 1, 3, 2]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"RandomSampler: replacement is True or False, got {replacement!r}")
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        _check_count("RandomSampler: num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """The number of samples drawn: the size of the data unless another number was given."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n, count = len(self.data_source), self.num_samples
        generator = self.generator
        if generator is None:
            generator = Generator().manual_seed(draw_seed())
        if self.replacement:
            for _ in range(count // _DRAWN_AT_ONCE):
                yield from randint(n, (_DRAWN_AT_ONCE,), generator=generator).tolist()
            yield from randint(n, (count % _DRAWN_AT_ONCE,), generator=generator).tolist()
            return
        for _ in range(count // n):
            yield from randperm(n, generator=generator).tolist()
        yield from randperm(n, generator=generator).tolist()[: count % n]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order, each once."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices 0 to len(weights) - 1, drawn by weight; the weights need not sum to 1.

    >>> import gradatim
    >>> g = gradatim.Generator().manual_seed(1)
    >>> list(WeightedRandomSampler([1.0, 0.0, 3.0], 6, generator=g))
    [0, 0, 0, 0, 2, 0]
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_count("WeightedRandomSampler: num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(
                f"WeightedRandomSampler: replacement is True or False, got {replacement!r}"
            )
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(
                "WeightedRandomSampler: weights are one number for each sample, got shape"
                f" {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        yield from drawn.tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices of another sampler; the last may be shorter, or is dropped.

    >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _check_count("BatchSampler: batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"BatchSampler: drop_last is True or False, got {drop_last!r}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices, size = iter(self.sampler), self.batch_size
        least = size if self.drop_last else 1
        while len(batch := list(islice(indices, size))) >= least:
            yield batch

    def __len__(self) -> int:
        whole, rest = divmod(len(self.sampler), self.batch_size)  # type: ignore[arg-type]
        return whole + (rest > 0 and not self.drop_last)


def draw_seed(generator: Generator | None = None) -> int:
    """A seed below 2^63, drawn as PyTorch draws its loaders' and samplers' seeds."""
    return int(engine_of("DataLoader", generator).random_(()))


def _check_count(what: str, number: Any) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        raise ValueError(f"{what} is a whole number from 1, got {number!r}")
