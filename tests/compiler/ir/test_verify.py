"""A graph that is not legal is refused, and the equation is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradatim.compiler.errors import CompileError
from gradatim.compiler.ir.graph import Equation, Graph, Var, apply
from gradatim.compiler.ir.verify import verify
from gradatim.core.primitive import REGISTRY
from gradatim.ops.elementwise import add, exp

F32 = np.dtype("float32")


def var(*shape: int, dtype: str = "float32") -> Var:
    return Var(shape, np.dtype(dtype))


def legal() -> tuple[Var, Equation, Equation]:
    x = var(2, 3)
    first = apply(exp, (x,), {})
    return x, first, apply(add, (first.output, x), {})


def test_a_legal_graph_is_returned() -> None:
    x, first, second = legal()
    graph = Graph((x,), (first, second), (second.output, x))
    assert verify(graph) is graph


def refused(graph: Graph) -> str:
    with pytest.raises(CompileError, match="illegal graph: ") as caught:
        verify(graph)
    return str(caught.value).removeprefix("illegal graph: ")


def test_a_variable_read_before_it_is_made() -> None:
    x, first, second = legal()
    told = refused(Graph((x,), (second, first), (second.output,)))
    assert told == "b is read before it is made in `c:float32[2,3] = add b a`"


def test_a_variable_that_is_no_input() -> None:
    _, first, _ = legal()
    told = refused(Graph((), (first,), (first.output,)))
    assert told == "a is read before it is made in `b:float32[2,3] = exp a`"


@pytest.mark.parametrize("wrong", [var(3, 2), var(2, 3, dtype="float64")])
def test_a_result_of_another_type(wrong: Var) -> None:
    x, first, _ = legal()
    told = refused(Graph((x,), (replace(first, outputs=(wrong,)),), (wrong,)))
    assert told.startswith("b should be float32[2,3] in `b:")


def test_a_variable_made_twice() -> None:
    x, first, _ = legal()
    told = refused(Graph((x,), (first, first), (first.output,)))
    assert told == "b is made twice in `b:float32[2,3] = exp a`"


def test_an_input_made_by_an_equation() -> None:
    x, first, _ = legal()
    told = refused(Graph((x,), (replace(first, outputs=(x,)),), (x,)))
    assert told == "a is made twice in `a:float32[2,3] = exp a`"


def test_an_input_that_is_there_twice() -> None:
    x, first, _ = legal()
    assert refused(Graph((x, x), (first,), ())) == "a appears twice in `in   a:float32[2,3]`"


def test_an_output_that_is_never_made() -> None:
    x, first, _ = legal()
    told = refused(Graph((x,), (first,), (first.output, var(2))))
    assert told == "c is never made in `out  b c`"


def test_a_wrong_number_of_results() -> None:
    x = var(5)
    params = {"dim": 0, "largest": True, "keepdim": False}
    e = apply(REGISTRY["extreme"], (x,), params)
    assert len(e.outputs) == 2
    told = refused(Graph((x,), (replace(e, outputs=e.outputs[:1]),), ()))
    assert "should be one of 2 results" in told
