"""`backward()`: what arrives in `.grad`, how often it may be called, what it refuses."""

import pytest

import gradatim
from gradatim import autograd, tensor
from gradatim.autograd import no_grad


def leaf(values, dtype=gradatim.float64):
    return tensor(values, dtype=dtype, requires_grad=True)


# -- accumulation -----------------------------------------------------------------------------


def test_gradients_add_up_over_calls():
    x = leaf(3.0)
    for _ in range(3):
        (x * x).backward()
    assert x.grad.item() == 18.0


def test_a_value_used_twice_collects_from_both():
    x = leaf(3.0)
    y = x * 2
    (y * y + y + x).backward()
    assert x.grad.item() == 24.0 + 2.0 + 1.0


def test_setting_grad_to_none_starts_again():
    x = leaf(3.0)
    (x * x).backward()
    x.grad = None
    (x * x).backward()
    assert x.grad.item() == 6.0


def test_deleting_grad_is_setting_it_to_none():
    x = leaf(3.0)
    (x * x).backward()
    del x.grad
    assert x.grad is None


def test_backward_from_a_leaf():
    x = leaf(3.0)
    x.backward()
    x.backward()
    assert x.grad.item() == 2.0


def test_each_leaf_has_its_own_dtype():
    x, y = leaf([1.0, 2.0], gradatim.float32), leaf([3.0, 4.0])
    (x * y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (gradatim.float32, gradatim.float64)
    assert x.grad.tolist() == [3.0, 4.0]


def test_only_what_requires_grad_gets_one():
    x, constant = leaf([1.0, 2.0]), tensor([3.0, 4.0])
    (x * constant).sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]
    assert constant.grad is None


def test_what_an_empty_tensor_gets():
    x = leaf([])
    (x * x).sum().backward()
    assert x.grad.shape == (0,)


# -- where it starts --------------------------------------------------------------------------


@pytest.mark.parametrize("value", [3.0, [3.0], [[3.0]]])
def test_a_tensor_of_one_element_starts_from_one(value):
    x = leaf(value)
    (x * x).backward()
    assert x.grad.shape == x.shape
    assert x.grad.sum().item() == 6.0


@pytest.mark.parametrize("value", [[3.0, 1.0], []])
def test_other_sizes_need_a_gradient(value):
    x = leaf(value)
    with pytest.raises(RuntimeError, match=r"only a tensor of one element has.*\.sum\(\)"):
        (x * x).backward()


def test_a_gradient_weights_the_elements():
    x = leaf([3.0, 1.0])
    (x * x).backward(tensor([1.0, 10.0], dtype=gradatim.float64))
    assert x.grad.tolist() == [6.0, 20.0]


def test_a_gradient_that_itself_requires_grad():
    x, w = leaf([3.0, 1.0]), leaf([1.0, 2.0])
    (x * x).backward(w)
    assert not x.grad.requires_grad
    (x * x).backward(w, create_graph=True)
    assert x.grad.requires_grad
    assert w.grad is None


def test_a_gradient_of_another_shape_is_refused():
    x = leaf([3.0, 1.0])
    with pytest.raises(RuntimeError, match=r"has shape \[2\].*with shape \[2, 1\]"):
        (x * x).backward(tensor([[1.0], [1.0]]))


def test_several_tensors_at_once():
    x = leaf([3.0, 2.0])
    y = x * x
    autograd.backward([y.sum(), (y * y).sum()])
    assert x.grad.tolist() == [6.0 + 4 * 27.0, 4.0 + 4 * 8.0]


def test_one_of_several_tensors_on_the_way_to_another():
    x = leaf(3.0)
    y = x * x
    autograd.backward([y, y * y])
    assert x.grad.item() == 6.0 + 4 * 27.0


def test_without_history_there_is_nothing_to_do():
    with pytest.raises(RuntimeError, match="backward: this tensor does not require grad"):
        tensor([1.0]).sum().backward()
    with pytest.raises(RuntimeError, match="backward: tensor 1 does not require grad"):
        autograd.backward([leaf(1.0), tensor(1.0)])


def test_integers_have_no_gradient():
    with pytest.raises(RuntimeError, match="only floating tensors have gradients.*int64"):
        tensor([1, 2], requires_grad=True)
    with pytest.raises(RuntimeError, match="only floating tensors have gradients.*int64"):
        tensor([1, 2]).requires_grad_()


# -- a second walk ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made_by",
    [
        lambda x: x * x,
        lambda x: x * 2,
        lambda x: x.exp(),
        lambda x: x / 3,
        lambda x: x @ x.t(),
        lambda x: x.amax(0),
    ],
)
def test_a_second_walk_raises_where_values_were_saved(made_by):
    x = leaf([[3.0, 1.0]])
    y = made_by(x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"already walked.*retain_graph=True to the first"):
        y.backward()


@pytest.mark.parametrize(
    "made_by",
    [
        lambda x: x + x,
        lambda x: -x,
        lambda x: x.sum(0),
        lambda x: x.t(),
        lambda x: x.reshape(2),
        lambda x: x[0],
        lambda x: gradatim.cat([x, x]),
        lambda x: x.expand(3, 2),
        lambda x: x.mean(),
    ],
)
def test_where_nothing_was_saved_it_may_be_walked_again(made_by):
    x = leaf([[3.0, 1.0]])
    y = made_by(x).sum()
    y.backward()
    once = x.grad.tolist()
    y.backward()
    assert x.grad.tolist() == [[2 * g for g in once[0]]]


