"""Compiled training ends as close to PyTorch, after ten thousand steps, as PyTorch to itself.

Each model of names is trained with its recipe, compiled, with the seeds of `torch_training.py`,
which has stored where PyTorch ended: with one thread, with two, and with the rows of each batch
reversed. All three take the same sums in other orders. The spread is how far the other two end from
the first: the maximum over the seeds, of the parameters (||a - b|| / ||b||) and of the loss on all
training words. (Two threads alone would say little: for `mlp` they give the same bits as one.)

The compiled run has its own order, and also rounds its updates elsewhere. Two runs that both end
within the spread of a third may be twice as far from each other, so the proof requires twice the
spread; `ratio` is the measured multiple.

    python proofs/prove_spread.py
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import numpy as np

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from torch_training import FILE, MODELS, SEEDS, STOPS, distance, recipe

from gradatim.data import names
from gradatim.training.schedule import learning_rate
from gradatim.training.session import make_learner
from gradatim.training.tasks.letters import LetterTask

OTHERS = ("two", "turned")
FACTOR = 2.0


def compiled(model: str, seed: int, stops: tuple[int, ...] = STOPS) -> dict[int, tuple[Any, float]]:
    """Train; returns parameters by name and the loss, for each number of steps in `stops`."""
    config = recipe(model, seed)
    task = LetterTask(names.load(), split_seed=config.data.split_seed)
    learner = make_learner(config, task, warn=_stop)
    results, done = {}, 0
    for stop in stops:
        while done < stop:
            rates = [learning_rate(config.training, step) for step in range(done, stop)]
            done += len(learner.steps(np.array(rates)))
        parameters = {k: p.detach().numpy().copy() for k, p in learner.model.named_parameters()}
        results[stop] = parameters, loss_on_all(learner)
    return results


def loss_on_all(learner: Any) -> float:
    """The mean loss on the training words, including the training penalty."""
    loss: float = learner.evaluate("train", examples=0)
    config = learner.model.config
    if hasattr(config, "l2"):
        loss += config.l2 * float(np.square(learner.model.W.detach().numpy(), dtype=float).mean())
    return loss


def _stop(message: str) -> None:
    raise SystemExit(message)  # a proof about compiled steps must not pass with eager ones


def compare(model: str, seed: int, stop: int, run: tuple[Any, float], stored: Any) -> Any:
    """The distance of a run from PyTorch's with one thread, and those of PyTorch's other runs."""
    place = f"{model}/{seed}/{stop}"
    parameters, loss = run
    reference = {name: stored[f"{place}/{name}"] for name in parameters}
    expected = float(stored[f"{place}/loss.one"])
    return {
        "distance": distance(parameters, reference),
        "loss": abs(loss - expected),
        **{f"distance.{o}": float(stored[f"{place}/distance.{o}"]) for o in OTHERS},
        **{f"loss.{o}": abs(float(stored[f"{place}/loss.{o}"]) - expected) for o in OTHERS},
    }


def main() -> int:
    stored = np.load(FILE)
    results: dict[str, Any] = {}
    for model in MODELS:
        runs = {seed: compiled(model, seed) for seed in SEEDS}
        for stop in STOPS:
            rows = [compare(model, seed, stop, runs[seed][stop], stored) for seed in SEEDS]
            spread = {
                what: max(row[f"{what}.{other}"] for row in rows for other in OTHERS)
                for what in ("distance", "loss")
            }
            ours = {what: max(row[what] for row in rows) for what in spread}
            ratio = ours["distance"] / spread["distance"]
            holds = ratio <= FACTOR and abs(ours["loss"]) < 1e-6
            results[f"{model}, {stop:,} steps"] = {
                "compiled": ours,
                "PyTorch": spread,
                "ratio": round(ratio, 2),
                "seeds": rows,
                "holds": holds,
            }
            print(f"{model} {stop}: {ours} {spread}", file=sys.stderr, flush=True)
    print(json.dumps(results, indent=2))
    return 0 if all(part["holds"] for part in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
