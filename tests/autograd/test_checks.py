"""The tools that find wrong gradients and non-finite numbers."""

import pytest

import gradatim
from gradatim import autograd, tensor
from gradatim.autograd import (
    Function,
    GradcheckError,
    NonFiniteError,
    detect_anomaly,
    grad,
    gradcheck,
    gradgradcheck,
    set_detect_anomaly,
    stop_at_non_finite,
)


def leaf(values, dtype=gradatim.float64):
    return tensor(values, dtype=dtype, requires_grad=True)


class Wrong(Function):
    """x², with the gradient 2x but at element 1, where it is 3x."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return x * g * tensor([2.0, 3.0])


class WrongTwice(Function):
    """x³, whose gradient is right and the gradient of that is not."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x.detach() * g


# -- gradcheck --------------------------------------------------------------------------------


def test_right_gradients_pass():
    x, y = leaf([[0.5, -1.0]]), leaf([[2.0], [3.0]])
    assert gradcheck(lambda x, y: (x * y).tanh(), (x, y))
    assert gradgradcheck(lambda x, y: (x * y).tanh(), (x, y))


def test_a_single_tensor_may_stand_for_the_inputs():
    assert gradcheck(lambda x: x.exp(), leaf([0.5, -1.0]))


def test_a_wrong_gradient_is_caught_and_located():
    with pytest.raises(
        GradcheckError,
        match=r"d output 0 / d input 0 is wrong.*output element 1, input element 1: backward "
        r"gives 6, finite differences give 4",
    ):
        gradcheck(Wrong.apply, leaf([1.0, 2.0]))
    assert not gradcheck(Wrong.apply, leaf([1.0, 2.0]), raise_exception=False)


def test_a_wrong_second_gradient_is_caught():
    x = leaf([1.0, 2.0])
    assert gradcheck(WrongTwice.apply, x)
    assert not gradgradcheck(WrongTwice.apply, x, raise_exception=False)


def test_a_missing_gradient_is_caught():
    assert not gradcheck(lambda x: x.detach() * 2, leaf([1.0]), raise_exception=False)


def test_inputs_are_as_they_were_afterwards():
    x = leaf([1.0, 2.0])
    gradcheck(lambda x: x.exp(), x)
    assert x.tolist() == [1.0, 2.0]
    assert x.grad is None


def test_integer_results_and_inputs_take_no_part():
    index = tensor([1, 0])
    assert gradcheck(lambda x, i: (x[i] * 2, x > 0, i), (leaf([1.0, 2.0]), index))


def test_single_precision_is_refused():
    with pytest.raises(GradcheckError, match="input 0 is float32; finite differences need float64"):
        gradcheck(lambda x: x * x, leaf([1.0], gradatim.float32))


def test_nothing_to_check_is_an_error():
    with pytest.raises(ValueError, match="no input requires grad"):
        gradcheck(lambda x: x * x, tensor([1.0]))


def test_gradgradcheck_with_weights_of_ones_own():
    x, weight = leaf([1.0, 2.0]), leaf([0.5, 0.25])
    assert gradgradcheck(lambda x: x**3, x, weight)


# -- detect_anomaly ---------------------------------------------------------------------------


def nan_in_backward():
    return (leaf(0.0).sqrt() * 0).backward()


def test_anomaly_detection_names_the_operation_and_shows_the_call():
    with (
        detect_anomaly(),
        pytest.raises(RuntimeError, match="SqrtBackward0 returned nan for its input 0") as e,
    ):
        nan_in_backward()
    assert "in nan_in_backward" in str(e.value)
    assert ".sqrt() * 0" in str(e.value)


def test_without_it_nan_is_a_value():
    x = leaf(0.0)
    (x.sqrt() * 0).backward()
    assert x.grad.isnan().item()


def test_a_call_made_outside_the_block_is_not_recorded():
    y = leaf(0.0).sqrt() * 0
    with detect_anomaly(), pytest.raises(RuntimeError, match="detect_anomaly was off"):
        y.backward()


