"""A whole step computes with shapes alone: nothing in it looks at numbers.

The backend below answers every operation with a variable that has a shape and a dtype only, as a
tracer does. A step that read a number, or branched on one, would fail here.
"""

from dataclasses import dataclass

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.core.context import using
from gradatim.models import bigram, mlp
from gradatim.nn import functional as F


@dataclass(frozen=True)
class Variable:
    shape: tuple
    dtype: np.dtype
    flags: None = None  # how it lies in memory is not known


class Shapes:
    """Follows shapes, and counts what is written."""

    def __init__(self):
        self.writes, self.updates = 0, 0
        self.looked = []

    def execute(self, primitive, inputs, params):
        told = primitive.shape(*[x._type for x in inputs], **params)
        several = told if len(primitive.outputs) > 1 else (told,)
        made = tuple(Variable(tuple(t.shape), np.dtype(t.dtype)) for t in several)
        return made if len(primitive.outputs) > 1 else made[0]

    def write(self, target, source):
        assert target._type == source._type
        self.writes += 1

    def update(self, update, rows, params):
        for inputs in rows:
            told = update.shape(*[x._type for x in inputs], **params)
            told = told if len(update.outputs) > 1 else (told,)
            for i, kind in zip(update.replaces, told, strict=True):
                assert inputs[i]._type == kind
            self.updates += 1

    def numbers(self, x):
        self.looked.append(x)
        return np.asarray(x._value)

    def touch(self, x, what=""):
        pass


OPTIMISERS = [
    lambda ps: optim.SGD(ps, lr=0.1),
    lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.1),
    lambda ps: optim.Adam(ps, amsgrad=True),
    lambda ps: optim.AdamW(ps),
]
X, Y = g.zeros(8, 3).long(), g.zeros(8).long()


@pytest.mark.parametrize("make", OPTIMISERS)
@pytest.mark.parametrize(
    "model",
    [mlp.Model(mlp.Config()), mlp.Model(mlp.Config(direct=True)), bigram.Model(bigram.Config())],
    ids=["mlp", "direct", "bigram"],
)
def test_a_step_of_a_model_needs_no_numbers(model, make):
    optimizer = make(model.parameters())
    model.zero_grad()
    with using(Shapes()) as backend:
        _, loss = model(X, Y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        assert isinstance(loss._value, Variable)
    assert not backend.looked
    assert backend.updates == 2 * len(list(model.parameters()))  # clipped, and stepped
    model.zero_grad()


BY_LINES = [
    lambda ps: optim.RMSprop(ps, momentum=0.9, centered=True, weight_decay=0.1),
    lambda ps: optim.Adagrad(ps, lr_decay=0.1),
    lambda ps: optim.Adadelta(ps, maximize=True),
    lambda ps: optim.NAdam(ps, lr=0.05, weight_decay=0.1),
    lambda ps: optim.RAdam(ps, lr=0.05, betas=(0.5, 0.9), decoupled_weight_decay=True),
    lambda ps: optim.Adamax(ps, lr=0.05, weight_decay=0.1),
    lambda ps: optim.ASGD(ps, t0=1),
    lambda ps: optim.Rprop(ps),
]


@pytest.mark.parametrize("make", BY_LINES)
def test_optimisers_written_line_by_line_compile_to_the_same_steps(make):
    def trained(run):
        g.manual_seed(0)
        net = nn.Linear(3, 2)
        x, optimizer = g.randn(4, 3), make(net.parameters())

        def step():
            loss = net(x).square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return run(step), net.weight.detach()

    program = []
    _, plain = trained(lambda step: [step() for _ in range(4)])
    _, native = trained(lambda step: program.append(g.compile(step)) or program[0].repeat(4))
    np.testing.assert_allclose(native, plain, rtol=1e-5, atol=1e-6)
    assert " 0 by NumPy" in program[0].explain(stage="schedule")


LOSSES = {
    "cross_entropy": lambda x: F.cross_entropy(x, Y),
    "weighted": lambda x: F.cross_entropy(x, Y, weight=g.ones(4), label_smoothing=0.1),
    "soft": lambda x: F.cross_entropy(x, g.ones(8, 4)),
    "nll": lambda x: F.nll_loss(F.log_softmax(x, 1), Y),
    "mse": lambda x: F.mse_loss(x, g.ones(8, 4)),
    "l1": lambda x: F.l1_loss(x, g.ones(8, 4)),
    "smooth": lambda x: F.smooth_l1_loss(x, g.ones(8, 4)),
    "bce": lambda x: F.binary_cross_entropy(x.sigmoid(), g.ones(8, 4)),
    "bce logits": lambda x: F.binary_cross_entropy_with_logits(x, g.ones(8, 4)),
    "gaussian": lambda x: F.gaussian_nll_loss(x, g.ones(8, 4), x.exp()),
    "kl": lambda x: F.kl_div(x, g.ones(8, 4), reduction="batchmean"),
    "entropy": lambda x: F.entropy(F.softmax(x, 1)).mean(),
    "normalize": lambda x: F.normalize(x).sum(),
    "cosine_similarity": lambda x: F.cosine_similarity(x, x.flip(1)).sum(),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_their_first_and_second_gradients_need_no_numbers(name):
    x = g.ones(8, 4, requires_grad=True)
    with using(Shapes()) as backend:
        loss = LOSSES[name](x)
        (first,) = g.autograd.grad(loss, [x], create_graph=True)
        (first * x).sum().backward()
        assert first.shape == (8, 4)
        assert x.grad.shape == (8, 4)
    assert not backend.looked
