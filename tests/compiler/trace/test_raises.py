"""A trace that raises, wherever and whatever, leaves everything as it was."""

import sys

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler.errors import TraceError
from tests.compiler.small_training import training


class OwnError(Exception):
    """The user's."""


def after_backward(raise_it):
    def change(model, optimizer, loss):
        loss.backward()
        raise_it()

    return change


def after_the_step(raise_it):
    def change(model, optimizer, loss):
        loss.backward()
        optimizer.step()
        model[0].weight.requires_grad_(False)
        model[0].bias.data = model[0].bias.data * 2
        g.set_grad_enabled(False)
        raise_it()

    return change


def in_a_hook(raise_it):
    def change(model, optimizer, loss):
        handle = loss.register_hook(lambda grad: raise_it())
        try:
            loss.backward()
        finally:
            handle.remove()

    return change


def in_the_forward_pass(raise_it):
    def change(model, optimizer, loss):
        raise_it()

    return change


def in_the_optimiser(raise_it):
    def change(model, optimizer, loss):
        loss.backward()
        last = optimizer.param_groups[0]["params"][-1]
        kept = last.__dict__.pop("_grad")
        try:
            last.__dict__["_grad"] = Broken(raise_it)
            optimizer.step()
        finally:
            last.__dict__["_grad"] = kept

    return change


class Broken:
    """In the place of a tensor."""

    def __init__(self, raise_it):
        self.raise_it = raise_it

    def __getattr__(self, name):
        self.raise_it()


def raising(kind):
    def raise_it():
        if kind is TraceError:
            float(g.tensor([1.0]).sum())
        raise kind("here")

    return raise_it


def everything(model, optimizer, generator):
    """All that may not change, down to identities."""
    found = []
    for p in model.parameters():
        found += [p.detach().numpy().tobytes(), id(p._value), id(p._storage), p._storage.written]
        found += [p.requires_grad, id(p.grad), None if p.grad is None else p.grad.tolist()]
        found += [id(p._edge), p._stamp]
        found += [(k, x.tolist(), x._storage.written) for k, x in optimizer.state[p].items()]
    return [*found, generator.get_state().tolist(), g.get_rng_state().tolist(), g.is_grad_enabled()]


@pytest.mark.parametrize("kind", [OwnError, TraceError, KeyboardInterrupt])
@pytest.mark.parametrize("has_grad", [False, True])
@pytest.mark.parametrize(
    "where",
    [in_the_forward_pass, after_backward, after_the_step, in_a_hook, in_the_optimiser],
)
def test_a_trace_that_raises_leaves_everything_as_it_was(kind, has_grad, where):
    model, optimizer, generator, step = training()
    if has_grad:
        step()
    change = where(raising(kind))

    @g.compile
    def fails():
        optimizer.zero_grad()
        batch = g.rand(5, 4, generator=generator) + g.rand(5, 4)
        change(model, optimizer, model(batch).square().mean())

    before = everything(model, optimizer, generator)
    for _ in range(2):
        with pytest.raises(kind):
            fails()
        assert everything(model, optimizer, generator) == before
    assert sys.getprofile() is None
    assert np.isfinite(g.compile(step)().item())
