"""Datasets: samples looked up by index, or read as a stream."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Generic, TypeVar

from ..._tensor.tensor import Tensor

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """Samples by index: subclasses define `__getitem__` and, for most samplers, `__len__`.

    One that can read many samples faster than one by one may write `__getitems__(indices)`, which
    returns the list of them.

    >>> class Squares(Dataset):
    ...     def __getitem__(self, index):
    ...         return index**2
    ...
    ...     def __len__(self):
    ...         return 10
    >>> Squares()[3], len(Squares() + Squares())
    (9, 20)
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(
            f"{type(self).__name__} has no __getitem__: a Dataset must say what dataset[index] is"
        )

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """Samples as a stream: subclasses define `__iter__`.

    Each worker of a `DataLoader` iterates over its own copy; `get_worker_info()` tells `__iter__`
    which part of the stream to read.
    """

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """The rows of tensors of equal length: sample i is `(tensors[0][i], tensors[1][i], ...)`.

    >>> import gradatim
    >>> TensorDataset(gradatim.eye(2), gradatim.tensor([7, 8]))[1]
    (tensor([0., 1.]), tensor(8))
    """

    def __init__(self, *tensors: Tensor) -> None:
        sizes = [tensor.shape[0] for tensor in tensors]
        if len(set(sizes)) > 1:
            raise AssertionError(
                f"TensorDataset: the tensors have {', '.join(map(str, sizes))} rows; they must"
                " have equally many"
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple([tensor[index] for tensor in self.tensors])

    def __len__(self) -> int:
        return self.tensors[0].shape[0]


class StackDataset(Dataset[Any]):
    """Datasets of equal length side by side: a sample is a tuple, or a dict if they are named.

    >>> words = StackDataset(length=[3, 5], word=["eve", "alice"])
    >>> words[1]
    {'length': 5, 'word': 'alice'}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ValueError(
                "StackDataset: expects datasets, or datasets by name"
                + (", not both: choose tuples or dicts" if args else "; got none")
            )
        self.datasets = args or kwargs
        lengths = [len(dataset) for dataset in self._parts()]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"StackDataset: the datasets have {', '.join(map(str, lengths))} samples; they"
                " must have equally many"
            )
        self._length = lengths[0]

    def _parts(self) -> list[Any]:
        stacked = self.datasets
        return list(stacked.values() if isinstance(stacked, dict) else stacked)

    def _side_by_side(self, parts: Sequence[Any]) -> Any:
        named = isinstance(self.datasets, dict)
        return dict(zip(self.datasets, parts, strict=True)) if named else tuple(parts)

    def __getitem__(self, index: Any) -> Any:
        return self._side_by_side([dataset[index] for dataset in self._parts()])

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        columns = [samples_at(dataset, indices) for dataset in self._parts()]
        return [self._side_by_side(row) for row in zip(*columns, strict=True)]

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[T_co]):
    """Several datasets concatenated.

    >>> both = ConcatDataset([["a", "b"], ["c"]])
    >>> len(both), both[2], both[-3]
    (3, 'c', 'a')
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("ConcatDataset: expects at least one dataset, got none")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset: a stream has no indices; use ChainDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence: Iterable[Any]) -> list[int]:
        """The total number of samples up to the end of each dataset."""
        return list(accumulate(map(len, sequence)))

    def __getitem__(self, idx: int) -> T_co:
        size = len(self)
        if idx < 0:
            if -idx > size:
                raise ValueError(f"ConcatDataset: index {idx} is outside {size} samples")
            idx += size
        if idx >= size:
            raise IndexError(f"ConcatDataset: index {idx} is outside {size} samples")
        which = bisect_right(self.cumulative_sizes, idx)
        before = self.cumulative_sizes[which - 1] if which else 0
        return self.datasets[which][idx - before]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset[T_co]):
    """Several streams concatenated."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[T_co]:
        for dataset in self.datasets:
            yield from _stream(dataset)

    def __len__(self) -> int:
        return sum(len(_stream(dataset)) for dataset in self.datasets)


class Subset(Dataset[T_co]):
    """The samples of a dataset at the given indices, in their order.

    >>> Subset(["a", "b", "c"], [2, 0])[0]
    'c'
    """

    def __init__(self, dataset: Any, indices: Sequence[Any]) -> None:
        cls = type(self)
        if cls.__getitem__ is not Subset.__getitem__ and cls.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{cls.__name__} has a __getitem__ of its own, and must have a __getitems__ too,"
                " which reads batches: return [self[i] for i in indices]"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        return samples_at(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


def samples_at(dataset: Any, indices: Sequence[Any]) -> list[Any]:
    """The samples at `indices`, with one `__getitems__` call if the dataset has it.

    An error in the dataset gets a note with the index where it happened.
    """
    at_once = getattr(dataset, "__getitems__", None)
    if callable(at_once):
        samples = list(at_once(indices))
        if len(samples) != len(indices):
            raise ValueError(
                f"{type(dataset).__name__}.__getitems__ returned {len(samples)} samples for"
                f" {len(indices)} indices"
            )
        return samples
    samples, index = [], None
    try:
        for index in indices:
            samples.append(dataset[index])
    except StopIteration as stop:  # it would silently end the loop over the batches
        raise RuntimeError(f"{_place(dataset, index)} raised StopIteration") from stop
    except Exception as error:
        error.add_note(f"This happened at {_place(dataset, index)}.")
        raise
    return samples


def _place(dataset: Any, index: Any) -> str:
    return f"index {index!r} of the {type(dataset).__name__}"


def _stream(dataset: Any) -> Any:
    if not isinstance(dataset, IterableDataset):
        raise AssertionError(
            f"ChainDataset: chains IterableDatasets, got {type(dataset).__name__};"
            " use ConcatDataset"
        )
    return dataset
