"""From a list of samples to a batch: `default_collate`; and `default_convert` for one sample."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ..._tensor.creation import as_tensor, tensor
from ..._tensor.interchange import from_numpy
from ..._tensor.joining import stack
from ..._tensor.tensor import Tensor
from ...core.dtypes import float64
from ...core.numbers import glance

_NOT_NUMBERS = "SUO"  # NumPy's kinds of bytes, text and objects


def default_collate(batch: Sequence[Any]) -> Any:
    """Combine samples into a batch: entries at the same position become one tensor.

    Tensors and arrays are stacked, numbers become a tensor (float64 for floats), strings stay in a
    list. Dicts, lists and named tuples keep their structure, with a batch in each position; a tuple
    becomes a list.

    Errors: TypeError for samples of another type; RuntimeError for lists of unequal length.

    >>> default_collate([(0, "a"), (1, "b")])
    [tensor([0, 1]), ('a', 'b')]
    >>> default_collate([{"x": 0.5, "y": [1, 2]}, {"x": 1.5, "y": [3, 4]}])
    {'x': tensor([0.5000, 1.5000], dtype=gradatim.float64),
     'y': [tensor([1, 3]), tensor([2, 4])]}
    """
    first = batch[0]
    for kinds, collate in _LEAVES:
        if isinstance(first, kinds):
            return collate(batch)
    if isinstance(first, Mapping):
        return _like_mapping(
            first, {key: default_collate([sample[key] for sample in batch]) for key in first}
        )
    if not isinstance(first, Sequence):
        raise _refused(type(first))
    if _is_named(first):
        return type(first)(*map(default_collate, zip(*batch, strict=False)))
    for i, sample in enumerate(batch):
        if len(sample) != len(first):
            raise RuntimeError(
                "default_collate: each list of a batch must be of equal size, but sample"
                f" {i} of the batch has {len(sample)} elements and the first {len(first)}"
            )
    return _like_sequence(first, map(default_collate, zip(*batch, strict=True)))


def default_convert(data: Any) -> Any:
    """One sample with its arrays and NumPy numbers converted to tensors; the rest is unchanged.

    >>> import numpy as np
    >>> default_convert({"x": np.array([1, 2]), "name": "a"})
    {'x': tensor([1, 2]), 'name': 'a'}
    """
    if isinstance(data, np.ndarray | np.generic):
        return data if data.dtype.kind in _NOT_NUMBERS else as_tensor(data)
    if isinstance(data, Tensor | str | bytes):
        return data
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if not isinstance(data, Sequence):
        return data
    if _is_named(data):
        return type(data)(*map(default_convert, data))
    return _like_sequence(data, map(default_convert, data))


def _tensors(batch: Sequence[Tensor]) -> Tensor:
    """`stack`, by one plain copy if no gradient is needed and the tensors are compatible."""
    arrays = [glance(x) if isinstance(x, Tensor) and not x.requires_grad else None for x in batch]
    first = arrays[0]
    if first is None or not all(_alike(a, first) for a in arrays):
        return stack(batch)
    return from_numpy(np.array(arrays))


def _alike(array: np.ndarray | None, first: np.ndarray) -> bool:
    return array is not None and array.shape == first.shape and array.dtype == first.dtype


def _numbers(batch: Sequence[Any]) -> Tensor:
    return tensor(batch)


def _arrays(batch: Sequence[Any]) -> Tensor:
    if batch[0].dtype.kind in _NOT_NUMBERS:
        raise _refused(batch[0].dtype)
    return stack([as_tensor(array) for array in batch])


def _floats(batch: Sequence[float]) -> Tensor:
    return tensor(batch, dtype=float64)


def _as_they_are(batch: Sequence[Any]) -> Sequence[Any]:
    return batch


# `np.float64` is a float and `np.str_` a str, so NumPy's types come before Python's.
_LEAVES: tuple[tuple[Any, Callable[[Sequence[Any]], Any]], ...] = (
    (Tensor, _tensors),
    (np.ndarray, _arrays),
    (np.bool_ | np.number, _numbers),
    (float, _floats),
    (int, _numbers),
    (str | bytes, _as_they_are),
)


def _is_named(sample: Any) -> bool:
    return isinstance(sample, tuple) and hasattr(sample, "_fields")


def _like_mapping(model: Mapping[Any, Any], parts: dict[Any, Any]) -> Any:
    """The parts in a mapping of the model's type, or in a dict if that type cannot be built."""
    try:
        if isinstance(model, MutableMapping):
            clone = copy.copy(model)  # keeps what the type has besides its items
            clone.update(parts)
            return clone
        return type(model)(parts)  # type: ignore[call-arg]
    except TypeError:
        return parts


def _like_sequence(model: Sequence[Any], parts: Iterable[Any]) -> Any:
    """The parts in a sequence of the model's type; in a list for tuples or if that fails."""
    items = list(parts)
    if isinstance(model, tuple) or type(model) is list:
        return items
    try:
        if isinstance(model, MutableSequence):
            clone = copy.copy(model)
            for i, part in enumerate(items):
                clone[i] = part
            return clone
        return type(model)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def _refused(kind: Any) -> TypeError:
    return TypeError(
        "default_collate: a batch holds tensors, NumPy arrays, numbers, strings, dicts or lists;"
        f" found {kind}; pass a collate_fn that makes a batch of them"
    )
