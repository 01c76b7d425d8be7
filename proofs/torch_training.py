"""Train the models of names in PyTorch in three orders of summation, and store the results.

    python proofs/torch_training.py      needs torch; everything else only reads the stored file

The recipes, seeds, words and batches are those of `gradatim train`, and the random numbers of both
libraries are the same. So all differences come from the order of summation: between PyTorch's own
runs, and between PyTorch and compiled programs. `prove_spread.py` compares the two.

    one       one thread
    two       two threads, which add partial sums. For products as small as those of `mlp` (256
              rows) PyTorch uses one thread anyway, so the bits are those of `one`
    turned    one thread, each batch with its rows reversed: the same examples, and the same sums
              in another order

Stored in `torch_training.npz`, for each model, seed and number of steps: the parameters of `one`,
and of each run the loss on all training words and the distance of its parameters from `one`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gradatim.data import names
from gradatim.training.config import RunConfig, apply_pairs
from gradatim.training.schedule import learning_rate
from gradatim.training.settings import default_config, find_model

HERE = Path(__file__).parent

MODELS = ("bigram", "mlp")
SEEDS = (1, 2, 3)
STEPS = 10_000
STOPS = (100, STEPS)  # the numbers of steps at which the runs are compared
FILE = HERE / "torch_training.npz"


def recipe(model: str, seed: int) -> RunConfig:
    """The training recipe of a model, with this seed and number of steps."""
    pairs = [f"seed={seed}", f"steps={STEPS}"]
    return apply_pairs(default_config(find_model(model)), pairs)


def distance(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> float:
    """||a - b|| / ||b|| over all parameters together."""
    one, other = (np.concatenate([p[name].reshape(-1).astype(float) for name in b]) for p in (a, b))
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


# -- PyTorch -----------------------------------------------------------------------------------


def network(torch: Any, model: str, config: Any) -> tuple[Any, Any]:
    """A module with the named parameters of a model, and its loss on a batch."""
    nn, F = torch.nn, torch.nn.functional
    V = config.vocab_size
    module = nn.Module()
    if model == "bigram":
        module.W = nn.Parameter(torch.randn(V, V))

        def bigram(X: Any, Y: Any) -> Any:
            logits = F.one_hot(X[:, -1], V).to(module.W.dtype) @ module.W
            return F.cross_entropy(logits, Y) + config.l2 * (module.W**2).mean()

        return module, bigram
    T, m, h = config.block_size, config.m, config.h
    module.C, module.H, module.U = nn.Embedding(V, m), nn.Linear(T * m, h), nn.Linear(h, V)

    def mlp(X: Any, Y: Any) -> Any:
        return F.cross_entropy(module.U(module.H(module.C(X).flatten(1)).tanh()), Y)

    return module, mlp


RUNS = ("one", "two", "turned")


def steps(torch: Any, model: str, seed: int, run: str) -> Iterator[tuple[int, Any]]:
    """Train; yields the number of steps, the parameters by name and the loss at each stop."""
    torch.set_num_threads(2 if run == "two" else 1)
    config = recipe(model, seed)
    training = config.training
    rows = names.load().split(seed=config.data.split_seed).train.rows(config.model.block_size)
    data = torch.from_numpy(rows.X), torch.from_numpy(rows.Y)
    torch.manual_seed(seed)
    module, loss_of = network(torch, model, config.model)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[training.optimizer]
    decay = training.weight_decay
    optimizer = kind(module.parameters(), lr=training.learning_rate, weight_decay=decay)
    for step in range(STEPS):
        index = torch.randint(0, len(rows), (training.batch_size,))
        index = index.flip(0) if run == "turned" else index
        optimizer.param_groups[0]["lr"] = learning_rate(training, step)
        optimizer.zero_grad()
        loss_of(*(x[index] for x in data)).backward()
        optimizer.step()
        if step + 1 in STOPS:
            parameters = {name: p.detach().numpy().copy() for name, p in module.named_parameters()}
            with torch.no_grad():
                total = float(loss_of(*data).double())
            yield step + 1, (parameters, total)


def main() -> None:
    import torch

    stored: dict[str, Any] = {}
    for model in MODELS:
        for seed in SEEDS:
            runs = {run: dict(steps(torch, model, seed, run)) for run in RUNS}
            for stop in STOPS:
                place, (reference, _) = f"{model}/{seed}/{stop}", runs["one"][stop]
                stored.update({f"{place}/{name}": p for name, p in reference.items()})
                for run in RUNS:
                    parameters, loss = runs[run][stop]
                    stored[f"{place}/loss.{run}"] = loss
                    stored[f"{place}/distance.{run}"] = distance(parameters, reference)
                    print(place, run, loss, stored[f"{place}/distance.{run}"], flush=True)
    stored["torch"] = torch.__version__
    np.savez_compressed(FILE, **stored)


if __name__ == "__main__":
    main()
