"""What a user does between the steps of a training, and the ways to do one, drawn at random.

An act is a function of a `Trainer`, which it changes, and of numbers that are drawn.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

import gradatim as g
from gradatim import nn
from tests.compiler.seen import LAYOUTS, laid_out
from tests.compiler.trainer import OPTIMIZERS, SCHEDULES, Trainer

WHICH = st.integers(0, 7)  # a parameter, an optimiser, a group, a batch: counted round
BOTH = st.booleans()


@dataclass(frozen=True)
class Act:
    """A function with what was drawn for it."""

    function: Callable[..., Any]
    drawn: dict[str, Any]

    def __call__(self, t: Trainer) -> Any:
        return self.function(t, **self.drawn)

    def __repr__(self) -> str:
        told = ", ".join(f"{k}={v!r}" for k, v in self.drawn.items())
        return f"Act({self.function.__name__}, dict({told}))"


def act(function: Callable[..., Any], **drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[Act]:
    """A strategy for one kind of act."""
    return st.fixed_dictionaries(drawn).map(partial(Act, function))


def evenly(*kinds: st.SearchStrategy[Act]) -> st.SearchStrategy[Act]:
    """Acts of all kinds, each about as often as another."""
    return st.sampled_from(kinds).flatmap(lambda kind: kind)


def one(*names: str) -> st.SearchStrategy[str]:
    return st.sampled_from(names)


# -- ways to train -------------------------------------------------------------------------------


def batch(t: Trainer, seed: int, layout: str, *shape: int) -> tuple[Any, Any]:
    """Inputs, and what is wanted of them: rows of numbers between -1 and 1."""
    random, dtype = np.random.default_rng(seed), t.model.enter.weight.dtype.name
    x = random.uniform(-1, 1, (*shape, 3)).astype(dtype)
    y = random.uniform(-1, 1, (*shape, 2)).astype(dtype)
    return laid_out(x, layout), laid_out(y, layout)


def train(t: Trainer, way: str, seed: int, layout: str, times: int) -> Any:
    rows = t.rows + seed % 2
    return [getattr(t, way)(*batch(t, seed, layout, rows)) for _ in range(times)]


def train_many(t: Trainer, steps: int, seed: int, layout: str) -> Any:
    return t.many(*batch(t, seed, layout, steps, t.rows))


def train_through(t: Trainer, what: str, seed: int, layout: str, then: str) -> Any:
    x, y = batch(t, seed, layout, t.rows)
    if then == "with x":
        x.requires_grad_()
    return [t.through(x, y, what, then), x.grad]


def update(t: Trainer) -> None:
    t.update()


def train_wrongly(t: Trainer, wrong: str) -> Any:
    x, y = batch(t, 0, "in order", 3)
    other = g.float32 if x.dtype is g.float64 else g.float64
    return t.step(
        *{
            "one row": (x[:1], y[:1]),
            "columns": (x[:, :2], y),
            "dtype": (x.to(other), y),
            "no tensor": (None, y),
        }[wrong]
    )


LAYOUT = one(*LAYOUTS)
WAYS = evenly(
    act(
        train,
        way=one("step", "step", "accumulate", "evaluate", "_step", "_accumulate"),
        seed=WHICH,
        layout=LAYOUT,
        times=st.integers(1, 3),
    ),
    act(train_many, steps=st.integers(1, 6), seed=WHICH, layout=LAYOUT),
    act(
        train_through,
        what=one("model", "loss", "both", "two"),
        seed=WHICH,
        layout=LAYOUT,
        then=one("nothing", "update", "with x"),
    ),
    act(update),
    act(train_wrongly, wrong=one("one row", "columns", "dtype", "no tensor")),
)

# -- settings ------------------------------------------------------------------------------------


def set_number(t: Trainer, i: int, name: str, value: float) -> None:
    groups = [group for optimizer in t.optimizers for group in optimizer.param_groups]
    group = groups[i % len(groups)]
    if name == "betas" and name in group:
        group[name] = (value, 0.9 + value / 6)
    elif name == "eps":
        group[name] = 1e-3 + value
    elif name == "maximize":
        group[name] = value == 0.5
    elif name in group:
        group[name] = value


def set_mode(t: Trainer, training: bool) -> None:
    t.model.train(training)


def set_scale(t: Trainer, scale: float) -> None:
    t.model.scale = scale


def set_dropout(t: Trainer, p: float) -> None:
    t.model.drop.p = p


def set_clipping(t: Trainer, clip: str, at: float) -> None:
    t.clip, t.clip_at = clip, at


def set_zeroing(t: Trainer, to_none: bool, when: str) -> None:
    t.to_none, t.zero_when = to_none, when


# -- parameters and gradients --------------------------------------------------------------------


def edit(t: Trainer, i: int, how: str) -> None:
    p = t.parameter(i)
    if how == "data":
        p.data = p.data * 0.9
    elif how == "data mul":
        p.data.mul_(0.9)
    elif how == "view":
        p.detach().view(-1)[:2].add_(0.1)
    elif how == "numpy":
        p.detach().numpy()[...] *= 0.9
    else:
        with g.no_grad():
            if how == "copy":
                p.copy_(g.rand_like(p) - 0.5)
            elif how == "index":
                p[0] = 0.5
            else:
                p.mul_(0.9)


def freeze(t: Trainer, i: int, wanted: bool) -> None:
    t.parameter(i).requires_grad_(wanted)


def replace(t: Trainer, what: str) -> None:
    model = t.model
    if what == "parameter":
        model.shift = nn.Parameter(g.ones_like(model.shift.detach()))
    elif what == "tied":
        model.shift = model.leave.bias
    elif what == "norm":
        model.norm = copy.deepcopy(model.norm)
    else:
        model.calls = g.tensor(2.0)


def edit_gradient(t: Trainer, i: int, how: str) -> None:
    p = t.parameter(i)
    if how == "none":
        p.grad = None
    elif how == "new":
        p.grad = g.ones_like(p.detach()) * 0.1
    elif p.grad is not None and how == "mul":
        p.grad.mul_(0.5)
    elif p.grad is not None and how == "another":
        p.grad = p.grad.clone()
    elif p.grad is not None:
        p.grad.data = p.grad.data * 2


def zero_grad(t: Trainer, of: str, to_none: bool) -> None:
    (t.model if of == "model" else t.optimizers[0]).zero_grad(set_to_none=to_none)


def look_at_gradients(t: Trainer) -> Any:
    return t.gradients()


def hold_gradients(t: Trainer) -> None:
    t.held = t.gradients()


# -- optimisers ----------------------------------------------------------------------------------


def edit_groups(t: Trainer, i: int, how: str) -> None:
    optimizer = t.optimizers[i % len(t.optimizers)]
    groups = optimizer.param_groups
    params = groups[0]["params"]
    if how == "take out" and len(params) > 1:
        params.pop(i % len(params))
    elif how == "put in":
        known = {p for group in groups for p in group["params"]}
        new = [p for p in t.model.parameters() if p not in known and p in optimizer.state]
        params += new[:1]
    elif how == "group" and len(params) > 1:
        optimizer.add_param_group({"params": [params.pop(0)], "lr": 0.02})
    elif how == "pop" and len(groups) > 1:
        groups.pop()
    elif how == "reverse":
        groups.reverse()
    elif how == "turn":
        groups[0]["params"] = params[1:] + params[:1]
    elif how == "move" and len(groups) > 1 and len(params) > 1:
        groups[1]["params"].append(params.pop())


def edit_state(t: Trainer, i: int, j: int, how: str) -> None:
    optimizer, p = t.optimizers[i % len(t.optimizers)], t.parameter(i)
    state = optimizer.state.get(p, {})
    names = sorted(k for k, v in state.items() if isinstance(v, g.Tensor))
    if names:
        STATE_EDITS[how](optimizer, p, state, names[j % len(names)])


def _like(state: Any, p: Any) -> list[Any]:
    """Other parameters with a state that would fit."""
    return [q for q in state if q is not p and q.shape == p.shape]


def _exchange(optimizer: Any, p: Any, own: Any, name: str) -> None:
    state = optimizer.state
    for q in _like(state, p)[:1]:
        state[p], state[q] = state[q], state[p]


def _share(optimizer: Any, p: Any, own: Any, name: str) -> None:
    for q in _like(optimizer.state, p)[:1]:
        own[name] = optimizer.state[q].get(name, own[name])


def _copy_all(optimizer: Any, p: Any, own: Any, name: str) -> None:
    optimizer.state = {q: type(s)(s) for q, s in optimizer.state.items()}


def _update(optimizer: Any, p: Any, own: Any, name: str) -> None:
    own.update({k: v.clone() for k, v in own.items() if isinstance(v, g.Tensor)})


STATE_EDITS: dict[str, Callable[..., Any]] = {
    "clone": lambda o, p, own, k: own.__setitem__(k, own[k].clone()),
    "half": lambda o, p, own, k: own.__setitem__(k, own[k] * 0.5),
    "double": lambda o, p, own, k: own[k].mul_(2.0),
    "data": lambda o, p, own, k: setattr(own[k], "data", own[k].data.clone()),
    "last": lambda o, p, own, k: own.__setitem__(k, own.pop(k)),
    "note": lambda o, p, own, k: own.__setitem__("note", 1.5),
    "update": _update,
    "copy": lambda o, p, own, k: o.state.__setitem__(p, dict(own)),
    "copy all": _copy_all,
    "all last": lambda o, p, own, k: o.state.__setitem__(p, o.state.pop(p)),
    "exchange": _exchange,
    "share": _share,
}


def miss_state(t: Trainer, i: int, j: int) -> None:
    state = t.optimizers[0].state.get(t.parameter(i), {})
    names = sorted(state)
    if names:
        name = names[j % len(names)]
        t.missing.append((state, name, state.pop(name)))


def find_state(t: Trainer) -> None:
    for state, name, value in t.missing:
        state.setdefault(name, value)
    t.missing.clear()


def add_optimizer(t: Trainer, kind: str, instead: bool) -> None:
    if instead:
        t.optimizers, t.schedules = [], []
    if len(t.optimizers) < 2:
        t.optimizers.append(OPTIMIZERS[kind](t.model.parameters()))


def schedule(t: Trainer, kind: str, i: int) -> None:
    t.schedules = [SCHEDULES[kind](t.optimizers[i % len(t.optimizers)])]


def next_rate(t: Trainer, loss: float, times: int) -> None:
    for s in t.schedules * times:
        s.step(loss) if type(s).__name__ == "ReduceLROnPlateau" else s.step()


# -- what is kept --------------------------------------------------------------------------------


def keep(t: Trainer, in_file: bool) -> None:
    state = [t.model.state_dict(), t.optimizers[0].state_dict()]
    t.kept = copy.deepcopy(state)
    if in_file:
        file = io.BytesIO()
        g.save(state, file)
        file.seek(0)
        t.kept = g.load(file)


def load(t: Trainer, what: int) -> None:
    if t.kept:
        (t.model, t.optimizers[0])[what].load_state_dict(t.kept[what])


def load_anothers(t: Trainer, kind: str) -> None:
    other = OPTIMIZERS[kind](t.model.parameters())
    t.optimizers[0].load_state_dict(other.state_dict())


def copied(t: Trainer) -> None:
    whole = (t.model, t.optimizers, t.schedules)
    t.model, t.optimizers, t.schedules = copy.deepcopy(whole)
    t.hooks.clear()
    t.twin = t.compile(t.model)


# -- hooks ---------------------------------------------------------------------------------------


def _shrink(optimizer: Any, args: Any, kwargs: Any) -> None:
    with g.no_grad():
        for p in optimizer.param_groups[0]["params"]:
            p.mul_(0.99)


def _halve(p: Any) -> None:
    p.grad.mul_(0.5)


def hook(t: Trainer, i: int, kind: str) -> None:
    p, model = t.parameter(i), t.model
    make = {
        "pre": lambda: model.norm.register_forward_pre_hook(lambda m, args: (args[0] * 0.5,)),
        "forward": lambda: model.leave.register_forward_hook(lambda m, args, out: out + 0.25),
        "backward": lambda: model.leave.register_full_backward_hook(
            lambda m, inner, outer: (inner[0] * 0.5,)
        ),
        "step": lambda: t.optimizers[0].register_step_post_hook(_shrink),
        "tensor": lambda: p.register_hook(lambda grad: grad * 0.5),
        "collected": lambda: p.register_post_accumulate_grad_hook(_halve),
    }
    t.hooks.append(make[kind]())


def unhook(t: Trainer, i: int) -> None:
    if t.hooks:
        t.hooks.pop(i % len(t.hooks)).remove()


VALUE = st.sampled_from([0.0, 0.01, 0.03, 0.5])
KIND = st.sampled_from(sorted(OPTIMIZERS))
CHANGES = evenly(  # the first is drawn most often
    act(hold_gradients),
    act(edit_state, i=WHICH, j=WHICH, how=one(*STATE_EDITS)),
    act(set_number, i=WHICH, name=one("lr", "betas", "momentum", "weight_decay"), value=VALUE),
    act(set_number, i=WHICH, name=one("maximize", "eps", "lr"), value=VALUE),
    act(set_mode, training=BOTH),
    act(set_scale, scale=st.sampled_from([0.5, 1.0, 2])),
    act(set_dropout, p=st.sampled_from([0.0, 0.25, 0.5])),
    act(set_clipping, clip=one("", "norm", "value"), at=st.sampled_from([0.1, 1.0])),
    act(set_zeroing, to_none=BOTH, when=one("before", "after")),
    act(edit, i=WHICH, how=one("mul", "index", "copy", "data", "data mul", "view", "numpy")),
    act(freeze, i=WHICH, wanted=BOTH),
    act(replace, what=one("parameter", "tied", "norm", "buffer")),
    act(edit_gradient, i=WHICH, how=one("mul", "none", "new", "another", "data")),
    act(zero_grad, of=one("model", "optimizer"), to_none=BOTH),
    act(look_at_gradients),
    act(
        edit_groups,
        i=WHICH,
        how=one("take out", "put in", "group", "pop", "reverse", "turn", "move"),
    ),
    act(miss_state, i=WHICH, j=WHICH),
    act(find_state),
    act(add_optimizer, kind=KIND, instead=BOTH),
    act(schedule, kind=st.sampled_from(sorted(SCHEDULES)), i=WHICH),
    act(next_rate, loss=st.sampled_from([0.5, 1.0]), times=st.integers(1, 3)),
    act(keep, in_file=BOTH),
    act(load, what=st.integers(0, 1)),
    act(load_anothers, kind=KIND),
    act(copied),
    act(hook, i=WHICH, kind=one("pre", "forward", "backward", "step", "tensor", "collected")),
    act(unhook, i=WHICH),
)
