"""Proof: the models of names reach their losses with the recipes of `gradatim train`.

  bigram   a matrix trained by gradient descent matches the loss of the counts to 0.01, on train
           and on dev
  mlp      Bengio's network reaches dev loss 2.17 within 10 seconds of compiled steps (including
           compilation in the first), and 2.20 within 60 seconds of eager ones
  large    a larger version of the same network, for about two minutes; no limit is asserted

Each is the mean of three seeds fixed beforehand, except `large`, which is one run. The transformer
has its own proof, `prove_gpt.py`.

    python proofs/prove_learning.py          # all
    python proofs/prove_learning.py mlp      # only some
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

# Products this small gain nothing from a second thread, and lose much on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from gradatim.training.loop import train
from gradatim.training.session import new

SEEDS = (1, 2, 3)
SAME = 0.01
LIMITS = {True: (2.17, 10.0), False: (2.20, 60.0)}  # compiled: dev loss, seconds
# Chosen on dev: with less weight decay it overfits, with more it underfits.
LARGE = ("block_size=6", "m=24", "h=400", "weight_decay=0.15", "batch_size=512", "steps=25000")


def learn(
    root: Path,
    model: str,
    seed: int,
    *,
    compiled: bool = True,
    settings: Sequence[str] = (),
    parts: Sequence[str] = ("train", "dev"),
) -> dict[str, float]:
    """Train with a model's recipe; returns its losses on all of train and dev, and the seconds."""
    name = f"{model}-{seed}-{'compiled' if compiled else 'plain'}{'-large' if settings else ''}"
    pairs = [f"seed={seed}", "eval_interval=1000000", f"compile={str(compiled).lower()}", *settings]
    with new(root, model, name=name, pairs=pairs, warn=_stop) as session:
        outcome = train(session.run, session.config, session.learner, start=session.start)
        losses = {part: outcome.losses[part] for part in parts}
    print(f"{name}: {losses}, {outcome.seconds:.1f} s", file=sys.stderr, flush=True)
    return {**losses, "seconds": outcome.seconds, "steps_per_second": outcome.steps_per_second}


def _stop(message: str) -> None:
    raise SystemExit(message)  # a proof about compiled steps must not pass with eager ones


def several(root: Path, model: str, **how: Any) -> dict[str, Any]:
    """The results of all seeds, and their means."""
    runs = [learn(root, model, seed, **how) for seed in SEEDS]
    means = {key: fmean(run[key] for run in runs) for key in runs[0]}
    return {"seeds": list(SEEDS), "runs": runs, "mean": means}


Outcome = tuple[dict[str, bool], dict[str, Any]]  # what holds, and what was measured


def bigrams(root: Path) -> Outcome:
    """The matrix trained by gradient descent against the counts."""
    counts = learn(root, "bigram-counts", SEEDS[0])
    bigram = several(root, "bigram")
    apart = {part: bigram["mean"][part] - counts[part] for part in ("train", "dev")}
    holds = {"bigram reaches the counts": all(abs(d) <= SAME for d in apart.values())}
    return holds, {"bigram-counts": counts, "bigram": bigram, "apart": apart}


def mlps(root: Path) -> Outcome:
    """Bengio's network, compiled and eager, within the time limits."""
    mlp = {compiled: several(root, "mlp", compiled=compiled) for compiled in (True, False)}
    holds = {}
    for compiled, (loss, seconds) in LIMITS.items():
        name = "mlp, compiled," if compiled else "mlp"
        holds[f"{name} reaches its dev loss"] = mlp[compiled]["mean"]["dev"] <= loss
        slowest = max(run["seconds"] for run in mlp[compiled]["runs"])
        holds[f"{name} is in time"] = slowest <= seconds
    return holds, {"mlp compiled": mlp[True], "mlp": mlp[False]}


def large(root: Path) -> Outcome:
    """The loss that a larger network reaches."""
    result = learn(root, "mlp", SEEDS[0], settings=LARGE)
    return {}, {"mlp larger": {"settings": list(LARGE), **result}}


PARTS = {"bigram": bigrams, "mlp": mlps, "large": large}


def main(chosen: Sequence[str]) -> int:
    """Train everything, or the chosen parts; 0 if all limits hold."""
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        raise SystemExit(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    holds: dict[str, bool] = {}
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        # An empty cache, as on a new machine: the first run has to compile.
        os.environ["GRADATIM_CACHE_DIR"] = str(root / "cache")
        for name in chosen or PARTS:
            held, numbers = PARTS[name](root)
            holds |= held
            report |= numbers
    print(json.dumps({"holds": holds, **report}, indent=2))
    return 0 if all(holds.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
