"""Whole matrices of derivatives, and products with them, against formulas and each other."""

import pytest

import gradatim as g
from gradatim.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp

X, Y = g.tensor([1.0, -2.0, 0.5]), g.tensor([[0.5, 1.0, 2.0], [-1.0, 0.25, 3.0]])


def bent(x):
    return (x * x).sum() * x.exp()


def test_the_jacobian_of_a_product_with_a_matrix_is_the_matrix():
    assert g.equal(jacobian(lambda x: Y @ x, X), Y)
    assert jacobian(lambda x: x.sum(), X).tolist() == [1.0] * 3
    assert jacobian(lambda x: x.new_zeros(0) * x.sum(), X).shape == (0, 3)


def test_several_inputs_and_outputs_give_tuples():
    by_x, by_y = jacobian(lambda x, y: y @ x, (X, Y))
    assert g.equal(by_x, Y)
    assert by_y.shape == (2, 2, 3)
    assert g.equal(by_y[1, 1], X)
    first, second = jacobian(lambda x: (x.sum(), x * 2), X)
    assert first.tolist() == [1.0] * 3
    assert g.equal(second, 2 * g.eye(3))
    ((both,),) = jacobian(lambda x: (x * 1,), (X,))
    assert g.equal(both, g.eye(3))


def test_the_hessian_is_the_jacobian_of_the_gradient():
    def f(x):
        return (x**3).sum() + x.prod()

    x0, x1, x2 = X.tolist()
    expected = g.tensor([[6 * x0, x2, x1], [x2, 6 * x1, x0], [x1, x0, 6 * x2]])
    assert g.allclose(hessian(f, X), expected)
    ((xx, xy), (yx, yy)) = hessian(lambda x, y: (y @ x).sum() + (x * x).sum(), (X, Y))
    assert g.equal(xx, 2 * g.eye(3))
    assert g.equal(xy.permute(1, 2, 0), yx)
    assert not yy.any()


def test_a_list_of_inputs_is_as_good_as_a_tuple():
    def f(x, y):
        return (y @ x).sum() + (x * x).sum()

    for by_list, by_tuple in zip(hessian(f, [X, Y]), hessian(f, (X, Y)), strict=True):
        assert all(map(g.equal, by_list, by_tuple))


def test_products_are_those_with_the_matrices():
    v, w = g.tensor([0.5, -1.0, 2.0]), g.tensor([1.0, 0.0, -3.0])
    J = jacobian(bent, X)
    out, back = vjp(bent, X, v)
    assert g.allclose(out, bent(X))
    assert g.allclose(back, v @ J)
    assert g.allclose(jvp(bent, X, w)[1], J @ w)
    assert g.allclose(
        hvp(lambda x: bent(x).sum(), X, w)[1], hessian(lambda x: bent(x).sum(), X) @ w
    )
    assert g.equal(vhp(lambda x: bent(x).sum(), X, w)[1], hvp(lambda x: bent(x).sum(), X, w)[1])
    assert vjp(lambda x: x.sum(), X)[1].tolist() == [1.0] * 3
    assert jvp(lambda x: x * 3, g.tensor(2.0))[1].item() == 3.0
    by_element, of_sum = jvp(lambda x: (x**2, x.sum()), X, w)[1]
    assert g.equal(by_element, 2 * X * w)
    assert of_sum == w.sum()


def test_no_grad_around_them_changes_nothing():
    with g.no_grad():
        assert g.equal(jacobian(lambda x: Y @ x, X), Y)
        assert g.equal(hessian(lambda x: (x * x).sum(), X), 2 * g.eye(3))


def test_results_can_be_differentiated_if_asked_for():
    x = X.clone().requires_grad_()
    jacobian(lambda x: x**3, x, create_graph=True).sum().backward()
    assert g.allclose(x.grad, 6 * X)
    assert not jacobian(lambda x: x**3, x).requires_grad
    x.grad = None
    hessian(lambda x: (x**3).sum(), x, create_graph=True).sum().backward()
    assert x.grad.tolist() == [6.0] * 3


def test_what_does_not_matter_has_zeros_or_is_refused():
    assert not jacobian(lambda x, y: x * 2, (X, Y))[1].any()
    assert not hessian(lambda x: x.sum(), X).any()
    assert not hvp(lambda x: x.sum(), X, X)[1].any()
    constants = (g.ones(2), g.ones(()))
    assert not any(change.any() for change in jvp(lambda x: constants, X, X)[1])
    assert not vjp(lambda x: constants, X, constants)[1].any()
    assert not hessian(lambda x: constants[1], X).any()
    assert not hvp(lambda x: constants[1], X, X)[1].any()
    for call in (jacobian, vjp):
        with pytest.raises(ValueError, match="the output does not depend on an input"):
            call(lambda x, y: x.sum(), (X, Y), strict=True)


REFUSED = {
    r"hessian: the function must return one number, it returned shape \[3\]": lambda: hessian(
        lambda x: x * 2, X
    ),
    "hvp: the function must return one number, it returned float": lambda: hvp(lambda x: 1.0, X, X),
    "jacobian: expects a tensor as inputs, got list": lambda: jacobian(lambda x: x, ([1.0],)),
    "jvp: v may be left out for an input of one number only": lambda: jvp(lambda x: x, X),
    "hvp: v may be left out for an input of one number only": lambda: hvp(lambda x: x.sum(), X),
    "vjp: v must be 2 tensors, got 1": lambda: vjp(lambda x: (x, x), X, X),
    "jvp: expects a tensor as the result of the function, got float": lambda: jvp(
        lambda x: 1.0, X, X
    ),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_is_refused(says):
    with pytest.raises((ValueError, TypeError), match=says):
        REFUSED[says]()


def test_compiled_functions_have_them():
    made = g.compile(lambda x: hessian(lambda x: bent(x).sum(), x))
    assert g.allclose(made(X), hessian(lambda x: bent(x).sum(), X), rtol=1e-5)
