"""Every operation of the table: value, gradients, shape rule, decomposition, memory."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradatim
import gradatim.ops
from gradatim.autograd import gradcheck, gradgradcheck
from gradatim.core.errors import ShapeError
from gradatim.core.primitive import REGISTRY, Composite, Shortcut
from tests.each import each
from tests.ops.case import Case
from tests.ops.table import TABLE as BASICS
from tests.ops.table_attention import ATTENTION
from tests.ops.table_drawing import DRAWING
from tests.ops.table_indexing import INDEXING
from tests.ops.table_layers import LAYERS
from tests.ops.table_losses import LEARNING
from tests.ops.table_sorting import ORDERS

TABLE = [*BASICS, *INDEXING, *ORDERS, *LEARNING, *LAYERS, *ATTENTION, *DRAWING]

for module in pkgutil.iter_modules(gradatim.ops.__path__):
    importlib.import_module(f"gradatim.ops.{module.name}")  # so that the registry is complete

Tensors = list[gradatim.Tensor]


def floats(case: Case) -> list[int]:
    """The positions of the inputs that can have a gradient."""
    return [i for i, x in enumerate(case.inputs) if np.asarray(x).dtype.kind == "f"]


def tensors(case: Case, *, requires_grad: bool = False) -> Tensors:
    made = [gradatim.tensor(np.array(x)) for x in case.inputs]
    for i in floats(case) if requires_grad else ():
        made[i].requires_grad_()
    return made


def several(out: Any) -> tuple[Any, ...]:
    return out if type(out) is tuple else (out,)


def call(case: Case, *inputs: gradatim.Tensor) -> tuple[gradatim.Tensor, ...]:
    return several(REGISTRY[case.primitive](*inputs, **case.call_params()))


def expected(case: Case) -> tuple[np.ndarray, ...]:
    return several(case.expected(*case.inputs, **case.call_params()))


def assert_value(case: Case, inputs: Tensors, *, tolerance: float | None = None) -> None:
    within = tolerance or case.tolerance
    for got, want in zip(call(case, *inputs), expected(case), strict=True):
        found = got.detach().numpy()
        assert found.shape == np.shape(want)
        np.testing.assert_allclose(found, want, rtol=within, atol=within)


def where(condition: Callable[[Case], Any]) -> Callable[..., Any]:
    """A test of these cases, those of one primitive together."""
    return each([c for c in TABLE if condition(c)], group=lambda c: c.primitive)


def of(case: Case) -> Any:
    return REGISTRY[case.primitive]


every = where(lambda c: True)


def has_gradient(case: Case) -> bool:
    return bool(floats(case)) and (of(case).differentiable or isinstance(of(case), Shortcut))


differentiable = where(has_gradient)

# -- the registry -------------------------------------------------------------------------------


def test_every_primitive_is_in_the_table() -> None:
    missing = set(REGISTRY) - {c.primitive for c in TABLE}
    assert not missing, f"add a Case to a file of tests/ops for {sorted(missing)}"


def test_every_primitive_has_rules_or_says_that_it_has_none() -> None:
    for primitive in REGISTRY.values():
        several = primitive.variadic_rule is not None or primitive.joint_rule is not None
        assert primitive.differentiable == (several or any(primitive.rules)), primitive


# Those whose inputs have at least one dimension: there is no 0-d case to try.
NEED_A_DIMENSION = {
    *("argmax", "argmin", "argsort", "bincount", "cat", "cross_entropy", "cumprod", "cumsum"),
    *("attention", "attention_back", "masked_attention"),
    *(
        "diagonal",
        "distances",
        "extreme",
        "flat_index",
        "gather",
        "kth",
        "linear",
        "linear_back",
        "linear_bias",
        "log_softmax",
        "masked_softmax",
        "median",
        *("matmul", "matvec", "vecmat", "dot"),
        "outer_rows",
    ),
    *("solve", "inv", "det", "cofactors", "slogdet", "cholesky", "eigh", "svd", "qr"),
    *(
        "multinomial",
        "nll",
        "pick",
        "place",
        "pull",
        "recurrence",
        "running_index",
        "scatter",
        "std",
    ),
    *(
        "scaled_softmax",
        "scatter_extreme",
        "scatter_prod",
        "searchsorted",
        "softmax",
        "softmax_rows_back",
        "top",
        "unique",
    ),
}
NEED_ELEMENTS = {"multinomial"}


def test_every_operation_is_tried_on_nothing_and_on_a_single_number() -> None:
    shapes: dict[str, set[tuple[int, ...]]] = {}
    for case in TABLE:
        if case.inputs:
            shapes.setdefault(case.primitive, set()).update(np.shape(x) for x in case.inputs)
    not_empty = {name for name, found in shapes.items() if not any(0 in s for s in found)}
    not_0d = {name for name, found in shapes.items() if () not in found}
    assert not_empty == NEED_ELEMENTS
    assert not_0d == NEED_A_DIMENSION


@differentiable
def test_every_floating_input_of_a_differentiable_primitive_has_a_rule(case: Case) -> None:
    primitive = of(case)
    if any(primitive.rules):
        assert all(primitive.rules[i] is not None for i in floats(case))


@where(lambda c: floats(c) and not of(c).differentiable and not isinstance(of(c), Shortcut))
def test_what_is_declared_to_have_no_gradient_has_none(case: Case) -> None:
    for out in call(case, *tensors(case, requires_grad=True)):
        assert not out.requires_grad


# -- values -------------------------------------------------------------------------------------


@every
def test_value(case: Case) -> None:
    assert_value(case, tensors(case))


@where(lambda c: floats(c) and of(c).differentiable)
def test_single_precision_stays_single(case: Case) -> None:
    inputs = [x.float() if x.is_floating_point() else x for x in tensors(case)]
    assert_value(case, inputs, tolerance=3e-5)
    if case.primitive != "cast":
        assert all(out.dtype in (gradatim.float32, gradatim.int64) for out in call(case, *inputs))


def with_gaps(x: np.ndarray) -> gradatim.Tensor:
    """The same numbers in every second place of a larger memory."""
    if not x.ndim:
        return gradatim.tensor(x)
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return gradatim.from_numpy(wide)[..., ::2]


def transposed(x: np.ndarray) -> gradatim.Tensor:
    """The same numbers, the first dimension running fastest in memory."""
    order = tuple(reversed(range(x.ndim)))
    return gradatim.tensor(np.array(x.transpose(order), order="C")).permute(order)


def one_step_in(x: np.ndarray) -> gradatim.Tensor:
    """The same numbers, with others before and after them in memory."""
    wide = np.full((*x.shape[:-1], x.shape[-1] + 2) if x.ndim else (3,), 7, x.dtype)
    place = (..., slice(1, -1)) if x.ndim else (1,)
    wide[place] = x
    return gradatim.from_numpy(wide)[place]


LAYOUTS = [with_gaps, transposed, one_step_in]
NOT_STRIDED = {
    "reshape",  # a view of memory with gaps need not exist; the face copies first
    "bernoulli",  # numbers are drawn in the order of memory,
    "multinomial",  # as PyTorch does
}


@where(lambda c: c.inputs and c.primitive not in NOT_STRIDED)
def test_value_of_strided_inputs(case: Case) -> None:
    for layout in LAYOUTS:
        assert_value(case, [layout(np.asarray(x)) for x in case.inputs])


@every
def test_shape_rule_tells_shape_and_dtype_without_numbers(case: Case) -> None:
    inputs, rule = tensors(case), of(case).shape
    if not case.shape_known:
        with pytest.raises(ShapeError, match="depends on the numbers"):
            rule(*[x._type for x in inputs], **case.call_params())
        return
    told = rule(*[x._type for x in inputs], **case.call_params())
    told = (told,) if hasattr(told, "shape") else told
    for got, want in zip(told, call(case, *inputs), strict=True):
        assert (tuple(got.shape), got.dtype) == (tuple(want.shape), want.numpy().dtype)


@where(lambda c: c.inputs)
def test_inputs_are_left_alone_and_only_views_share_their_memory(case: Case) -> None:
    inputs, primitive = tensors(case), of(case)
    outs = call(case, *inputs)
    for x, before in zip(inputs, case.inputs, strict=True):
        np.testing.assert_array_equal(x.numpy(), before)
        for out in outs:
            shared = np.shares_memory(x.numpy(), out.numpy())
            assert shared == (primitive.is_view and out.numel() > 0)


# -- gradients ----------------------------------------------------------------------------------


@differentiable
def test_gradient_against_finite_differences(case: Case) -> None:
    inputs = tensors(case, requires_grad=True)
    assert gradcheck(lambda *xs: call(case, *xs), inputs, atol=1e-6, rtol=1e-6)


@where(lambda c: has_gradient(c) and c.second)
def test_second_gradient_against_finite_differences(case: Case) -> None:
    inputs = tensors(case, requires_grad=True)
    assert gradgradcheck(lambda *xs: call(case, *xs), inputs, atol=1e-6, rtol=1e-6)


def gradients(case: Case, inputs: Tensors) -> list[np.ndarray]:
    """Of the outputs, weighted unevenly, by each floating input."""
    chosen = [inputs[i].requires_grad_() for i in floats(case)]
    outs = [y for y in call(case, *inputs) if y.requires_grad]
    weights = [gradatim.arange(y.numel(), dtype=y.dtype).cos().reshape(y.shape) for y in outs]
    found = gradatim.autograd.grad(outs, chosen, weights, materialize_grads=True)
    return [g.numpy() for g in found]


@where(lambda c: has_gradient(c) and c.primitive not in NOT_STRIDED)
def test_gradient_of_strided_inputs(case: Case) -> None:
    plain = gradients(case, tensors(case))
    for layout in LAYOUTS:
        strided = gradients(case, [layout(np.asarray(x)) for x in case.inputs])
        for a, b in zip(plain, strided, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@differentiable
def test_gradient_in_single_precision_is_single(case: Case) -> None:
    inputs = [x.float() if x.is_floating_point() else x for x in tensors(case)]
    exact = gradients(case, tensors(case))
    for got, want in zip(gradients(case, inputs), exact, strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)


# -- composites ---------------------------------------------------------------------------------


@where(lambda c: isinstance(of(c), Composite))
def test_a_composite_equals_its_decomposition_in_value_and_gradient(case: Case) -> None:
    composite = of(case)
    ours, parts = tensors(case, requires_grad=True), tensors(case, requires_grad=True)
    whole = call(case, *ours)
    expanded = several(composite.expand(*parts, **case.call_params()))
    for a, b in zip(whole, expanded, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-12)
    if not composite.differentiable:
        return
    for out in (whole[0], expanded[0]):
        if out.requires_grad:  # that of a count does not
            out.sum().backward()
    for i in floats(case):
        a, b = (x.grad if x.grad is not None else x.detach() * 0 for x in (ours[i], parts[i]))
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-9)
