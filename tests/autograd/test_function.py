"""`autograd.Function`: operations with a backward of one's own."""

import pytest

import gradatim
from gradatim import tensor
from gradatim.autograd import Function, grad, gradcheck, gradgradcheck, is_grad_enabled, no_grad
from tests.autograd.functions import Square, leaf, scaled


class Exp(Function):
    """Saves its result."""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return y * g


# -- what it computes -------------------------------------------------------------------------


@pytest.mark.parametrize("function", [Square, Exp])
def test_gradients_of_any_order(function):
    x = leaf([0.5, -1.5])
    assert gradcheck(function.apply, (x,))
    assert gradgradcheck(function.apply, (x,))


def test_third_derivative_through_a_saved_result():
    x = leaf(1.5)
    y = Exp.apply(x)
    for _ in range(3):
        (y,) = grad(y, x, create_graph=True)
    assert y.item() == pytest.approx(x.exp().item())


def test_one_gradient_per_argument():
    class Scale(Function):
        @staticmethod
        def forward(ctx, x, times, name):
            ctx.times = times
            return x * times

        @staticmethod
        def backward(ctx, g):
            return g * ctx.times, None, None

    x = leaf([3.0, 1.0])
    Scale.apply(x, 4, "four").sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]


def test_the_same_tensor_twice():
    class Product(Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return g * y, g * x

    x = leaf(3.0)
    Product.apply(x, x).backward()
    assert x.grad.item() == 6.0


def test_none_stands_for_no_gradient():
    x = leaf([3.0, 1.0])
    scaled(lambda g: None).apply(x).sum().backward()
    assert x.grad is None


def test_nones_beyond_the_arguments_are_let_pass():
    x = leaf(3.0)
    scaled(lambda g: (g, None, None)).apply(x).backward()
    assert x.grad.item() == 1.0


def test_forward_runs_unrecorded_and_backward_only_with_create_graph():
    modes = []

    class Twice(Function):
        @staticmethod
        def forward(ctx, x):
            modes.append(is_grad_enabled())
            y = x * 2
            assert not y.requires_grad
            return y

        @staticmethod
        def backward(ctx, g):
            modes.append(is_grad_enabled())
            return g * 2

    x = leaf(3.0)
    Twice.apply(x).backward()
    Twice.apply(x).backward(create_graph=True)
    assert modes == [False, False, False, True]


def test_nothing_is_recorded_where_nothing_wants_a_gradient():
    assert not Square.apply(tensor(3.0)).requires_grad
    with no_grad():
        assert not Square.apply(leaf(3.0)).requires_grad


def test_needs_input_grad_tells_for_which_arguments():
    seen = []

    class Product(Function):
        @staticmethod
        def forward(ctx, x, y, z):
            seen.append(ctx.needs_input_grad)
            return x * y

        @staticmethod
        def backward(ctx, g):
            seen.append(ctx.needs_input_grad)
            return g, None, None

    Product.apply(leaf(3.0), tensor(2.0), 7).backward()
    assert seen == [(True, False, False)] * 2


def test_setup_context_apart_from_forward():
    class Scale(Function):
        @staticmethod
        def forward(x, times):
            return x * times

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.times = inputs
            ctx.save_for_backward(x, output)

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            assert (x * ctx.times - y).abs().sum().item() == 0
            return g * ctx.times, None

    x = leaf([3.0, 1.0])
    Scale.apply(x, 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_its_name_is_shown():
    y = Square.apply(leaf(3.0))
    assert y.grad_fn.name() == "SquareBackward"
    assert "grad_fn=<SquareBackward>" in repr(y)


# -- outputs ----------------------------------------------------------------------------------


class SumAndProduct(Function):
    """Two results."""

    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x + y, x * y

    @staticmethod
    def backward(ctx, of_sum, of_product):
        x, y = ctx.saved_tensors
        return of_sum + of_product * y, of_sum + of_product * x


def test_several_results():
    x, y = leaf(3.0), leaf(4.0)
    total, product = SumAndProduct.apply(x, y)
    (total + product * 2).backward()
    assert (x.grad.item(), y.grad.item()) == (9.0, 7.0)
    assert gradcheck(SumAndProduct.apply, (x, y))
    assert gradgradcheck(SumAndProduct.apply, (x, y))


def test_results_that_are_not_used_arrive_as_zeros():
    x, y = leaf(3.0), leaf(4.0)
    _, product = SumAndProduct.apply(x, y)
    product.backward()
    assert x.grad.item() == 4.0


def test_or_as_none_if_asked():
    arrived = []

    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            arrived.append((a is None, b is None))
            return a * 2

    Two.apply(leaf(3.0))[0].backward()
    assert arrived == [(False, True)]


def test_results_that_are_no_tensors_pass_through():
    class Several(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, 7, None

        @staticmethod
        def backward(ctx, g, a, b):
            assert a is None
            assert b is None
            return g * 2

    x = leaf(3.0)
    y, seven, nothing = Several.apply(x)
    y.backward()
    assert (seven, nothing, x.grad.item()) == (7, None, 2.0)


def test_results_without_gradient():
    class Several(Function):
        @staticmethod
        def forward(ctx, x):
            rounded, positive = x.round(), x > 0
            ctx.mark_non_differentiable(rounded)
            return x * 2, rounded, positive

        @staticmethod
        def backward(ctx, g, *others):
            return g * 2

    x = leaf([3.0, 1.0])
    y, rounded, positive = Several.apply(x)
    assert [t.requires_grad for t in (y, rounded, positive)] == [True, False, False]
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_an_input_handed_back_keeps_its_own_place():
    x = leaf(3.0)
    y = scaled(lambda g: g * 5, forward=lambda x: x).apply(x)
    assert x.is_leaf
    assert not y.is_leaf
    y.backward()
    assert x.grad.item() == 5.0


def test_a_view_of_an_input_may_be_a_result():
    x = leaf([3.0, 1.0])
    first = scaled(lambda g: gradatim.stack([g, g * 7]), forward=lambda x: x[0]).apply(x)
    first.backward()
    assert x.grad.tolist() == [1.0, 7.0]


# -- what was saved ---------------------------------------------------------------------------


def test_none_may_be_saved():
    class Keep(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, None)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            _, nothing = ctx.saved_tensors
            assert nothing is None
            return g * 2

    x = leaf(3.0)
    Keep.apply(x).backward()
    assert x.grad.item() == 2.0


def test_anything_else_goes_on_ctx_itself():
    class Keep(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, 3)

    with pytest.raises(TypeError, match=r"argument 1 is of type int; put .* \(ctx.k = k\)"):
        Keep.apply(leaf(3.0))


def test_a_second_walk_needs_retain_graph():
    x = leaf(3.0)
    y = Square.apply(x)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 12.0
    with pytest.raises(RuntimeError, match="SquareBackward was already walked"):
        y.backward()


def test_a_saved_input_that_is_overwritten_is_noticed():
    x = leaf(3.0)
    a = x * 1
    y = Square.apply(a)
    a.mul_(2)
    with pytest.raises(RuntimeError, match="SquareBackward needs a tensor.*overwritten in place"):
        y.backward()


def test_a_saved_result_that_is_overwritten_is_noticed():
    y = Exp.apply(leaf(3.0))
    y.mul_(2)
    with pytest.raises(RuntimeError, match="ExpBackward needs a tensor.*overwritten in place"):
        y.backward()


# -- writing in place -------------------------------------------------------------------------


class Double(Function):
    """Writes into its input."""

    @staticmethod
    def forward(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 2


def test_a_dirty_input_has_the_function_in_its_history():
    x = leaf([3.0, 1.0])
    y = x * 1
    result = Double.apply(y)
    assert result is y
    y.sum().backward()
    assert y.tolist() == [6.0, 2.0]
    assert x.grad.tolist() == [2.0, 2.0]


def test_so_has_the_base_of_a_dirty_view():
    x = leaf([3.0, 1.0])
    y = x * 1
    Double.apply(y[0])
    y.sum().backward()
    assert y.tolist() == [6.0, 1.0]
    assert x.grad.tolist() == [2.0, 1.0]


def test_and_views_made_before():
    x = leaf([3.0, 1.0])
    y = x * 1
    first = y[0]
    Double.apply(y)
    (first * 5).backward()
    assert x.grad.tolist() == [10.0, 0.0]


def test_a_value_saved_earlier_is_overwritten_by_it():
    y = leaf([3.0, 1.0]) * 1
    z = y * y
    Double.apply(y)
    with pytest.raises(RuntimeError, match="overwritten in place"):
        z.sum().backward()


def test_a_leaf_may_not_be_dirty():
    with pytest.raises(RuntimeError, match="leaf tensor that requires grad"):
        Double.apply(leaf([3.0, 1.0]))
