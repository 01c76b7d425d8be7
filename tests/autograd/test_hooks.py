"""Hooks on tensors, and `retain_grad`."""

import pytest

import gradatim
from gradatim import tensor
from gradatim.autograd import Function, grad, is_grad_enabled


def leaf(values):
    return tensor(values, dtype=gradatim.float64, requires_grad=True)


def test_a_hook_on_a_leaf_sees_the_whole_gradient_once_per_walk():
    x, seen = leaf(3.0), []
    x.register_hook(lambda g: seen.append(g.item()))
    (x * x + x * 2 + x).backward()
    assert seen == [9.0]
    (x * x).backward()
    assert seen == [9.0, 6.0]
    assert x.grad.item() == 15.0


def test_a_hook_on_a_result_sees_what_arrives_there():
    x, seen = leaf(3.0), []
    y = x * 2
    y.register_hook(lambda g: seen.append(g.item()))
    (y * y + y).backward()
    assert seen == [13.0]


def test_what_a_hook_returns_takes_the_place_of_the_gradient():
    x = leaf(3.0)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    y.backward()
    assert x.grad.item() == 21.0


def test_hooks_run_in_the_order_they_were_registered():
    x = leaf(3.0)
    y = x * 1
    y.register_hook(lambda g: g + 1)
    y.register_hook(lambda g: g * 10)
    (y * y).backward()
    assert x.grad.item() == 70.0


def test_a_removed_hook_is_silent():
    x, seen = leaf(3.0), []
    first = x.register_hook(lambda g: seen.append(1))
    x.register_hook(lambda g: seen.append(2))
    first.remove()
    first.remove()
    (x * x).backward()
    assert seen == [2]


def test_a_hook_for_the_length_of_a_block():
    x, seen = leaf(3.0), []
    with x.register_hook(lambda g: seen.append(g.item())):
        (x * x).backward()
    (x * x).backward()
    assert seen == [6.0]


def test_a_hook_may_remove_itself():
    x, seen = leaf(3.0), []

    def once(g):
        seen.append(g.item())
        handle.remove()

    handle = x.register_hook(once)
    (x * x).backward()
    (x * x).backward()
    assert seen == [6.0]


def test_a_hook_may_write_into_the_gradient():
    def clear(g):
        g.zero_()

    x = leaf([3.0, 1.0])
    y = x * 1
    y.register_hook(clear)
    (y * 2).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_hooks_are_recorded_only_with_create_graph():
    x, modes = leaf(3.0), []
    x.register_hook(lambda g: modes.append((g.requires_grad, is_grad_enabled())))
    (x * x).backward()
    (x * x).backward(create_graph=True)
    assert modes == [(False, False), (True, True)]


def test_hooks_run_in_grad_too_and_before_the_answer():
    x, seen = leaf(3.0), []
    y = x * 2
    y.register_hook(lambda g: seen.append(g.item()))
    x.register_hook(lambda g: g * 10)
    assert grad(y * y, x)[0].item() == 240.0
    assert seen == [12.0]


@pytest.mark.parametrize("behind", [True, False])
def test_an_input_of_grad_gets_what_its_hooks_made(behind):
    x = leaf(3.0)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    assert grad(y * y, [y, x] if behind else [y])[0].item() == 120.0


