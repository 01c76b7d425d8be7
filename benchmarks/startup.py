"""The cost before the first step: import, compilation and memory.

Each start is a fresh process. Cold: with an empty compilation cache; warm: the second process with
the same cache. The time runs from the imported library with the data in memory to the end of the
first step.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from typing import Any

from .partner import ROOT, Partner, SideFailed, environment
from .peers import SIDES

PACKAGES = ("numpy", "gradatim", "torch", "jax")
CLOCK = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
STEPS = 5


def starts(
    workload: str, arrays: str, sides: Iterable[str], threads: int
) -> tuple[dict[str, Any], list[str]]:
    """Cold and warm seconds to the first step and peak memory of each side; and failures."""
    times: dict[str, Any] = {}
    failures: list[str] = []
    for name in sides:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            variable = SIDES[name].caches
            extra = {variable: folder} if variable else {}
            try:
                first = start(name, workload, arrays, threads, extra)
                if first is None:
                    continue
                times[name] = {"cold": first["seconds"], "bytes": first["bytes"]}
                again = start(name, workload, arrays, threads, extra) if variable else None
                if again is not None:
                    times[name] |= {
                        "warm": again["seconds"],
                        "bytes_cold": first["bytes"],
                        "bytes": again["bytes"],
                    }
            except SideFailed as error:
                failures.append(str(error))
    return times, failures


def start(
    name: str, workload: str, arrays: str, threads: int, extra: dict[str, str]
) -> dict[str, float] | None:
    """One fresh process: seconds to the first step, and its peak memory after a few more.

    None if the side does not take part. Errors: SideFailed.
    """
    with Partner(name, threads, extra=extra) as side:
        side.ask("version")  # imports the library, before the clock starts
        loaded = side.ask("load", workload=workload, arrays=arrays)
        if not loaded["takes_part"]:
            return None
        side.ask("run", steps=STEPS)
        return {"seconds": loaded["seconds"], **side.ask("memory")}


def imports(rounds: int) -> dict[str, float]:
    """Seconds of `import` in a fresh process, the minimum over `rounds` alternating runs."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for package in PACKAGES:
            done = subprocess.run(
                [sys.executable, "-c", CLOCK.format(package)],
                cwd=ROOT,
                env=environment(1),
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                best[package] = min(best.get(package, float("inf")), float(done.stdout))
    return best
