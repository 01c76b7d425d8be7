"""Write layers.npz and layers.json: PyTorch's answers to the cases of `layer_cases`.

Run with PyTorch installed (`python tests/reference/make_layers.py`); the tests only read the files.

The numbers of all answers stand one after the other in two arrays, one for each dtype; an index
says in which order, with their names and shapes. So the archive has three members, no pickle, and
nothing in it repeats.
"""

from __future__ import annotations

import functools
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from block_cases import blocks
from layer_cases import DTYPES, FAMILIES, FUNCTIONS, TEXTS, answer, runs, text
from make_nn import shortened
from nn_cases import evaluate, lines

OUT = Path(__file__).with_name("layers.npz")
NAMES = {"nn": torch.nn, "F": torch.nn.functional, "functools": functools, **blocks(torch)}


def main() -> None:
    """Ask PyTorch each question, and keep the answers."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    index: dict[str, list[Any]] = {}
    flat: dict[str, list[np.ndarray]] = {dtype: [] for dtype in DTYPES}
    for family in FAMILIES:
        for run in runs(family):
            found = answer(run, torch, NAMES)
            index[str(run)] = [[name, list(x.shape)] for name, x in found.items()]
            flat[run.dtype] += [x.numpy().reshape(-1).astype(run.dtype) for x in found.values()]
    arrays = {dtype: np.concatenate(parts) for dtype, parts in flat.items()}
    order = np.frombuffer(json.dumps(index).encode(), np.uint8)
    np.savez_compressed(OUT, index=order, **arrays)

    functions = {e: evaluate(e, torch) for e in lines(FUNCTIONS)}
    texts = {e: text(e, torch) for e in lines(TEXTS)}
    rows = [
        f"{json.dumps(e)}: {json.dumps(shortened(a))}" for e, a in {**functions, **texts}.items()
    ]
    OUT.with_suffix(".json").write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    print(f"{len(index)} runs of layers in {OUT.name}, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
