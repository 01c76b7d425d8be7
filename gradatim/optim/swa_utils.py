"""Averages of a model's weights over training: Polyak's running mean, or an exponential one.

Izmailov et al. 2018, Averaging weights leads to wider optima and better generalization.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from .._tensor.comparison import where
from .._tensor.creation import tensor
from ..autograd import no_grad
from ..core.errors import ArgumentError
from ..nn.batch_norm import Tracking
from ..nn.module import Module
from .lr_scheduler.base import LRScheduler
from .optimizer import Optimizer

Average = Callable[[Any, Any, Any], Any]
ManyAverages = Callable[[list[Any], list[Any], Any], None]


def get_swa_avg_fn() -> Average:
    """The running mean: a + (p - a) / (n + 1), where a is the mean of n models so far."""
    return lambda averaged, current, count: averaged + (current - averaged) / (count + 1)


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The exponential mean: decay a + (1 - decay) p.

    Errors: ArgumentError for a decay outside of [0, 1].
    """
    decay = _decay(decay)
    return lambda averaged, current, count: decay * averaged + (1 - decay) * current


def get_swa_multi_avg_fn() -> ManyAverages:
    """The running mean of lists of tensors, in place."""

    @no_grad()
    def update(averaged: list[Any], current: list[Any], count: Any) -> None:
        for a, p in zip(averaged, current, strict=True):
            a.add_((p - a) / (count + 1))

    return update


def get_ema_multi_avg_fn(decay: float = 0.999) -> ManyAverages:
    """The exponential mean of lists of tensors, in place.

    Errors: ArgumentError for a decay outside of [0, 1].
    """
    decay = _decay(decay)

    @no_grad()
    def update(averaged: list[Any], current: list[Any], count: Any) -> None:
        for a, p in zip(averaged, current, strict=True):
            if a.is_floating_point():
                a.lerp_(p, 1 - decay)
            else:
                a.copy_(p)

    return update


def _decay(decay: float) -> float:
    if not 0 <= decay <= 1:
        raise ArgumentError(f"an exponential mean: decay must be in [0, 1], got {decay}")
    return decay


class AveragedModel(Module):
    """A copy of a model whose weights are averages over all calls of `update_parameters`.

    By default their mean. `avg_fn(averaged, current, n)` returns another average of one tensor,
    `multi_avg_fn(averaged_list, current_list, n)` writes those of lists. Buffers are copied, or
    averaged too if `use_buffers`. A compiled step may update it.

    >>> import gradatim
    >>> model = gradatim.nn.Linear(1, 1, bias=False)
    >>> mean = AveragedModel(model)
    >>> for x in (1.0, 2.0, 6.0):
    ...     _ = model.weight.data.fill_(x)
    ...     mean.update_parameters(model)
    >>> mean(gradatim.ones(1)).item(), mean.n_averaged.item()
    (3.0, 3)
    """

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: ManyAverages | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ArgumentError("AveragedModel: only one of avg_fn and multi_avg_fn can be given")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The averaged model's output."""
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the weights of `model` into the average; the first time they are the average."""
        buffers = chain(model.buffers()) if self.use_buffers else iter(())
        own = chain(self.module.buffers()) if self.use_buffers else iter(())
        current = [x.detach() for x in chain(model.parameters(), buffers)]
        averaged = [x.detach() for x in chain(self.module.parameters(), own)]
        is_first = self.n_averaged == 0
        if self.multi_avg_fn is not None:
            self.multi_avg_fn(averaged, current, self.n_averaged)
            new = averaged
        else:
            mean = self.avg_fn or get_swa_avg_fn()
            new = [mean(a, p, self.n_averaged) for a, p in zip(averaged, current, strict=True)]
        for a, p, x in zip(averaged, current, new, strict=True):
            a.copy_(where(is_first, p, x.to(a.dtype)))
        if not self.use_buffers:
            for mine, given in zip(self.module.buffers(), model.buffers(), strict=True):
                mine.copy_(given)
        self.n_averaged.add_(1)


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of a model's batch norms anew, in one pass over the data.

    Averaged weights need it: the statistics were those of other weights. A batch that is a tuple or
    list counts by its first item.
    """
    norms = [m for m in model.modules() if isinstance(m, Tracking) and m.track_running_stats]
    if not norms:
        return
    momenta = [m.momentum for m in norms]
    was_training = model.training
    model.train()
    for m in norms:
        m.reset_running_stats()
        m.momentum = None  # the mean over all batches
    for batch in loader:
        x = batch[0] if isinstance(batch, (tuple, list)) else batch
        model(x if device is None else x.to(device))
    for m, momentum in zip(norms, momenta, strict=True):
        m.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the current rate to `swa_lr` in `anneal_epochs` steps, and constant from there on.

    The way is half a cosine ("cos") or a line ("linear"). `swa_lr` may be a list, one for each
    group. It begins where it is created, so it can take over from another schedule.

    >>> import gradatim
    >>> optimizer = gradatim.optim.SGD([gradatim.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = SWALR(optimizer, swa_lr=0.0, anneal_epochs=4, anneal_strategy="linear")
    >>> rates = []
    >>> for _ in range(6):
    ...     optimizer.step()
    ...     schedule.step()
    ...     rates.append(optimizer.param_groups[0]["lr"])
    >>> rates
    [0.75, 0.5, 0.25, 0.0, 0.0, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        groups = optimizer.param_groups
        rates = list(swa_lr) if isinstance(swa_lr, (list, tuple)) else [swa_lr] * len(groups)
        if len(rates) != len(groups):
            raise ArgumentError(f"SWALR: {len(rates)} rates for {len(groups)} groups")
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(
                f'SWALR: anneal_strategy must be "cos" or "linear", got {anneal_strategy!r}'
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ArgumentError(f"SWALR: anneal_epochs must be 0 or more, got {anneal_epochs}")
        for group, rate in zip(groups, rates, strict=True):
            group["swa_lr"] = rate
        self.anneal_epochs = anneal_epochs
        self.anneal_strategy = anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _way(self, step: int) -> float:
        """How much of the way is done."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return t if self.anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[float]:
        """Between the rate where the way began, which follows from the current one, and its end."""
        step = self._step_count - 1
        if not self.anneal_epochs:
            step = max(1, step)
        before, now = self._way(step - 1), self._way(step)
        return [_moved(g["lr"], g["swa_lr"], before, now) for g in self.optimizer.param_groups]


def _moved(rate: float, end: float, before: float, now: float) -> float:
    if before == 1:
        return end
    start = (rate - before * end) / (1 - before)
    return end * now + start * (1 - now)


__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]
