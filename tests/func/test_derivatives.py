"""Derivatives as functions: their values, structures, nesting, and what they leave alone."""

from __future__ import annotations

from typing import Any

import pytest

import gradatim as torch
from gradatim.core.errors import ArgumentError
from gradatim.func import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp, vmap

X = torch.tensor([1.0, 2.0, 3.0])


def cubes(x: Any) -> Any:
    return (x**3).sum()


def test_grad() -> None:
    assert torch.equal(grad(cubes)(X), 3 * X**2)
    assert grad(grad(grad(lambda x: x**4)))(torch.tensor(2.0)).item() == 48
    assert not grad(cubes)(X).requires_grad
    assert X.grad is None


def test_argnums() -> None:
    def f(x: Any, y: Any, power: int = 2) -> Any:
        return (x * y**power).sum()

    dx, dy = grad(f, argnums=(0, 1))(X, 2 * X)
    assert torch.equal(dx, 4 * X**2)
    assert torch.equal(dy, 4 * X**2)
    assert torch.equal(grad(f, argnums=-1)(X, X), 2 * X**2)
    assert torch.equal(grad(f)(X, X, power=1), X)
    with pytest.raises(ArgumentError, match="argnums 2"):
        grad(f, argnums=2)(X, X)


def test_trees_and_aux() -> None:
    given = {"w": X, "b": [torch.tensor(1.0)]}
    found, (value, aux) = grad_and_value(
        lambda p: ((p["w"] * p["b"][0]).sum(), {"seen": p["w"] * 2}), has_aux=True
    )(given)
    assert torch.equal(found["w"], torch.ones(3))
    assert (found["b"][0].item(), value.item()) == (6, 6)
    assert not aux["seen"].requires_grad
    assert torch.equal(grad(lambda x: (cubes(x), 1), has_aux=True)(X)[0], 3 * X**2)


def test_unused_arguments_have_gradient_zero() -> None:
    assert grad(lambda x: torch.tensor(3.0))(X).tolist() == [0, 0, 0]
    assert grad(lambda x, y: y.sum())(X, X).tolist() == [0, 0, 0]


def test_refused() -> None:
    with pytest.raises(ArgumentError, match="one number"):
        grad(lambda x: x)(X)
    with pytest.raises(TypeError, match="expects a tensor"):
        grad(lambda x: 3.0)(X)
    with pytest.raises(ArgumentError, match="int64"):
        grad(lambda x: x.sum())(torch.arange(3))
    with pytest.raises(ArgumentError, match="has_aux"):
        grad(cubes, has_aux=True)(X)
    with pytest.raises(ArgumentError, match="tuples"):
        jvp(cubes, X, X)
    with pytest.raises(ArgumentError, match="2 tangents for 1"):
        jvp(cubes, (X,), (X, X))
    with pytest.raises(ArgumentError, match="2 tensors for 1"):
        vjp(cubes, X)[1]((X, X))


def test_a_history_where_somebody_can_ask_for_it() -> None:
    w = torch.tensor(2.0, requires_grad=True)
    slope = grad(lambda x: w * cubes(x))(X)
    slope.sum().backward()
    assert w.grad.item() == (3 * X**2).sum().item()
    x = X.clone().requires_grad_()
    grad(cubes)(x).sum().backward()
    assert torch.equal(x.grad, 6 * X)
    with torch.no_grad():
        assert not grad(lambda x: w * cubes(x))(X).requires_grad


def test_vjp_and_jvp() -> None:
    out, pull = vjp(lambda x, y: (x * y, x.sum()), X, 2 * X)
    assert torch.equal(out[0], 2 * X**2)
    dx, dy = pull((torch.ones(3), torch.tensor(1.0)))
    assert torch.equal(dx, 2 * X + 1)
    assert torch.equal(dy, X)
    assert torch.equal(pull((X, torch.tensor(0.0)))[1], X * X)  # it may be called again
    out, change = jvp(lambda x, y: x * y, (X, X), (torch.ones(3), torch.zeros(3)))
    assert torch.equal(change, X)
    out, change, aux = jvp(lambda x: (x.sin(), "seen"), (X,), (X,), has_aux=True)
    assert aux == "seen"
    assert torch.allclose(change, X * X.cos())


def test_jacobians() -> None:
    a = torch.arange(6.0).view(2, 3)
    assert torch.equal(jacrev(lambda x: a @ x)(X), a)
    assert torch.equal(jacfwd(lambda x: a @ x)(X), a)
    assert torch.equal(jacrev(lambda x: a @ x, chunk_size=1)(X), a)
    first, second = jacrev(lambda x, y: x.outer(y), argnums=(0, 1))(X, X)
    assert first.shape == second.shape == (3, 3, 3)
    both = jacrev(lambda x: {"s": x.sum(), "x": x})(X)
    assert torch.equal(both["s"], torch.ones(3))
    assert torch.equal(both["x"], torch.eye(3))
    matrix, aux = jacrev(lambda x: (x**2, "seen"), has_aux=True)(X)
    assert torch.equal(matrix, torch.diag(2 * X))
    assert aux == "seen"


def test_hessians() -> None:
    assert torch.equal(hessian(cubes)(X), torch.diag(6 * X))
    batch = torch.stack([X, 2 * X])
    assert torch.equal(vmap(hessian(cubes))(batch)[1], torch.diag(12 * X))
    assert torch.equal(vmap(jacrev(lambda x: x**2))(batch)[0], torch.diag(2 * X))


def test_a_jacobian_has_a_history() -> None:
    x = X.clone().requires_grad_()
    jacrev(lambda x: x**3)(x).sum().backward()
    assert torch.equal(x.grad, 6 * X)


def test_compiled() -> None:
    f = torch.compile(lambda x: (hessian(cubes)(x), jvp(torch.sin, (x,), (x,))[1]))
    h, v = f(X)
    assert torch.equal(h, torch.diag(6 * X))
    assert torch.allclose(v, X * X.cos())
