"""Random functions of tensors for property tests: a list of steps that can be run on any dtype.

Every step takes some of the tensors made so far and adds one. Steps are drawn while they are run
once in NumPy, so that their shapes fit. Numbers stay small: what could grow goes through tanh.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

import gradatim as g

LEAVES = (
    *((3, 4), (4, 5), (5,), (2, 3, 4), (), (17, 3), (1, 4), (3, 1), (2, 2, 3, 2), (40,)),
    *((2, 150), (90, 3), (5, 16), (33, 20), (700,)),  # whole vectors, and long rows with a rest
)
MOST = 6000  # elements of a tensor
Step = Callable[[list[Any]], Any]
Arrays = list[np.ndarray]


@dataclass
class Function:
    """Steps on tensors, of which the first is state, written to, and the next are arguments."""

    shapes: list[tuple[int, ...]]
    steps: list[tuple[str, Step]] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def tensors(self, dtype: Any) -> list[Any]:
        """The state and the arguments: numbers between -1.5 and 1.5, no two alike."""
        rng = np.random.default_rng(len(self.steps))
        made = []
        for shape in self.shapes:
            n = prod(shape)
            x = (rng.permutation(n) + 0.5 + rng.uniform(-0.3, 0.3, n)) / n
            made.append(g.tensor((3 * x - 1.5).reshape(shape).astype(dtype)))
        return made

    def __call__(self, *tensors: Any) -> list[Any]:
        values = list(tensors)
        for _, step in self.steps:
            values.append(step(values))
        return [values[i] for i in self.outputs]

    def __repr__(self) -> str:
        lines = [f"v{i} = argument {shape}" for i, shape in enumerate(self.shapes)]
        lines += [f"v{i} = {text}" for i, (text, _) in enumerate(self.steps, len(lines))]
        return "\n".join([*lines, f"return {self.outputs}"])


@st.composite
def functions(draw: Any, most_steps: int = 12) -> Function:
    """Functions with up to so many steps."""
    count = draw(st.integers(2, 4))
    shapes = [draw(st.sampled_from(LEAVES)) for _ in range(count)]
    function = Function(shapes)
    values = function.tensors(np.float64)
    for _ in range(draw(st.integers(1, most_steps))):
        rule = draw(st.sampled_from(RULES))
        found = rule(draw, values)
        if found is None:
            continue
        text, step = found
        value = step(values)
        if value.numel() > MOST:
            continue
        function.steps.append((text, step))
        values.append(value)
    last = len(values) - 1
    more = draw(st.lists(st.integers(0, last), max_size=2, unique=True))
    function.outputs = list(dict.fromkeys([last, *more]))
    return function


# -- rules: what a step may be -------------------------------------------------------------------

UNARY = {
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "relu": lambda x: x.relu(),
    "sin": lambda x: x.sin(),
    "neg": lambda x: -x,
    "square": lambda x: x.tanh().square(),
    "log1p": lambda x: x.abs().log1p(),
    "sqrt": lambda x: (x.square() + 1).sqrt(),
    "half": lambda x: x * 0.5 + 0.25,
    "exp": lambda x: x.tanh().exp(),
    "clone": lambda x: x.clone(),
    "clamp": lambda x: x.clamp(-0.7, 0.9),
}

BINARY = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x.tanh() * y,
    "div": lambda x, y: x / (y.square() + 1),
    "max": lambda x, y: g.maximum(x, y),
    "min": lambda x, y: g.minimum(x, y),
    "where": lambda x, y: g.where(x > y, x, y * 2),
}


def _pick(draw: Any, values: list[Any], fits: Callable[[Any], bool] = lambda x: True) -> int | None:
    found = [i for i, x in enumerate(values) if fits(x)]
    return draw(st.sampled_from(found[::-1])) if found else None


def _unary(draw: Any, values: list[Any]) -> Any:
    i, name = _pick(draw, values), draw(st.sampled_from(sorted(UNARY)))
    return f"{name} v{i}", lambda v: UNARY[name](v[i])


def _binary(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values)
    j = _pick(draw, values, lambda y: _broadcast(values[i].shape, y.shape))
    name = draw(st.sampled_from(sorted(BINARY)))
    return f"{name} v{i} v{j}", lambda v: BINARY[name](v[i], v[j])


def _broadcast(a: Any, b: Any) -> bool:
    try:
        np.broadcast_shapes(tuple(a), tuple(b))
    except ValueError:
        return False
    return True


def _some_dims(draw: Any, x: Any) -> tuple[int, ...]:
    return tuple(sorted(draw(st.sets(st.integers(0, x.ndim - 1), min_size=1))))


def _reduction(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.ndim > 0)
    if i is None:
        return None
    dims, keep = _some_dims(draw, values[i]), draw(st.booleans())
    name = draw(st.sampled_from(["mean", "sum", "amax", "amin", "logsumexp", "var", "norm"]))

    def run(v: list[Any]) -> Any:
        x = v[i]
        if name == "sum":
            return x.tanh().sum(dims, keepdim=keep) / x.numel()
        if name == "var":
            return x.var(dims, correction=0, keepdim=keep)
        if name == "norm":
            return (x.square().sum(dims, keepdim=keep) + 1).sqrt()
        return getattr(x, name)(dims, keepdim=keep)

    return f"{name} v{i} {dims} {keep}", run


def _along(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.ndim > 0)
    if i is None:
        return None
    dim = draw(st.integers(0, values[i].ndim - 1))
    name = draw(st.sampled_from(["softmax", "log_softmax", "cumsum"]))
    return f"{name} v{i} {dim}", lambda v: getattr(v[i], name)(dim)


def _permute(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.ndim > 1)
    if i is None:
        return None
    order = tuple(draw(st.permutations(range(values[i].ndim))))
    return f"permute v{i} {order}", lambda v: v[i].permute(order)


def _reshape(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.numel() > 1)
    if i is None:
        return None
    n = values[i].numel()
    first = draw(st.sampled_from([d for d in range(1, n + 1) if n % d == 0]))
    rest = n // first
    second = draw(st.sampled_from([d for d in range(1, rest + 1) if rest % d == 0]))
    shape = draw(st.sampled_from([(n,), (first, rest), (first, second, rest // second)]))
    return f"reshape v{i} {shape}", lambda v: v[i].reshape(shape)


def _index(draw: Any, x: Any) -> tuple[Any, ...]:
    parts = []
    for n in x.shape:
        kind = draw(st.sampled_from(["all", "some", "step", "one"]))
        start = draw(st.integers(0, n - 1))
        stop = draw(st.integers(start + 1, n))
        step = draw(st.integers(1, 3))
        parts.append(
            {
                "all": slice(None),
                "some": slice(start, stop),
                "step": slice(start, None, step),
                "one": start,
            }[kind]
        )
    return tuple(parts)


def _slice(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.ndim > 0)
    if i is None:
        return None
    index = _index(draw, values[i])
    return f"v{i}[{index}]", lambda v: v[i][index]


def _flip(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.ndim > 0)
    if i is None:
        return None
    dims = _some_dims(draw, values[i])
    return f"flip v{i} {dims}", lambda v: v[i].flip(*dims)


def _expand(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values)
    shape = tuple(draw(st.integers(1, 4)) if n == 1 else n for n in values[i].shape)
    shape = (*draw(st.sampled_from([(), (2,), (1, 3)])), *shape)
    return f"expand v{i} {shape}", lambda v: v[i].expand(shape)


def _matmul(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.ndim > 1)
    if i is None:
        return None
    k = values[i].shape[-1]
    j = _pick(draw, values, lambda y: y.ndim == 2 and k in y.shape)
    if j is None or draw(st.booleans()):
        return f"v{i} @ v{i}.T", lambda v: (v[i] @ v[i].transpose(-1, -2)).tanh()
    turned = values[j].shape[0] != k
    return (
        f"v{i} @ v{j}{'.T' if turned else ''}",
        lambda v: (v[i] @ (v[j].T if turned else v[j])).tanh(),
    )


def _numbers(draw: Any, count: int, n: int, shape: tuple[int, ...], *, unique: bool = False) -> Any:
    found = draw(st.lists(st.integers(0, n - 1), min_size=count, max_size=count, unique=unique))
    return np.array(found, np.int64).reshape(shape)


def _take(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.ndim > 0)
    if i is None:
        return None
    dim = draw(st.integers(0, values[i].ndim - 1))
    shape = draw(st.sampled_from([(1,), (3,), (2, 2)]))  # with none, eager gives a view
    places = _numbers(draw, prod(shape), values[i].shape[dim], shape)
    index = (slice(None),) * dim
    return (
        f"v{i}[{':, ' * dim}{places.tolist()}]",
        lambda v: v[i][(*index, g.tensor(places))],
    )


def _gather(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.ndim > 0)
    if i is None:
        return None
    x = values[i]
    dim, count = draw(st.integers(0, x.ndim - 1)), draw(st.integers(1, 4))
    shape = (*x.shape[:dim], count, *x.shape[dim + 1 :])
    if draw(st.booleans()):
        return (
            f"gather v{i} {dim} argmax",
            lambda v: v[i].gather(dim, v[i].argmax(dim, keepdim=True)),
        )
    places = np.random.default_rng(prod(shape)).integers(0, x.shape[dim], shape)
    return f"gather v{i} {dim} {shape}", lambda v: v[i].gather(dim, g.tensor(places))


def _add_at(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.ndim > 0)
    if i is None:
        return None
    x = values[i]
    dim, count = draw(st.integers(0, x.ndim - 1)), draw(st.integers(1, 5))
    places = _numbers(draw, count, x.shape[dim], (count,))
    index = (slice(None),) * dim
    name = draw(st.sampled_from(["index_add", "scatter_add"]))
    seen = (*x.shape[:dim], count, *x.shape[dim + 1 :])

    def run(v: list[Any]) -> Any:
        x = v[i]
        source = x[(*index, g.tensor(places))].sin()
        if name == "index_add":
            return x.index_add(dim, g.tensor(places), source)
        along = g.tensor(places).reshape(*(1,) * dim, count, *(1,) * (x.ndim - dim - 1))
        return x.scatter_add(dim, along.expand(seen), source)

    return f"{name} v{i} {dim} {places.tolist()}", run


def _joined(draw: Any, values: list[Any]) -> Any:
    i = _pick(draw, values, lambda x: x.ndim > 0)
    if i is None:
        return None
    x = values[i]
    dim = draw(st.integers(0, x.ndim - 1))

    def fits(y: Any) -> bool:
        return y.ndim == x.ndim and all(
            n == m or d == dim for d, (n, m) in enumerate(zip(x.shape, y.shape, strict=True))
        )

    j = _pick(draw, values, fits)
    if draw(st.booleans()):
        return f"stack v{i} v{i} {dim}", lambda v: g.stack([v[i], v[i].sin()], dim)
    return f"cat v{i} v{j} v{i} {dim}", lambda v: g.cat([v[i], v[j], v[i]], dim)


def _written(draw: Any, values: list[Any]) -> Any:
    """A copy with a part of it written over, through a view."""
    i = _pick(draw, values, lambda x: x.ndim > 0)
    if i is None:
        return None
    index = _index(draw, values[i])
    order = tuple(draw(st.permutations(range(values[i].ndim))))
    name = draw(st.sampled_from(["fill", "mul", "set", "turned", "add", "shifted"]))

    def run(v: list[Any]) -> Any:
        y = v[i].clone()
        if name == "fill":
            y[index] = 0.5
        elif name == "mul":
            y[index].mul_(0.5)
        elif name == "set":
            y[index] = v[i][index].sin()
        elif name == "turned":
            y.permute(order).add_(v[i].permute(order).tanh())
        elif name == "add":
            y.permute(order)[:1] += 1
        else:
            y[1:] = y[:-1].clone() * 2
        return y

    return f"{name} in v{i} {index} {order}", run


def _state(draw: Any, values: list[Any]) -> Any:
    """The state, which has no gradient, moved towards a number."""
    i = _pick(draw, values)
    name = draw(st.sampled_from(["lerp", "part", "read", "copy"]))

    def run(v: list[Any]) -> Any:
        state = v[0]
        number = v[i].detach().mean().tanh()
        if name == "lerp":
            state.mul_(0.5).add_(number)
        elif name == "part" and state.ndim:
            state[:1].add_(number)
        elif name == "copy":
            state.copy_(state.flip(*range(state.ndim)).clone())
        return state * 1 + number

    return f"state {name} v{i}", run


RULES = [
    *[_unary, _binary, _binary, _reduction, _reduction, _along, _permute, _reshape, _slice],
    *[_flip, _expand, _matmul, _take, _gather, _add_at, _joined, _written, _written, _state],
]


def weighted(y: Any) -> Any:
    """One number of all of them, each of which counts differently."""
    uneven = np.cos(np.arange(y.numel())).reshape(y.shape)  # computed outside: it is not the test
    return (y * g.tensor(uneven, dtype=y.dtype)).mean()


def check_as_exact(ours: Arrays, eager: Arrays, exact: Arrays, dtype: str, told: str) -> None:
    """What compiled functions give is at most four times as far from the exact as what eager does.

    Four times a few roundings, at least: eager may have been lucky.
    """
    assert len(ours) == len(eager)
    eps = np.finfo(dtype).eps
    for a, b, c in zip(ours, eager, exact, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        error, eagers = np.abs(a - c).max(initial=0), np.abs(b - c).max(initial=0)
        allowed = 4 * max(eagers, 50 * eps * (1 + np.abs(c).max(initial=0)))
        assert error <= allowed, f"{told}\n{a}\n{b}\n{error}, eager {eagers}"
