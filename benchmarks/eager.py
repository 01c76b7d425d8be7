"""Eager training steps, Gradatim beside PyTorch: interleaved in one process, minimum of repeats.

    python benchmarks/eager.py            # a table
    python benchmarks/eager.py --json     # the same for a program

Needs PyTorch (`pip install torch==2.13.0`, its CPU build) beside Gradatim; without it only our
own times are shown. Both sides use `--threads` threads (1 unless given).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--threads", type=int, default=1, help="threads on each side")
    parser.add_argument("--rounds", type=int, default=200, help="alternations per workload")
    parser.add_argument("workloads", nargs="*", help="scalar, mlp, bigram (all unless given)")
    args = parser.parse_args()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)  # before NumPy and PyTorch are loaded
    sys.path.insert(0, str(Path(__file__).parent))
    report = measure(args.workloads, args.threads, args.rounds)
    print(json.dumps(report, indent=2) if args.json else table(report))


def measure(chosen: list[str], threads: int, rounds: int) -> dict[str, Any]:
    """Minimum time of one step, in microseconds, for each workload and library."""
    from workloads import WORKLOADS

    import gradatim

    libraries: dict[str, Any] = {"gradatim": gradatim}
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(threads)
        libraries["torch"] = torch
    rows = {}
    for name in chosen or WORKLOADS:
        steps = {lib: WORKLOADS[name](module) for lib, module in libraries.items()}
        rows[name] = {lib: best * 1e6 for lib, best in interleaved(steps, rounds).items()}
    versions = {lib: getattr(m, "__version__", "") for lib, m in libraries.items()}
    return {"machine": machine(), "threads": threads, "versions": versions, "microseconds": rows}


def interleaved(steps: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The fastest step of each side.

    The sides take turns of two milliseconds: short enough that some are undisturbed.
    """
    counts = {}
    for name, step in steps.items():
        for _ in range(20):
            step()
        start = time.perf_counter()
        step()
        counts[name] = max(1, int(0.002 / (time.perf_counter() - start)))
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(counts[name]):
                step()
            best[name] = min(best[name], (time.perf_counter() - start) / counts[name])
    return best


def machine() -> str:
    """The processor's name and the number of cores."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [
        line.split(":", 1)[1].strip()
        for line in (cpuinfo.read_text().splitlines() if cpuinfo.exists() else ())
        if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def table(report: dict[str, Any]) -> str:
    """The report for people: microseconds a step, and how many times PyTorch's speed we have."""
    lines = [f"{report['machine']}, {report['threads']} thread(s), microseconds per eager step"]
    for name, row in report["microseconds"].items():
        ours, theirs = row["gradatim"], row.get("torch")
        peer = f"PyTorch {theirs:9.1f}   ratio {theirs / ours:5.2f}" if theirs else "PyTorch absent"
        lines.append(f"{name:10s} Gradatim {ours:9.1f}   {peer}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
