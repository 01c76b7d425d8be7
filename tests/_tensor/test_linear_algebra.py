"""Systems, inverses and factors: what they refuse, in eager and in compiled steps."""

import re

import pytest

import gradatim as g
from gradatim import linalg

A = g.tensor([[4.0, 1.0], [1.0, 3.0]])

REFUSED = {
    "solve: the matrix is singular, it has no inverse; use lstsq or pinv": lambda: linalg.solve(
        g.ones(2, 2), g.ones(2)
    ),
    "inv: the matrix is singular": lambda: g.zeros(2, 2).inverse(),
    "cholesky: the matrix is not positive definite": lambda: linalg.cholesky(-A),
    "inv: takes square matrices (..., n, n), got shape [2, 3]": lambda: linalg.inv(g.ones(2, 3)),
    "svd: takes matrices (..., n, m), got shape [3]": lambda: linalg.svd(g.ones(3)),
    "solve: A is [2, 2] and B [3, 1]: B needs 2 rows, it has 3": lambda: linalg.solve(
        A, g.ones(3, 1)
    ),
    "lstsq: A is [3, 2] and B [2]: they need equally many rows": lambda: linalg.lstsq(
        g.ones(3, 2), g.ones(2)
    ),
    "eigh: it has no gradient here; use x.detach() or no_grad()": lambda: linalg.eigvalsh(
        A.clone().requires_grad_()
    ),
    "svd: the matrix contains nan or infinity": lambda: linalg.svdvals(A / 0),
    "eigh: the matrix contains nan or infinity": lambda: linalg.eigh(A * float("nan")),
    'eigh: UPLO is "L" or "U", got ': lambda: linalg.eigvalsh(A, UPLO="X"),
    "matrix_power: n must be a whole number, got 1.5": lambda: linalg.matrix_power(A, 1.5),
    "solve: A is [2, 2, 2] and B [2, 3]: B needs 2 columns, it has 3": lambda: linalg.solve(
        A.expand(2, 2, 2), g.ones(2, 3), left=False
    ),
    'qr: only mode="reduced" is there': lambda: linalg.qr(A, mode="complete"),
    "matrix_norm: unknown order 3": lambda: linalg.matrix_norm(A, 3),
    "cross: dimension -1 must have size 3, it has 2": lambda: linalg.cross(A, A),
    "det: needs a floating tensor, got gradatim.int64": lambda: linalg.det(g.ones(2, 2).long()),
    "inv: expects a tensor as A, got list": lambda: linalg.inv([[1.0]]),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_is_refused(says):
    with pytest.raises((RuntimeError, TypeError), match=re.escape(says)):
        REFUSED[says]()


def test_pytorchs_kind_of_error_can_be_caught():
    with pytest.raises(linalg.LinAlgError):
        linalg.inv(g.zeros(2, 2))


def test_factors_give_the_matrix_again():
    x = g.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 2.0]])
    u, s, vh = linalg.svd(x, full_matrices=False)
    assert g.allclose(u @ g.diag(s) @ vh, x, atol=1e-6)
    q, r = linalg.qr(x)
    assert g.allclose(q @ r, x, atol=1e-6)
    values, vectors = linalg.eigh(A)
    assert g.allclose(vectors @ g.diag(values) @ vectors.T, A, atol=1e-6)
    assert linalg.eigh(A.triu(), UPLO="U")[0].tolist() == pytest.approx(values.tolist())
    lower = linalg.cholesky(A)
    assert g.allclose(lower @ lower.T, A)


def test_least_squares_of_lines_says_how_far_off_they_are():
    x = g.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    found = linalg.lstsq(x, g.tensor([[1.0], [2.0], [4.0]]))
    assert g.allclose(found.residuals, g.tensor([1 / 6]))
    assert found.rank.item() == 2
    assert g.allclose(x.T @ (x @ found.solution), x.T @ g.tensor([[1.0], [2.0], [4.0]]))
    flat = linalg.lstsq(g.ones(3, 2), g.ones(3))
    assert g.allclose(flat.solution, g.tensor([0.5, 0.5]))
    assert flat.residuals.numel() == 0


def test_a_training_step_may_solve_a_system():
    def step():
        slope = linalg.solve(w @ w.T + A, g.ones(2)).square().sum() + linalg.slogdet(w @ w.T + A)[1]
        return slope, g.autograd.grad(slope, w)[0]

    w = g.tensor([[1.0, 0.5], [-0.5, 2.0]], requires_grad=True)
    for plain, compiled in zip(step(), g.compile(step)(), strict=True):
        assert g.allclose(plain, compiled, rtol=1e-5)


def test_diagonals_are_those_of_the_last_two_dimensions():
    x = g.arange(12).reshape(3, 2, 2)
    assert linalg.diagonal(x).tolist() == [[0, 3], [4, 7], [8, 11]]
    assert linalg.diagonal(x, offset=1).tolist() == [[1], [5], [9]]


def test_empty_matrices_have_rank_and_condition_zero():
    for n, m in ((0, 0), (0, 3), (3, 0)):
        empty = g.zeros(2, n, m)
        assert linalg.pinv(empty).shape == (2, m, n)
        assert linalg.matrix_rank(empty).tolist() == [0, 0]
        assert linalg.cond(empty).tolist() == [0.0, 0.0]


def test_an_order_of_many_dimensions_needs_two_of_them():
    with pytest.raises(RuntimeError, match=r"norm: of shape \[2, 2, 2\] an order needs dim"):
        linalg.norm(g.ones(2, 2, 2), 1)


def test_the_gradient_of_a_determinant_that_is_0():
    both = [[[1.0, 0.0], [0.0, 0.0]], [[2.0, 0.0], [0.0, 3.0]]]
    for numbers, slope in (
        ([[1.0, 2.0], [2.0, 4.0]], [[4.0, -2.0], [-2.0, 1.0]]),
        ([[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]),
        (both, [[[0.0, 0.0], [0.0, 1.0]], [[3.0, 0.0], [0.0, 2.0]]]),
        ([[0.0]], [[1.0]]),
    ):
        a = g.tensor(numbers, requires_grad=True)
        a.det().sum().backward()
        assert g.allclose(a.grad, g.tensor(slope), atol=1e-6)
