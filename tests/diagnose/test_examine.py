"""An examination finds what is there, of any model, and changes nothing."""

import numpy as np
import pytest

import gradatim
from gradatim import diagnose, nn
from gradatim.core.errors import ArgumentError, AutogradError
from gradatim.models import mlp
from gradatim.nn import functional as F


def total(y):
    return y.sum()


class Functional(nn.Module):
    """Activations as functions and as methods, and one layer used twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 5)
        self.inner = nn.Sequential(nn.Linear(5, 5), nn.Tanh())

    def forward(self, x):
        x = F.relu(self.first(x))
        return self.inner(self.inner(x)).sigmoid()


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_is_looked_at_as_it_is(training):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
    model(gradatim.randn(8, 3) + 5.0)
    model.train(training)
    x = gradatim.randn(8, 3)
    report = diagnose.examine(model, x, loss=total)
    model(x).sum().backward()
    for weight in report.weights:
        expected = model.get_parameter(weight.name).grad
        assert np.allclose(weight.gradient, expected.numpy(), atol=1e-6)


def test_finds_modules_functions_and_layers_used_twice():
    report = diagnose.examine(Functional(), gradatim.randn(7, 3), loss=total)
    assert [(s.name, s.kind) for s in report.signals] == [
        ("first", "Linear"),
        ("relu", "relu"),
        ("inner.0", "Linear"),
        ("inner.1", "Tanh"),
        ("inner.0 (2)", "Linear"),
        ("inner.1 (2)", "Tanh"),
        ("sigmoid", "sigmoid"),
    ]
    assert [s.is_activation for s in report.signals] == [
        False,
        True,
        False,
        True,
        False,
        True,
        True,
    ]


def test_a_function_in_a_part_has_the_name_of_the_part():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)

        def forward(self, x):
            return self.linear(x).tanh()

    model = nn.Sequential(Block(), Block())
    report = diagnose.examine(model, gradatim.randn(4, 2), loss=total)
    names = [signal.name for signal in report.signals]
    assert names == ["0.linear", "0.tanh", "1.linear", "1.tanh"]


def test_values_gradients_and_slopes_are_those_of_the_layers():
    model = Functional()
    x = gradatim.randn(7, 3)
    signals = {s.name: s for s in diagnose.examine(model, x, loss=total).signals}
    z = model.first(x)
    a = F.relu(z)
    a.retain_grad()
    z.retain_grad()
    model.inner(model.inner(a)).sigmoid().sum().backward()
    np.testing.assert_array_equal(signals["first"].values, z.detach())
    np.testing.assert_array_equal(signals["relu"].values, a.detach())
    np.testing.assert_array_equal(signals["first"].gradient, z.grad)
    np.testing.assert_array_equal(signals["relu"].gradient, a.grad)
    np.testing.assert_array_equal(signals["relu"].slope, np.asarray(z.detach()) > 0)
    y = signals["sigmoid"].values
    np.testing.assert_allclose(signals["sigmoid"].slope, y * (1 - y), rtol=1e-6)


def test_weights_have_their_gradients():
    model = nn.Linear(3, 2)
    x = gradatim.randn(5, 3)
    report = diagnose.examine(model, x, loss=lambda y: (y * y).sum())
    (model(x) ** 2).sum().backward()
    assert [weight.name for weight in report.weights] == ["weight", "bias"]
    np.testing.assert_allclose(report.weights[0].gradient, model.weight.grad, rtol=1e-6)
    g, w = np.asarray(model.weight.grad), np.asarray(model.weight.detach())
    assert report.weights[0].gradient_to_data == pytest.approx(g.std() / w.std(), rel=1e-5)
    assert report.weights[0].gradient_norm == pytest.approx(np.sqrt((g * g).sum()), rel=1e-5)


def test_takes_the_loss_of_a_model_that_gives_one():
    model = mlp.Model(mlp.Config())
    X, Y = gradatim.randint(0, 27, (8, 3)), gradatim.randint(0, 27, (8,))
    report = diagnose.examine(model, X, Y)
    assert report.loss == pytest.approx(model(X, Y)[1].item())
    assert [s.name for s in report.signals] == ["C", "H", "tanh", "U"]


def test_changes_nothing():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(gradatim.ones(3))
            self.register_buffer("calls", gradatim.zeros(1))

        def forward(self, x):
            self.calls += 1
            return x * self.weight + gradatim.randn(3)

    model = Noisy()
    model.weight.grad = gradatim.full((3,), 7.0)
    before = gradatim.get_rng_state().tolist()
    diagnose.examine(model, gradatim.ones(2, 3), loss=total)
    assert model.calls.item() == 0
    assert model.weight.grad.tolist() == [7.0] * 3
    assert gradatim.get_rng_state().tolist() == before
    calls = []
    model.register_forward_hook(lambda *_: calls.append(1))
    model(gradatim.ones(2, 3))
    assert calls == [1]  # its own hooks are gone and the user's stay


def test_overwritten_layers_are_seen_as_they_were():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True))
    x = gradatim.randn(9, 4)
    report = diagnose.examine(model, x, loss=total)
    before = np.asarray((x @ model[0].weight.T + model[0].bias).detach())
    np.testing.assert_allclose(report.signals[0].values, before, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(report.signals[1].values, np.maximum(before, 0), atol=1e-6)


def test_an_activation_in_place_is_one_signal():
    reports = []
    for inplace in (False, True):
        gradatim.manual_seed(0)
        model = nn.Sequential(
            nn.Linear(4, 4), nn.ReLU(inplace), nn.Linear(4, 4), nn.SiLU(inplace), nn.Linear(4, 1)
        )
        reports.append(diagnose.examine(model, gradatim.randn(9, 4), loss=total))
    assert str(reports[0]) == str(reports[1])
    assert [signal.kind for signal in reports[1].activations] == ["ReLU", "SiLU"]


def test_a_layer_that_does_not_count_has_no_gradient():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            self.unused(x)
            return self.used(x)

    report = diagnose.examine(Two(), gradatim.ones(1, 2), loss=total)
    unused = next(s for s in report.signals if s.name == "unused")
    assert unused.gradient is None
    assert unused.gradient_norm == 0.0


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (None, r"the model's output is no loss \(shape \[5, 2\]\); say how to get one number"),
        (lambda y: y, r"loss must return one number, it returned shape \[5, 2\]"),
        (lambda y: 3.0, r"loss must return one number, it returned float"),
    ],
)
def test_says_what_is_no_loss(loss, says):
    with pytest.raises(ArgumentError, match=says):
        diagnose.examine(nn.Linear(3, 2), gradatim.randn(5, 3), loss=loss)


def test_looks_into_what_is_compiled():
    gradatim.manual_seed(0)
    body = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    x, plain = gradatim.randn(5, 3), nn.Sequential(body, nn.Linear(4, 2))
    net = gradatim.compile(nn.Sequential(gradatim.compile(body), plain[1]))
    found, wanted = (diagnose.examine(m, x, loss=total).signals for m in (net, plain))
    assert [(s.name, s.kind) for s in found] == [(s.name, s.kind) for s in wanted]
    assert net.variants == {}


def test_says_that_nothing_requires_a_gradient():
    model = nn.Linear(3, 2).requires_grad_(False)
    with pytest.raises(AutogradError, match="depends on no parameter that requires a gradient"):
        diagnose.examine(model, gradatim.randn(5, 3), loss=total)
    with pytest.raises(ArgumentError, match="expects a Module, got function"):
        diagnose.examine(lambda x: x, gradatim.randn(5, 3), loss=total)


def frozen_backbone():
    gradatim.manual_seed(0)
    model = nn.Sequential(nn.Sequential(nn.Linear(3, 5), nn.ReLU()), nn.Linear(5, 2), nn.Tanh())
    return model, gradatim.randn(7, 3)


def test_frozen_layers_show_their_signals_without_gradients():
    model, x = frozen_backbone()
    whole = diagnose.examine(model, x, loss=total)
    model[0].requires_grad_(False)
    report = diagnose.examine(model, x, loss=total)
    assert [signal.name for signal in report.signals] == ["0.0", "0.1", "1", "2"]
    for signal, before in zip(report.signals, whole.signals, strict=True):
        np.testing.assert_array_equal(signal.values, before.values)
        assert signal.dead == before.dead
    assert [signal.gradient is None for signal in report.signals] == [True, True, False, False]
    assert [weight.gradient is None for weight in report.weights] == [True, True, False, False]
    assert "none" in str(report).splitlines()[1]
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True]


def test_layers_run_without_a_tape_show_their_values():
    class Tuned(nn.Module):
        def __init__(self):
            super().__init__()
            model, _ = frozen_backbone()
            self.backbone, self.head = model[0], model[1]

        def forward(self, x):
            with gradatim.no_grad():
                features = self.backbone(x)
            return self.head(features)

    report = diagnose.examine(Tuned(), frozen_backbone()[1], loss=total)
    assert [signal.name for signal in report.signals] == ["backbone.0", "backbone.1", "head"]
    assert [signal.gradient is None for signal in report.signals] == [True, True, False]
    assert (report.signals[1].values >= 0).all()


def test_an_examination_of_frozen_layers_that_fails_leaves_them_frozen():
    model, x = frozen_backbone()
    model[0].requires_grad_(False)
    with pytest.raises(ArgumentError, match="the model's output is no loss"):
        diagnose.examine(model, x)
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True]


def test_says_that_a_batch_is_empty():
    model, _ = frozen_backbone()
    with pytest.raises(ArgumentError, match=r"no numbers in 0\.0, of shape \[0, 5\]; is the batch"):
        diagnose.examine(model, gradatim.zeros(0, 3), loss=lambda y: y.mean())
