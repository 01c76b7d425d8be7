"""Every operation of the table as machine code: values, gradients, second gradients, layouts.

A float64 reference is computed first; the error of the compiled program may be four times that of
the eager one. An error is taken to be at least what rounding the reference itself may do. The
cases of one primitive are one program: many loop nests, but one compilation.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
import pytest

import gradatim
from gradatim.compiler.errors import TraceError
from gradatim.compiler.ir.segments import ONE_DTYPE, REASONS, UNTRACEABLE
from gradatim.core.handle import steps
from gradatim.core.primitive import REGISTRY, Composite, Shortcut
from tests.compiler.running import Bound
from tests.ops.case import Case
from tests.ops.test_table import LAYOUTS, NOT_STRIDED, TABLE, call, expected, floats

Arrays = list[np.ndarray]

NAMES = sorted({c.primitive for c in TABLE})
TRACEABLE = [name for name in NAMES if name not in (*UNTRACEABLE, *ONE_DTYPE)]
DIFFERENTIABLE = [
    name
    for name in TRACEABLE
    if REGISTRY[name].differentiable or isinstance(REGISTRY[name], Shortcut)
]


def cases_of(name: str) -> list[Case]:
    return [c for c in TABLE if c.primitive == name]


def some(cases: list[Case], most: int) -> list[Case]:
    """At most so many, from all over the list: compiling all cases of gradients takes minutes."""
    step = max(1, len(cases) / most)
    return [cases[int(i * step)] for i in range(min(most, len(cases)))]


def inputs_of(case: Case, dtype: Any) -> list[np.ndarray]:
    """The case's inputs, floats in another dtype."""
    arrays = [np.asarray(x) for x in case.inputs]
    return [x.astype(dtype) if x.dtype.kind == "f" else x for x in arrays]


def tensors_of(arrays: Arrays, *, grad: bool = False) -> list[gradatim.Tensor]:
    made = [gradatim.tensor(x) for x in arrays]
    return [x.requires_grad_(grad and x.is_floating_point()) for x in made]


def in_one_program(
    functions: list[Callable[..., Any]], inputs: list[list[gradatim.Tensor]]
) -> list[tuple[np.ndarray, ...]]:
    """Each function of its own inputs, all in one compiled call."""

    def together(*flat: gradatim.Tensor) -> list[Any]:
        rest = iter(flat)
        groups = [[next(rest) for _ in xs] for xs in inputs]
        return [f(*xs) for f, xs in zip(functions, groups, strict=True)]

    flat = [x for xs in inputs for x in xs]
    bound = Bound(together, flat)
    left = {name for name in bound.segments() if "generator" not in REGISTRY[name].static}
    assert left <= set(REASONS), "no machine code, and no reason in compiler/ir/segments.py"
    found = bound(*flat)
    return [tuple(y.detach().numpy() for y in ys) for ys in found]


def error(got: np.ndarray, exact: np.ndarray) -> float:
    """The largest difference; what is nan or infinite has to be so on both sides."""
    ordinary = np.isfinite(exact)
    np.testing.assert_array_equal(got[~ordinary], exact[~ordinary].astype(got.dtype))
    return float(np.abs(got[ordinary].astype(np.float64) - exact[ordinary]).max(initial=0))


def assert_as_exact(
    case: Case, ours: Any, eager: Any, exact: Any, *, what: str = "value", roundings: int = 1
) -> None:
    """Types are those of the eager results, integers the same, floats as near to the exact ones."""
    for a, b, want in zip(ours, eager, exact, strict=True):
        told = f"{what} of {case}"
        assert (a.shape, a.dtype) == (b.shape, b.dtype), told
        if a.dtype.kind != "f":
            np.testing.assert_array_equal(a, b, err_msg=told)
            continue
        want = np.asarray(want, np.float64)
        size = np.abs(want[np.isfinite(want)]).max(initial=0)
        floor = np.finfo(a.dtype).eps * size * roundings / 2 + np.finfo(a.dtype).tiny
        allowed = 4 * max(error(b, want), floor)
        assert error(a, want) <= allowed, f"{told}: {a}, eager {b}, exact {want}"


# -- the registry --------------------------------------------------------------------------------


def test_every_primitive_is_compiled_or_is_known_to_depend_on_the_numbers() -> None:
    assert set(REGISTRY) == set(NAMES)
    assert {c.primitive for c in TABLE if not c.shape_known} == set(UNTRACEABLE)


@pytest.mark.parametrize("name", sorted(REASONS))
def test_what_is_left_to_numpy_is_declared_with_its_reason(name: str) -> None:
    assert not isinstance(REGISTRY[name], Composite)
    left = {}
    for case in (c for c in cases_of(name) if all(np.size(x) for x in c.inputs)):
        inputs = tensors_of(inputs_of(case, np.float64))
        left |= Bound(lambda *xs, case=case: call(case, *xs), inputs).segments()
    assert left == {name: REASONS[name]}


@pytest.mark.parametrize("name", sorted(UNTRACEABLE))
def test_shapes_that_depend_on_numbers_are_refused(name: str) -> None:
    case = cases_of(name)[0]
    inputs = tensors_of(inputs_of(case, np.float64))
    with pytest.raises(TraceError, match="depends on the numbers"):
        Bound(lambda *xs: call(case, *xs), inputs)


