"""Where layers mean to differ from PyTorch, and what they do with odd input."""

import numpy as np
import pytest

import gradatim as g
from gradatim import nn
from gradatim.nn import functional as F


def test_gelu_keeps_infinity_and_the_digits_of_its_tail() -> None:
    assert F.gelu(g.tensor([float("inf")])).item() == float("inf")
    x = g.tensor([-5.0])
    exact = F.gelu(x.double(), approximate="tanh").item()
    assert F.gelu(x, approximate="tanh").item() == pytest.approx(exact, rel=1e-5)


def test_what_falls_is_0_whatever_it_was() -> None:
    x = g.full((1000,), float("inf"))
    found = F.dropout(x, 0.5).numpy()
    assert set(found.tolist()) == {0.0, float("inf")}


def test_the_cosine_of_a_short_vector_has_the_gradient_of_its_formula() -> None:
    x = g.tensor([[0.1, 0.3], [2.0, -1.0]], dtype=g.float64, requires_grad=True)
    y = g.tensor([[3.0, 4.0]], dtype=g.float64)
    assert g.autograd.gradcheck(lambda x: F.cosine_similarity(x, y, eps=0.5), (x,))
    made = g.compile(lambda x: F.cosine_similarity(x, y, eps=0.5))(x)
    assert made.tolist() == pytest.approx([0.6, 0.4 / 5**0.5])


def test_hardsigmoid_has_a_second_gradient() -> None:
    x = g.tensor([0.3, 4.0], dtype=g.float64, requires_grad=True)
    (first,) = g.autograd.grad(F.hardsigmoid(x).sum(), x, create_graph=True)
    assert first.tolist() == [1 / 6, 0.0]
    assert g.autograd.grad(first.sum(), x)[0].tolist() == [0.0, 0.0]


def test_a_row_of_one_number_has_no_gradient() -> None:
    x = g.tensor([[3.0], [-1.5]], requires_grad=True)
    (nn.LayerNorm(1)(x) * g.tensor([[2.0], [5.0]])).sum().backward()
    assert x.grad.tolist() == [[0.0], [0.0]]


def test_rrelu_is_not_there() -> None:
    assert not hasattr(nn, "RReLU")


# -- modes and memory --------------------------------------------------------------------------


def test_evaluation_leaves_everything_as_it_is() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).eval()
    before = {name: x.clone() for name, x in model.state_dict().items()}
    x = g.randn(5, 3)
    assert g.equal(model(x), model(x))
    assert all(g.equal(x, before[name]) for name, x in model.state_dict().items())


def test_one_value_a_channel_is_refused_in_training_only() -> None:
    norm = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        norm(g.ones(1, 3))
    assert norm.eval()(g.ones(1, 3)).shape == (1, 3)


def test_batch_norm_needs_a_positive_eps_in_training() -> None:
    norm = nn.BatchNorm1d(3, eps=0)
    with pytest.raises(ValueError, match="eps must be positive during training, but got 0"):
        norm(g.ones(2, 3))
    assert norm.eval()(g.ones(2, 3)).shape == (2, 3)


def test_running_numbers_are_the_same_memory_all_along() -> None:
    norm = nn.BatchNorm1d(2)
    mean = norm.running_mean
    norm(g.randn(4, 2) + 3)
    assert norm.running_mean is mean
    assert not mean.requires_grad
    norm.reset_running_stats()
    assert mean.tolist() == [0.0, 0.0]
    assert norm.num_batches_tracked.item() == 0


def test_batch_norm_learns_compiled_as_it_does_in_numpy() -> None:
    def losses(run) -> list[float]:
        g.manual_seed(1)
        model = nn.Sequential(nn.Linear(5, 9), nn.BatchNorm1d(9), nn.GELU(), nn.Dropout(0.2))
        optimizer = g.optim.AdamW(model.parameters(), lr=0.05)
        x = g.randn(33, 5)

        def step(x):
            loss = (model(x) - 1).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        chosen = run(step)
        found = [chosen(x).item() for _ in range(6)]
        return [*found, *model[1].running_var.tolist(), model[1].num_batches_tracked.item()]

    np.testing.assert_allclose(losses(g.compile), losses(lambda f: f), rtol=2e-5)


def test_in_place_forms_write_into_their_input() -> None:
    for layer in (
        nn.ReLU6(True), nn.LeakyReLU(0.1, True), nn.ELU(1.0, True), nn.SELU(True),
        nn.CELU(2.0, True), nn.SiLU(True), nn.Mish(True), nn.Hardtanh(-1.0, 1.0, True),
        nn.Hardsigmoid(True),
        nn.Hardswish(True), nn.Threshold(0.1, 2.0, True), nn.Dropout(0.5, True),
    ):  # fmt: skip
        x = g.linspace(-3, 3, 7)
        assert layer(x) is x, layer
        with pytest.raises(RuntimeError, match="leaf tensor that requires grad"):
            layer(g.linspace(-3, 3, 7).requires_grad_())


def test_an_instance_norm_says_that_it_was_made_for_other_channels() -> None:
    with pytest.warns(UserWarning, match="does not match num_features"):
        nn.InstanceNorm1d(3)(g.randn(2, 4, 5))


