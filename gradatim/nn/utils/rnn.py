"""Sequences of different lengths in one tensor: `pad_sequence`, often used in a `collate_fn`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..._tensor.joining import stack
from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError, ShapeError
from ...core.handle import check_tensor
from ..functional.padding import pad


def pad_sequence(
    sequences: Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences (L_i, ...) as one tensor (T, B, ...), or (B, T, ...) if `batch_first`; T = max L.

    Shorter ones are padded with `padding_value` at the end, or at the start for the side "left".

    Errors: ArgumentError for no sequences or a bad side, ShapeError for rows of different shapes.

    >>> import gradatim
    >>> pad_sequence([gradatim.tensor([1, 2]), gradatim.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    given: list[Any] = list(sequences)
    if not given:
        raise ArgumentError("pad_sequence: needs at least one sequence")
    if padding_side not in ("left", "right"):
        raise ArgumentError(
            f'pad_sequence: padding_side is "left" or "right", got {padding_side!r}'
        )
    for x in given:
        check_tensor("pad_sequence", x, "sequences")
        if not x.ndim or x.shape[1:] != given[0].shape[1:]:
            raise ShapeError(
                "pad_sequence: sequences may differ in dimension 0 only, got shapes "
                f"{list(given[0].shape)} and {list(x.shape)}"
            )
    longest = max(len(x) for x in given)
    rows = []
    for x in given:
        more = longest - len(x)
        ends = (more, 0) if padding_side == "left" else (0, more)
        rows.append(pad(x, (*[0, 0] * (x.ndim - 1), *ends), value=padding_value))
    return stack(rows, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The original sequences, of these lengths, of a tensor made by `pad_sequence`.

    >>> import gradatim
    >>> unpad_sequence(gradatim.tensor([[1, 3], [2, 0]]), gradatim.tensor([2, 1]))
    [tensor([1, 2]), tensor([3])]
    """
    check_tensor("unpad_sequence", padded_sequences, "padded_sequences")
    check_tensor("unpad_sequence", lengths, "lengths")
    rows: Any = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:n] for row, n in zip(rows, lengths.tolist(), strict=True)]