def test_infinity_is_no_anomaly():
    x = leaf(0.0)
    with detect_anomaly():
        x.sqrt().backward()
    assert x.grad.isinf().item()


def test_it_looks_into_functions_too():
    class Half(Function):
        @staticmethod
        def forward(ctx, x):
            return x / 2

        @staticmethod
        def backward(ctx, g):
            return g * float("nan")

    with detect_anomaly(), pytest.raises(RuntimeError, match="HalfBackward returned nan"):
        Half.apply(leaf(1.0)).backward()


def test_it_ends_with_the_block():
    with detect_anomaly():
        pass
    nan_in_backward()


def test_it_can_be_turned_on_until_further_notice():
    set_detect_anomaly(True)
    with pytest.raises(RuntimeError, match="returned nan"):
        nan_in_backward()
    set_detect_anomaly(False)
    nan_in_backward()


def test_or_for_a_block_by_the_same_name():
    with set_detect_anomaly(True), pytest.raises(RuntimeError, match="returned nan"):
        nan_in_backward()
    nan_in_backward()


# -- stop_at_non_finite -----------------------------------------------------------------------


def test_the_first_operation_that_makes_infinity_is_named():
    with (
        stop_at_non_finite(),
        pytest.raises(NonFiniteError, match=r"log made -inf from finite numbers: x of shape \[2\]"),
    ):
        (tensor([1.0, 0.0]).log() * 0).sum()


def test_in_backward_too():
    x = leaf(0.0)
    with stop_at_non_finite():
        y = x.sqrt()
        with pytest.raises(NonFiniteError, match="div made inf from finite numbers"):
            y.backward()


def test_what_was_not_finite_before_passes():
    with stop_at_non_finite():
        assert (tensor([float("inf")]) + 1).isinf().item()


def test_it_ends_with_the_block_and_is_an_arithmetic_error():
    with pytest.raises(ArithmeticError), stop_at_non_finite():
        tensor(0.0).log()
    assert tensor(0.0).log().item() == float("-inf")


# -- gradients of any order -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "third"),
    [
        (lambda x: x.exp(), lambda x: x.exp()),
        (
            lambda x: x.tanh(),
            lambda x: (1 - x.tanh() ** 2) * (6 * x.tanh() ** 2 - 2),
        ),
        (lambda x: x**4, lambda x: 24 * x),
        (lambda x: x**2.5, lambda x: 2.5 * 1.5 * 0.5 * x**-0.5),
        (lambda x: x.log(), lambda x: 2 / x**3),
        (lambda x: 1 / x, lambda x: -6 / x**4),
        (lambda x: x.sin(), lambda x: -x.cos()),
        (lambda x: x.sqrt(), lambda x: 0.375 * x**-2.5),
        (lambda x: 2.0**x, lambda x: 2.0**x * tensor(2.0, dtype=gradatim.float64).log() ** 3),
    ],
)
def test_third_derivatives(f, third):
    x = leaf([0.7, 1.3])
    y = f(x)
    for _ in range(3):
        (y,) = grad(y.sum(), x, create_graph=True)
    assert gradatim.allclose(y, third(x), rtol=1e-12)


def test_the_sixth_derivative_of_a_sixth_power():
    x = leaf(0.5)
    y = x**6
    for _ in range(6):
        (y,) = grad(y, x, create_graph=True)
    assert y.item() == pytest.approx(720.0)


def test_a_hessian_row_by_row():
    x = leaf([1.0, 2.0])
    (first,) = grad((x[0] ** 2 * x[1] ** 3).sum(), x, create_graph=True)
    rows = [grad(first[i], x, retain_graph=True)[0].tolist() for i in range(2)]
    assert rows == [[16.0, 24.0], [24.0, 12.0]]


def test_a_gradient_penalty():
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (dx,) = grad(((w * x) ** 2).sum(), x, create_graph=True)
    (dx * dx).sum().backward()
    assert w.grad.tolist() == [4 * 4 * 27.0, 4 * 4 * 64.0 * 4]


def test_the_room_names_its_tools():
    assert autograd.GradcheckError is GradcheckError
