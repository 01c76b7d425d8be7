"""`torch.compile`, in the fastest of the forms tried.

The whole step is one graph: gradients by `torch.func.grad_and_value`, updates in place. With the
loss and `optimizer.step` compiled separately, and `backward()` between them, a step took 1.2
(`bigram`) to 4 times (`scalar`) as long. `cpp_wrapper`, which calls the kernels from C++, takes a
sixth to a fifth off the small steps; `max-autotune` changed nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import numpy as np

from ..workload import Arrays, Kernel, Training, Workload
from .torch_like import Computed, Ops, Trained, tensors

Named = dict[str, Any]

OPTIONS = {"cpp_wrapper": True}


def version() -> str:
    import torch

    if not any(shutil.which(name) for name in ("g++", "clang++", "cl")):
        raise ImportError("torch.compile needs a C++ compiler, and there is none on the PATH")
    return f"torch {torch.__version__}"


class Compiled(Trained):
    """The training as one compiled function of the parameters."""

    def __init__(self, torch: Any, workload: Training, arrays: Arrays) -> None:
        self.torch = torch
        self.start = tensors(torch, arrays, "parameter.")
        self.parameters = {name: start.clone() for name, start in self.start.items()}
        self.moments = [{n: torch.zeros_like(p) for n, p in self.start.items()} for _ in range(2)]
        self.count = torch.zeros(())
        data = tensors(torch, arrays, "data.")
        update = self.sgd if workload.optimizer is None else self.adamw
        self.step = compiled_step(torch, workload, self.parameters, data, update)
        self.workload = workload

    def memory(self) -> list[Any]:
        return [self.count, *(x for moment in self.moments for x in moment.values())]

    def sgd(self, gradients: Named) -> None:
        for name, parameter in self.parameters.items():
            parameter.sub_(gradients[name], alpha=self.workload.rate)

    def adamw(self, gradients: Named) -> None:
        rate, a = self.workload.rate, self.workload.optimizer
        assert a is not None
        self.count.add_(1)
        first, second = 1 - a.beta1**self.count, (1 - a.beta2**self.count).sqrt()
        for name, parameter in self.parameters.items():
            g, m, v = gradients[name], self.moments[0][name], self.moments[1][name]
            m.lerp_(g, 1 - a.beta1)
            v.mul_(a.beta2).addcmul_(g, g, value=1 - a.beta2)
            parameter.mul_(1 - rate * a.weight_decay)
            parameter.sub_(rate / first * (m / (v.sqrt() / second + a.eps)))


def compiled_step(
    torch: Any, workload: Training, parameters: Any, data: Any, update: Callable[[Named], None]
) -> Any:
    ops, batch, count = Ops(torch), workload.batch, len(data["y"])

    def loss_of(parameters: Any, index: Any) -> Any:
        return workload.loss(ops, parameters, data, index)

    def step() -> Any:
        index = torch.randint(0, count, (batch,)) if batch else None
        gradients, loss = torch.func.grad_and_value(loss_of)(parameters, index)
        update(gradients)
        return loss

    return torch.compile(step, fullgraph=True, options=OPTIONS)


class CompiledKernel(Computed):
    """One compiled function of tensors."""

    def __init__(self, torch: Any, workload: Kernel, arrays: Arrays) -> None:
        super().__init__(torch, workload, arrays)
        self.step = torch.compile(self.step, fullgraph=True, options=OPTIONS)

    def outcome(self, steps: int) -> np.ndarray:
        return self.step().numpy()


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    import torch
    import torch._inductor.config as inductor

    torch.set_num_threads(threads)
    inductor.fallback_random = True  # eager's random numbers, so that losses are comparable
    torch._dynamo.reset()  # earlier workloads' programs count towards the recompile limit
    kind: Any = Compiled if isinstance(workload, Training) else CompiledKernel
    return kind(torch, workload, arrays)