def test_hooks_on_one_of_several_results():
    class Twice(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            return a * 2 + b * 3

    x = leaf(3.0)
    first, second = Twice.apply(x)
    first.register_hook(lambda g: g * 10)
    first.retain_grad()
    (first + second).backward()
    assert first.grad.item() == 10.0
    assert x.grad.item() == 23.0


def test_hooks_stay_with_the_value_that_was_overwritten():
    x = leaf(3.0)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    y.mul_(2)
    y.backward()
    assert x.grad.item() == 40.0


@pytest.mark.parametrize(
    ("returned", "error", "text"),
    [
        (5, TypeError, "hook bad: must return a tensor.*or None, not int"),
        (tensor([1.0, 2.0]), RuntimeError, r"hook bad: returned shape \[2\].*of shape \[\]"),
        (tensor(1.0), RuntimeError, "hook bad: returned .* dtype float32 .* dtype float64"),
    ],
)
def test_a_hook_returns_a_gradient_that_fits(returned, error, text):
    def bad(g):
        return returned

    x = leaf(3.0)
    x.register_hook(bad)
    with pytest.raises(error, match=text):
        (x * x).backward()


def test_a_tensor_without_gradient_takes_no_hook():
    with pytest.raises(RuntimeError, match="register_hook: this tensor does not require grad"):
        tensor(3.0).register_hook(print)


# -- retain_grad ------------------------------------------------------------------------------


def test_retain_grad_keeps_the_gradient_of_a_result():
    x = leaf(3.0)
    y = x * 2
    y.retain_grad()
    (y * y).backward()
    assert y.grad.item() == 12.0
    assert y.retains_grad


def test_it_adds_up_over_walks():
    x = leaf(3.0)
    y = x * 2
    y.retain_grad()
    z = y * y
    z.backward(retain_graph=True)
    z.backward()
    assert y.grad.item() == 24.0


def test_it_keeps_what_hooks_made_of_the_gradient_whenever_they_came():
    x = leaf(3.0)
    y = x * 1
    y.register_hook(lambda g: g + 1)
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    (y * y).backward()
    assert x.grad.item() == y.grad.item() == 70.0


def test_leaves_keep_theirs_anyway():
    x = leaf(3.0)
    x.retain_grad()
    (x * x).backward()
    assert x.grad.item() == 6.0
    assert not x.retains_grad


def test_it_goes_along_when_the_tensor_is_written():
    x = leaf([1.0, 2.0])
    y = x * 2
    y.retain_grad()
    y.mul_(2)
    assert y.retains_grad
    (y * 3).sum().backward()
    assert y.grad.tolist() == [3.0, 3.0]
    assert x.grad.tolist() == [12.0, 12.0]


def test_it_goes_along_when_a_part_of_the_tensor_is_written():
    x = leaf([1.0, 2.0])
    y = x * 2
    y.retain_grad()
    y[0] = 5.0
    (y * 3).sum().backward()
    assert y.grad.tolist() == [3.0, 3.0]
    assert x.grad.tolist() == [0.0, 6.0]


@pytest.mark.parametrize("written", ["view", "base"])
def test_it_goes_along_with_a_view_whose_memory_is_written(written):
    x = leaf([1.0, 2.0])
    y = x * 2
    part = y[:1]
    part.retain_grad()
    (part if written == "view" else y).mul_(3)
    (part * 5).sum().backward()
    assert part.grad.tolist() == [5.0]
    assert x.grad.tolist() == [30.0, 0.0]


def test_retain_grad_needs_a_gradient():
    with pytest.raises(RuntimeError, match="retain_grad: this tensor does not require grad"):
        tensor(3.0).retain_grad()
    assert not tensor(3.0).retains_grad


# -- grad_fn ----------------------------------------------------------------------------------


def test_grad_fn_names_the_operation_and_what_came_before():
    x = leaf(2.0)
    y = (x * tensor(3.0)).exp()
    assert y.grad_fn.name() == "ExpBackward0"
    ((before, place),) = y.grad_fn.next_functions
    assert (before.name(), place) == ("MulBackward0", 0)
    (to_leaf, _), (nothing, _) = before.next_functions
    assert to_leaf.name() == "AccumulateGrad"
    assert to_leaf.variable is x
    assert nothing is None


def test_grad_fn_is_the_same_for_the_same_operation():
    x = leaf(2.0)
    y = x * 2
    z = y + y
    assert y.grad_fn == y.grad_fn
    assert y.grad_fn != z.grad_fn
    assert {f for f, _ in z.grad_fn.next_functions} == {y.grad_fn}
    assert "MulBackward0" in repr(y.grad_fn)


def test_leaves_have_none():
    assert leaf(2.0).grad_fn is None
    assert tensor(2.0).grad_fn is None


def test_only_a_leaf_has_a_variable():
    x = leaf(2.0)
    with pytest.raises(AttributeError, match="only AccumulateGrad has a variable"):
        _ = (x * 2).grad_fn.variable


# -- when `.grad` is complete ------------------------------------------------------------------


def test_a_hook_after_the_gradient_sees_the_sum():
    x, seen = leaf(3.0), []
    x.register_post_accumulate_grad_hook(lambda x: seen.append(x.grad.item()))
    (x * x + x * 2).backward()
    (x * x).backward()
    assert seen == [8.0, 14.0]


def test_it_may_step_and_drop_the_gradient():
    def step(x):
        x.sub_(x.grad, alpha=0.5)
        x.grad = None

    x, y = leaf(3.0), leaf(2.0)
    for p in (x, y):
        p.register_post_accumulate_grad_hook(step)
    (x * y).backward()
    assert (x.item(), y.item()) == (2.0, 0.5)
    assert x.grad is None
    assert x.requires_grad


def test_it_is_called_for_chosen_inputs_and_not_by_grad():
    x, y, seen = leaf(3.0), leaf(2.0), []
    x.register_post_accumulate_grad_hook(lambda _: seen.append("x"))
    y.register_post_accumulate_grad_hook(lambda _: seen.append("y"))
    (x * y).backward(inputs=[x])
    grad(x * y, [x, y])
    assert seen == ["x"]


def test_it_comes_after_the_hooks_on_the_gradient_and_can_be_removed():
    x, seen = leaf(3.0), []
    handle = x.register_post_accumulate_grad_hook(lambda x: seen.append(x.grad.item()))
    x.register_hook(lambda g: g * 10)
    x.sum().backward()
    handle.remove()
    x.sum().backward()
    assert seen == [10.0]


def test_only_leaves_collect():
    for x in (leaf(3.0) * 2, tensor(3.0)):
        with pytest.raises(RuntimeError, match="only leaf tensors that require grad"):
            x.register_post_accumulate_grad_hook(print)
