"""Where the history of a compiled function goes on, and where there is no way back."""

from __future__ import annotations

from typing import Any

import pytest

import gradatim as g
from gradatim import nn
from gradatim.autograd import Function, grad
from gradatim.core.errors import AutogradError
from tests.compiler.backward.both_ways import alike, both, leaf

# -- where history goes on -----------------------------------------------------------------------


def test_history_goes_on_behind_arguments_and_found_tensors() -> None:
    def use(f: Any) -> Any:
        w.grad = None
        x = leaf(4, 3)
        f((x * 2).exp()[1:]).sum().backward()
        return x.grad, w.grad

    w = leaf(3)
    both(lambda x: (x * w.exp()).tanh(), use)
    found = (w * 2).exp()
    for f in (lambda x: x @ found + w.sum(), g.compile(lambda x: x @ found + w.sum())):
        alike(grad(f(g.ones(2, 3)).sum(), w, retain_graph=True)[0], (4 * found + 2).detach())


def test_an_argument_given_twice_and_found_besides() -> None:
    w = leaf(3)
    both(lambda x, y: (x * y + w * x.exp()).sum(), lambda f: grad(f(w, w), w))


def test_results_that_nothing_leads_to_have_no_gradient() -> None:
    v, w, x = leaf(3), leaf(3), leaf(3)

    def f(x: Any, other: Any = None) -> Any:
        a = (x * w).exp()
        return a, (v * 2).sin(), x.detach() * 2, (x > 0), x.argmax(), other

    def use(f: Any) -> Any:
        a, b, c, d, e, none = f(x)
        assert (c.requires_grad, d.requires_grad, e.dtype, none) == (False, False, g.int64, None)
        one = grad(a.sum(), [v, w, x], retain_graph=True, allow_unused=True)
        with pytest.raises(AutogradError, match="do not depend on input 0"):
            grad(b.sum(), [x, v], retain_graph=True)
        v.grad = w.grad = x.grad = None
        (b * 3).sum().backward(retain_graph=True)
        only = v.grad, w.grad, x.grad
        return [one, only, grad(a.sum() + b.sum(), [v, w, x])]

    both(f, use)


def test_of_many_results_any_may_be_asked_for() -> None:
    def f(x: Any) -> Any:
        return [x[i].exp() * x.sum() for i in range(6)]

    x = leaf(6)
    both(f, lambda f: grad(f(x)[1] + f(x)[4] * f(x)[4], x))


@pytest.mark.parametrize("chosen", [(1,), (1, 2), (2, 4), (0, 5), (5,), (3, 4, 5)])
def test_where_no_gradient_arrives_a_slope_may_be_infinite(chosen: tuple[int, ...]) -> None:
    w = g.ones(2, requires_grad=True)

    def f(x: Any) -> Any:
        return x.log(), 2 * x, (x + 1).sqrt()[1:], x.rsqrt(), g.cat([x, w]), (x + 0.5).round()

    def use(f: Any) -> Any:
        x, w.grad = g.tensor([0.0, 1.0], requires_grad=True), None
        y = f(x)
        sum(y[k].sum() for k in chosen).backward()
        return x.grad, w.grad

    both(f, use)


def test_the_same_tensor_returned_twice_and_views_of_it() -> None:
    def f(x: Any) -> Any:
        z = x.exp()
        return z, z[1:], {"again": z, "turned": z.t()}

    def use(f: Any) -> Any:
        a, b, more = f(x)
        assert more["again"] is a
        loss = a.sum() + 2 * b.sum() + (more["turned"] * more["again"].t()).sum()
        return grad(loss, x)

    x = leaf(3, 2)
    both(f, use)


def test_gradients_that_are_not_in_order_or_repeated() -> None:
    x = leaf(3, 4)
    both(lambda x: x.tanh(), lambda f: grad(f(x).t(), x, leaf(4, 3)))
    both(lambda x: x.tanh(), lambda f: grad(f(x).expand(2, 3, 4).sum(), x))


def test_dtypes_are_those_of_each_source() -> None:
    w, x = g.ones(3, dtype=g.float64, requires_grad=True), leaf(3)
    both(lambda x: (x.double() * w).exp(), lambda f: grad(f(x).float().sum(), [x, w]))


def test_random_numbers_and_buffers_move_once_a_call() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).double()
    state = {k: v.clone() for k, v in model.state_dict().items()}

    def use(f: Any) -> Any:
        model.load_state_dict(state)
        g.manual_seed(3)
        losses = [f(leaf(8, 3).double()).square().sum() for _ in range(3)]
        found = [grad(loss, [*model.parameters()]) for loss in losses]
        return [losses, found, [*model.buffers()], g.rand(1)]

    both(lambda x: model(x), use)


def test_evaluation_after_training_is_another_program() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))

    def use(f: Any) -> Any:
        model.eval()
        return grad(f(leaf(8, 3)).sum(), [*model.parameters()])

    f: Any = g.compile(lambda x: model(x))
    f(leaf(8, 3)).sum().backward()
    with pytest.warns(UserWarning, match="training changed"):
        found = use(f)
    alike(found, use(model))


