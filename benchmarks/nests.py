"""Where the time of a workload's step goes: each loop nest beside what the core could do at most.

    python -m benchmarks.nests gpt-text
    python -m benchmarks.nests gpt-text --steps 200

Of each nest the fastest of many steps counts, on one thread, and of the core the fastest windows
of the same seconds: so what part of the peak it is says more than a time and the peak of another
minute. The last line counts what a step needs, without what a causal mask hides.
"""

from __future__ import annotations

import argparse

from .peers import gradatim_call
from .workload import Training, named_arrays
from .workloads import WORKLOADS


def main(arguments: list[str] | None = None) -> None:
    """Print `program.profile()` of one training step."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    names = [name for name, w in WORKLOADS.items() if isinstance(w, Training)]
    parser.add_argument("workload", choices=names)
    parser.add_argument("--steps", type=int, default=100, help="of which the fastest counts")
    chosen = parser.parse_args(arguments)
    if chosen.steps < 1:
        parser.error("--steps must be at least 1")
    workload = WORKLOADS[chosen.workload]
    running = gradatim_call.prepare(workload, named_arrays(workload), threads=1)
    running.reset()
    found = running.step.profile(steps=chosen.steps)
    rate, best = workload.operations / found.total.seconds, found.peaks.flops["float32"]
    print(found)
    print(
        f"{workload.operations / 1e9:.3g} GFLOP of arithmetic that the step needs:"
        f" {rate / 1e9:.1f} GFLOP/s, {rate / best:.0%} of the core at its best"
    )


if __name__ == "__main__":
    main()
