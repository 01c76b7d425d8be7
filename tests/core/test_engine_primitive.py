"""What an operation's fact sheet must say, and that any executor can stand in NumPy's place."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim.autograd import detect_anomaly, gradcheck, gradgradcheck
from gradatim.compiler.trace.trace import trace
from gradatim.core.backend import Eager
from gradatim.core.context import using
from gradatim.core.primitive import REGISTRY, Composite, Primitive, Shortcut
from gradatim.core.storage import ArrayType
from gradatim.ops.elementwise import add, exp, mul, same, sub, tanh


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """Operations made in a test are gone after it."""
    before = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)


def leaf(*values: float) -> g.Tensor:
    return g.tensor(values, dtype=g.float64, requires_grad=True)


# -- the fact sheet -----------------------------------------------------------------------------


def test_five_lines_make_an_operation_with_gradients_of_any_order() -> None:
    cube = Primitive(
        "cube(x)", lambda x: x**3, same, x=lambda g, x: mul(g, mul(mul(x, x), x * 0 + 3))
    )
    x = leaf(0.5, -2.0)
    assert cube(x).tolist() == [0.125, -8.0]
    assert gradcheck(cube, x)
    assert gradgradcheck(cube, x)


def test_no_rule_and_no_word_about_it_is_refused() -> None:
    with pytest.raises(TypeError, match="silent: give gradient rules, or say differentiable=False"):
        Primitive("silent(x)", np.negative, same)
    with pytest.raises(TypeError, match="both: give gradient rules, or say differentiable=False"):
        Primitive("both(x)", np.negative, same, differentiable=False, x=lambda g: g)


def test_a_rule_for_an_input_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match=r"typo: gradient rules for unknown inputs \['y'\]"):
        Primitive("typo(x)", np.negative, same, x=lambda g: g, y=lambda g: g)


def test_a_rule_that_asks_for_what_there_is_not_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r"typo: the gradient rule of x asks for \['ouput'\]; it can"
    ):
        Primitive("typo(x, *, dim)", np.negative, same, x=lambda g, ouput, dim: g)


def test_a_name_is_given_once() -> None:
    with pytest.raises(TypeError, match="primitive add is defined twice"):
        Primitive("add(x, y)", np.add, same, differentiable=False)


def test_a_name_that_was_refused_can_be_given_again() -> None:
    with pytest.raises(TypeError):
        Primitive("again(x)", np.negative, same)
    assert Primitive("again(x)", np.negative, same, differentiable=False).name == "again"


def test_it_says_what_it_is_and_travels_by_name() -> None:
    assert repr(add) == "<primitive add(x, y)>"
    assert pickle.loads(pickle.dumps(add)) is add


def test_a_rule_gets_what_its_parameters_name() -> None:
    seen: dict[str, Any] = {}

    def rule(g: Any, y: Any, out: Any, x_type: ArrayType, power: int) -> Any:
        seen.update(y=y.tolist(), out=out.tolist(), x_type=x_type, power=power)
        return g

    op = Primitive(
        "op(x, y, *, power)", lambda x, y, *, power: x + y**power, lambda x, y, *, power: x, x=rule
    )
    op(leaf(1.0), g.tensor([3.0], dtype=g.float64), power=2).sum().backward()
    assert seen == {
        "y": [3.0],
        "out": [10.0],
        "x_type": ArrayType((1,), np.dtype("float64")),
        "power": 2,
    }


def test_a_rule_may_ask_for_the_result_if_it_is_still_there() -> None:
    seen: list[Any] = []

    def rule(g: Any, x_type: ArrayType, out_array: Any) -> Any:
        seen.append(None if out_array is None else out_array.tolist())
        return g

    op = Primitive("op(x)", lambda x: x * 2, same, x=rule)
    op(leaf(1.0)).sum().backward()
    overwritten = op(leaf(2.0))
    overwritten += 1
    overwritten.sum().backward()
    viewed = op(leaf(3.0))
    viewed[0] = 0.0
    viewed.sum().backward()
    x = leaf(4.0)
    trace(lambda: op(x).sum().backward(), [])
    assert seen == [[2.0], None, None, None]


def test_a_joint_rule_answers_for_all_inputs_at_once() -> None:
    calls = []

    def rule(g: Any, x: Any, y: Any) -> Any:
        calls.append(1)
        return g * y, g * x, None

    op = Primitive("three(x, y, z)", lambda x, y, z: x * y, same, joint_rule=rule)
    x, y, z = leaf(2.0), leaf(3.0), leaf(4.0)
    op(x, y, z).sum().backward()
    assert calls == [1]
    assert [None if t.grad is None else t.grad.tolist() for t in (x, y, z)] == [[3.0], [2.0], None]
    assert gradgradcheck(lambda x, y: op(x, y, z), (x, y))
    op(x, y.detach(), z).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [6.0]


def test_of_a_shortcut_the_tape_sees_the_parts() -> None:
    op = Shortcut("short(x)", lambda x: tanh(exp(x)), same, value=lambda x: np.tanh(np.exp(x)))
    x = leaf(0.5)
    assert op(x).grad_fn.name() == "TanhBackward0"  # type: ignore[union-attr]
    assert op(x.detach()).tolist() == op(x).tolist()
    assert gradcheck(op, x)
    assert gradgradcheck(op, x)


def test_several_outputs_and_a_gradient_for_each() -> None:
    def rule(g: Any, x: Any) -> Any:
        of_sum, of_square = g
        parts = [
            p for p in (of_sum, None if of_square is None else of_square * 2 * x) if p is not None
        ]
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]

    op = Primitive(
        "two(x)",
        lambda x: (x + 1, x * x),
        lambda x: (x, x),
        outputs=("next", "square"),
        x=rule,
    )
    x = leaf(3.0)
    one_more, squared = op(x)
    (one_more + squared * 10).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [61.0]
    op(x)[1].sum().backward()
    assert x.grad.tolist() == [67.0]


def test_anomaly_mode_remembers_calls_whose_first_result_is_an_index() -> None:
    op = Primitive(
        "indexed(x)",
        lambda x: (np.arange(x.size), x * 2),
        lambda x: (ArrayType(x.shape, np.dtype("int64")), x),
        outputs=("index", "value"),
        x=lambda g: g[1] * float("nan"),
    )
    with detect_anomaly(), pytest.raises(RuntimeError, match="IndexedBackward0") as caught:
        op(leaf(1.0))[1].sum().backward()
    assert "in test_anomaly_mode_remembers_calls" in str(caught.value)


# -- composites ---------------------------------------------------------------------------------


def test_a_composite_without_a_value_runs_its_decomposition() -> None:
    calls = []

    def expand(x: Any, y: Any) -> Any:
        calls.append(g.is_grad_enabled())
        return tanh(sub(x, y))

    op = Composite(
        "distance(x, y)",
        expand,
        same,
        x=lambda g, out: mul(g, sub(mul(out, out) * 0 + 1, mul(out, out))),
        y=lambda g, out: mul(g, sub(mul(out, out), mul(out, out) * 0 + 1)),
    )
    x, y = leaf(0.5, 1.0), leaf(1.5, -1.0)
    np.testing.assert_allclose(op(x, y).detach().numpy(), np.tanh([-1.0, 2.0]))
    assert calls == [False]  # recorded as one entry, not as its parts
    assert op(x, y).grad_fn.name() == "DistanceBackward0"  # type: ignore[union-attr]
    assert gradcheck(op, (x, y))
    assert gradgradcheck(op, (x, y))


# -- executors ----------------------------------------------------------------------------------


class Counting(Eager):
    """NumPy, with a list of what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def execute(self, primitive: Any, inputs: Any, params: Any) -> Any:
        self.asked.append(primitive.name)
        return super().execute(primitive, inputs, params)

    def write(self, target: Any, source: Any) -> None:
        self.asked.append("write")
        super().write(target, source)


def test_every_operation_goes_to_the_executor_that_holds_backward_too() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    with using(Counting()) as counting:
        z = mul(x, y)
        assert counting.asked == ["mul"]
        exp(z).sum().backward()
        assert {"exp", "reduce_sum", "broadcast_to", "mul"} <= set(counting.asked)
    asked = len(counting.asked)
    mul(x, y)
    assert len(counting.asked) == asked


def test_writes_go_there_too() -> None:
    x = g.zeros(2)
    with using(Counting()) as counting:
        x += 1
        x[0] = 5.0
    assert counting.asked.count("write") == 2
    assert x.tolist() == [5.0, 1.0]


def test_an_executor_ends_with_its_block_whatever_happens() -> None:
    counting = Counting()
    with pytest.raises(KeyError), using(counting):
        raise KeyError
    g.ones(2).exp()
    assert counting.asked == []


def test_an_executor_is_for_its_thread() -> None:
    with using(Counting()) as counting:
        thread = threading.Thread(target=lambda: g.ones(2).exp())
        thread.start()
        thread.join()
    assert counting.asked == []
