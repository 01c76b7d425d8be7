"""A small model in training, eager or compiled, and all of it that a user can see.

Two of them, one of each kind, are told to do the same by `test_training_machine`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import gradatim as g
from gradatim import nn, optim
from gradatim.nn import functional as F
from tests.compiler.seen import plain

# With an eps that rounding errors are small beside: a gradient of 0 may be 1e-17 on one side.
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": lambda ps: optim.SGD(ps, lr=0.05),
    "momentum": lambda ps: optim.SGD(ps, lr=0.05, momentum=0.9, dampening=0.1),
    "nesterov": lambda ps: optim.SGD(ps, lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.01),
    "adam": lambda ps: optim.Adam(ps, lr=0.01, eps=1e-3, amsgrad=True),
    "adamw": lambda ps: optim.AdamW(ps, lr=0.01, eps=1e-3),
    "rmsprop": lambda ps: optim.RMSprop(ps, lr=0.01, eps=1e-3, momentum=0.5, centered=True),
    "adagrad": lambda ps: optim.Adagrad(ps, lr=0.02, eps=1e-3),
    "adadelta": lambda ps: optim.Adadelta(ps, lr=0.5, eps=1e-3),
}

_schedules = optim.lr_scheduler
SCHEDULES: dict[str, Callable[..., Any]] = {
    "constant": lambda o: _schedules.ConstantLR(o, 0.5, total_iters=2),
    "cosine": lambda o: _schedules.CosineAnnealingLR(o, 3),
    "exponential": lambda o: _schedules.ExponentialLR(o, 0.8),
    "lambda": lambda o: _schedules.LambdaLR(o, lambda step: 1 / (1 + step)),
    "linear": lambda o: _schedules.LinearLR(o, 0.3, total_iters=3),
    "milestones": lambda o: _schedules.MultiStepLR(o, [1, 3], 0.5),
    "one cycle": lambda o: _schedules.OneCycleLR(o, 0.1, total_steps=9),
    "plateau": lambda o: _schedules.ReduceLROnPlateau(o, factor=0.5, patience=0),
    "sequence": lambda o: _schedules.SequentialLR(
        o, [_schedules.LinearLR(o, 0.5, total_iters=2), _schedules.ExponentialLR(o, 0.9)], [2]
    ),
    "steps": lambda o: _schedules.StepLR(o, 2, 0.5),
    "warm-up": lambda o: _schedules.WarmupCosineLR(o, warmup=2, total_steps=9),
}


class Net(nn.Module):
    """A norm with buffers, a dropout, a number of Python's, a buffer that is another each time."""

    def __init__(self, width: int, norm: str) -> None:
        super().__init__()
        self.enter = nn.Linear(3, width, bias=False)
        self.norm = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}[norm](width)
        self.drop = nn.Dropout(0.25)
        self.leave = nn.Linear(width, 2)
        self.shift = nn.Parameter(g.zeros(2))
        self.scale = 1.0
        self.register_buffer("calls", g.tensor(0.0))

    def forward(self, x: Any) -> Any:
        if self.training:
            self.calls = self.calls + 1
        return self.leave(self.drop(self.norm(self.enter(x)).tanh())) * self.scale + self.shift


