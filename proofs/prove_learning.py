"""Proof: the models of names learn what they should, by the recipes that `gradatim train` uses.

  bigram   a matrix descended reaches the loss of the counts to 0.01, on train and on dev
  mlp      Bengio's network reaches dev loss 2.20 within 60 seconds of steps

Each is the mean of three seeds fixed beforehand; nothing is chosen by the test data.

    python proofs/prove_learning.py
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

# Products this small gain nothing from a second thread, and lose much where another process runs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from gradatim.training.loop import train
from gradatim.training.session import new

SEEDS = (1, 2, 3)
SAME, DEV_LOSS, SECONDS = 0.01, 2.20, 60.0


def learn(root: Path, model: str, seed: int) -> dict[str, float]:
    """Train by the recipe of a model; its losses on all of train and dev, and the time in steps."""
    name = f"{model}-{seed}"
    pairs = [f"training.seed={seed}", "training.eval_interval=1000000"]
    with new(root, model, name=name, pairs=pairs) as session:
        outcome = train(session.run, session.config, session.learner, start=session.start)
        found = {part: session.learner.evaluate(part, examples=0) for part in ("train", "dev")}
    print(f"{name}: {found}, {outcome.seconds:.1f} s", file=sys.stderr, flush=True)
    return {**found, "seconds": outcome.seconds}


def several(root: Path, model: str) -> dict[str, Any]:
    """All seeds, and their means."""
    runs = [learn(root, model, seed) for seed in SEEDS]
    means = {key: fmean(run[key] for run in runs) for key in ("train", "dev", "seconds")}
    return {"seeds": list(SEEDS), "runs": runs, "mean": means}


def main() -> int:
    """Train everything; 0 if all that was promised holds."""
    with tempfile.TemporaryDirectory() as folder:
        counts = learn(Path(folder), "bigram-counts", SEEDS[0])
        bigram, mlp = (several(Path(folder), model) for model in ("bigram", "mlp"))
    apart = {part: bigram["mean"][part] - counts[part] for part in ("train", "dev")}
    holds = {
        "bigram reaches the counts": all(abs(d) <= SAME for d in apart.values()),
        "mlp reaches its dev loss": mlp["mean"]["dev"] <= DEV_LOSS,
        "mlp is in time": max(run["seconds"] for run in mlp["runs"]) <= SECONDS,
    }
    report = {"bigram-counts": counts, "bigram": bigram, "apart": apart, "mlp": mlp}
    print(json.dumps({"holds": holds, **report}, indent=2))
    return 0 if all(holds.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