# -- memory --------------------------------------------------------------------------------------


def test_a_returned_view_of_an_argument_is_one_with_history() -> None:
    def use(f: Any) -> Any:
        x = leaf(3, 4)
        y = x * 2
        part = f(y)
        assert part._base is y or part._base is y._base
        y.mul_(3)  # the view sees it, and so does its history
        return [part, grad(part.sum(), x)]

    both(lambda y: y[1:], use)


def test_what_is_written_into_a_tensor_has_a_history_there() -> None:
    def use(f: Any) -> Any:
        x, memory = leaf(3), g.zeros(2, 3)
        f(x, memory)
        assert memory.requires_grad
        seen = memory[1] * 2
        f(x * 2, memory)
        return [memory, grad(seen.sum() + memory.sum(), x)]

    def write(x: Any, memory: Any) -> None:
        memory[1] = x.exp()

    both(write, use)


def test_what_is_written_into_a_found_tensor_has_a_history_there() -> None:
    x = leaf(3)

    def use(compiled: bool) -> Any:
        memory = g.zeros(3)

        def add() -> Any:
            memory.add_(x.exp())
            return memory.sum()

        f: Any = g.compile(add) if compiled else add
        total = f()
        return [memory, total, grad(memory.sum() + total, x)]

    alike(use(compiled=True), use(compiled=False))


def test_an_argument_of_an_operation_may_be_written() -> None:
    def use(f: Any) -> Any:
        x = leaf(3)
        y = x * 2
        z = f(y)
        assert z is y
        return [y, grad(y.sum(), x)]

    both(lambda y: y.exp_().mul_(3) if hasattr(y, "exp_") else y.mul_(3), use)
    both(lambda y: y.relu_(), use)
    with pytest.raises(AutogradError, match="leaf tensor that requires grad"):
        g.compile(lambda y: y.mul_(2))(leaf(3))


def test_a_gradient_that_was_there_before_and_is_gone() -> None:
    def use(compiled: bool) -> Any:
        w, x = leaf(3), leaf(3).detach().requires_grad_()

        def f(x: Any) -> Any:
            loss = (w.grad * x.exp()).sum()
            w.grad = None
            return loss

        run: Any = g.compile(f) if compiled else f
        losses = []
        for k in (1, 2):
            w.grad = g.full((3,), float(k))
            losses.append(run(x))
            assert w.grad is None
        return [losses, grad(losses[0], x), grad(losses[1], x)]

    alike(use(compiled=True), use(compiled=False))


# -- where there is no way -----------------------------------------------------------------------


def test_second_gradients_are_refused_when_they_are_asked_for() -> None:
    x = leaf(3)
    f: Any = g.compile(lambda x: x.exp().sum())
    (d,) = grad(f(x), x, create_graph=True)
    alike(d, x.detach().exp())
    with pytest.raises(AutogradError, match=r"has only first gradients; compile the function that"):
        d.sum().backward()
    both(lambda x: grad(x.exp().sum(), x, create_graph=True)[0], lambda f: grad(f(x).sum(), x))


class Looks(Function):
    """A way back that looks at numbers."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx: Any, d: Any) -> Any:
        return d * 2 if ctx.saved_tensors[0].sum().item() > 0 else d


class Calls(Function):
    """A way back of the user's own, with constants."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx: Any, d: Any) -> Any:
        return d * ctx.saved_tensors[0].cos() * g.tensor([1.0, 2.0, 3.0])


def test_functions_with_a_way_back_of_their_own() -> None:
    x = leaf(3)
    both(lambda x: Calls.apply(x) * 2, lambda f: grad(f(x).sum(), x))
    y = g.compile(lambda x: Looks.apply(x).exp())(x)
    with pytest.raises(AutogradError, match=r"go back through \(.*asks for the value of a tensor"):
        y.sum().backward()


def keeps(x: Any) -> Any:
    h = x.exp()
    h.retain_grad()
    return h, h.sum()


def makes_a_leaf(x: Any) -> Any:
    y = (x.detach() * 2).requires_grad_()
    return y, (x * y).sum()


def walked(x: Any) -> Any:
    loss = x.exp().sum()
    grad(loss, x)
    return loss


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (keeps, r"calls retain_grad\(\) on a tensor that it returns"),
        (makes_a_leaf, "it creates a leaf"),
        (walked, "already walked and its saved values freed"),
    ],
)
def test_where_there_is_no_way_back_it_is_said_why(function: Any, why: str) -> None:
    x = leaf(3)
    found, wanted = g.compile(function)(x), function(x)
    alike(found, wanted)
    loss = found[-1] if isinstance(found, tuple) else found
    with pytest.raises(AutogradError, match=why) as error:
        (loss + leaf(1)).sum().backward()
    assert "compile the whole step, with backward() in the function" in str(error.value)
