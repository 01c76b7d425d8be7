"""A training step of 41 parameters: gradatim.scalar beside micrograd, both in plain Python.

    python benchmarks/scalar_micrograd.py            # needs: pip install micrograd
    python benchmarks/scalar_micrograd.py --json

The work, the same on both sides: MLP(3, [4, 4, 1]), relu in the hidden layers (micrograd has no
tanh), a linear output, the four samples of the slides, the sum of the squared errors. A step is
forward, reset, backward and update (SGD at rate 0.001). The sides take turns, and the minimum of
many rounds counts: it is what the code costs, the rest is what else the machine was doing. Both
start from the same weights, and their losses are compared at the end.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this checkout, installed or not

from gradatim.scalar import MLP, four_samples

XS, YS = four_samples()
RATE = 0.001


def step(net) -> float:
    """Do one training step; the same lines serve both libraries."""
    loss = sum((net(x) - y) ** 2 for x, y in zip(XS, YS, strict=True))
    net.zero_grad()
    loss.backward()
    for p in net.parameters():
        p.data -= RATE * p.grad
    return loss.data


def networks(peer) -> dict[str, object]:
    """Return both networks, with the same weights."""
    ours, theirs = MLP(3, [4, 4, 1], activation="relu", last="linear"), peer(3, [4, 4, 1])
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        b.data = a.data
    return {"gradatim": ours, "micrograd": theirs}


def seconds_per_step(net, steps: int, clock: Callable[[], float] = time.perf_counter) -> float:
    started = clock()
    for _ in range(steps):
        step(net)
    return (clock() - started) / steps


def measure(peer, rounds: int, steps: int) -> dict[str, object]:
    nets = networks(peer)
    best = dict.fromkeys(nets, float("inf"))
    for _ in range(rounds):
        for name, net in nets.items():
            best[name] = min(best[name], seconds_per_step(net, steps))
    losses = {name: step(net) for name, net in nets.items()}
    if abs(losses["gradatim"] - losses["micrograd"]) > 1e-9:
        raise SystemExit(f"the two do not compute the same thing: {losses}")
    return {
        "benchmark": "scalar_micrograd",
        "microseconds_per_step": {name: round(1e6 * t, 1) for name, t in best.items()},
        "ratio": round(best["micrograd"] / best["gradatim"], 2),
        "loss": losses["gradatim"],
        "rounds": rounds,
        "steps_per_round": steps,
        "python": platform.python_version(),
        "machine": machine(),
    }


def machine() -> str:
    """Return the name of the processor, as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()}, {platform.system()}"
    return f"{platform.processor() or platform.machine()}, {platform.system()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--steps", type=int, default=10, help="training steps in each round")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = parser.parse_args()
    try:
        from micrograd.nn import MLP as peer
    except ImportError:
        raise SystemExit("micrograd is not installed here: pip install micrograd") from None
    result = measure(peer, arguments.rounds, arguments.steps)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    for name, microseconds in result["microseconds_per_step"].items():
        print(f"{name:10s} {microseconds:8.1f} us a step")
    print(f"gradatim.scalar is {result['ratio']:.2f} times as fast as micrograd")
    print(f"({result['machine']}, Python {result['python']}, minimum of {result['rounds']} rounds)")


if __name__ == "__main__":
    main()