def test_retain_graph_allows_a_second_walk():
    x = leaf(3.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 12.0


def test_a_shared_part_is_freed_by_the_first_of_two_walks():
    x = leaf(3.0)
    shared = x * x
    one, two = shared * 2, shared * 3
    one.backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        two.backward()


def test_create_graph_leaves_a_gradient_with_history():
    x = leaf(3.0)
    (x**3).backward(create_graph=True)
    first, x.grad = x.grad, None
    assert first.item() == 27.0
    first.backward()
    assert x.grad.item() == 18.0


def test_create_graph_without_retain_graph_frees_the_graph():
    x = leaf(3.0)
    y = x**3
    y.backward(create_graph=True, retain_graph=False)
    with pytest.raises(RuntimeError, match="already walked"):
        y.backward()


# -- inputs= ----------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [lambda x: x, lambda x: [x], lambda x: (x,)])
def test_inputs_limit_where_gradients_arrive(inputs):
    x, y = leaf(3.0), leaf(2.0)
    (x * y).backward(inputs=inputs(x))
    assert x.grad.item() == 2.0
    assert y.grad is None


def test_inputs_accumulate_too():
    x = leaf(3.0)
    for _ in range(2):
        (x * x).backward(inputs=x)
    assert x.grad.item() == 12.0


def test_an_input_named_twice_is_served_once():
    x = leaf(3.0)
    (x * x).backward(inputs=[x, x])
    assert x.grad.item() == 6.0


def test_inputs_may_be_results_which_then_keep_their_gradient():
    x = leaf(3.0)
    y = x * 2
    (y * y).backward(inputs=[y])
    assert y.grad.item() == 12.0
    assert x.grad is None


def test_inputs_that_play_no_part_stay_without():
    x, other = leaf(3.0), leaf(1.0)
    (x * x).backward(inputs=[other])
    assert x.grad is None
    assert other.grad is None


def test_empty_inputs_and_inputs_without_gradient_are_refused():
    x = leaf(3.0)
    with pytest.raises(RuntimeError, match="backward: inputs is empty"):
        (x * x).backward(inputs=[])
    with pytest.raises(RuntimeError, match="backward: input 0 does not require grad"):
        (x * x).backward(inputs=[tensor(1.0)])


# -- leaves, detach, .data --------------------------------------------------------------------


def test_leaves_are_what_no_operation_made():
    x, constant = leaf(3.0), tensor(3.0)
    assert x.is_leaf
    assert constant.is_leaf
    assert (constant * 2).is_leaf
    assert not (x * 2).is_leaf
    assert (x * 2).detach().is_leaf


def test_detach_shares_memory_and_has_no_history():
    x = leaf([3.0, 1.0])
    other = x.detach()
    other[0] = 7.0
    assert x.tolist() == [7.0, 1.0]
    assert not other.requires_grad


def test_detach_in_place_cuts_the_history():
    x = leaf([3.0, 1.0])
    y = x * 2
    y.detach_()
    assert y.is_leaf
    assert not y.requires_grad


def test_a_view_may_be_detached_in_place_and_goes_on_without_history():
    x = leaf([3.0, 1.0])
    y = x * 2
    part = y[0]
    part.detach_()
    assert not part.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_data_is_written_without_a_trace():
    x = leaf([3.0, 1.0])
    y = (x * 2).sum()
    x.data += 1
    y.backward()
    assert x.tolist() == [4.0, 2.0]
    assert x.grad.tolist() == [2.0, 2.0]


def test_data_may_be_replaced():
    x = leaf([3.0, 1.0])
    x.data = tensor([5.0, 6.0], dtype=gradatim.float64)
    (x * x).sum().backward()
    assert x.grad.tolist() == [10.0, 12.0]


def double_under_no_grad(x):
    with no_grad():
        x.mul_(2)


@pytest.mark.parametrize(
    "write", [lambda x: x.data.mul_(2), lambda x: x.detach().mul_(2), double_under_no_grad]
)
def test_a_saved_value_written_behind_the_tape_is_noticed(write):
    x = leaf([3.0, 1.0])
    y = (x * x).sum()
    write(x)
    with pytest.raises(RuntimeError, match=r"MulBackward0 needs an input.*overwritten in place"):
        y.backward()


def test_requires_grad_off_is_for_leaves_only():
    x = leaf(3.0)
    y = x * 2
    with pytest.raises(RuntimeError, match="can only be turned off for leaf tensors"):
        y.requires_grad = False
    x.requires_grad = False
    assert not (x * 2).requires_grad


def test_requires_grad_on_a_view_makes_it_a_leaf_of_its_own():
    x = tensor([1.0, 2.0])
    part = x[0]
    part.requires_grad_()
    (part * 3).backward()
    assert part.grad.item() == 3.0
    assert not x.requires_grad


def test_views_made_before_are_parts_of_a_tensor_that_becomes_a_leaf():
    x = tensor([1.0, 2.0])
    part = x[0]
    x.requires_grad_()
    assert part.requires_grad
    (part * 3).backward()
    assert x.grad.tolist() == [3.0, 0.0]


def test_a_gradient_assigned_must_fit():
    x = leaf([3.0, 1.0])
    x.grad = tensor([1.0, 2.0], dtype=gradatim.float64)
    (x * x).sum().backward()
    assert x.grad.tolist() == [7.0, 4.0]
    with pytest.raises(RuntimeError, match=r"grad: has shape \[1\], its tensor \[2\]"):
        x.grad = tensor([1.0])
    with pytest.raises(RuntimeError, match="grad: has dtype float32, its tensor float64"):
        x.grad = tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="grad: must be a tensor or None, got float"):
        x.grad = 1.0


def test_asking_a_result_for_its_gradient_warns_that_it_keeps_none():
    x = leaf(3.0)
    y = x * 2
    y.backward()
    with pytest.warns(UserWarning, match="not a leaf.*retain_grad"):
        assert y.grad is None
