"""What a block nest asks for ahead: its memory from front to back, but no more than has room."""

import pytest

import gradatim as g
from gradatim.compiler.ir.nests import BlockNest
from gradatim.compiler.lower.functions.block_prefetch import planned
from gradatim.compiler.schedule.grain import cut_of
from gradatim.compiler.trace.trace import trace
from gradatim.nn import functional as F
from tests.compiler.running import schedule_of


def asked(step, *given):
    """How far ahead, and bytes of a matrix of each variable, in the order of their size."""
    traced = trace(step, given)
    nests = schedule_of(traced.graph, traced.updates).nests
    (nest,) = [n for n in nests if isinstance(n, BlockNest)]
    found = planned(nest, cut_of(nest))
    return found.lead, sorted(found.shares.values())


def heads(x, n):
    return x.unflatten(-1, (n, -1)).transpose(1, 2)


def test_heads_side_by_side_are_asked_for_together():
    def step(qkv):
        q, k, v = (heads(x, 4) for x in qkv.chunk(3, -1))
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)

    lead, shares = asked(step, g.randn(8, 64, 3 * 128))
    assert lead == 4
    assert shares == [64 * 32 * 4, 3 * 64 * 32 * 4]  # of the result, and of what is read


def test_heads_apart_are_asked_for_one_by_one():
    q, k, v = (g.randn(2, 8, 64, 16) for _ in range(3))
    assert asked(F.scaled_dot_product_attention, q, k, v) == (1, [64 * 16 * 4] * 4)


def test_what_matrices_share_is_not_asked_for():
    q, k, v = g.randn(8, 4, 64, 16), g.randn(8, 1, 128, 16), g.randn(8, 1, 128, 16)

    def step(q, k, v):
        return (q @ k.mT).softmax(-1) @ v

    assert asked(step, q, k, v) == (1, [64 * 16 * 4] * 2)


@pytest.mark.parametrize("shape", [(1, 2, 2048, 64), (2, 1, 8, 8)])
def test_nothing_is_asked_for_where_a_matrix_is_large_or_all_are_near(shape):
    q, k, v = (g.randn(*shape) for _ in range(3))
    assert asked(F.scaled_dot_product_attention, q, k, v)[1] == []
