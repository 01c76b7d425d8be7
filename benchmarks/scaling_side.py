"""The process of one side of `scaling`: like `side`, but it loads a GPT of any size.

{"do": "load", "sizes": {...}, "arrays": "file.npz"}   {"before": ..., "seconds": ...}
"""

from __future__ import annotations

import gc
import sys
import time
from typing import Any

import numpy as np

from .side import Process, main, peak_memory
from .workloads.gpt import Sizes, letters_of_names, workload


class ScalingProcess(Process):
    """The library of one side, and its loaded GPT."""

    def load(self, sizes: dict[str, int], arrays: str) -> dict[str, Any]:  # type: ignore[override]
        """Prepare and run the first step. `before` is the memory of the library alone."""
        gc.collect()
        before = peak_memory()
        self.workload = workload("scaling", "a GPT", Sizes(**sizes), letters_of_names)
        with np.load(arrays) as file:
            loaded = dict(file)
        start = time.perf_counter()
        self.running = self.peer.prepare(self.workload, loaded, self.threads)
        self.running.run(1)
        return {"before": before, "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], ScalingProcess)
