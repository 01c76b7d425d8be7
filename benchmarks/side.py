"""The process of one side: it reads one JSON request per line, and replies with one line each.

    {"do": "load", "workload": "mlp", "arrays": "file.npz"}   {"takes_part": true, "seconds": ...}
    {"do": "calibrate", "seconds": 0.01}                      {"steps": 120}
    {"do": "run", "steps": 120}                               {"seconds": ..., "processor": ...}
    {"do": "outcome", "file": "losses.npy"}                   {}
    {"do": "quit"}

What a library prints goes to stderr. A waiting side uses no CPU.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .peers import SIDES
from .workload import Training
from .workloads import WORKLOADS

WARM = 0.2  # fraction of the steps run before the clock starts, to warm up


class Process:
    """The library of one side, and its loaded workload."""

    def __init__(self, name: str, threads: int) -> None:
        self.peer = import_module(f"{__package__}.peers.{SIDES[name].module}")
        self.threads = threads
        self.workload: Any = None
        self.running: Any = None

    def version(self) -> dict[str, Any]:
        return {"version": self.peer.version()}

    def load(self, workload: str, arrays: str) -> dict[str, Any]:
        """Prepare and run the first step; the seconds are the time until it is done."""
        self.running = None
        gc.collect()
        self.workload = WORKLOADS[workload]
        with np.load(arrays) as file:
            loaded = dict(file)
        start = time.perf_counter()
        self.running = self.peer.prepare(self.workload, loaded, self.threads)
        if self.running is None:
            return {"takes_part": False}
        self.running.run(1)
        return {"takes_part": True, "seconds": time.perf_counter() - start}

    def calibrate(self, seconds: float) -> dict[str, Any]:
        """The number of steps in `seconds`, after compilation, which may recur in a second step."""
        for _ in range(3):
            self.running.reset()
            self.running.run(2)
        steps = 1
        while True:
            done, taken = min((self._timed(steps) for _ in range(2)), key=lambda window: window[1])
            if taken >= seconds / 2:
                return {"steps": max(1, round(done * seconds / taken))}
            steps = max(done, steps) * 2

    def _timed(self, steps: int) -> tuple[int, float]:
        self.running.reset()
        start = time.perf_counter()
        done = self.running.run(steps)
        return done, time.perf_counter() - start

    def run(self, steps: int) -> dict[str, Any]:
        """A window: the same steps from the same state every time."""
        self.running.reset()
        self.running.run(max(1, round(steps * WARM)))
        gc.collect()  # of earlier windows; a step's own garbage is part of its cost
        start, cpu = time.perf_counter(), time.process_time()
        done = self.running.run(steps)
        seconds, processor = time.perf_counter() - start, time.process_time() - cpu
        return {"steps": done, "seconds": seconds, "processor": processor}

    def outcome(self, file: str) -> dict[str, Any]:
        """Save the result, for comparison."""
        steps = self.workload.compared_steps if isinstance(self.workload, Training) else 1
        self.running.reset()
        np.save(file, self.running.outcome(steps))
        return {}

    def memory(self) -> dict[str, Any]:
        return {"bytes": peak_memory()}


def peak_memory() -> int:
    """The peak memory of this process, in bytes.

    Linux's `ru_maxrss` includes the parent's memory from before exec; VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def answer(process: Process, request: dict[str, Any]) -> dict[str, Any]:
    """Handle a request; an exception becomes an error reply."""
    name = request.pop("do")
    try:
        return getattr(process, name)(**request)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}".strip().splitlines()[0][:300]}


def main(name: str, threads: str, kind: type[Process] = Process) -> None:
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # keep stdout for replies: prints go to stderr
    process = kind(name, int(threads))
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "quit":
            break
        replies.write(json.dumps(answer(process, request)) + "\n")
        replies.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
