"""Windows, parts at borders, places and slopes: PyTorch's answers, gradients, compiled."""

from __future__ import annotations

from typing import Any

import pytest

import gradatim as torch
from gradatim.autograd import gradcheck
from tests._tensor.pytorch_answers import check
from tests.reference.face_cases import expressions

X = torch.arange(12.0, dtype=torch.float64).view(3, 4).sin()

FUNCTIONS: list[Any] = [
    lambda x: x.unfold(1, 3, 1),
    lambda x: x.as_strided((5, 3), (2, 1), 1),
    lambda x: x.tensor_split(3, 1)[0] * x.hsplit(2)[1],
    lambda x: torch.gradient(x, spacing=0.5, edge_order=2)[1],
    lambda x: torch.linalg.solve_triangular(x[:, :3] + 3 * torch.eye(3), x, upper=False),
    lambda x: torch.cholesky_inverse(x[:, :3] + 3 * torch.eye(3)),
    lambda x: torch.dstack([x, x.exp()]),
    lambda x: x.mode(1).values,
]


@pytest.mark.parametrize("expression", expressions("windows"))
def test_answers_as_pytorch_does(expression: str) -> None:
    check(expression, rel=1e-6)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_gradients(function: Any) -> None:
    assert gradcheck(function, (X.clone().requires_grad_(),))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_compiled(function: Any) -> None:
    assert torch.allclose(torch.compile(function)(X), function(X))


def test_parts_are_views_and_windows_copies() -> None:
    x = torch.zeros(6)
    x.tensor_split((2,))[1].fill_(1)
    assert x.tolist() == [0, 0, 1, 1, 1, 1]
    x.unfold(0, 2, 1).zero_()
    assert x.sum() == 4


def test_as_strided_wants_contiguous_memory() -> None:
    with pytest.raises(ValueError, match=r"call contiguous\(\) first"):
        X.T.as_strided((2,), (1,))
