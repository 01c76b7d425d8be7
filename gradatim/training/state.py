"""Nested state with tensors in it, as arrays by name and JSON that says where they belong."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor.creation import tensor
from .._tensor.tensor import Tensor
from .errors import CheckpointError

_KEY = "array"  # a JSON object with this one key stands for an array


def separate(tree: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """The tree as JSON values, its tensors put into `arrays` under names that begin with `name`.

    The arrays share memory with the tensors.

    >>> import gradatim
    >>> arrays = {}
    >>> separate({"state": {0: {"step": 3, "m": gradatim.ones(2)}}}, "optimizer", arrays)
    {'state': {'0': {'step': 3, 'm': {'array': 'optimizer.state.0.m'}}}}
    >>> arrays
    {'optimizer.state.0.m': array([1., 1.], dtype=float32)}
    """
    if isinstance(tree, Tensor):
        arrays[name] = np.asarray(tree.detach())
        return {_KEY: name}
    if isinstance(tree, dict):
        return {str(key): separate(tree[key], f"{name}.{key}", arrays) for key in tree}
    if isinstance(tree, list | tuple):
        return [separate(value, f"{name}.{i}", arrays) for i, value in enumerate(tree)]
    return tree


def join(json: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The tree that `separate` took apart, with tensors of its own; whole numbers as keys again.

    Errors: CheckpointError if an array is missing.
    """
    if isinstance(json, list):
        return [join(value, arrays) for value in json]
    if not isinstance(json, dict):
        return json
    if set(json) != {_KEY}:
        return {_key(key): join(value, arrays) for key, value in json.items()}
    if json[_KEY] not in arrays:
        raise CheckpointError(f"the checkpoint has no array '{json[_KEY]}'")
    return tensor(arrays[json[_KEY]])


def _key(key: str) -> int | str:
    return int(key) if key.isdigit() else key
