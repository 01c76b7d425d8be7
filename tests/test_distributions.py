"""Distributions: PyTorch's numbers and draws, gradients through draws, compiled steps."""

from __future__ import annotations

from typing import Any

import pytest

import gradatim as torch
from gradatim.distributions import Bernoulli, Categorical, Independent, Normal, kl_divergence
from tests._tensor.pytorch_answers import check
from tests.reference.face_cases import expressions


@pytest.mark.parametrize("expression", expressions("distributions"))
def test_answers_as_pytorch_does(expression: str) -> None:
    check(expression, rel=2e-6)


def test_gradients_through_a_draw() -> None:
    loc = torch.zeros(3, requires_grad=True)
    scale = torch.ones(3, requires_grad=True)
    normal = Normal(loc, scale)
    assert not normal.sample().requires_grad
    x = normal.rsample((4,))
    x.sum().backward()
    assert loc.grad.tolist() == [4, 4, 4]
    assert torch.allclose(scale.grad, x.detach().sum(0))
    with pytest.raises(NotImplementedError, match="discrete"):
        Bernoulli(torch.tensor(0.5)).rsample()


def policy_step(policy: Any, optimizer: Any, x: Any) -> Any:
    actions = Categorical(logits=policy(x))
    taken = actions.sample()
    loss = -(actions.log_prob(taken) * (taken == 1)).mean() - 0.01 * actions.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def latent_step(encoder: Any, optimizer: Any, x: Any) -> Any:
    loc, log_scale = encoder(x).chunk(2, -1)
    posterior = Independent(Normal(loc, log_scale.exp()), 1)
    prior = Independent(Normal(torch.zeros_like(loc), 1.0), 1)
    loss = (posterior.rsample() - 1).square().mean() + kl_divergence(posterior, prior).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


@pytest.mark.parametrize("step", [policy_step, latent_step])
def test_compiled_steps_draw_the_same(step: Any) -> None:
    def losses(compiled: bool) -> list[float]:
        torch.manual_seed(0)
        model = torch.nn.Linear(5, 4)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x = torch.randn(8, 5)

        def one() -> Any:
            return step(model, optimizer, x)

        one = torch.compile(one) if compiled else one
        return [one().item() for _ in range(5)]

    assert losses(compiled=True) == pytest.approx(losses(compiled=False), rel=1e-4)
