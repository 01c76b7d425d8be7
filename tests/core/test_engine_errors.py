"""What an error says: the operation, the shapes or dtypes, where they differ, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import gradatim as g
from gradatim.autograd import no_grad
from gradatim.core.errors import GradatimError

MATRIX, ROW, LONG, BATCH = g.ones(2, 3), g.ones(3), g.ones(4), g.ones(2, 3, 4)
INTEGERS, BOOLS = g.tensor([1, 2, 3]), g.tensor([True, False, True])

# Each call, and the sentence it must answer with.
SHAPES: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: MATRIX + LONG,
        (
            "add: shapes [2, 3] and [4] do not broadcast: they differ at dimension -1 (3 "
            "against 4); sizes must be equal or 1, counted from the last dimension"
        ),
    ),
    (lambda: MATRIX / g.ones(5, 1), "div: shapes [2, 3] and [5, 1] do not broadcast: they differ "),
    (lambda: MATRIX < LONG, "lt: shapes [2, 3] and [4] do not broadcast"),
    (lambda: g.maximum(MATRIX, LONG), "maximum: shapes [2, 3] and [4] do not broadcast"),
    (lambda: MATRIX**LONG, "pow: shapes [2, 3] and [4] do not broadcast"),
    (lambda: MATRIX.clamp(min=LONG), "clamp: shapes [2, 3] and [4] do not broadcast"),
    (lambda: MATRIX.lerp(LONG, 0.5), "lerp: shapes [2, 3] and [4] do not broadcast"),
    (lambda: g.allclose(MATRIX, LONG), "isclose: shapes [2, 3] and [4] do not broadcast"),
    (
        lambda: g.where(MATRIX > 0, MATRIX, LONG),
        "where: shapes [2, 3] and [2, 3] and [4] do not broadcast: they differ at dimension -1 (3 ",
    ),
    (
        lambda: MATRIX @ MATRIX,
        (
            "matmul: shapes [2, 3] and [2, 3] do not fit: the last dimension of the first (3) must "
            "equal dimension -2 of the second (2)"
        ),
    ),
    (lambda: MATRIX @ LONG, "matmul: shapes [2, 3] and [4] do not fit: the last dimension of the "),
    (lambda: BATCH @ g.ones(2, 3, 5), "matmul: shapes [2, 3, 4] and [2, 3, 5] do not fit: the "),
    (
        lambda: BATCH @ g.ones(3, 4, 5),
        (
            "matmul: shapes [2, 3, 4] and [3, 4, 5] do not fit: their batch dimensions, [2] and "
            "[3], do not broadcast"
        ),
    ),
    (lambda: g.tensor(1.0) @ ROW, "matmul: both operands need at least one dimension; use * for"),
    (lambda: ROW.dot(LONG), "dot: shapes [3] and [4] do not fit"),
    (lambda: MATRIX.mv(LONG), "mv: shapes [2, 3] and [4] do not fit"),
    (
        lambda: MATRIX.mm(ROW),
        "mm: takes a matrix (2 dimensions) and a matrix (2 dimensions), got shapes [2, 3] and [3]",
    ),
    (
        lambda: BATCH.bmm(g.ones(3, 4, 5)),
        "bmm: shapes [2, 3, 4] and [3, 4, 5] do not fit: dimension 0, the batch, must be equal",
    ),
    (
        lambda: g.cat([MATRIX, g.ones(2, 4)]),
        (
            "cat: tensor 1 of shape [2, 4] does not fit the first, of shape [2, 3]: they differ at "
            "dimension 1 (4 against 3); all sizes but that of dimension 0 must be equal"
        ),
    ),
    (lambda: g.cat([MATRIX, ROW]), "they have 1 and 2 dimensions"),
    (lambda: g.cat([g.tensor(1.0)]), "cat: 0-d tensors cannot be joined; use stack"),
    (
        lambda: g.stack([MATRIX, ROW]),
        "stack: tensor 1 has shape [3], the first [2, 3]; they must be equal; use cat",
    ),
    (
        lambda: MATRIX.expand(2, 4),
        (
            "expand: shape [2, 3] does not expand to [2, 4]: dimension 1 has size 3 against 4, and "
            "only size 1 can be repeated"
        ),
    ),
    (lambda: MATRIX.expand(3), "expand: shape [2, 3] does not expand to [3]: it has 2 dimensions"),
    (lambda: MATRIX.expand(-1, 2, 3), "expand: a new dimension cannot be -1 in [-1, 2, 3]"),
    (lambda: MATRIX.view(4), "view: shape [2, 3] of 6 elements does not fit the shape [4], which"),
    (lambda: MATRIX.view(-1, 4), "the shape [-1, 4], and 6 is not a multiple of 4"),
    (lambda: MATRIX.reshape(-2, 3), "reshape: sizes must not be negative, except one -1, got"),
    (lambda: MATRIX.view(-1, -1), "view: only one size can be -1, got [-1, -1]"),
    (
        lambda: MATRIX.t().view(6),
        "view: a tensor of shape [3, 2] with these strides has no view of shape [6]; use .reshape",
    ),
    (lambda: MATRIX.unflatten(1, (2, 2)), "unflatten: shape [3] of 3 elements does not fit"),
    (lambda: BATCH.t(), "t: expects at most 2 dimensions, got shape [2, 3, 4]"),
    (lambda: MATRIX.permute(0, 0), "permute: [0, 0] must name each of the 2 dimensions once"),
    (lambda: MATRIX.split([1, 1], 1), "split: sizes [1, 1] must add up to 3"),
    (lambda: MATRIX.repeat(2), "repeat: [2] needs a count for all 2 dimensions"),
    (
        lambda: MATRIX.add_(g.ones(4, 2, 3)),
        (
            "add_: the result has the broadcast shape [4, 2, 3], but a tensor keeps its shape "
            "[2, 3] when it is written in place; use the form without _"
        ),
    ),
    (lambda: MATRIX.copy_(LONG), "copy_: shape mismatch: a value of shape [4] cannot be broadcast"),
]

DIMENSIONS: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: MATRIX.sum(3),
        "sum: dimension 3 is out of range for a tensor of 2 dimensions; use -2",
    ),
    (lambda: MATRIX.mean(-3), "mean: dimension -3 is out of range"),
    (lambda: MATRIX.softmax(2), "softmax: dimension 2 is out of range"),
    (lambda: MATRIX.transpose(0, 3), "transpose: dimension 3 is out of range"),
    (lambda: MATRIX.unsqueeze(7), "unsqueeze: dimension 7 is out of range for a tensor of 3"),
    (lambda: g.cat([MATRIX], 2), "cat: dimension 2 is out of range"),
    (lambda: g.stack([MATRIX], 5), "stack: dimension 5 is out of range"),
    (lambda: MATRIX[5], "index 5 is out of bounds for dimension 0 with size 2"),
    (lambda: MATRIX[:, g.tensor([0, 7])], "index 7 is out of bounds for dimension 1 with size 3"),
]

DTYPES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: ROW @ ROW.double(),
        RuntimeError,
        "matmul: both operands need one dtype, got gradatim.float32 and gradatim.float64; use .to",
    ),
    (lambda: INTEGERS.mean(), RuntimeError, "mean: needs a floating tensor, got gradatim.int64; "),
    (lambda: -BOOLS, RuntimeError, "neg: not defined for bool tensors; use ~x, or x.int() first"),
    (lambda: BOOLS - BOOLS, RuntimeError, "sub: not defined for bool tensors; use ^"),
    (lambda: ~ROW, TypeError, "~: only for integer and bool tensors, got float32"),
    (lambda: ROW & ROW, RuntimeError, "bitwise_and: only for integer and bool tensors, got float"),
    (
        lambda: INTEGERS.clone().add_(1.5),
        RuntimeError,
        "add_: the result is float32 and can't be cast to the desired output type int64",
    ),
    (
        lambda: g.where(MATRIX, MATRIX, MATRIX),
        RuntimeError,
        "where: expected condition to be a boolean tensor, but got a tensor with dtype float32",
    ),
    (lambda: INTEGERS // 0, ZeroDivisionError, "floor_divide: integer division by zero; divide "),
    (lambda: INTEGERS % 0, RuntimeError, "remainder: integer division by zero; divide floats"),
    (lambda: INTEGERS**-1, ValueError, "pow: integers to negative integer powers are not integers"),
    (lambda: ROW.div(ROW, rounding_mode="up"), ValueError, 'None, "floor" or "trunc", got \'up\''),
    (lambda: g.cat(MATRIX), TypeError, "cat: expects a list or tuple of tensors, got one tensor"),
    (lambda: g.cat([MATRIX, 1.0]), TypeError, "cat: element 1 is of type float, not a tensor"),
    (lambda: g.cat([]), ValueError, "cat: expects at least one tensor"),
    (lambda: g.matmul(MATRIX, 3), TypeError, "matmul: expects a tensor as second operand, got int"),
    (lambda: g.exp(3), TypeError, "exp: expects a tensor as input, got int; make one with"),
]


def says(error: BaseException, text: str) -> bool:
    return text in str(error) and "_value" not in str(error)


def by_text(value: Any) -> str:
    return value[:40] if isinstance(value, str) else ""


@pytest.mark.parametrize(("call", "text"), SHAPES, ids=by_text)
def test_shapes_that_do_not_fit(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        call()
    assert says(caught.value, text)
    assert isinstance(caught.value, GradatimError)


@pytest.mark.parametrize(("call", "text"), DIMENSIONS, ids=by_text)
def test_dimensions_that_are_not_there(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(IndexError) as caught:
        call()
    assert says(caught.value, text)


@pytest.mark.parametrize(("call", "kind", "text"), DTYPES, ids=by_text)
def test_dtypes_and_arguments(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert says(caught.value, text)


@pytest.mark.parametrize("operand", ["a", None, [1.0], object()])
def test_operators_leave_strangers_to_python(operand: Any) -> None:
    for call in (lambda: MATRIX + operand, lambda: operand - MATRIX, lambda: operand > MATRIX):
        with pytest.raises(TypeError, match="not supported|unsupported operand"):
            call()
    assert (operand == MATRIX) is False


# -- gradients ----------------------------------------------------------------------------------


def leaf() -> g.Tensor:
    return g.ones(2, 3, requires_grad=True)


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.add_(1),
        lambda x: x[0].mul_(2),
        lambda x: x.t().zero_(),
        lambda x: x.view(6).fill_(1),
        lambda x: x.__setitem__(0, 1.0),
        lambda x: x.__iadd__(1),
    ],
)
def test_a_leaf_is_not_written_in_place(write: Callable[[g.Tensor], Any]) -> None:
    x = leaf()
    with pytest.raises(RuntimeError, match=r"leaf tensor that requires grad.*under no_grad\(\)"):
        write(x)
    with no_grad():
        write(x)


@pytest.mark.parametrize(
    ("make", "name", "what"),
    [
        (lambda a: a * a, "MulBackward0", "an input of shape [2, 3]"),
        (lambda a: a.exp(), "ExpBackward0", "its result"),
        (lambda a: a / a, "DivBackward0", "an input of shape [2, 3]"),
        (lambda a: a @ a.t(), "MatmulBackward0", "an input of shape [2, 3]"),
        (lambda a: a.amax(0), "AmaxBackward0", "an input of shape [2, 3]"),
    ],
)
def test_an_overwritten_value_is_named(make: Any, name: str, what: str) -> None:
    a = leaf() * 1
    y = make(a)
    (y if what == "its result" else a).mul_(2)
    with pytest.raises(RuntimeError) as caught:
        y.sum().backward()
    assert says(caught.value, f"backward: {name} needs {what}, but it was overwritten in place")
    assert says(caught.value, "use the out-of-place form (x = x + 1 instead of x += 1)")


def test_a_freed_graph_names_the_operation() -> None:
    y = leaf().exp().sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"behind ExpBackward0 was already walked.*retain_graph"):
        y.backward()


def test_memory_that_several_elements_share_is_not_written() -> None:
    with pytest.raises(RuntimeError, match=r"share one memory location; call \.clone\(\)"):
        g.ones(3).expand(2, 3).add_(1)


def test_a_gradient_through_numpy_is_refused_not_lost() -> None:
    with pytest.raises(RuntimeError, match=r"not recorded; use x\.detach\(\)\.numpy\(\)"):
        leaf().numpy()
