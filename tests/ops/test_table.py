"""Every operation of the table: value, gradients, shape rule, decomposition, strided input."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest

import gradatim
import gradatim.ops
from gradatim.autograd import gradcheck, gradgradcheck
from gradatim.core.errors import ShapeError
from gradatim.core.primitive import REGISTRY, Composite
from tests.ops.table import TABLE as BASICS
from tests.ops.table import Case
from tests.ops.table_indexing import INDEXING
from tests.ops.table_losses import LEARNING

TABLE = [*BASICS, *INDEXING, *LEARNING]

for module in pkgutil.iter_modules(gradatim.ops.__path__):
    importlib.import_module(f"gradatim.ops.{module.name}")  # so that the registry is complete


def floats(case: Case) -> list[int]:
    """The positions of the inputs that can have a gradient."""
    return [i for i, x in enumerate(case.inputs) if np.asarray(x).dtype.kind == "f"]


def tensors(case: Case, *, requires_grad: bool = False) -> list[gradatim.Tensor]:
    return [
        gradatim.tensor(
            np.array(x), requires_grad=requires_grad and np.asarray(x).dtype.kind == "f"
        )
        for x in case.inputs
    ]


def call(case: Case, *inputs: gradatim.Tensor) -> tuple[gradatim.Tensor, ...]:
    out = REGISTRY[case.primitive](*inputs, **case.params)
    return out if isinstance(out, tuple) else (out,)


def expected(case: Case) -> tuple[np.ndarray, ...]:
    out = case.expected(*case.inputs, **case.params)
    return out if isinstance(out, tuple) else (out,)


differentiable = pytest.mark.parametrize(
    "case", [c for c in TABLE if REGISTRY[c.primitive].differentiable and floats(c)], ids=str
)
every = pytest.mark.parametrize("case", TABLE, ids=str)


def test_every_primitive_is_in_the_table() -> None:
    missing = set(REGISTRY) - {c.primitive for c in TABLE}
    assert not missing, f"add a Case to tests/ops/table.py for {sorted(missing)}"


def test_every_primitive_has_rules_or_says_that_it_has_none() -> None:
    for primitive in REGISTRY.values():
        has_rules = primitive.variadic_rule is not None or any(primitive.rules)
        assert has_rules == primitive.differentiable, primitive


@differentiable
def test_every_floating_input_of_a_differentiable_primitive_has_a_rule(case: Case) -> None:
    primitive = REGISTRY[case.primitive]
    if primitive.variadic_rule is None:
        assert all(primitive.rules[i] is not None for i in floats(case))


@every
def test_value(case: Case) -> None:
    for got, want in zip(call(case, *tensors(case)), expected(case), strict=True):
        np.testing.assert_allclose(got._value, want, rtol=case.tolerance, atol=case.tolerance)


@every
def test_value_of_strided_inputs(case: Case) -> None:
    strided = [_with_gaps(np.asarray(x)) for x in case.inputs]
    if REGISTRY[case.primitive].name == "reshape":
        pytest.skip("a view of memory with gaps need not exist; the face copies first")
    for got, want in zip(call(case, *strided), expected(case), strict=True):
        np.testing.assert_allclose(got._value, want, rtol=case.tolerance, atol=case.tolerance)


@every
def test_shape_rule_tells_shape_and_dtype_without_numbers(case: Case) -> None:
    inputs = tensors(case)
    if not case.shape_known:
        with pytest.raises(ShapeError, match="depends on the numbers"):
            REGISTRY[case.primitive].shape(*[x._type for x in inputs], **case.params)
        return
    told = REGISTRY[case.primitive].shape(*[x._type for x in inputs], **case.params)
    told = (told,) if hasattr(told, "shape") else told
    for got, want in zip(told, call(case, *inputs), strict=True):
        assert (tuple(got.shape), got.dtype) == (tuple(want.shape), want._value.dtype)


@differentiable
def test_gradient_against_finite_differences(case: Case) -> None:
    inputs = tensors(case, requires_grad=True)
    assert gradcheck(lambda *xs: call(case, *xs), inputs, atol=1e-6, rtol=1e-6)


@differentiable
def test_second_gradient_against_finite_differences(case: Case) -> None:
    if not case.second:
        pytest.skip("the second derivative does not exist")
    inputs = tensors(case, requires_grad=True)
    assert gradgradcheck(lambda *xs: call(case, *xs), inputs, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    "case", [c for c in TABLE if isinstance(REGISTRY[c.primitive], Composite)], ids=str
)
def test_a_composite_equals_its_decomposition_in_value_and_gradient(case: Case) -> None:
    composite = REGISTRY[case.primitive]
    ours, parts = tensors(case, requires_grad=True), tensors(case, requires_grad=True)
    whole = call(case, *ours)
    expanded = composite.expand(*parts, **case.params)
    expanded = expanded if isinstance(expanded, tuple) else (expanded,)
    for a, b in zip(whole, expanded, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-12)
    if not composite.differentiable:
        return
    whole[0].sum().backward()
    expanded[0].sum().backward()
    for i in floats(case):
        a, b = ours[i].grad, parts[i].grad
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-9)


def _with_gaps(x: np.ndarray) -> gradatim.Tensor:
    """The same numbers in every second place of a larger memory."""
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]) if x.ndim else (), x.dtype)
    if x.ndim:
        wide[..., ::2] = x
        return gradatim.from_numpy(wide)[..., ::2]
    return gradatim.tensor(x)
