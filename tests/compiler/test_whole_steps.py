"""Whole training steps: machine code from end to end, in few nests, and the numbers of eager."""

import math

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.compiler.ir.nests import BlockNest, NumpyNest, ProductNest
from gradatim.compiler.trace.trace import trace
from gradatim.models import bigram, gpt, mlp
from gradatim.nn import functional as F
from tests.compiler.running import schedule_of


class Block(nn.Module):
    """One causal transformer block of what `nn` has: attention of 4 heads, then two layers."""

    def __init__(self, C=32, heads=4, T=8):
        super().__init__()
        self.C, self.heads = C, heads
        # Without a bias: that of the keys has no gradient but rounding, which Adam would enlarge.
        self.qkv, self.proj = nn.Linear(C, 3 * C, bias=False), nn.Linear(C, C)
        self.fc, self.out = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)
        self.gain = nn.Parameter(g.ones(C))
        self.register_buffer("future", g.ones(T, T).triu(1).bool())

    def normalise(self, x):
        centred = x - x.mean(-1, keepdim=True)
        return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * self.gain

    def forward(self, x):
        B, T, C = x.shape
        parts = self.qkv(self.normalise(x)).split(C, -1)
        q, k, v = (p.view(B, T, self.heads, -1).transpose(1, 2) for p in parts)
        scores = q @ k.transpose(-1, -2) / math.sqrt(C // self.heads)
        weights = F.softmax(scores.masked_fill(self.future, -math.inf), -1)
        x = x + self.proj((weights @ v).transpose(1, 2).reshape(B, T, C))
        return x + self.out(self.fc(self.normalise(x)).tanh())


def mlp_step():
    model = mlp.Model(mlp.Config())
    return word_step(model, optim.SGD(model.parameters(), lr=0.1), 3)


def bigram_step():
    model = bigram.Model(bigram.Config())
    return word_step(model, optim.SGD(model.parameters(), lr=10.0), 1)


def word_step(model, optimizer, context):
    X, Y = g.randint(0, 27, (500, context)), g.randint(0, 27, (500,))

    def step():
        rows = g.randint(0, 500, (32,))
        _, loss = model(X[rows], Y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return model, step


def block_step():
    model = Block()
    optimizer = optim.AdamW(model.parameters(), lr=1e-3)
    x, y = g.randn(4, 8, 32), g.randn(4, 8, 32)

    def step():
        loss = (model(x) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    return model, step


def gpt_step(dropout=0.0):
    """Three layers; the keys have no bias, as it has no gradient but rounding."""
    model = gpt.GPT(gpt.Config(n_layer=3, n_embd=32, block_size=8, dropout=dropout, bias=False))
    optimizer = optim.AdamW(model.parameters(), lr=1e-3)
    X = g.randint(0, 27, (4, 9))

    def step():
        _, loss = model(X[:, :-1], X[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    return model, step


STEPS = {
    "bigram": (bigram_step, 14),
    "mlp": (mlp_step, 20),
    "block": (block_step, 50),
    "gpt": (gpt_step, 138),
    "gpt with dropout": (lambda: gpt_step(0.1), 148),
}


def made(name):
    g.manual_seed(5)
    return STEPS[name][0]()


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_machine_code_from_end_to_end_in_few_nests(name):
    _, step = made(name)
    step()
    traced = trace(step, [])
    nests = schedule_of(traced.graph, traced.updates).nests
    assert not [n.reason for n in nests if isinstance(n, NumpyNest)]
    assert len(nests) <= STEPS[name][1]


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_made_again_is_the_same_program(name):
    """Which the cache on disk knows: nothing in it depends on where in memory things lie."""
    graphs = set()
    kept = [made(name)[1] for _ in range(3)]
    for step in kept:
        g.manual_seed(5)
        step()
        graphs.add(str(trace(step, []).graph))
    assert len(graphs) == 1


def test_the_layers_of_a_block_are_products_with_what_follows_them():
    _, step = made("block")
    step()
    traced = trace(step, [])
    nests = schedule_of(traced.graph, traced.updates).nests
    products = [n for n in nests if isinstance(n, ProductNest)]
    assert len(products) == 4 + 2 * 4  # each has two gradients
    assert any(n.nodes for n in products)
    assert sum(isinstance(n, BlockNest) for n in nests) == 2  # attention, and its gradient


@pytest.mark.parametrize("name", STEPS)
def test_fifty_compiled_steps_follow_eager(name):
    model, step = made(name)
    state = g.get_rng_state()
    eager = [step().item() for _ in range(50)]
    other, again = made(name)
    g.set_rng_state(state)
    compiled = g.compile(again)
    losses = [compiled().item(), compiled().item(), *compiled.repeat(48).tolist()]
    np.testing.assert_allclose(losses, eager, rtol=1e-5)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(q.detach(), p.detach(), atol=1e-5, rtol=1e-4)
        # Of the last batch alone: what fifty steps made of a last bit here or there.
        largest = float(p.grad.abs().max())
        np.testing.assert_allclose(q.grad, p.grad, atol=1e-3 * largest + 1e-6, rtol=1e-3)


def test_a_gpt_has_the_same_bits_on_any_number_of_threads():
    found = []
    before = g.get_num_threads()
    try:
        for threads in (1, 2, 3):
            g.set_num_threads(threads)
            _, step = made("gpt with dropout")
            found.append(g.compile(step).repeat(6).tolist())
    finally:
        g.set_num_threads(before)
    assert found[1] == found[0]
    assert found[2] == found[0]
