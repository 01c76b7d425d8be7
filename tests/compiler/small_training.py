"""A small training for the tests of threads, processes and memory."""

import gradatim as g
from gradatim import nn, optim


def training(seed=0, width=8, dropout=0.2):
    """A model, its optimiser, and one step on a batch that is drawn inside."""
    g.manual_seed(seed)
    generator = g.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, width), nn.Tanh(), nn.Linear(width, 1))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    data = g.randn(32, 4)

    def step():
        batch = data[g.randint(32, (5,), generator=generator)]
        optimizer.zero_grad()
        loss = (model(batch) - 1).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return model, optimizer, generator, step


def losses_of(seed=0, steps=20):
    return g.compile(training(seed)[3]).repeat(steps).tolist()
