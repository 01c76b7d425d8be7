"""The time of each loop nest of a workload's step, relative to the core's peak.

    python -m benchmarks.nests gpt-text
    python -m benchmarks.nests gpt-text --steps 200

Each nest's time is its fastest of many steps, on one thread, and the core's peak is measured in
windows of the same seconds, since the speed of the machine varies. The last line counts only the
arithmetic that a step needs, without what a causal mask discards.
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
    profile = running.step.profile(steps=chosen.steps)
    rate, best = workload.operations / profile.total.seconds, profile.peaks.flops["float32"]
    print(profile)
    print(
        f"{workload.operations / 1e9:.3g} GFLOP of arithmetic that the step needs:"
        f" {rate / 1e9:.1f} GFLOP/s, {rate / best:.0%} of the core at its best"
    )


if __name__ == "__main__":
    main()
