"""Einstein's sums: NumPy's values, gradients, machine code, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim as g
from gradatim.autograd import gradcheck, gradgradcheck
from gradatim.core.errors import ArgumentError, DTypeError, ShapeError

SIZES = {"a": 2, "b": 3, "c": 1, "d": 4, "e": 2}


@st.composite
def equations(draw):
    """One to three operands of up to four letters, each at most once, and some of them kept."""
    terms = draw(
        st.lists(
            st.lists(st.sampled_from("abcde"), max_size=4, unique=True), min_size=1, max_size=3
        )
    )
    used = sorted({c for term in terms for c in term})
    kept = draw(st.lists(st.sampled_from(used), unique=True)) if used else []
    return ",".join("".join(term) for term in terms) + "->" + "".join(kept)


def operands(equation: str, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    terms = equation.partition("->")[0].split(",")
    return [rng.standard_normal([SIZES[c] for c in term]) for term in terms]


@settings(deadline=None, derandomize=True, max_examples=150)
@given(equations())
def test_any_equation_gives_numpys_numbers(equation):
    arrays = operands(equation)
    ours = g.einsum(equation, *map(g.tensor, arrays))
    theirs = np.einsum(equation, *arrays)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "equation", ["ab,bd->ad", "eab,ebd,d->ea", "ab,ab->", "ab,d->bda", "bab->a"]
)
def test_gradients_of_both_orders(equation):
    xs = [g.tensor(x, requires_grad=True) for x in operands(equation)]
    assert gradcheck(lambda *xs: g.einsum(equation, *xs), xs)
    assert gradgradcheck(lambda *xs: g.einsum(equation, *xs), xs)


def test_attention_in_two_lines_compiles_with_its_gradient():
    q, k, v = (g.randn(2, 3, 5, 4, requires_grad=True) for _ in range(3))

    def loss():
        weights = g.einsum("bhqd,bhkd->bhqk", q, k).softmax(-1)
        total = g.einsum("bhqk,bhkd->bqhd", weights, v).square().sum()
        return total, *g.autograd.grad(total, (q, k, v))

    program = g.compile(loss)
    for mine, plain in zip(program(), loss(), strict=True):
        np.testing.assert_allclose(mine.detach(), plain.detach(), rtol=1e-4, atol=1e-5)
    assert " 0 by NumPy" in program.explain(stage="schedule")


def test_an_equation_that_does_nothing_gives_a_view():
    x = g.zeros(2, 3, requires_grad=True)
    y = g.einsum("ij->ij", x)
    assert y is not x
    assert not y.is_leaf
    assert g.equal(y, x)


def test_operands_may_come_as_a_list():
    x = g.arange(3)
    assert g.einsum("i,i->", [x, x]).item() == 5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: g.einsum(x, "ij"), TypeError, "operand 0"),
        (
            lambda x: g.einsum(3, x),
            TypeError,
            'needs an equation such as "ij,jk->ik" first, got int',
        ),
        (lambda x: g.einsum("ij,jk", x), ArgumentError, "describes 2 operands, but 1 are given"),
        (lambda x: g.einsum("i1", x), ArgumentError, "'1' in 'i1' is not the name of a dimension"),
        (lambda x: g.einsum("......", x), ArgumentError, "and ... at most once in each operand"),
        (lambda x: g.einsum("ij->k", x), ArgumentError, "has 'k', which no operand has"),
        (lambda x: g.einsum("ij->ii", x), ArgumentError, "has 'i' more than once"),
        (lambda x: g.einsum("i", x), ShapeError, r"operand 0 has 2 dimensions, of shape \[2, 3\]"),
        (lambda x: g.einsum("ii", x), ShapeError, "twice in operand 0, with sizes 2 and 3"),
        (lambda x: g.einsum("ij,ik", x, x.T), ShapeError, "'i' is 3 in operand 1, of shape"),
        (lambda x: g.einsum("ij,ij", x, x.double()), DTypeError, "one dtype, got .*32 and .*64"),
    ],
)
def test_what_does_not_fit_says_what_and_where(call, error, message):
    with pytest.raises(error, match=message):
        call(g.zeros(2, 3))
