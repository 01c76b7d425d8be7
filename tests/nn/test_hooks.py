import pytest

import gradatim
from gradatim import nn


class Twice(nn.Module):
    def forward(self, x, *, plus=0):
        return 2 * x + plus


def leaf(*values):
    return gradatim.tensor(values, requires_grad=True)


def test_forward_hooks_see_arguments_and_result_and_may_replace_them():
    net, seen = Twice(), []
    net.register_forward_pre_hook(lambda module, args: seen.append(args))
    net.register_forward_hook(lambda module, args, out: seen.append((args, out)))
    x = gradatim.tensor([1.0])
    out = net(x)
    assert seen[0] == (x,)
    assert seen[1][0] == (x,)
    assert seen[1][1] is out
    net.register_forward_pre_hook(lambda module, args: args[0] + 10)  # one value is a tuple of one
    net.register_forward_hook(lambda module, args, out: -out)
    assert net(x).tolist() == [-22.0]


def test_hooks_run_in_order_and_can_be_put_in_front_and_taken_away():
    net, order = Twice(), []
    first = net.register_forward_hook(lambda *_: order.append("first"))
    net.register_forward_hook(lambda *_: order.append("second"))
    net.register_forward_hook(lambda *_: order.append("front"), prepend=True)
    net(gradatim.ones(1))
    assert order == ["front", "first", "second"]
    first.remove()
    order.clear()
    net(gradatim.ones(1))
    assert order == ["front", "second"]


def test_hooks_with_keyword_arguments():
    net, seen = Twice(), []
    net.register_forward_pre_hook(
        lambda module, args, kwargs: (args, {"plus": kwargs["plus"] + 1}), with_kwargs=True
    )
    net.register_forward_hook(
        lambda module, args, kwargs, out: seen.append(kwargs), with_kwargs=True
    )
    assert net(gradatim.ones(1), plus=1).tolist() == [4.0]
    assert seen == [{"plus": 2}]
    net.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(ValueError, match="forward pre-hook must return None or a tuple"):
        net(gradatim.ones(1), plus=1)


def test_backward_hooks_see_the_gradients_of_inputs_and_outputs():
    net, seen = Twice(), []
    net.register_full_backward_hook(lambda module, gi, go: seen.append((module, gi, go)))
    x = leaf(1.0, 2.0)
    (net(x) * 5).sum().backward()
    ((module, (grad_input,), (grad_output,)),) = seen
    assert module is net
    assert grad_input.tolist() == [10.0, 10.0]
    assert grad_output.tolist() == [5.0, 5.0]
    assert x.grad.tolist() == [10.0, 10.0]


def test_backward_hooks_may_replace_gradients():
    net = Twice()
    net.register_full_backward_pre_hook(lambda module, go: (go[0] * 10,))
    net.register_full_backward_hook(lambda module, gi, go: (gi[0] + 1,))
    x = leaf(1.0)
    net(x).sum().backward()
    assert x.grad.tolist() == [21.0]


def test_backward_hooks_of_several_inputs_and_outputs():
    class Mix(nn.Module):
        def forward(self, x, factor, y):
            return x * factor, y * 3

    net, seen = Mix(), []
    net.register_full_backward_hook(lambda module, gi, go: seen.append((gi, go)))
    x, y = leaf(1.0), leaf(2.0)
    a, b = net(x, 4, y)
    (a + b).sum().backward()
    gi, go = seen[0]
    assert [None if g is None else g.tolist() for g in gi] == [[4.0], None, [3.0]]
    assert [g.tolist() for g in go] == [[1.0], [1.0]]


def test_backward_hooks_where_no_input_needs_a_gradient():
    net, seen = nn.Linear(2, 1), []
    net.register_full_backward_hook(lambda module, gi, go: seen.append((gi, go[0].tolist())))
    net(gradatim.ones(1, 2)).sum().backward()
    assert seen == [((None,), [[1.0]])]
    assert net.weight.grad.tolist() == [[1.0, 1.0]]


def test_a_backward_hook_that_returns_the_wrong_number_is_told_so():
    net = Twice()
    net.register_full_backward_hook(lambda module, gi, go: (gi[0], gi[0]))
    with pytest.raises(ValueError, match="returned 2 gradients for grad_input, which has 1"):
        net(leaf(1.0)).sum().backward()


def test_backward_hooks_need_tensors():
    class Dictionary(nn.Module):
        def forward(self, x):
            return {"y": x}

    net = Dictionary()
    net.register_full_backward_hook(lambda *_: None)
    assert net(leaf(1.0)).keys() == {"y"}  # nothing to see, so nothing is called


def test_hooks_stay_with_a_model_that_runs_many_times():
    net, count = nn.Sequential(nn.Linear(1, 1), nn.Tanh()), []
    net[1].register_forward_hook(lambda *_: count.append(1))
    for _ in range(3):
        net(gradatim.ones(1, 1)).sum().backward()
    assert len(count) == 3
