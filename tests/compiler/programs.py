"""Random programs: operations of the table, views, writes, draws, and Python's own control.

A program is a list of steps on a list of values, of which the first are its arguments. It can be
run with arguments of other shapes: what does not fit then raises, eager and compiled alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

import gradatim as g
from gradatim.compiler.ir.segments import ONE_DTYPE
from gradatim.core.primitive import REGISTRY
from tests.ops.case import Case
from tests.ops.test_table import TABLE

SIZES = (3, 2, 5)  # what n may be
SHAPES = (("n", 4), ("n",), (4,), (2, "n", 3), (), (4, 4))
COUNT = 3  # of the arguments
MOST = 400  # elements of a value
CASES = [
    c
    for c in TABLE
    if c.shape_known and "generator" not in c.params and c.primitive not in ONE_DTYPE
]
NAMES = sorted({c.primitive for c in CASES})
OF_NAME = {name: [c for c in CASES if c.primitive == name] for name in NAMES}

Step = Callable[["Run"], Any]


@dataclass
class Run:
    """One call: the values made so far, and what Python gave."""

    values: list[Any]
    k: int
    rate: float


@dataclass
class RandomProgram:
    """Steps, their texts, and which values are returned."""

    shapes: list[tuple[Any, ...]]
    steps: list[tuple[str, Step]]
    outputs: list[int]

    def __call__(self, *arguments: Any, k: int, rate: float) -> Any:
        run = Run(list(arguments), k, rate)
        for _, step in self.steps:
            run.values += step(run)
        return [run.values[i % len(run.values)] for i in self.outputs], {"k": k}

    def __repr__(self) -> str:
        lines = [f"shapes {self.shapes}", *(text for text, _ in self.steps)]
        return "\n  ".join([*lines, f"return {self.outputs}"])


def arguments(shapes: list[tuple[Any, ...]], n: int, seed: int, dtype: Any) -> list[np.ndarray]:
    """Numbers for the arguments of a program."""
    random = np.random.default_rng(seed)
    sizes = [tuple(n if d == "n" else d for d in shape) for shape in shapes]
    return [random.uniform(-2, 2, shape).astype(dtype) for shape in sizes]


@st.composite
def programs(draw: Any, most_steps: int = 12) -> RandomProgram:
    """Programs whose steps can be done for the first size."""
    shapes = [draw(st.sampled_from(SHAPES)) for _ in range(COUNT)]
    outputs = draw(st.lists(st.integers(0, 30), max_size=2, unique=True))
    made = RandomProgram(shapes, [], [-1, *outputs])
    run = Run([g.tensor(a) for a in arguments(shapes, SIZES[0], 0, np.float64)], 1, 0.5)
    for x in run.values[:2]:
        x.requires_grad_()
    for _ in range(draw(st.integers(2, most_steps))):
        rule = draw(st.sampled_from(RULES))
        text, step = rule(draw, run.values)
        try:
            new = step(run)
        except (ValueError, TypeError, RuntimeError, IndexError, ArithmeticError):
            continue
        if all(y.numel() <= MOST for y in new):
            made.steps.append((f"{text} -> {[tuple(y.shape) for y in new]}", step))
            run.values += new
    return made


# -- steps ---------------------------------------------------------------------------------------


def _pick(draw: Any, values: list[Any]) -> int:
    """A value, mostly one of the last."""
    last = len(values) - 1
    return last - min(draw(st.integers(0, last)), draw(st.integers(0, 3)))


def fit(x: Any, shape: tuple[int, ...], low: float, high: float) -> Any:
    """Numbers between `low` and `high` in this shape, made of those of a tensor."""
    n = prod(shape)
    flat = x.reshape(-1).to(g.get_default_dtype())
    if not flat.numel():
        return g.full(shape, (low + high) / 2)
    flat = flat.repeat(-(-n // flat.numel()))[:n].reshape(shape)
    return low + (high - low) * flat.sigmoid()


def _operation(draw: Any, values: list[Any]) -> tuple[str, Step]:
    case: Case = draw(st.sampled_from(OF_NAME[draw(st.sampled_from(NAMES))]))
    sources = [_pick(draw, values) for _ in case.inputs]

    def step(run: Run) -> Any:
        inputs = []
        for i, given in zip(sources, case.inputs, strict=True):
            array = np.asarray(given)
            if array.dtype.kind == "f" and array.size and np.isfinite(array).all():
                new = fit(run.values[i], array.shape, float(array.min()), float(array.max()))
            else:
                new = g.tensor(array)
            inputs.append(new)
        made = REGISTRY[case.primitive](*inputs, **case.params)
        return [*made] if isinstance(made, tuple) else [made]

    return f"{case} of {sources}", step


VIEWS: dict[str, Callable[[Any, int], Any]] = {
    "x[k]": lambda x, k: x[k],
    "x[1:]": lambda x, k: x[1:],
    "x[..., ::2]": lambda x, k: x[..., ::2],
    "x[:, None]": lambda x, k: x[:, None],
    "x.T": lambda x, k: x.transpose(0, -1),
    "view": lambda x, k: x.view(-1),
    "reshape": lambda x, k: x.reshape(2, -1),
    "expand": lambda x, k: x.expand(2, *x.shape),
    "diagonal": lambda x, k: x.diagonal(),
    "split": lambda x, k: x.split(2)[-1],
    "unbind": lambda x, k: x.unbind(0)[k],
    "detach": lambda x, k: x.detach(),
    "movedim": lambda x, k: x.movedim(0, -1),
    "flatten": lambda x, k: x.flatten(),
    "itself": lambda x, k: x,
    "contiguous": lambda x, k: x.contiguous(),
    "flip": lambda x, k: x.flip(0),
}


def _view(draw: Any, values: list[Any]) -> tuple[str, Step]:
    i, name, k = _pick(draw, values), draw(st.sampled_from(sorted(VIEWS))), draw(st.integers(-1, 1))
    return f"{name} of {i}, {k}", lambda run: [VIEWS[name](run.values[i], k)]


def _at(x: Any, places: Any) -> Any:
    return g.tensor(places).remainder(x.shape[0])


WRITES: dict[str, Callable[[Any, Any, int], Any]] = {
    "add_": lambda x, y, k: x.add_(y),
    "mul_": lambda x, y, k: x.mul_(0.5),
    "copy_": lambda x, y, k: x.copy_(y),
    "zero_": lambda x, y, k: x.zero_(),
    "tanh_": lambda x, y, k: x.tanh_(),
    "clamp_": lambda x, y, k: x.clamp_(-1, 1),
    "masked_fill_": lambda x, y, k: x.masked_fill_(y > 0.2, 0.25),
    "x[k] = 1": lambda x, y, k: x.__setitem__(k, 1),
    "x[1:] = x[:-1]": lambda x, y, k: x.__setitem__(slice(1, None), x[:-1]),
    "x[...] = y": lambda x, y, k: x.__setitem__(..., y),
    "x[y > 0] = 2": lambda x, y, k: x.copy_(g.where(y > 0, 2.0, x)),
    "x[places] = y": lambda x, y, k: x.__setitem__(_at(x, [k, 2]), y[:1]),
    "x[places] += y": lambda x, y, k: x.index_add_(
        0, _at(x, [k, k]), y[:1].expand(2, *y.shape[1:])
    ),
    "fill_diagonal_": lambda x, y, k: x.fill_diagonal_(0.5),
    "detached": lambda x, y, k: x.detach().mul_(0.9),
    "data": lambda x, y, k: x.data.add_(0.1),
    "transposed": lambda x, y, k: x.transpose(0, -1)[0].sub_(0.3),
    "lerp_": lambda x, y, k: x.lerp_(y, 0.25),
}


def _write(draw: Any, values: list[Any]) -> tuple[str, Step]:
    i, j, k = _pick(draw, values), _pick(draw, values), draw(st.integers(-1, 1))
    name, is_direct = draw(st.sampled_from(sorted(WRITES))), draw(st.booleans())

    def step(run: Run) -> Any:
        x, y = run.values[i], run.values[j]
        y = y if is_direct and x.shape == y.shape else fit(y, tuple(x.shape), -1.0, 1.0)
        WRITES[name](x, y, k)
        return []

    return f"{name} to {i} of {j}, {k}", step


DRAWS: dict[str, Callable[[Any], Any]] = {
    "rand_like": g.rand_like,
    "randn": lambda x: g.randn(x.shape),
    "dropout": lambda x: g.nn.functional.dropout(x, 0.3),
    "bernoulli": lambda x: g.bernoulli(x.sigmoid()),
    "randint": lambda x: g.randint(0, 5, x.shape),
    "randperm": lambda x: x[g.randperm(len(x))],
    "normal_": lambda x: g.empty_like(x).normal_(0.5, 2.0),
    "multinomial": lambda x: g.multinomial(x.sigmoid().contiguous(), 2, replacement=True),
}


def _drawn(draw: Any, values: list[Any]) -> tuple[str, Step]:
    i, name = _pick(draw, values), draw(st.sampled_from(sorted(DRAWS)))
    return f"{name} of {i}", lambda run: [DRAWS[name](run.values[i])]


def _control(draw: Any, values: list[Any]) -> tuple[str, Step]:
    i, kind = _pick(draw, values), draw(st.sampled_from(["if", "for", "rate", "shape", "item"]))

    def step(run: Run) -> Any:
        x = run.values[i] * 1.0
        if kind == "if":
            return [x.tanh() if run.k > 1 else x.sigmoid() - run.k]
        if kind == "for":
            for _ in range(run.k):
                x = x * run.rate + run.k
            return [x]
        if kind == "shape":
            return [x.sum() / len(x) if len(x) > 2 else x.mean() * x.shape[0]]
        return [x * run.rate if kind == "rate" else x * (1 - run.rate) ** run.k]

    return f"{kind} of {i}", step


def _gradient(draw: Any, values: list[Any]) -> tuple[str, Step]:
    i, j = _pick(draw, values), draw(st.integers(0, len(values) - 1))

    def step(run: Run) -> Any:
        x, y = run.values[j], run.values[i]
        return [*g.autograd.grad(y.sin().sum(), [x], create_graph=True, materialize_grads=True)]

    return f"gradient of {i} by {j}", step


RULES = [*[_operation] * 5, *[_view] * 3, *[_write] * 4, _drawn, _control, _gradient]
