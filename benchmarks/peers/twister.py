"""The batches that PyTorch and Gradatim draw, for libraries with another generator."""

from __future__ import annotations

import numpy as np

from ..workload import Training
from .torch_like import SEED


def batches(workload: Training, examples: int) -> np.ndarray | None:
    """The indices drawn by PyTorch and Gradatim, (together, batch); None without a batch.

    Both take the next 32 bits of the Mersenne twister modulo the number of examples.
    """
    if not workload.batch:
        return None
    shape = (workload.together, workload.batch)
    bits = np.random.RandomState(SEED).randint(0, 2**32, shape, dtype=np.uint32)
    return (bits % np.uint32(examples)).astype(np.int32)
