"""Neuron, Layer, MLP: parameters, formula, activations, labels, refusals."""

import math
import random

import pytest

from gradatim.scalar import MLP, Layer, Neuron, Value, nudge


def fill(network, numbers):
    for p, number in zip(network.parameters(), numbers, strict=True):
        p.data = number


def test_the_network_of_the_slides_has_41_parameters():
    parameters = MLP(3, [4, 4, 1]).parameters()
    assert len(parameters) == 41
    assert len(set(parameters)) == 41
    assert len({p.data for p in parameters}) == 41  # drawn one by one


@pytest.mark.parametrize(
    ("nin", "nouts", "count"), [(1, [1], 2), (2, [8, 8, 1], 105), (3, [1, 4], 12), (10, [2], 22)]
)
def test_number_of_parameters(nin, nouts, count):
    assert len(MLP(nin, nouts).parameters()) == count


@pytest.mark.parametrize(
    ("activation", "a"),
    [
        ("tanh", math.tanh),
        ("relu", lambda z: max(z, 0.0)),
        ("sigmoid", lambda z: 1 / (1 + math.exp(-z))),
        ("linear", lambda z: z),
    ],
)
def test_a_neuron_computes_its_formula(activation, a):
    neuron = Neuron(3, activation=activation)
    fill(neuron, [0.5, -1.0, 2.0, 0.25])
    assert neuron([1.0, 2.0, 0.3]).data == pytest.approx(a(0.5 - 2.0 + 0.6 + 0.25))


def test_the_graph_of_a_neuron_is_that_of_the_lecture():
    out = Neuron(2)([1.0, 2.0])
    operations = [node._op for node in out.graph() if node._op]
    labels = {node.label for node in out.graph() if not node._op}
    assert sorted(operations) == ["*", "*", "+", "+", "tanh"]
    assert labels == {"x1", "x2", "w1", "w2", "b"}


def test_a_layer_shares_its_inputs_among_the_neurons():
    outputs = Layer(3, 4)([1.0, 2.0, 3.0])
    leaves = {node for out in outputs for node in out.graph() if not node._op}
    assert len(outputs) == 4
    assert len(leaves) == 3 + 16


def test_a_single_output_comes_unwrapped():
    assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
    assert len(MLP(2, [3, 2])([1.0, 2.0])) == 2


def test_a_layer_of_one_neuron_in_the_middle():
    outputs = MLP(2, [1, 3])([1.0, 2.0])
    assert [type(out) for out in outputs] == [Value] * 3


def test_gradients_of_all_parameters_agree_with_nudging():
    net = MLP(3, [4, 4, 1], rng=random.Random(0))
    at = [p.data for p in net.parameters()]

    def loss(*numbers):
        fill(net, map(float, numbers))
        return net([2.0, 3.0, -1.0])

    expected = nudge(loss, at)
    loss(*at).backward()
    assert [p.grad for p in net.parameters()] == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_weights_come_from_random_in_order_from_minus_one_to_one():
    random.seed(7)
    net = MLP(3, [4, 4, 1])
    random.seed(7)
    assert [p.data for p in net.parameters()] == [random.uniform(-1, 1) for _ in range(41)]


def test_weights_come_from_the_generator_that_is_given():
    a, b = (MLP(2, [3, 1], rng=random.Random(5)) for _ in range(2))
    assert [p.data for p in a.parameters()] == [p.data for p in b.parameters()]


def test_labels_tell_the_parameters_apart():
    labels = [p.label for p in MLP(2, [2, 1]).parameters()]
    assert labels == [
        *("layer1.n1.w1", "layer1.n1.w2", "layer1.n1.b"),
        *("layer1.n2.w1", "layer1.n2.w2", "layer1.n2.b"),
        *("layer2.n1.w1", "layer2.n1.w2", "layer2.n1.b"),
    ]
    assert [p.label for p in Neuron(2).parameters()] == ["w1", "w2", "b"]