@pytest.mark.parametrize("name", ONE_DTYPE)
def test_another_dtype_of_the_same_memory_is_refused(name: str) -> None:
    case = cases_of(name)[0]
    with pytest.raises(TraceError, match=r"call view\(dtype\) there and pass a clone\(\)"):
        Bound(lambda *xs: call(case, *xs), tensors_of(inputs_of(case, np.float64)))


# -- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TRACEABLE)
def test_value(name: str, dtype: str) -> None:
    cases = some(cases_of(name), 1000 if dtype == "float64" else 10)
    arrays = [inputs_of(c, dtype) for c in cases]
    functions = [lambda *xs, c=c: call(c, *xs) for c in cases]
    ours = in_one_program(functions, [tensors_of(a) for a in arrays])
    for case, got, given in zip(cases, ours, arrays, strict=True):
        eager = [y.numpy() for y in call(case, *tensors_of(given))]
        assert_as_exact(case, got, eager, exact_values(case, given))


def exact_values(case: Case, given: Arrays) -> tuple[Any, ...]:
    """What the table says of these inputs."""
    wide = tuple(x.astype(np.float64) if x.dtype.kind == "f" else x for x in given)
    return expected(Case(case.primitive, wide, case.expected, case.params))


@pytest.mark.parametrize("name", [n for n in TRACEABLE if n not in NOT_STRIDED])
def test_value_of_inputs_with_strides(name: str) -> None:
    """Views made inside of the program, of memory that it is given."""
    cases = some([c for c in cases_of(name) if c.inputs], 9)
    laid_out = [
        (c, [layout(np.asarray(x)) for x in c.inputs])
        for c, layout in zip(cases, cycle(LAYOUTS), strict=False)
    ]
    functions, memory = [], []
    for case, views in laid_out:
        bases = [x._base if x._base is not None else x for x in views]
        functions.append(lambda *xs, c=case, vs=views: call(c, *map(seen_as, xs, vs)))
        memory.append(bases)
    for (case, _), got in zip(laid_out, in_one_program(functions, memory), strict=True):
        exact = exact_values(case, inputs_of(case, np.float64))
        eager = [y.numpy() for y in call(case, *tensors_of(inputs_of(case, np.float64)))]
        assert_as_exact(case, got, eager, exact)


def seen_as(base: gradatim.Tensor, view: gradatim.Tensor) -> gradatim.Tensor:
    """The same view of other memory."""
    for primitive, params in steps(view._view):
        base = primitive(base, **params)
    return base


# -- gradients -----------------------------------------------------------------------------------


def derivatives(case: Case, *inputs: gradatim.Tensor, second: bool) -> list[gradatim.Tensor]:
    """First gradients, weighted unevenly, and those of them again."""
    chosen = [inputs[i] for i in floats(case)]
    outs = [y for y in call(case, *inputs) if y.requires_grad]
    first = weighted(outs, chosen, create_graph=second)
    if not second:
        return first
    again = [g for g in first if g.requires_grad]
    return first + (weighted(again, chosen, create_graph=False) if again else [])


def weighted(outs: Any, inputs: Any, *, create_graph: bool) -> list[gradatim.Tensor]:
    # Numbers that are there: to compute them would be the larger part of most of these programs.
    weights = [gradatim.tensor(uneven(y.shape), dtype=y.dtype) for y in outs]
    found = gradatim.autograd.grad(
        outs, inputs, weights, materialize_grads=True, create_graph=create_graph
    )
    return list(found)


def uneven(shape: tuple[int, ...]) -> np.ndarray:
    return np.cos(np.arange(np.prod(shape))).reshape(shape)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradient_in_single_precision(name: str) -> None:
    cases = some([c for c in cases_of(name) if floats(c)], 8)
    arrays = [inputs_of(c, np.float32) for c in cases]
    functions = [lambda *xs, c=c: derivatives(c, *xs, second=False) for c in cases]
    assert_gradients(cases, functions, arrays)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_first_and_second_gradient(name: str) -> None:
    cases = some([c for c in cases_of(name) if floats(c)], 5)
    arrays = [inputs_of(c, np.float64) for c in cases]
    functions = [lambda *xs, c=c: derivatives(c, *xs, second=c.second) for c in cases]
    assert_gradients(cases, functions, arrays, roundings=16)  # the reference, eager, errs so


def assert_gradients(
    cases: list[Case], functions: list[Any], arrays: list[Arrays], *, roundings: int = 1
) -> None:
    ours = in_one_program(functions, [tensors_of(a, grad=True) for a in arrays])
    for case, function, got, given in zip(cases, functions, ours, arrays, strict=True):
        eager = exact = [g.detach().numpy() for g in function(*tensors_of(given, grad=True))]
        if any(x.dtype == np.float32 for x in given):
            wide = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in given]
            exact = [g.detach().numpy() for g in function(*tensors_of(wide, grad=True))]
        assert_as_exact(case, got, eager, exact, what="gradient", roundings=roundings)
