"""The engine's overhead over a NumPy call, in microseconds: `bind`, without and with a tape entry.

    python benchmarks/overhead.py

Both are measured against the NumPy function on the same 4 x 4 arrays, in short alternating slices,
of which the shortest counts: other programs on the machine can only lengthen them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import gradatim
from gradatim.ops.elementwise import mul, tanh

CALLS = 500  # a third of a millisecond, so that some slices are undisturbed


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=800, help="alternations")
    args = parser.parse_args()
    array = np.ones((4, 4), np.float32)
    x, y = gradatim.tensor(array), gradatim.tensor(array)
    leaf = gradatim.tensor(array, requires_grad=True)
    calls: dict[str, Callable[[], Any]] = {
        "np.multiply": lambda: np.multiply(array, array),
        "mul": lambda: mul(x, y),
        "mul, taped": lambda: mul(leaf, y),
        "np.tanh": lambda: np.tanh(array),
        "tanh": lambda: tanh(x),
        "tanh, taped": lambda: tanh(leaf),
    }
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(args.rounds):
        for name, call in calls.items():
            best[name] = min(best[name], seconds(call) / CALLS * 1e6)
    if args.json:
        print(json.dumps(best, indent=2))
        return
    for name, micros in best.items():
        numpy = best["np.tanh" if "tanh" in name else "np.multiply"]
        print(f"{name:14s} {micros:6.2f} us   {micros - numpy:+6.2f} over NumPy")


if __name__ == "__main__":
    main()