REFUSED = {
    "gelu: approximate argument must be either": lambda: F.gelu(g.ones(2), approximate="x"),
    "cosine_similarity: needs a floating tensor": lambda: F.cosine_similarity(
        g.tensor([[1]]), g.tensor([[2]])
    ),
    "cosine_similarity: eps must be 0 or more, got -1": lambda: F.cosine_similarity(
        g.ones(1, 2), g.ones(1, 2), eps=-1
    ),
    "trunc_normal_: std must be positive, got 0": lambda: nn.init.trunc_normal_(g.ones(2), std=0),
    "trunc_normal_: a must not be above b": lambda: nn.init.trunc_normal_(g.ones(2), a=1, b=0),
    "gelu: needs a floating tensor, got gradatim.int64": lambda: F.gelu(g.tensor([1])),
    "glu: Halving dimension must be even, but dimension 1 is size 3": lambda: F.glu(g.ones(2, 3)),
    "softshrink: lambda must not be negative": lambda: F.softshrink(g.ones(2), -1.0),
    "celu: alpha cannot be 0": lambda: F.celu(g.ones(2), 0.0),
    "hardtanh: min_val cannot be greater than max_val": lambda: F.hardtanh(g.ones(2), 1, -1),
    "relu6: Bool inputs not supported": lambda: F.relu6(g.tensor([True])),
    "Found parameter numbers = 2 and channel size = 3": lambda: F.prelu(g.ones(2, 3), g.ones(2)),
    "layer_norm: Given normalized_shape=[4], expected input with shape [*, 4], but got input of "
    "size[2, 3]": lambda: nn.LayerNorm(4)(g.ones(2, 3)),
    "layer_norm: Expected weight to be of same shape as normalized_shape": lambda: F.layer_norm(
        g.ones(2, 3), (3,), g.ones(2)
    ),
    "layer_norm: mixed dtype": lambda: nn.LayerNorm(3)(g.ones(2, 3, dtype=g.float64)),
    "layer_norm: needs a floating tensor": lambda: F.layer_norm(g.tensor([[1, 2]]), (2,)),
    "Expected normalized_shape to be at least 1-dimensional": lambda: F.layer_norm(g.ones(2), ()),
    "running_mean should contain 3 elements": lambda: nn.BatchNorm1d(4)(g.ones(2, 3)),
    "batch_norm: running_mean must be defined in evaluation mode": lambda: F.batch_norm(
        g.ones(2, 3), None, None
    ),
    "group_norm: Expected number of channels in input to be divisible by num_groups": lambda: (
        F.group_norm(g.ones(2, 3), 2)
    ),
    "dropout1d: expects (C, L) or (N, C, L), got [5]": lambda: F.dropout1d(g.ones(5)),
    "dropout: needs a floating tensor": lambda: F.dropout(g.tensor([1])),
    "dropout probability has to be between 0 and 1, but got 1.5": lambda: F.dropout(g.ones(1), 1.5),
    "instance_norm: Expected more than 1 spatial element": lambda: F.instance_norm(g.ones(2, 3, 1)),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_does_not_fit_is_refused_in_words(message: str) -> None:
    with pytest.raises((RuntimeError, ValueError)) as found:
        REFUSED[message]()
    assert message in str(found.value)


# -- empty batches -----------------------------------------------------------------------------


@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("shape", [(0, 2, 4), (3, 2, 0)])
def test_an_empty_batch_is_not_remembered(shape: tuple[int, ...], momentum: float | None) -> None:
    for kind in (nn.BatchNorm1d, nn.InstanceNorm1d):
        norm = kind(2, momentum=momentum, track_running_stats=True)
        norm(g.arange(24.0).reshape(3, 2, 4))
        before = [norm.running_mean.clone(), norm.running_var.clone()]
        assert norm(g.zeros(*shape)).shape == shape
        assert g.equal(norm.running_mean, before[0])
        assert g.equal(norm.running_var, before[1])


def test_halves_of_nothing() -> None:
    assert F.glu(g.zeros(2, 0)).shape == (2, 0)
    assert F.glu(g.zeros(0, 4)).shape == (0, 2)
    assert [part.shape for part in g.zeros(0, 4).chunk(2)] == [(0, 4), (0, 4)]


# -- channels ----------------------------------------------------------------------------------


def test_dropout2d_reads_three_dimensions_as_pytorch_does() -> None:
    g.manual_seed(0)
    with pytest.warns(UserWarning, match="read as"):
        found = nn.Dropout2d()(g.ones(4, 5, 6))
    g.manual_seed(0)
    assert g.equal(found, nn.Dropout1d()(g.ones(4, 5, 6)))
    with pytest.raises(RuntimeError, match=r"expects \(N, C, H, W\) or \(N, C, L\), got \[4, 5\]"):
        F.dropout2d(g.ones(4, 5))


def test_an_rms_norm_has_no_bias_and_can_be_reset():
    norm = nn.RMSNorm(3)
    assert not hasattr(norm, "bias")
    with g.no_grad():
        norm.weight.zero_()
    norm.reset_parameters()
    assert norm.weight.tolist() == [1.0, 1.0, 1.0]
    assert nn.RMSNorm(3, elementwise_affine=False).weight is None


@pytest.mark.parametrize("shape", [(0, 4), (2, 0), (2, 3, 0)])
def test_a_layer_norm_of_nothing_has_gradients_of_any_order(shape: tuple[int, ...]) -> None:
    layer, x = nn.LayerNorm(shape[1:]), g.zeros(shape, requires_grad=True)
    y = layer(x)
    (first,) = g.autograd.grad(y.sum(), x, create_graph=True)
    g.autograd.grad(first.sum(), x, allow_unused=True)
    layer(x).sum().backward()
    assert layer.weight.grad is not None
    assert y.shape == first.shape == x.shape
    assert layer.weight.grad.shape == shape[1:]


def test_a_normal_far_from_its_bounds_is_warned_of_and_stays_inside() -> None:
    with pytest.warns(UserWarning, match=r"mean is more than 2 std from \[a, b\]"):
        x = nn.init.trunc_normal_(g.empty(500), mean=-3.0, std=1.0, a=0.0, b=1.0)
    assert float(x.min()) >= 0
    assert float(x.max()) <= 1
    assert float(x.mean()) < 0.35  # the bell falls steeply there