def test_all_layers_have_the_activation_unless_last_names_another():
    net = MLP(1, [2, 1], activation="relu")
    fill(net, [1.0, 0.0, 1.0, 0.0, -1.0, -1.0, 0.0])
    assert net([3.0]).data == 0.0
    net = MLP(1, [2, 1], activation="relu", last="linear")
    fill(net, [1.0, 0.0, 1.0, 0.0, -1.0, -1.0, 0.0])
    assert net([3.0]).data == -6.0


def test_the_shallow_network_of_the_first_slides():
    net = MLP(1, [3, 1], activation="relu", last="linear")
    hidden, outer = [1.0, 0.0, -1.0, 0.5, 2.0, -1.0], [0.3, 0.2, -0.1, 1.5]
    fill(net, hidden + outer)
    h = [max(hidden[2 * i] * 0.25 + hidden[2 * i + 1], 0.0) for i in range(3)]
    y = outer[3] + sum(a * b for a, b in zip(outer, h, strict=False))
    assert net(0.25).data == pytest.approx(y)


def test_inputs_may_be_values_tuples_or_one_number():
    net = MLP(2, [3, 1], rng=random.Random(0))
    x = [Value(1.0), Value(2.0)]
    assert net(x).data == net((1.0, 2.0)).data == net(range(1, 3)).data == net([x[0], 2]).data
    net(x).backward()
    assert x[0].has_grad
    assert Neuron(1)(0.5).data == pytest.approx(MLP(1, [1])(Value(0.5)).data, abs=2.0)


def test_zero_grad_resets_every_parameter():
    net = MLP(3, [4, 4, 1])
    net([1.0, 2.0, 3.0]).backward()
    assert all(p.has_grad for p in net.parameters())
    net.zero_grad()
    assert all(p.grad == 0.0 and not p.has_grad for p in net.parameters())


@pytest.mark.parametrize(
    ("network", "text"),
    [
        (MLP(3, [4, 4, 1]), "MLP(3, [4, 4, 1], activation='tanh')"),
        (MLP(1, (8, 1), "relu", "linear"), "MLP(1, [8, 1], activation='relu', last='linear')"),
        (Layer(3, 4, "relu"), "Layer(3, 4, activation='relu')"),
        (Neuron(3), "Neuron(3, activation='tanh')"),
    ],
)
def test_printing(network, text):
    assert repr(network) == text


@pytest.mark.parametrize("network", [MLP(3, [4, 1]), Layer(3, 4), Neuron(3)])
@pytest.mark.parametrize("x", [[1.0, 2.0], [1.0, 2.0, 3.0, 4.0], [], 1.0])
def test_a_wrong_number_of_inputs_names_both_sizes(network, x):
    got = len(x) if isinstance(x, list) else 1
    with pytest.raises(ValueError, match=rf"takes 3 inputs, got {got}: \["):
        network(x)


def test_wrong_sizes_and_activations_are_refused():
    with pytest.raises(ValueError, match="unknown activation 'thanh': choose one of tanh, relu,"):
        Neuron(2, activation="thanh")
    with pytest.raises(ValueError, match="unknown activation 'softmax'"):
        MLP(2, [3, 1], last="softmax")
    with pytest.raises(ValueError, match="the number of inputs must be at least 1, got 0"):
        Neuron(0)
    with pytest.raises(ValueError, match="the number of neurons must be at least 1, got 0"):
        MLP(2, [3, 0])
    for nouts in ([], 4):
        with pytest.raises(ValueError, match="nouts is a list of layer sizes, as in MLP"):
            MLP(2, nouts)


def test_a_size_that_is_no_whole_number_is_named():
    for make in (lambda: Neuron("3"), lambda: Layer(3, 2.5), lambda: MLP(3, [4, None])):
        with pytest.raises(TypeError, match=r"the number of (inputs|neurons) is a whole number"):
            make()
    with pytest.raises(ValueError, match=r"nouts is a list of layer sizes.*got 4\.0"):
        MLP(3, 4.0)
