"""`autograd.Function`: what its backward may return, and how it is used wrongly."""

import pytest

import gradatim
from gradatim import tensor
from gradatim.autograd import Function, grad, is_grad_enabled
from gradatim.autograd.function import once_differentiable
from tests.autograd.functions import Square, leaf, scaled

# -- what backward returns --------------------------------------------------------------------


@pytest.mark.parametrize("returned", [lambda g: (g, g), lambda g: ()])
def test_the_number_of_gradients(returned):
    y = scaled(returned).apply(leaf([3.0, 1.0]))
    with pytest.raises(RuntimeError, match=r"returned \d gradients for 1 arguments; return one"):
        y.sum().backward()


def test_no_gradient_for_what_is_no_tensor():
    class Scale(Function):
        @staticmethod
        def forward(ctx, x, times):
            return x * times

        @staticmethod
        def backward(ctx, g):
            return g, g

    with pytest.raises(RuntimeError, match="a gradient for argument 1, which is not a tensor"):
        Scale.apply(leaf(3.0), 2).backward()


def test_a_gradient_of_another_shape():
    y = scaled(lambda g: tensor([1.0, 2.0, 3.0])).apply(leaf([3.0, 1.0]))
    with pytest.raises(RuntimeError, match=r"of shape \[3\] for argument 0 of shape \[2\]"):
        y.sum().backward()
    y = scaled(lambda g: g, forward=lambda x: x.sum()).apply(leaf([3.0, 1.0]))
    with pytest.raises(RuntimeError, match=r"of shape \[\] for argument 0 of shape \[2\]"):
        y.backward()


def test_a_gradient_that_was_broadcast_is_added_up():
    x = leaf([3.0])
    scaled(lambda g: g, forward=lambda x: x.expand(2) * 1).apply(x).sum().backward()
    assert x.grad.tolist() == [2.0]


def test_a_gradient_of_another_dtype_is_cast():
    x = leaf([3.0])
    scaled(lambda g: g.float()).apply(x).sum().backward()
    assert x.grad.dtype == gradatim.float64


def test_a_gradient_that_is_no_tensor():
    y = scaled(lambda g: 3.0).apply(leaf(3.0))
    with pytest.raises(TypeError, match="must return a tensor or None for argument 0, not float"):
        y.backward()


def test_an_error_in_backward_comes_through_and_leaves_recording_on():
    def fail(g):
        raise KeyError("my own")

    y = scaled(fail).apply(leaf(3.0))
    with pytest.raises(KeyError, match="my own"):
        y.backward()
    assert is_grad_enabled()


def test_gradients_handed_to_two_leaves_are_not_shared():
    class Add(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g, g

    x, y = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    Add.apply(x, y).sum().backward()
    x.grad.zero_()
    assert y.grad.tolist() == [1.0, 1.0]


# -- once_differentiable ----------------------------------------------------------------------


class Third(Function):
    """Its backward is computed outside the tape."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return tensor(3 * x.detach().numpy() ** 2) * g


def test_once_differentiable_gives_a_first_gradient():
    x = leaf(2.0)
    Third.apply(x).backward()
    assert x.grad.item() == 12.0


def test_and_refuses_a_second_instead_of_a_wrong_one():
    x = leaf(2.0)
    (first,) = grad(Third.apply(x), x, create_graph=True)
    with pytest.raises(RuntimeError, match="declared once_differentiable"):
        (first + x).backward()


# -- how it is used wrongly -------------------------------------------------------------------


def test_a_function_is_applied_not_called():
    with pytest.raises(RuntimeError, match=r"use Square\.apply\(\.\.\.\)"):
        Square()(leaf(3.0))


def test_both_halves_must_be_there():
    class Empty(Function):
        pass

    with pytest.raises(NotImplementedError, match="define a static forward"):
        Empty.apply(leaf(3.0))

    class Half(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    with pytest.raises(NotImplementedError, match="define a static backward"):
        Half.apply(leaf(3.0)).backward()
