import math

import pytest

import gradatim as g
from gradatim import nn


def with_gradients():
    a, b = g.zeros(2, requires_grad=True), g.zeros(1, requires_grad=True)
    a.grad, b.grad = g.tensor([3.0, 0.0]), g.tensor([4.0])
    return [a, b, g.zeros(1, requires_grad=True)]  # the last one has no gradient


@pytest.mark.parametrize(
    ("norm_type", "norm"), [(2.0, 5.0), (1.0, 7.0), (math.inf, 4.0), (3.0, 91 ** (1 / 3))]
)
def test_gradients_are_shrunk_together(norm_type, norm):
    ps = with_gradients()
    assert nn.utils.clip_grad_norm_(ps, 1.0, norm_type).item() == pytest.approx(norm)
    assert ps[0].grad.tolist() == pytest.approx([3 / norm, 0.0], rel=1e-5)
    assert ps[1].grad.tolist() == pytest.approx([4 / norm], rel=1e-5)


def test_small_gradients_stay_as_they_are():
    ps = with_gradients()
    assert nn.utils.clip_grad_norm_(iter(ps), 100.0).item() == 5.0
    assert ps[0].grad.tolist() == [3.0, 0.0]


def test_without_gradients_the_norm_is_zero():
    assert nn.utils.clip_grad_norm_([g.zeros(1)], 1.0).item() == 0.0


def test_a_norm_that_is_not_finite_can_be_an_error():
    p = g.zeros(1, requires_grad=True)
    p.grad = g.tensor([math.inf])
    assert nn.utils.clip_grad_norm_(p, 1.0).item() == math.inf
    with pytest.raises(ValueError, match="is non-finite, so it cannot be clipped"):
        nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)


def test_values_are_held_in_an_interval():
    ps = with_gradients()
    nn.utils.clip_grad_value_(ps, 3.5)
    assert [p.grad.tolist() for p in ps[:2]] == [[3.0, 0.0], [3.5]]


def test_parameters_become_a_vector_and_come_back():
    net = nn.Linear(2, 2)
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (6,)
    nn.utils.vector_to_parameters(vector.detach() * 0 + 1, net.parameters())
    assert (net.weight == 1).all()
    assert net.weight.shape == (2, 2)
    vector.sum().backward()
    assert net.bias.grad.tolist() == [1.0, 1.0]


def test_initialisers_return_their_tensor_and_leave_no_history():
    p = nn.Parameter(g.empty(3, 3))
    for init in (nn.init.xavier_uniform_, nn.init.kaiming_normal_, nn.init.orthogonal_):
        assert init(p) is p
        assert p.is_leaf
    q = nn.init.orthogonal_(g.empty(2, 5, dtype=g.float64))
    assert (q @ q.T).flatten().tolist() == pytest.approx([1.0, 0.0, 0.0, 1.0], abs=1e-12)


def test_initialisers_take_a_generator_of_their_own():
    one, two = (
        nn.init.uniform_(g.empty(3), generator=g.Generator().manual_seed(4)) for _ in range(2)
    )
    assert one.tolist() == two.tolist()
