"""Scaling of a GPT's training step: time and memory against batch, width, depth and context.

    python -m benchmarks.scaling             # everything (about 10 minutes), JSON and picture
    python -m benchmarks.scaling --quick     # only the ends of each decade
    python -m benchmarks.scaling --draw FILE # the picture of a stored result

One size at a time varies over a decade, the others stay at 2 layers, 4 heads, width 64, context 16
and batch 32. Each size and side runs in a fresh process with a warm compilation cache, since memory
is measured as the peak of the process, minus that after importing the library. Gradatim runs its
compiled step, PyTorch its eager one; they take turns, and the best window of each counts.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from proofs.run import machine

from .partner import ROOT, Partner, SideFailed
from .peers import SIDES
from .rounds import interleave
from .scaling_chart import chart
from .workload import named_arrays
from .workloads.gpt import Sizes, letters_of_names, workload

BASE = {"layers": 2, "heads": 4, "width": 64, "context": 16, "batch": 32, "letters": 27}
AXES = {
    "batch": (8, 16, 32, 80),
    "width": (32, 64, 128, 320),
    "layers": (1, 2, 4, 10),
    "context": (8, 16, 32, 80),
}
COMPARED = ("gradatim-repeat", "torch")
STEPS = 5  # before the memory is measured
RESULTS = Path(__file__).parent / "results"
PICTURE = ROOT / "docs" / "pictures" / "scaling.svg"


def points(quick: bool) -> Iterator[tuple[str, int]]:
    """Each axis with its sizes; in a quick run only its ends."""
    for axis, sizes in AXES.items():
        for size in (sizes[0], sizes[-1]) if quick else sizes:
            yield axis, size


def measured(
    sizes: dict[str, int], threads: int, rounds: int, window: float
) -> dict[str, dict[str, float]]:
    """Microseconds per step and bytes of each side."""
    task = workload("scaling", "a GPT", Sizes(**sizes), letters_of_names)
    results: dict[str, dict[str, float]] = {}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        file = Path(folder) / "arrays.npz"
        np.savez(file, allow_pickle=False, **named_arrays(task))
        running = {}
        for name in COMPARED:
            try:
                side, results[name] = _started(stack, name, threads, sizes, str(file), folder)
            except SideFailed as error:
                print(error, file=sys.stderr)
            else:
                running[name] = side
        timings, failures = interleave(running, rounds, window)
        print(*failures, sep="\n", end="", file=sys.stderr)
        for name, timing in timings.items():
            results[name]["microseconds"] = timing.summary()["microseconds"]
    return results


def _started(
    stack: ExitStack, name: str, threads: int, sizes: dict[str, int], file: str, folder: str
) -> tuple[Partner, dict[str, float]]:
    """A side after its first steps, with their memory; an earlier process filled the cache."""
    caches = SIDES[name].caches
    extra = {caches: folder} if caches else {}

    def start() -> tuple[Partner, dict[str, Any]]:
        side = Partner(name, threads, extra=extra, module="scaling_side")
        side.ask("version")  # imports the library
        return side, side.ask("load", sizes=sizes, arrays=file)

    if caches:
        first, loaded = start()
        first.close()
    side, again = start()
    stack.enter_context(side)
    side.ask("run", steps=STEPS)
    peak = side.ask("memory")["bytes"]
    first_step = loaded["seconds"] if caches else again["seconds"]
    return side, {"memory": peak - again["before"], "peak": peak, "first_step": first_step}


def row(axis: str, size: int, found: dict[str, dict[str, float]]) -> str:
    """A row of the table."""
    cells = [f"{axis:8} {size:4}"]
    for name, at in found.items():
        cells.append(
            f"{SIDES[name].label:16} {at.get('microseconds', math.nan) / 1000:8.2f} ms"
            f" {at['memory'] / 1e6:7.1f} MB"
        )
    if len(found) == len(COMPARED):
        ours, theirs = (found[name] for name in COMPARED)
        cells.append(
            f"{theirs['microseconds'] / ours['microseconds']:5.2f} x as fast,"
            f" {ours['memory'] / theirs['memory']:5.2f} of the memory"
        )
    return "   ".join(cells)


def main(given: list[str] | None = None) -> int:
    """Measure, print, save and draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--window", type=float, default=60.0, help="milliseconds")
    parser.add_argument("--quick", action="store_true", help="the ends of each decade only")
    parser.add_argument("--output", type=Path, help="where the JSON goes (benchmarks/results/)")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    parser.add_argument("--draw", type=Path, metavar="FILE", help="draw a stored result")
    options = parser.parse_args(given)
    if options.draw:
        report = json.loads(options.draw.read_text(encoding="utf-8"))
        print(chart(report).save(options.picture))
        return 0
    rows = []
    for axis, size in points(options.quick):
        sides = measured({**BASE, axis: size}, options.threads, options.rounds,
                         options.window / 1000)  # fmt: skip
        rows.append({"axis": axis, "size": size, "sides": sides})
        print(row(axis, size, sides), flush=True)
    now = datetime.now(UTC)
    report = {
        "what": "scaling",
        "date": now.isoformat(timespec="seconds"),
        "machine": machine(),
        "threads": options.threads,
        "base": BASE,
        "found": rows,
    }
    output = options.output or RESULTS / f"{now:%Y-%m-%d}-scaling.json"
    output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    chart(report).save(options.picture)
    print(f"Wrote {output} and {options.picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
