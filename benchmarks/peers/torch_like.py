"""The code shared by PyTorch and Gradatim: all of it. `torch` is the library passed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..workload import Arrays, Kernel, Training, Workload

SEED = 0
Step = Callable[[], Any]
Compile = Callable[[Callable[[Any], Any]], Callable[[Any], Any]]


class Ops:
    """The functions used in workloads."""

    def __init__(self, torch: Any) -> None:
        functional = torch.nn.functional
        self.linear = functional.linear
        self.embedding = functional.embedding
        self.cross_entropy = functional.cross_entropy
        self.relu = torch.relu
        self.tanh = torch.tanh
        self.exp = torch.exp
        self.functional = functional

    def gelu(self, x: Any) -> Any:
        return self.functional.gelu(x, approximate="tanh")

    def layer_norm(self, x: Any, weight: Any, bias: Any) -> Any:
        return self.functional.layer_norm(x, weight.shape, weight, bias)

    def causal_attention(self, q: Any, k: Any, v: Any) -> Any:
        """q, k and v are (batch, positions, heads, head width)."""
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        mixed = self.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return mixed.transpose(1, 2)

    @staticmethod
    def chunks(x: Any, count: int) -> Any:
        return x.chunk(count, -1)

    @staticmethod
    def log_softmax(x: Any) -> Any:
        return x.log_softmax(-1)


def tensors(torch: Any, arrays: Arrays, prefix: str = "") -> dict[str, Any]:
    """Copies of the arrays whose name starts with `prefix`, without it."""
    return {
        name.removeprefix(prefix): torch.from_numpy(np.array(array))
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


class Trained:
    """A training with the usual PyTorch loop."""

    def __init__(
        self, torch: Any, workload: Training, arrays: Arrays, compiled: Compile | None = None
    ) -> None:
        self.torch = torch
        self.start = tensors(torch, arrays, "parameter.")
        data = tensors(torch, arrays, "data.")
        self.parameters = {name: start.clone() for name, start in self.start.items()}
        for parameter in self.parameters.values():
            parameter.requires_grad_()
        self.optimizer = optimizer_of(torch, workload, self.parameters)
        self.step = training_step(
            torch, workload, self.parameters, data, self.optimizer, compiled or (lambda f: f)
        )

    def reset(self) -> None:
        self.torch.manual_seed(SEED)
        with self.torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(self.start[name])
            for number in self.memory():
                number.zero_()

    def memory(self) -> list[Any]:
        """The optimiser's state tensors."""
        return [x for state in self.optimizer.state.values() for x in state.values()]

    def run(self, steps: int) -> int:
        step = self.step
        for _ in range(steps):
            step()
        return steps

    def outcome(self, steps: int) -> np.ndarray:
        return np.array([float(self.step()) for _ in range(steps)])


def optimizer_of(torch: Any, workload: Training, parameters: Mapping[str, Any]) -> Any:
    """SGD, or AdamW in its fastest form."""
    adamw = workload.optimizer
    if adamw is None:
        return torch.optim.SGD(parameters.values(), lr=workload.rate)
    return torch.optim.AdamW(
        parameters.values(),
        lr=workload.rate,
        betas=(adamw.beta1, adamw.beta2),
        eps=adamw.eps,
        weight_decay=adamw.weight_decay,
        fused=True,
    )


def training_step(
    torch: Any,
    workload: Training,
    parameters: Mapping[str, Any],
    data: Mapping[str, Any],
    optimizer: Any,
    compiled: Compile,
) -> Step:
    """One step as a function: draw, loss, backward, update; returns the loss.

    `compiled` is applied to the forward pass.
    """
    ops, batch, count = Ops(torch), workload.batch, len(data["y"])
    forward = compiled(lambda index: workload.loss(ops, parameters, data, index))

    def step() -> Any:
        index = torch.randint(0, count, (batch,)) if batch else None
        loss = forward(index)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


class Computed:
    """A kernel, called repeatedly."""

    def __init__(self, torch: Any, workload: Kernel, arrays: Arrays) -> None:
        # Cloned, so that the memory is allocated by the library itself.
        ops = Ops(torch)
        operands = {name: x.clone() for name, x in tensors(torch, arrays, "data.").items()}
        self.step: Step = lambda: workload.compute(ops, operands)

    def reset(self) -> None:
        """A kernel has no state."""

    def run(self, steps: int) -> int:
        step = self.step
        for _ in range(steps):
            step()
        return steps

    def outcome(self, steps: int) -> np.ndarray:
        return np.array(self.step())


def eager(torch: Any, workload: Workload, arrays: Arrays) -> Trained | Computed:
    """The workload run eagerly."""
    kind: Any = Trained if isinstance(workload, Training) else Computed
    return kind(torch, workload, arrays)
