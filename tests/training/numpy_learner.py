"""A learner without the library's engine: the loop is tested on what it promises to any learner.

Also a program: `python -m tests.training.numpy_learner FOLDER STEPS INTERVAL` trains or goes on
with the run FOLDER/kill, for tests that kill it.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from gradatim.training.config import RunConfig, TrainingConfig
from gradatim.training.loop import Outcome, first_checkpoint, train
from gradatim.training.runs import Run, create_run, open_run


@dataclass(frozen=True)
class Config:
    width: int = 5


class NumpyLearner:
    """Least squares with momentum on noisy batches; `blow_up_at` makes one loss nan.

    It takes as many steps at once as `chunks` says in turn, which may be none.
    """

    descends = True

    def __init__(self, config: RunConfig, *, blow_up_at: int = -1, chunks: Sequence[int] = (1,)):
        self.chunks = cycle(chunks)
        self.generator = np.random.Generator(np.random.PCG64(config.training.seed))
        self.w = self.generator.standard_normal(config.model.width)
        self.velocity = np.zeros_like(self.w)
        self.target = np.linspace(-1, 1, config.model.width)
        self.seen = 0
        self.blow_up_at = blow_up_at

    def steps(self, rates: np.ndarray) -> np.ndarray:
        return np.array([self.step(rate) for rate in rates[: next(self.chunks)]])

    def eagerly(self) -> AbstractContextManager[None]:
        return nullcontext()

    def step(self, rate: float) -> float:
        x = self.generator.standard_normal((4, len(self.w)))
        residual = x @ (self.w - self.target)
        loss = float((residual**2).mean())
        if self.seen == self.blow_up_at:
            return float("nan")
        self.velocity = 0.9 * self.velocity + 2 * residual @ x / 4
        self.w = self.w - rate * self.velocity
        self.seen += 1
        return loss

    def evaluate(self, split: str, *, examples: int, between: Callable[[float], None]) -> float:
        between(0.0)
        return float(((self.w - self.target) ** 2).sum()) + {"train": 0, "dev": 1, "test": 2}[split]

    def arrays(self) -> dict[str, np.ndarray]:
        return {"w": self.w, "velocity": self.velocity}

    def position(self) -> dict[str, Any]:
        return {"seen": self.seen, "generator": self.generator.bit_generator.state}

    def restore(self, arrays: dict[str, np.ndarray], position: dict[str, Any]) -> None:
        self.w, self.velocity = arrays["w"].copy(), arrays["velocity"].copy()
        self.seen = position["seen"]
        self.generator.bit_generator.state = position["generator"]

    def examples_per_step(self) -> int:
        return 4


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def settings(steps: int = 20, interval: int = 5, **others: Any) -> RunConfig:
    training = TrainingConfig(
        steps=steps,
        learning_rate=0.01,
        log_interval=1,
        eval_interval=interval,
        checkpoint_interval=interval,
        **others,
    )
    return RunConfig("least-squares", Config(), training=training)


def start(root: Path, config: RunConfig, *, name: str = "kill", **learner: Any) -> Run:
    first = first_checkpoint(config, NumpyLearner(config, **learner))
    return create_run(root, name=name, config=config.tables(), first=first)


def go_on(run: Run, config: RunConfig, *, reporter: Any = None, **learner: Any) -> Outcome:
    with run.lock():
        return train(
            run, config, NumpyLearner(config, **learner), start=run.load(), reporter=reporter
        )


if __name__ == "__main__":
    root, config = Path(sys.argv[1]), settings(int(sys.argv[2]), int(sys.argv[3]))
    run = open_run(root, "kill") if (root / "kill").exists() else start(root, config)
    go_on(run, config)
