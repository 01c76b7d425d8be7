"""`autograd.grad`: gradients as values."""

import numpy as np
import pytest

import gradatim
from gradatim import tensor
from gradatim.autograd import grad


def leaf(values, dtype=gradatim.float64):
    return tensor(values, dtype=dtype, requires_grad=True)


def test_one_gradient_per_input_in_their_order():
    x, y = leaf(3.0), leaf(5.0)
    dy, dx = grad(x * x * y, [y, x])
    assert (dx.item(), dy.item()) == (30.0, 9.0)


def test_a_single_input_still_gives_a_tuple():
    x = leaf(3.0)
    assert [g.item() for g in grad(x * x, x)] == [6.0]


def test_no_grad_attribute_is_touched():
    x, y = leaf(3.0), leaf(5.0)
    grad(x * y, [x])
    assert x.grad is None
    assert y.grad is None


def test_the_same_input_may_be_named_twice():
    x = leaf(3.0)
    first, second = grad(x * x, [x, x])
    assert first.item() == second.item() == 6.0


def test_an_output_may_be_an_input():
    x = leaf(3.0)
    assert grad(x, x)[0].item() == 1.0


def test_inputs_may_be_results_of_operations():
    x = leaf(3.0)
    y = x * 2
    dy, dx = grad(y * y, [y, x])
    assert (dy.item(), dx.item()) == (12.0, 24.0)


def test_nothing_before_the_inputs_is_computed():
    x = leaf(3.0)
    called = []
    before = x * 2
    before.register_hook(called.append)
    y = before + 1
    assert grad(y * y, y)[0].item() == 14.0
    assert called == []


def test_several_outputs_add_up():
    x = leaf([1.0, 2.0])
    (dx,) = grad([x[0] * 2, (x * x).sum()], x)
    assert dx.tolist() == [4.0, 4.0]


def test_each_output_may_have_a_weight_of_its_own():
    x = leaf([1.0, 2.0])
    weights = [tensor([1.0, 10.0], dtype=gradatim.float64), None]
    (dx,) = grad([x * 3, (x * x).sum()], x, weights)
    assert dx.tolist() == [5.0, 34.0]


def test_weights_are_brought_to_the_dtype_of_their_output():
    x = leaf([1.0, 2.0])
    (dx,) = grad(x * x, x, tensor([1.0, 1.0], dtype=gradatim.float32))
    assert dx.dtype == gradatim.float64


@pytest.mark.parametrize("several", [list, tuple])
def test_sequences_of_any_kind(several):
    x, y = leaf(3.0), leaf(5.0)
    assert [g.item() for g in grad(several([x * y]), several([x, y]))] == [5.0, 3.0]


# -- inputs that play no part -----------------------------------------------------------------


def test_an_unused_input_is_refused_by_its_number():
    x, y = leaf(1.0), leaf(2.0)
    with pytest.raises(RuntimeError, match="do not depend on input 1; pass allow_unused=True"):
        grad(x * x, [x, y])


def test_allow_unused_gives_none():
    x, y = leaf(1.0), leaf(2.0)
    dx, dy = grad(x * x, [x, y], allow_unused=True)
    assert dx.item() == 2.0
    assert dy is None


def test_materialize_grads_gives_zeros_whatever_the_numbers_are():
    x, y = leaf(1.0), leaf([np.inf, np.nan])
    _, dy = grad(x * x, [x, y], materialize_grads=True)
    assert dy.tolist() == [0.0, 0.0]
    dy += 1  # memory of its own
    assert dy.tolist() == [1.0, 1.0]


def test_materialize_grads_contradicts_a_refusal_of_unused_inputs():
    x = leaf(1.0)
    with pytest.raises(ValueError, match="allow_unused cannot be False"):
        grad(x * x, x, materialize_grads=True, allow_unused=False)


# -- the graph of the gradient ----------------------------------------------------------------


def test_create_graph_makes_gradients_that_have_gradients():
    x = leaf(3.0)
    (first,) = grad(x**3, x, create_graph=True)
    assert first.requires_grad
    assert grad(first, x)[0].item() == 18.0


def test_without_it_gradients_are_plain_numbers():
    x = leaf(3.0)
    assert not grad(x**3, x)[0].requires_grad


def test_the_graph_is_freed_unless_retained():
    x = leaf(3.0)
    y = x * x
    grad(y, x, retain_graph=True)
    grad(y, x)
    with pytest.raises(RuntimeError, match="already walked"):
        grad(y, x)


def test_create_graph_retains_by_itself():
    x = leaf(3.0)
    y = x * x
    grad(y, x, create_graph=True)
    assert grad(y, x)[0].item() == 6.0


def test_gradient_by_a_weight_through_a_gradient():
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (dx,) = grad(x * x, x, w, create_graph=True)
    (dw,) = grad(dx.sum(), w)
    assert dw.tolist() == [2.0, 4.0]


# -- what is refused --------------------------------------------------------------------------


def test_an_output_without_history_is_named():
    x, constant = leaf([1.0]), tensor([1.0])
    with pytest.raises(RuntimeError, match=r"grad: output 1 does not require grad.*no_grad"):
        grad([x.sum(), constant.sum()], x)


def test_an_input_without_gradient_is_named():
    x, constant = leaf([1.0]), tensor([1.0])
    with pytest.raises(RuntimeError, match=r"grad: input 1 does not require grad; call \.requires"):
        grad((x * constant).sum(), [x, constant], allow_unused=True)


def test_several_elements_need_a_weight():
    x = leaf([1.0, 2.0])
    with pytest.raises(RuntimeError, match=r"output 0 has shape \[2\], and only a tensor of one"):
        grad(x * x, x)


def test_a_weight_of_another_shape():
    x = leaf([1.0, 2.0])
    with pytest.raises(RuntimeError, match=r"shape \[2\], but .* given with shape \[1\]"):
        grad(x * x, x, tensor([1.0]))


def test_a_weight_that_is_no_tensor():
    x = leaf([1.0, 2.0])
    with pytest.raises(TypeError, match="must be given as a tensor or None, not list"):
        grad([x * x], x, [[1.0, 1.0]])


def test_too_few_weights():
    x = leaf([1.0, 2.0])
    with pytest.raises(RuntimeError, match="grad: 2 outputs but 1 gradients"):
        grad([x.sum(), x.sum()], x, [None])


def test_no_inputs_at_all():
    x = leaf([1.0, 2.0])
    with pytest.raises(RuntimeError, match="grad: inputs is empty"):
        grad(x.sum(), [])


def test_batches_of_gradients_are_not_supported_and_say_so():
    x = leaf([1.0, 2.0])
    with pytest.raises(RuntimeError, match="is_grads_batched is not supported"):
        grad(x.sum(), x, is_grads_batched=True)


@pytest.mark.parametrize("power", [0, 1, 3, [0.0, 1.0, 3.0]], ids=str)
def test_gradients_of_any_order_of_whole_powers_are_finite_at_zero(power):
    x = leaf([0.0, 0.0, 0.0])
    y = x ** (tensor(power) if isinstance(power, list) else power)
    for _ in range(5):
        (y,) = grad(y.sum(), x, create_graph=True)
        assert y.isfinite().all()
    assert y.tolist() == [0, 0, 0]


def test_a_floor_division_is_flat():
    x, y = leaf([7.0, -7.0]), leaf([2.0, 2.0])
    assert [g.tolist() for g in grad((x // y).sum(), [x, y])] == [[0.0, 0.0], [0.0, 0.0]]
