"""Refuse a batch that cannot fit in memory, before anything is computed."""

from __future__ import annotations

import os

from ..data.examples import Examples
from .errors import BadUse

UNKNOWN = 1 << 40  # bytes, assumed if the system does not tell; more than most machines have
INDEX = 8  # bytes of the index of an example


def check_batch(examples: Examples, batch_size: int) -> None:
    """Refuse a batch larger than all memory; a step needs several times its size.

    Otherwise drawing it would take minutes before memory runs out, and the machine could become too
    slow to respond to Ctrl-C.

    Errors: BadUse.
    """
    count = batch_size or len(examples)
    wanted = count * (INDEX + sum(part.nbytes for part in examples[0:1]))
    if wanted > (there := memory()):
        all_of_them = f"{batch_size:,}" if batch_size else f"0, for all {count:,} examples"
        raise BadUse(
            f"training.batch_size is {all_of_them}: such a batch takes {_gigabytes(wanted)} by"
            f" itself, but this machine has {_gigabytes(there)}; set a smaller one"
        )


def memory() -> int:
    """How many bytes of memory this machine has."""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no such call
        return UNKNOWN
    return size if size > 0 else UNKNOWN


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.0f} GB"