class Trainer:
    """A model, its optimisers and schedules, and functions that train it."""

    def __init__(
        self, kind: str, *, width: int = 4, norm: str = "layer", dtype: Any = g.float64
    ) -> None:
        self.compile: Callable[[Any], Any] = lambda f: f
        g.manual_seed(7)
        self.model: Any = Net(width, norm).to(dtype)
        self.optimizers = [OPTIMIZERS[kind](self.model.parameters())]
        self.schedules: list[Any] = []
        self.hooks: list[Any] = []
        self.kept: list[Any] = []
        self.missing: list[Any] = []
        self.held: dict[str, Any] = {}
        self.rows = 3 if width < 10 else 96
        self.to_none, self.zero_when = True, "before"
        self.clip, self.clip_at = "", 0.5

    def compiled(self) -> Trainer:
        """The same, which compiles whatever it calls."""
        self.compile = g.compile
        return self.ready()

    def ready(self) -> Trainer:
        """Its functions, and its model as one."""
        make = self.compile
        self.step, self.accumulate = make(self._step), make(self._accumulate)
        self.loss, self.update = make(self._loss), make(self._update)
        self.twin = make(self.model)
        return self

    # -- what is compiled ------------------------------------------------------------------

    def _loss(self, x: Any, y: Any) -> Any:
        z = self.model(x)
        return F.mse_loss(z, y), z

    def _accumulate(self, x: Any, y: Any) -> Any:
        loss, z = self._loss(x, y)
        loss.backward()
        return loss, z.detach()

    def _update(self) -> None:
        parameters = list(self.model.parameters())
        if self.clip == "norm":
            nn.utils.clip_grad_norm_(parameters, self.clip_at)
        if self.clip == "value":
            nn.utils.clip_grad_value_(parameters, self.clip_at)
        for optimizer in self.optimizers:
            optimizer.step()

    def _zero(self, when: str) -> None:
        if when == self.zero_when:
            for optimizer in self.optimizers:
                optimizer.zero_grad(set_to_none=self.to_none)

    def _step(self, x: Any, y: Any) -> Any:
        self._zero("before")
        loss, z = self._loss(x, y)
        loss.backward()
        self._update()
        self._zero("after")
        return loss, z.detach().mean()

    # -- ways to train ---------------------------------------------------------------------

    def many(self, x: Any, y: Any) -> Any:
        """A step for each row."""
        if self.compile is g.compile:
            return self.step.repeat(len(x), x, y, check_finite=False)
        found = [self._step(*row) for row in zip(x, y, strict=True)]
        return [g.stack([a.detach() for a in column]) for column in zip(*found, strict=True)]

    def through(self, x: Any, y: Any, what: str, then: str) -> Any:
        """A loss outside of what is compiled, and a gradient that goes back through it."""
        if what == "model":
            loss = F.mse_loss(self.twin(x), y)
        elif what == "loss":
            loss = self.loss(x, y)[0]
        elif what == "both":
            loss, z = self.loss(x, y)
            loss = loss * 0.5 + z.square().mean()
        else:
            loss = self.loss(x, y)[0] * self.loss(x * 0.5, y)[1].mean()
        loss.backward()
        if then == "update":
            self._update()
        return loss

    def evaluate(self, x: Any, y: Any) -> Any:
        """What it says, without gradients."""
        with g.no_grad():
            return [*self.loss(x, y), self.twin(x)]

    # -- what can be seen ------------------------------------------------------------------

    def parameter(self, i: int) -> Any:
        """One of the parameters."""
        parameters = list(self.model.parameters())
        return parameters[i % len(parameters)]

    def numbers(self) -> Iterator[Any]:
        """All tensors that a step writes, but gradients."""
        yield from self.model.state_dict(keep_vars=True).values()
        for optimizer in self.optimizers:
            for p in self.model.parameters():
                state = optimizer.state.get(p, {})
                yield from (state[k] for k in sorted(state) if isinstance(state[k], g.Tensor))

    def seen(self) -> dict[str, Any]:
        """All but gradients: who looks at those has them kept."""
        names = {p: name for name, p in self.model.named_parameters()}
        return {
            "tensors": {k: plain(x) for k, x in self.model.state_dict(keep_vars=True).items()},
            "training": [m.training for m in self.model.modules()],
            "optimizers": [_optimizer(o, names) for o in self.optimizers],
            "schedules": [s.state_dict() for s in self.schedules if s.__class__ is not _SEQUENCE],
            "rates": [s.get_last_lr() for s in self.schedules],
            "held": plain(self.held),
        }

    def gradients(self) -> Any:
        """The gradients; from now on they are the user's."""
        return {name: p.grad for name, p in self.model.named_parameters()}


_SEQUENCE = optim.lr_scheduler.SequentialLR


def _optimizer(optimizer: Any, names: dict[Any, str]) -> Any:
    def named(p: Any) -> str:
        return names.get(p, "one that the model had")

    groups = [
        {**group, "params": [*map(named, group["params"])]} for group in optimizer.param_groups
    ]
    return groups, [(named(p), plain(dict(state))) for p, state in optimizer.state.items()]


def outcome(act: Callable[[Trainer], Any], trainer: Trainer) -> tuple[Any, list[str]]:
    """What an act gives or raises, and what it warns of, but for what only compilers say."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            found = plain(act(trainer))
        except Exception as error:
            found = error
    texts = [str(w.message) for w in said]
    return found, [t for t in texts if not t.startswith("gradatim.compile")]
