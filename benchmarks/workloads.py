"""The training steps that are timed, written once for PyTorch and Gradatim alike.

Every workload states its model, activation, loss, optimiser and learning rate here, for all
sides. `torch` is whichever library is handed in: the programs do not differ by a letter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Step = Callable[[], Any]


def scalar(torch: Any) -> Step:
    """MLP(3, [4, 4, 1]), relu, 41 parameters; 4 samples, squared error (a sum), SGD 0.01."""
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.tensor([[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]])
    y = torch.tensor([[1.0], [-1.0], [-1.0], [1.0]])

    def step() -> Any:
        loss = ((model(x) - y) ** 2).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss

    return step


def mlp(torch: Any) -> Step:
    """Bengio et al. 2003: 27 letters, context 3, embedding 10, hidden 200 tanh; batch 32, SGD 0.1.

    The batch is drawn inside the step from 200,000 examples, as in training.
    """
    nn, functional = torch.nn, torch.nn.functional
    torch.manual_seed(0)
    contexts = torch.randint(0, 27, (200_000, 3))
    targets = torch.randint(0, 27, (200_000,))
    embedding, hidden, output = nn.Embedding(27, 10), nn.Linear(30, 200), nn.Linear(200, 27)
    model = nn.ModuleList([embedding, hidden, output])
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)

    def step() -> Any:
        index = torch.randint(0, 200_000, (32,))
        h = hidden(embedding(contexts[index]).view(32, 30)).tanh()
        loss = functional.cross_entropy(output(h), targets[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss

    return step


def bigram(torch: Any) -> Step:
    """A learnable 27 x 27 matrix on 215,000 pairs at once, NLL + 0.01 mean(W^2), SGD 10."""
    functional = torch.nn.functional
    torch.manual_seed(0)
    x, y = torch.randint(0, 27, (215_000,)), torch.randint(0, 27, (215_000,))
    weight = torch.randn(27, 27).requires_grad_()
    optimiser = torch.optim.SGD([weight], lr=10.0)

    def step() -> Any:
        loss = functional.cross_entropy(weight[x], y) + 0.01 * (weight**2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss

    return step


WORKLOADS: dict[str, Callable[[Any], Step]] = {"scalar": scalar, "mlp": mlp, "bigram": bigram}
