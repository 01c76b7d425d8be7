"""`vmap`: dimensions, trees, randomness, writes, chunks, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

import gradatim as torch
from gradatim import nn
from gradatim.core.errors import ArgumentError, GradatimError
from gradatim.func import functional_call, grad, stack_module_state, vmap

X = torch.arange(12.0).view(3, 4)


def test_in_dims_and_out_dims() -> None:
    assert torch.equal(vmap(torch.dot)(X, X), (X * X).sum(1))
    assert torch.equal(vmap(torch.dot, in_dims=1)(X, X), (X * X).sum(0))
    assert torch.equal(vmap(torch.dot, in_dims=(-1, None))(X, torch.ones(3)), X.sum(0))
    assert torch.equal(vmap(lambda x: 2 * x, out_dims=1)(X), 2 * X.T)
    assert torch.equal(vmap(lambda x: 2 * x, in_dims=1, out_dims=-1)(X), 2 * X)
    assert torch.equal(vmap(lambda x, *, y: x + y)(X, y=X), X + X)


def test_nested() -> None:
    outer = vmap(vmap(lambda a, b: a * b, in_dims=(None, 0)), in_dims=(0, None))
    assert torch.equal(outer(X[0], X[1]), torch.outer(X[0], X[1]))


def test_trees() -> None:
    out = vmap(lambda d, pair: {"sum": d["x"] + pair[0], "two": (pair[1], d["x"])},
               in_dims=({"x": 0}, (None, 0)))({"x": X}, (X[0], X))  # fmt: skip
    assert torch.equal(out["sum"], X + X[0])
    assert torch.equal(out["two"][0], X)
    values, places = vmap(lambda x: x.max(0))(X)
    assert (values.tolist(), places.tolist()) == ([3, 7, 11], [3, 3, 3])


def test_a_common_result_is_repeated() -> None:
    assert vmap(lambda x: torch.ones(2))(X).shape == (3, 2)
    assert vmap(lambda x: torch.ones(2), out_dims=None)(X).shape == (2,)
    with pytest.raises(ArgumentError, match="differs by sample"):
        vmap(lambda x: x, out_dims=None)(X)


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 9])
def test_chunks(chunk_size: int) -> None:
    out = vmap(lambda x: {"a": x.sum()}, chunk_size=chunk_size)(X)
    assert torch.equal(out["a"], X.sum(1))


def test_refused() -> None:
    with pytest.raises(ArgumentError, match="different sizes"):
        vmap(torch.dot)(X, X.T)
    with pytest.raises(ArgumentError, match="no batch"):
        vmap(torch.neg, in_dims=None)(X)
    with pytest.raises(ArgumentError, match="2 in_dims for 1"):
        vmap(torch.neg, in_dims=(0, 0))(X)
    with pytest.raises(ArgumentError, match="in_dims 2"):
        vmap(torch.neg, in_dims=2)(X)
    with pytest.raises(ArgumentError, match="out_dims 5"):
        vmap(torch.neg, out_dims=5)(X)
    with pytest.raises(ArgumentError, match="randomness"):
        vmap(torch.neg, randomness="some")
    with pytest.raises(ArgumentError, match="chunk_size"):
        vmap(torch.neg, chunk_size=0)
    with pytest.raises(TypeError, match="expects a tensor"):
        vmap(lambda x: 3)(X)
    with pytest.raises(TypeError, match="in_dims 0"):
        vmap(lambda x, y: x)(X, 3)


def test_numbers_that_differ_are_refused() -> None:
    with pytest.raises(GradatimError, match=r"gradatim\.where"):
        vmap(lambda x: x if x.sum() > 3 else -x)(X)
    with pytest.raises(GradatimError, match="differs from sample to sample"):
        vmap(lambda x: x.sum().item())(X)
    with pytest.raises(GradatimError, match="use a mask"):
        vmap(lambda x: x[x > 3])(X)


def test_a_number_that_all_share_may_be_asked_for() -> None:
    c = torch.tensor(2.0)
    assert torch.equal(vmap(lambda x: x * c.item() if c > 1 else x)(X), 2 * X)


def test_backward_is_refused() -> None:
    w = torch.ones(4, requires_grad=True)
    with pytest.raises(GradatimError, match=r"use func\.grad"):
        vmap(lambda x: (w * x).sum().backward())(X)
    assert w.grad is None


def test_writes() -> None:
    def cleared(x: Any) -> Any:
        x = x.clone()
        x[0] = 0
        x[1:3].mul_(2)
        x.view(2, 2)[1, 1] = x[2]
        return x

    assert torch.equal(vmap(cleared)(X), torch.stack([cleared(x) for x in X]))
    with pytest.raises(GradatimError, match="same for all"):
        vmap(lambda x: torch.zeros(4).add_(x))(X)


def test_a_write_into_an_argument_is_a_write_outside() -> None:
    x = X.clone()
    vmap(lambda row: row.mul_(2))(x)
    assert torch.equal(x, 2 * X)


def test_indices_that_differ() -> None:
    i = torch.tensor([2, 0, -1])
    assert vmap(lambda x, k: x[k])(X, i).tolist() == [2, 4, 11]
    assert torch.equal(vmap(lambda k: X[k])(i), X[i])
    with pytest.raises(IndexError):
        vmap(lambda x, k: x[k])(X, torch.tensor([0, 1, 4]))  # not the next sample's first


def test_randomness() -> None:
    def noisy(x: Any) -> Any:
        return x + torch.randn(4)

    with pytest.raises(GradatimError, match="randomness"):
        vmap(noisy)(X)
    torch.manual_seed(0)
    same = vmap(noisy, randomness="same")(X) - X
    torch.manual_seed(0)
    assert torch.allclose(same, torch.randn(4).expand(3, 4), atol=1e-5)
    torch.manual_seed(0)
    different = vmap(noisy, randomness="different")(X) - X
    torch.manual_seed(0)
    assert torch.allclose(different, torch.randn(3, 4), atol=1e-5)


def test_draws_that_depend_on_the_sample() -> None:
    weights = torch.eye(4)[:3]
    drawn = vmap(lambda w: torch.multinomial(w, 1), randomness="different")(weights)
    assert drawn.tolist() == [[0], [1], [2]]
    with pytest.raises(GradatimError, match="must differ"):
        vmap(lambda w: torch.multinomial(w, 1), randomness="same")(weights)
    shuffled = vmap(lambda x: x[torch.randperm(4)], randomness="different")(X)
    assert torch.equal(shuffled.sort(1).values, X)


def test_dropout() -> None:
    torch.manual_seed(3)
    out = vmap(lambda x: nn.functional.dropout(x, 0.5), randomness="different")(torch.ones(50, 20))
    torch.manual_seed(3)
    assert torch.equal(out, nn.functional.dropout(torch.ones(50, 20), 0.5))


def test_a_gradient_from_outside_passes_through() -> None:
    w, x = torch.ones(4, requires_grad=True), X.clone().requires_grad_()
    vmap(lambda row: (w * row).sum() ** 2)(x).sum().backward()
    v, y = torch.ones(4, requires_grad=True), X.clone().requires_grad_()
    ((v * y).sum(1) ** 2).sum().backward()
    assert torch.equal(w.grad, v.grad)
    assert torch.equal(x.grad, y.grad)


def test_a_gradient_from_outside_passes_through_gradients_inside() -> None:
    w = torch.tensor(2.0, requires_grad=True)
    slopes = vmap(grad(lambda x: (w * x**3).sum()))(X)  # 3 w x^2
    slopes.sum().backward()
    assert w.grad.item() == (3 * X**2).sum().item()
    x = X.clone().requires_grad_()
    vmap(grad(lambda x: (x**3).sum()))(x).sum().backward()
    assert torch.equal(x.grad, 6 * X)


def test_nothing_is_recorded_that_nobody_can_ask_for() -> None:
    assert not vmap(grad(lambda x: (x**3).sum()))(X).requires_grad


def test_batches_of_a_module() -> None:
    torch.manual_seed(0)
    models = [nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.GELU()) for _ in range(3)]
    parameters, buffers = stack_module_state(models)
    assert all(p.is_leaf and p.requires_grad for p in parameters.values())
    out = vmap(lambda p, b: functional_call(models[0], (p, b), (X,)))(parameters, buffers)
    assert torch.allclose(out, torch.stack([m(X) for m in models]), atol=1e-6)


def test_attention() -> None:
    q, k, v = torch.randn(3, 5, 2, 6, 4).unbind(0)
    attention = nn.functional.scaled_dot_product_attention
    found = vmap(lambda q, k, v: attention(q, k, v, is_causal=True))(q, k, v)
    assert torch.allclose(found, attention(q, k, v, is_causal=True), atol=1e-6)


def test_compiled() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    x, y = torch.randn(6, 4), torch.randn(6, 1)

    def loss(p: Any, x: Any, y: Any) -> Any:
        return nn.functional.mse_loss(functional_call(model, p, (x,)), y)

    def norms(x: Any, y: Any) -> Any:
        p = {name: w.detach() for name, w in model.named_parameters()}
        each = vmap(grad(loss), in_dims=(None, 0, 0))(p, x, y)
        return sum(g.flatten(1).square().sum(1) for g in each.values())

    assert torch.allclose(torch.compile(norms)(x, y), norms(x, y), rtol=1e-5)


def test_stack_module_state_refuses_what_does_not_fit() -> None:
    with pytest.raises(ArgumentError, match="at least one"):
        stack_module_state([])
    with pytest.raises(ArgumentError, match="different classes"):
        stack_module_state([nn.Linear(1, 1), nn.Identity()])
