"""Each pass on graphs that can be checked by eye: the print before and after."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler.ir.graph import Graph
from gradatim.compiler.ir.verify import verify
from gradatim.compiler.passes.arrange import arrange
from gradatim.compiler.passes.cse import merge_equal
from gradatim.compiler.passes.dce import drop_unused
from gradatim.compiler.passes.empty import without_empties
from gradatim.compiler.passes.expand import expand
from gradatim.compiler.passes.fold import fold
from gradatim.compiler.passes.order import optimise, stages
from gradatim.compiler.passes.simplify import simplify
from gradatim.compiler.passes.split_k import split_k
from gradatim.compiler.passes.transpose import transpose
from gradatim.compiler.trace.trace import trace
from gradatim.nn import functional as F


def traced(function: Callable[..., Any], *shapes: tuple[int, ...], dtype: Any = None) -> Graph:
    tensors = [g.zeros(s, dtype=dtype or g.float32) for s in shapes]
    return verify(trace(function, tensors).graph)


def assert_prints(graph: Graph, text: str) -> None:
    assert str(verify(graph)) == dedent(text).strip("\n")


def names(graph: Graph) -> list[str]:
    return [e.name for e in graph.equations]


# -- tracing -------------------------------------------------------------------------------------


def test_what_is_written_is_what_is_printed() -> None:
    graph = traced(lambda x, y: (x @ y).tanh(), (2, 3), (3, 4))
    assert_prints(
        graph,
        """
        in   a:float32[2,3]
        in   b:float32[3,4]
             c:float32[2,4] = matmul a b
             d:float32[2,4] = tanh c
        out  d
        """,
    )


# -- expand --------------------------------------------------------------------------------------


def test_expand_writes_composites_in_primitives() -> None:
    graph = traced(lambda x: x.softmax(1), (2, 3))
    assert names(graph) == ["softmax"]
    assert_prints(
        expand(graph),
        """
        in   a:float32[2,3]
             b:float32[2,1] = amax[dims=(1), keepdim=True] a
             c:float32[2,3] = broadcast_to[shape=(2, 3)] b
             d:float32[2,3] = sub a c
             e:float32[2,3] = exp d
             f:float32[2,1] = reduce_sum[dims=(1), keepdim=True] e
             g:float32[2,3] = broadcast_to[shape=(2, 3)] f
             h:float32[2,3] = div e g
        out  h
        """,
    )


def test_expand_writes_the_place_of_the_largest_with_a_range() -> None:
    assert_prints(
        expand(traced(lambda x: x.argmax(1), (2, 3))),
        """
        in   a:float32[2,3]
             b:float32[2,1] = amax[dims=(1), keepdim=True] a
             c:float32[2,3] = broadcast_to[shape=(2, 3)] b
             d:bool[2,3] = eq a c
             e:bool[2,3] = ne a a
             f:bool[2,3] = logical_or d e
             g:int32[3] = arange[start=0, step=1, count=3, dtype=int32]
             h:int32[1,3] = reshape[shape=(1, 3)] g
             i:int32[2,3] = broadcast_to[shape=(2, 3)] h
             j:int32[2,3] = repeated[shape=(2, 3), value=2147483647, dtype=int32]
             k:int32[2,3] = where f i j
             l:int32[2] = amin[dims=(1), keepdim=False] k
             m:int64[2] = cast[dtype=int64] l
        out  m
        """,
    )


def test_expand_goes_down_to_the_last_composite() -> None:
    graph = expand(traced(lambda x, y: F.cross_entropy(x, y.long()), (4, 3), (4,)))
    assert not any(hasattr(e.primitive, "expand") for e in graph.equations)


# -- empty ---------------------------------------------------------------------------------------


def test_nothing_is_computed_of_nothing() -> None:
    graph = traced(lambda x, y: g.cat([(x * 2).exp(), y], 0).sum(0), (0, 3), (2, 3))
    assert names(drop_unused(without_empties(graph))) == ["cat", "reduce_sum"]
    assert names(drop_unused(simplify(without_empties(graph)))) == ["reduce_sum"]


@pytest.mark.parametrize(
    ("reduced", "number"),
    [
        (lambda x: x.sum(0), 0),
        (lambda x: x.prod(0), 1),
        (lambda x: (x > 0).all(0), True),
        (lambda x: (x > 0).any(0), False),
        (lambda x: x.T @ x, 0),
    ],
)
def test_what_is_made_of_nothing_is_a_number(reduced: Any, number: Any) -> None:
    (last,) = drop_unused(without_empties(traced(reduced, (0, 3)))).equations
    assert (last.name, last.params["value"]) == ("repeated", number)


# -- fold ----------------------------------------------------------------------------------------


def test_fold_computes_with_numbers_now() -> None:
    graph = traced(lambda x: x + (g.full((3,), 2.0) * 3 - 1).sqrt(), (3,))
    assert_prints(
        drop_unused(fold(graph)),
        """
        in   a:float32[3]
             b:float32[3] = repeated[shape=(3), value=2.2360680103302, dtype=float32]
             c:float32[3] = add a b
        out  c
        """,
    )


def test_fold_moves_numbers_for_nothing() -> None:
    graph = traced(lambda x: x * g.ones(2, 1).expand(2, 3).T.reshape(2, 3), (2, 3))
    assert names(drop_unused(fold(graph))) == ["repeated", "mul"]


def test_fold_leaves_what_differs_from_place_to_place() -> None:
    graph = traced(lambda x: x * (g.arange(3) + 1), (3,))
    assert "arange" in names(fold(graph))


# -- arrange -------------------------------------------------------------------------------------


def test_dimensions_in_the_middle_are_reduced_at_the_end() -> None:
    assert_prints(
        simplify(arrange(traced(lambda x: x.sum(1), (2, 3, 4)))),
        """
        in   a:float32[2,3,4]
             b:float32[2,4,3] = permute[order=(0, 2, 1)] a
             c:float32[2,4] = reduce_sum[dims=(2), keepdim=False] b
        out  c
        """,
    )


def test_dimensions_that_are_apart_are_reduced_one_after_the_other() -> None:
    assert_prints(
        simplify(arrange(traced(lambda x: x.sum((0, 2, 3), keepdim=True), (2, 3, 4, 5)))),
        """
        in   a:float32[2,3,4,5]
             b:float32[2,3] = reduce_sum[dims=(2, 3), keepdim=False] a
             c:float32[3] = reduce_sum[dims=(0), keepdim=False] b
             d:float32[1,3,1,1] = reshape[shape=(1, 3, 1, 1)] c
        out  d
        """,
    )


@pytest.mark.parametrize("dims", [(0,), (2,), (0, 1), (1, 2), (0, 1, 2)])
def test_reductions_at_an_end_stay(dims: tuple[int, ...]) -> None:
    graph = traced(lambda x: x.amax(dims), (2, 3, 4))
    assert names(arrange(graph)) == ["amax"]


# -- simplify ------------------------------------------------------------------------------------

SAME = {
    "times one": lambda x: x * 1,
    "one times": lambda x: 1 * x,
    "over one": lambda x: x / 1,
    "minus zero": lambda x: x - 0,
    "minus minus": lambda x: x.neg().neg(),
    "a copy": lambda x: x.clone(),
    "its own shape": lambda x: x.reshape(2, 3),
    "its own order": lambda x: x.permute(0, 1),
    "turned twice": lambda x: x.T.T,
    "over nothing": lambda x: x.unsqueeze(0).sum(0),
}


@pytest.mark.parametrize("what", SAME)
def test_simplify_removes(what: str) -> None:
    graph = drop_unused(simplify(fold(expand(traced(SAME[what], (2, 3))))))
    assert graph.outputs == graph.inputs, graph


KEPT = {
    "x + 0 turns -0 into 0": lambda x: x + 0,
    "x * 0 is nan where x is": lambda x: x * 0,
    "x - x too": lambda x: x - x,
    "x / x too": lambda x: x / x,
}


@pytest.mark.parametrize("what", KEPT)
def test_simplify_keeps(what: str) -> None:
    assert len(drop_unused(simplify(fold(traced(KEPT[what], (2,))))).equations) >= 1


def test_simplify_divides_by_powers_of_two_exactly() -> None:
    halved = names(drop_unused(simplify(fold(traced(lambda x: x / 4, (2,))))))
    assert halved == ["repeated", "mul"]
    third = names(drop_unused(simplify(fold(traced(lambda x: x / 3, (2,))))))
    assert third == ["repeated", "div"]


def test_simplify_does_not_ask_twice_whether_something_is_true() -> None:
    graph = traced(lambda x: ((x > 0).float() != 0).float(), (2,))
    assert names(drop_unused(simplify(fold(expand(graph))))) == ["repeated", "gt", "cast"]


def test_simplify_joins_movements() -> None:
    graph = traced(lambda x: x.reshape(6).reshape(3, 2).permute(1, 0).permute(1, 0), (2, 3))
    assert_prints(
        drop_unused(simplify(graph)),
        """
        in   a:float32[2,3]
             b:float32[3,2] = reshape[shape=(3, 2)] a
        out  b
        """,
    )


def test_simplify_knows_that_another_shape_of_it_is_all_of_it() -> None:
    graph = traced(lambda x, y: x.view(6).copy_(y), (2, 3), (6,))
    assert_prints(
        drop_unused(simplify(graph)),
        """
        in   a:float32[2,3]
        in   b:float32[6]
             c:float32[2,3] = reshape[shape=(2, 3)] b
        out  b c
        """,
    )


# -- common subexpressions -----------------------------------------------------------------------


def test_equal_equations_are_computed_once() -> None:
    graph = traced(lambda x, y: (x + y).exp() * (x + y).exp(), (2,), (2,))
    assert_prints(
        merge_equal(graph),
        """
        in   a:float32[2]
        in   b:float32[2]
             c:float32[2] = add a b
             d:float32[2] = exp c
             e:float32[2] = mul d d
        out  e
        """,
    )


def test_equations_with_other_parameters_are_others() -> None:
    graph = traced(lambda x: x.sum(0, keepdim=True) + x.sum(0), (3, 3))
    assert names(merge_equal(graph)).count("reduce_sum") == 2


def test_zeros_of_both_signs_are_two_numbers() -> None:
    graph = traced(lambda x: x * 0.0 + x * -0.0, (2,))
    found = [e.params["value"] for e in merge_equal(graph).equations if e.name == "repeated"]
    assert [np.signbit(v) for v in found] == [False, True]


def test_draws_are_never_merged() -> None:
    graph = traced(lambda x: x + g.rand(2) + g.rand(2), (2,))
    assert names(merge_equal(graph)).count("uniform") == 2


# -- dead code -----------------------------------------------------------------------------------


def test_what_nobody_reads_is_dropped_but_draws_stay() -> None:
    def function(x: Any) -> Any:
        x.exp().sum()
        g.rand(3)
        return x + 1

    graph = traced(function, (2,))
    assert names(graph) == ["exp", "reduce_sum", "uniform", "repeated", "add"]
    assert names(drop_unused(graph)) == ["uniform", "repeated", "add"]


# -- all of them ---------------------------------------------------------------------------------


def test_every_pass_leaves_a_legal_graph_with_the_same_ends() -> None:
    graph = traced(
        lambda x, w: F.cross_entropy((x @ w).softmax(1).clamp(min=0.1), x[:, 0].long()),
        (4, 3),
        (3, 5),
    )
    for name, after in stages(graph):
        verify(after)
        assert after.inputs == graph.inputs, name
        assert [v.type for v in after.outputs] == [v.type for v in graph.outputs], name


def test_passes_are_pure() -> None:
    graph = traced(lambda x: (x * 1).softmax(0).sum(), (3,))
    before = str(graph)
    optimise(graph)
    assert str(graph) == before


# -- turn ----------------------------------------------------------------------------------------


def test_a_product_that_is_only_read_transposed_is_computed_transposed():
    graph = traced(lambda x, y: (x @ y).t() * 2, (3, 4), (4, 5))
    assert names(transpose(graph)) == ["permute", "permute", "matmul", *names(graph)[2:]]


def test_heads_are_turned_within_a_longer_permutation():
    graph = traced(lambda x, y: (x @ y).permute(0, 3, 1, 2) * 2, (2, 3, 4, 5), (2, 3, 5, 6))
    assert_prints(
        drop_unused(transpose(graph)),
        """
        in   a:float32[2,3,4,5]
        in   b:float32[2,3,5,6]
             c:float32[2,3,5,4] = permute[order=(0, 1, 3, 2)] a
             d:float32[2,3,6,5] = permute[order=(0, 1, 3, 2)] b
             e:float32[2,3,6,4] = matmul d c
             f:float32[2,6,3,4] = permute[order=(0, 2, 1, 3)] e
             g:float32[2,6,3,4] = repeated[shape=(2, 6, 3, 4), value=2, dtype=float32]
             h:float32[2,6,3,4] = mul f g
        out  h
        """,
    )


def test_a_product_that_is_also_read_as_it_is_stays():
    def both(x, y):
        z = x @ y
        return z.t() * 2, z + 1

    graph = traced(both, (3, 4), (4, 5))
    assert str(transpose(graph)) == str(graph)


# -- split_k -------------------------------------------------------------------------------------


def test_a_long_sum_over_rows_is_made_in_two_halves():
    graph = traced(lambda x, y: x.t() @ y, (512, 64), (512, 32))
    assert_prints(
        split_k(graph),
        """
        in   a:float32[512,64]
        in   b:float32[512,32]
             c:float32[64,512] = permute[order=(1, 0)] a
             d:float32[64,2,256] = reshape[shape=(64, 2, 256)] c
             e:float32[2,64,256] = permute[order=(1, 0, 2)] d
             f:float32[2,256,32] = reshape[shape=(2, 256, 32)] b
             g:float32[2,64,32] = matmul e f
             h:float32[64,32] = slice[index=(0)] g
             i:float32[64,32] = slice[index=(1)] g
             j:float32[64,32] = add h i
        out  j
        """,
    )


@pytest.mark.parametrize(
    ("function", "x", "y"),
    [
        pytest.param(lambda x, y: x @ y, (64, 512), (512, 64), id="along a row"),
        pytest.param(lambda x, y: x.t() @ y, (128, 64), (128, 64), id="few rows"),
        pytest.param(lambda x, y: x.t() @ y, (511, 64), (511, 64), id="an odd number of rows"),
        pytest.param(lambda x, y: x.t() @ y, (512, 8), (512, 8), id="little to do"),
        pytest.param(lambda x, y: x.t() @ y, (256, 512), (256, 512), id="a large result"),
    ],
)
def test_other_products_are_made_whole(function, x, y):
    graph = traced(function, x, y)
    assert str(split_k(graph)) == str(graph)
