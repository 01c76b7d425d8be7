"""Generation: tokens per second of a GPT with a key-value cache, Gradatim against PyTorch eager.

    python -m benchmarks.writing              # both sizes, one and two threads
    python -m benchmarks.writing --rounds 5   # quick
    python -m benchmarks.writing --json       # as JSON

`gpt-names` (27 letters, context 16) and `gpt-text` (96 characters, context 64), batch 1, the same
weights, float32. A window generates texts that fill the context from one token, since beyond that
no cache helps. Both sides draw every token with multinomial from a softmax; to show that they
compute the same, their greedy tokens must be equal. PyTorch's side uses the usual hand-written
cache: tensors as large as the context, a slice written and a slice read in each step. Sides take
turns; the best window of each counts. Without PyTorch only our own times are shown.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from proofs.run import machine

from .partner import Partner, SideFailed

SIZES = {
    "gpt-names": {"vocab_size": 27, "block_size": 16, "n_layer": 4, "n_head": 4, "n_embd": 64},
    "gpt-text": {"vocab_size": 96, "block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128},
}
SIDES = ("gradatim", "torch")
GOAL = 5.0  # times PyTorch's speed
WINDOW = 0.2  # seconds
RESULTS = Path(__file__).parent / "results"


def weights(sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Large weights, so that the greedy token does not depend on rounding."""
    import gradatim
    from gradatim.models import gpt

    gradatim.manual_seed(7)
    model = gpt.Model(gpt.Config(**sizes))
    return {name: 4 * p.detach().numpy() for name, p in model.named_parameters()}


def compared(name: str, threads: int, rounds: int) -> dict[str, Any]:
    """Tokens per second of each side, and whether they agree."""
    sizes = SIZES[name]
    rates: dict[str, float] = {}
    agree: list[list[int]] = []
    with ExitStack() as stack:
        file = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "weights.npz"
        np.savez(file, allow_pickle=False, **weights(sizes))
        sides = {}
        for side in SIDES:
            partner = stack.enter_context(Partner(side, threads, module="writing_side"))
            try:
                partner.ask("load", sizes=sizes, weights=str(file))
            except SideFailed as error:
                print(error, file=sys.stderr)
                continue
            agree.append(partner.ask("likeliest")["tokens"])
            sides[side] = partner, partner.ask("calibrate", seconds=WINDOW)["texts"]
        for _ in range(rounds):
            for side, (partner, texts) in sides.items():
                run = partner.ask("run", texts=texts)
                rate = run["tokens"] / run["seconds"]
                rates[side] = max(rates.get(side, 0.0), rate)
    outcome: dict[str, Any] = {"workload": name, "threads": threads, "tokens_per_second": rates}
    if len(agree) == len(SIDES):
        outcome["agree"] = agree[0] == agree[1]
        outcome["ratio"] = rates["gradatim"] / rates["torch"]
    return outcome


def line(found: dict[str, Any]) -> str:
    rates = found["tokens_per_second"]
    cells = [f"{found['workload']:10}", f"{found['threads']} threads"]
    cells += [f"{side} {rate:10,.0f} tokens/s" for side, rate in rates.items()]
    if "ratio" in found:
        cells.append(f"{found['ratio']:5.1f} x")
        cells.append("same tokens" if found["agree"] else "DIFFERENT TOKENS")
    return "  ".join(cells)


def main(given: list[str] | None = None) -> int:
    """Measure, print and save; returns 1 if the sides do not compute the same."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writing", description=__doc__)
    parser.add_argument("workloads", nargs="*", help=f"of {', '.join(SIZES)} (all)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="print the JSON instead of the table")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    options = parser.parse_args(given)
    outcomes = [
        compared(name, threads, options.rounds)
        for name in options.workloads or SIZES
        for threads in options.threads
    ]
    report = {
        "what": "generation",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "goal": GOAL,
        "machine": machine(),
        "found": outcomes,
    }
    text = json.dumps(report, indent=2)
    print(text if options.json else "\n".join(map(line, outcomes)))
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")
    return 0 if all(one.get("agree", True) for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
