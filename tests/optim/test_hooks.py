"""Functions around an optimiser's steps."""

import pytest

import gradatim as g
from gradatim import optim
from gradatim.core.errors import ArgumentError


def one():
    x = g.ones(1, requires_grad=True)
    x.grad = g.ones(1)
    return x, optim.SGD([x], lr=0.5)


def test_hooks_see_the_parameters_before_and_after_each_step():
    x, o = one()
    seen = []
    before = o.register_step_pre_hook(lambda *given: seen.append(("before", x.item(), given)))
    with o.register_step_post_hook(lambda *given: seen.append(("after", x.item(), given))):
        o.step()
    before.remove()
    o.step()
    assert seen == [("before", 1.0, (o, (o,), {})), ("after", 0.5, (o, (o,), {}))]


def test_a_hook_may_change_what_the_step_is_called_with():
    _, o = one()
    o.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 7), {}))
    assert o.step() == 7
    o.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(ArgumentError, match=r"None or a tuple of \(new_args, new_kwargs\)"):
        o.step()


def test_a_step_of_ones_own_has_its_hooks_once():
    class Twice(optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            return super().step()

    x = g.ones(1, requires_grad=True)
    x.grad = g.ones(1)
    o, seen = Twice([x], lr=0.25), []
    o.register_step_post_hook(lambda *_: seen.append(x.item()))
    o.step()
    assert seen == [0.5]


def test_a_compiled_step_is_made_anew_for_a_hook():
    x, o = one()
    step = g.compile(o.step)
    step()
    handle = o.register_step_pre_hook(lambda *_: setattr(x, "grad", x.grad * 2))
    with pytest.warns(UserWarning, match=r"so step is traced again"):
        step()
    assert x.item() == 1 - 0.5 - 1.0
    handle.remove()
    x.grad = g.ones(1)
    step()
    assert x.item() == -0.5 - 0.5
