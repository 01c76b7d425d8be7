"""Linear regions: the formulas, the counts beside exact fractions, and the network built to have
as many as there can be."""

import math
import random
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim
from gradatim import nn
from gradatim.diagnose import regions
from gradatim.scalar import MLP
from tests.diagnose.exact_cuts import line_patterns, plane_patterns

# --------------------------------------------------------------------------------- formulas


def test_the_numbers_of_the_course():
    assert regions.parameters(1, 10, 5) == 471
    assert regions.parameters(10, 50, 5) == 10_801
    assert regions.maximum(1, 10, 5) == 161_051 == 11**5
    assert regions.maximum(10, 50, 5) == 6**40 * 13_432_735_556
    assert f"{regions.maximum(10, 50, 5):.3e}" == "1.796e+41"
    assert regions.upper_bound(1, 10, 5) == 161_051
    assert f"{regions.upper_bound(10, 50, 5):.1e}" == "4.4e+50"
    assert regions.montufar(1, 10, 5) == 110_000
    assert f"{regions.montufar(10, 50, 5):.1e}" == "1.2e+38"


def test_what_was_found_is_printed_in_a_line():
    assert repr(regions.find(regions.zigzag(3, 2), 0.0, 1.0)) == "<Line: 16 regions from 0 to 1>"
    gradatim.manual_seed(0)
    plane = regions.find(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)))
    assert repr(plane) == f"<Plane: {plane.patterns} regions>"


@given(st.integers(1, 6), st.integers(1, 30), st.integers(1, 6))
@settings(deadline=None, derandomize=True, max_examples=30)
def test_the_bounds_are_ordered_and_the_parameters_are_those_of_the_network(Di, D, K):
    if Di <= D:  # else a layer cannot fold all its inputs
        assert regions.montufar(Di, D, K) <= regions.maximum(Di, D, K)
        assert regions.maximum(Di, D, K) <= regions.upper_bound(Di, D, K)
    sizes = [Di, *[D] * K, 1]
    layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    assert regions.parameters(Di, D, K) == sum(p.numel() for la in layers for p in la.parameters())


def test_the_widest_network_of_a_budget():
    for layers in range(1, 6):
        width = regions.widest(471, 1, layers)
        assert regions.parameters(1, width, layers) <= 471
        assert regions.parameters(1, width + 1, layers) > 471
    with pytest.raises(ValueError, match="5 layers of one unit have 12 parameters, more than"):
        regions.widest(11, 1, 5)


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "2"])
def test_sizes_are_whole_numbers_from_one(bad):
    with pytest.raises(ValueError, match="width is a whole number from 1, got"):
        regions.maximum(1, bad, 2)


# ---------------------------------------------------------------------- the most there can be


def test_the_built_network_has_exactly_161051_regions_and_471_parameters():
    net = regions.zigzag(10, 5)
    assert sum(p.numel() for p in net.parameters()) == 471
    begin = time.process_time()
    found = regions.find(net, 0.0, 1.0)
    assert time.process_time() - begin < 2  # 0.2 on an idle machine; one by one it takes minutes
    assert (found.patterns, found.pieces, found.slopes) == (161_051, 161_051, 11)
    assert np.all(np.diff(found.x) > 0)
    assert np.allclose(found.y[:, 0], np.arange(161_052) % 2, atol=1e-8)


@pytest.mark.parametrize(("width", "layers"), [(3, 1), (3, 4), (4, 3), (5, 2), (7, 3), (12, 2)])
def test_built_networks_of_any_size_reach_the_maximum(width, layers):
    net = regions.zigzag(width, layers)
    most = regions.maximum(1, width, layers)
    for of in ("patterns", "pieces"):
        assert regions.count(net, 0.0, 1.0, of=of) == most
    if most < 300:
        assert line_patterns(pairs(net), 0, 1) == (most, most)


def test_the_built_network_goes_up_and_down_when_it_runs():
    net = regions.zigzag(3, 2)
    x = gradatim.linspace(0.0, 1.0, 50).unsqueeze(1)
    found = regions.find(net, 0.0, 1.0)
    expected = np.interp(x[:, 0].numpy(), found.x, found.y[:, 0])
    assert np.allclose(net(x).detach().numpy()[:, 0], expected, atol=1e-4)


def test_random_initialisations_have_about_fifty():
    gradatim.manual_seed(0)
    counts = [regions.count(mlp(1, 10, 5), -1000.0, 1000.0) for _ in range(30)]
    assert 40 <= np.median(counts) <= 60
    assert max(counts) < 100


def test_too_few_units_cannot_be_built():
    with pytest.raises(ValueError, match="at least 3 units in each of at least 1 layer, got 2"):
        regions.zigzag(2, 3)


# --------------------------------------------------------------------- beside exact fractions


def mlp(inputs, width, layers, outputs=1):
    sizes = [inputs, *[width] * layers]
    net = nn.Sequential()
    for a, b in pairwise(sizes):
        net.append(nn.Linear(a, b))
        net.append(nn.ReLU())
    net.append(nn.Linear(sizes[-1], outputs))
    return net


def pairs(net):
    linear = [layer for layer in net if isinstance(layer, nn.Linear)]
    return [(layer.weight.tolist(), layer.bias.tolist()) for layer in linear]


networks = st.tuples(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 3))


@given(networks)
@settings(deadline=None, derandomize=True, max_examples=40)
def test_counts_on_a_line_are_those_of_exact_fractions(network):
    seed, width, layers = network
    gradatim.manual_seed(seed)
    net = mlp(1, width, layers, outputs=1 + seed % 2)
    found = regions.find(net, -3.0, 3.0)
    assert (found.patterns, found.pieces) == line_patterns(pairs(net), -3, 3)


@given(networks)
@settings(deadline=None, derandomize=True, max_examples=40)
def test_counts_of_weights_that_meet_are_exact_too(network):
    """Small whole numbers make units switch at the same place, or not at all."""
    seed, width, layers = network
    rng = random.Random(seed)
    sizes = [1, *[width] * layers, 1]
    net = [
        (
            [[rng.randint(-2, 2) for _ in range(a)] for _ in range(b)],
            [rng.randint(-2, 2) for _ in range(b)],
        )
        for a, b in pairwise(sizes)
    ]
    found = regions.find(net, -4.0, 4.0)
    assert (found.patterns, found.pieces) == line_patterns(net, -4, 4)


@given(st.tuples(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 2)))
@settings(deadline=None, derandomize=True, max_examples=20)
def test_counts_in_the_plane_are_those_of_exact_fractions(network):
    seed, width, layers = network
    gradatim.manual_seed(seed)
    net = mlp(2, width, layers)
    assert regions.count(net, -3.0, 3.0) == plane_patterns(pairs(net), -3, 3)
    whole = random.Random(seed)
    meeting = [
        ([[whole.randint(-2, 2) for _ in row] for row in W], [whole.randint(-2, 2) for _ in b])
        for W, b in pairs(net)
    ]
    assert regions.count(meeting, -3.0, 3.0) == plane_patterns(meeting, -3, 3)


@pytest.mark.parametrize("lines", [1, 2, 5, 12])
def test_one_layer_cuts_the_plane_as_lines_in_general_position(lines):
    gradatim.manual_seed(lines)
    assert regions.count(mlp(2, lines, 1), -1e5, 1e5) == regions.arrangement(2, lines)


def test_the_cells_fill_the_rectangle_and_hold_the_function():
    gradatim.manual_seed(1)
    net = mlp(2, 8, 2).double()
    found = regions.find(net, (-1.0, -2.0), (3.0, 1.0))
    areas = []
    for corners, heights, slope in zip(found.cells, found.heights, found.slope, strict=True):
        x, y = corners.T
        areas.append(0.5 * abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)))
        middle = corners.mean(axis=0)
        here = net(gradatim.tensor(middle[None])).item()
        assert here == pytest.approx(heights.mean(), abs=1e-9)
        flat = heights[0, 0] + slope[0] @ (corners - corners[0]).T
        assert flat == pytest.approx(heights[:, 0], abs=1e-9)
    assert sum(areas) == pytest.approx(12)


def deep(depth, width):
    """A random network of one input."""
    gradatim.manual_seed(0)
    sizes = [1, *[width] * depth]
    layers = [x for a, b in pairwise(sizes) for x in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(width, 1))


@pytest.mark.parametrize(("depth", "width"), [(10, 100), (20, 100), (30, 30)])
def test_rounding_does_not_hide_the_pieces_of_a_deep_network(depth, width):
    found = regions.find(deep(depth, width))
    assert found.pieces == found.patterns == found.slopes > 20


def test_a_deep_network_whose_last_layer_sees_nothing_is_one_piece():
    net = deep(20, 100)
    with gradatim.no_grad():
        net[-1].weight.zero_()
    assert [regions.count(net, of=of) for of in ("pieces", "slopes")] == [1, 1]


def test_patterns_pieces_and_slopes_are_not_the_same():
    blind = [([[1.0], [1.0]], [0.0, -1.0]), ([[1.0, 0.0]], [0.0])]  # nobody listens to unit 2
    assert [regions.count(blind, -1, 3, of=of) for of in ("patterns", "pieces", "slopes")] == [
        *(3, 2, 2)
    ]
    tooth = [([[1.0], [1.0], [1.0]], [0, -1, -2]), ([[1.0, -2.0, 2.0]], [0])]
    assert [regions.count(tooth, -1, 3, of=of) for of in ("patterns", "pieces", "slopes")] == [
        *(4, 4, 3)
    ]


# ------------------------------------------------------------------------------------- models


def test_every_kind_of_network_it_can_read():
    net = nn.Sequential(
        nn.Flatten(),
        nn.Sequential(nn.Linear(1, 3), nn.Dropout(0.5)),
        nn.Linear(3, 4, bias=False),  # no ReLU between: one affine map
        nn.ReLU(),
        nn.Linear(4, 1),
        nn.ReLU(),
    )
    found = regions.find(net, -2.0, 2.0)
    x = gradatim.tensor(found.x[:, None]).float()
    net.eval()
    assert np.allclose(net(x).detach().numpy(), found.y, atol=1e-5)
    a, b = nn.Linear(1, 5), nn.Linear(5, 1)
    given = [(a.weight, a.bias), (b.weight, b.bias)]
    assert regions.count(given) == regions.count(nn.Sequential(a, nn.ReLU(), b))
    scalar = MLP(1, [4, 4, 1], activation="relu", last="linear", rng=random.Random(0))
    found = regions.find(scalar)
    assert [scalar(x).data for x in found.x.tolist()] == pytest.approx(found.y[:, 0].tolist())


def test_a_relu_may_come_first():
    layers = [nn.Linear(1, 3), nn.ReLU(), nn.Linear(3, 1)]
    found = regions.find(nn.Sequential(nn.ReLU(), *layers))
    assert 0.0 in found.x
    assert not found.slope[found.x[:-1] < 0].any()
    positive = regions.find(nn.Sequential(*layers), 0.0, 1.0)
    assert np.array_equal(found.x[found.x >= 0], positive.x)


class Own(nn.Module):
    def __init__(self, between=gradatim.relu, last=lambda y: y):
        super().__init__()
        self.last = nn.Linear(6, 1)  # not in the order of the calls
        self.first, self.second = nn.Linear(1, 6), nn.Linear(6, 6)
        self.dropout, self.between, self.after = nn.Dropout(0.5), between, last

    def forward(self, x):
        h = self.dropout(self.between(self.first(x)))
        return self.after(self.last(self.between(self.second(h)))), None


@pytest.mark.parametrize("last", [lambda y: y, gradatim.relu])
def test_a_module_of_ones_own_is_read_by_calling_it(last):
    own = Own(last=last)
    own.first.eval()
    layers = [own.first, nn.ReLU(), own.second, nn.ReLU(), own.last]
    plain = nn.Sequential(*layers, *[nn.ReLU()] * (last is gradatim.relu))
    found, expected = regions.find(own), regions.find(plain)
    assert np.array_equal(found.x, expected.x)
    assert np.array_equal(found.y, expected.y)
    assert own.training
    assert not own.first.training


def test_a_module_of_ones_own_may_write_over_its_layers_and_drop_the_last_dimension():
    own = Own(nn.ReLU(inplace=True), lambda y: y.squeeze(-1))
    plain = nn.Sequential(own.first, nn.ReLU(), own.second, nn.ReLU(), own.last)
    assert np.array_equal(regions.find(own).x, regions.find(plain).x)


@pytest.mark.parametrize("between", [gradatim.tanh, lambda h: h.relu() + h, lambda h: h["key"]])
def test_a_module_that_is_something_else_is_refused(between):
    own = Own(between)
    with pytest.raises(ValueError, match="cannot read the layer Own: regions are counted of"):
        regions.count(own)
    own.last.weight.data.zero_()  # whatever stands between, it gives the same now
    with pytest.raises(ValueError, match="cannot read the layer Own"):
        regions.count(own)


@pytest.mark.parametrize("corner", [list, np.array, gradatim.tensor])
def test_corners_may_be_lists_arrays_and_tensors(corner):
    net = regions.plain(2, 5, 1)
    expected = regions.count(net, -2.0, 2.0)
    assert regions.count(net, corner([-2.0, -2.0]), corner([2.0, 2.0])) == expected


@pytest.mark.parametrize(
    ("model", "low", "high", "message"),
    [
        (nn.Sequential(nn.Linear(1, 2), nn.Tanh()), -1, 1, "cannot read the layer Tanh"),
        (lambda x: x, -1, 1, "cannot read the model function"),
        (nn.Sequential(nn.ReLU()), -1, 1, "has no linear layer"),
        (nn.Linear(3, 1), -1, 1, "one or two inputs, got 3; fix all but two"),
        (nn.Linear(1, 1), 1, 1, "low must be below high, both finite, got 1 and 1"),
        (nn.Linear(1, 1), 0, math.inf, "both finite, got 0 and inf"),
        ([([[1.0], [math.nan]], [0.0, 0.0])], -1, 1, "weights that are not finite"),
        ([([[1.0], [2.0]], [0.0])], -1, 1, r"got shapes \[2, 1\] and \[1\]"),
        (nn.Sequential(nn.Linear(1, 2), nn.Linear(3, 1)), -1, 1, "3 inputs .* one with 2 outputs"),
        (nn.Linear(2, 1), (0, 0, 0), 1, r"has 2 inputs, but \(0, 0, 0\) are 3 numbers"),
        (MLP(1, [2, 1]), -1, 1, "tanh is bent everywhere; use activation='relu'"),
    ],
)
def test_what_cannot_be_counted_says_why(model, low, high, message):
    with pytest.raises(ValueError, match=message):
        regions.count(model, low, high)


def test_more_regions_than_fit_into_memory_are_refused_in_time():
    with pytest.raises(ValueError, match="layer 2 has too many regions for the memory"):
        regions.count(regions.zigzag(1000, 3), 0.0, 1.0)
    gradatim.manual_seed(0)
    with pytest.raises(ValueError, match="layer 1 has too many regions .* closer together"):
        regions.count(regions.plain(2, 20_000, 1))


def test_what_can_be_counted_is_named():
    with pytest.raises(ValueError, match="of is one of patterns, slopes here, got 'pieces'"):
        regions.count(nn.Linear(2, 1), of="pieces")


def test_a_batch_norm_counts_as_the_affine_map_it_is_in_evaluation():
    gradatim.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(1, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 1)
    )
    nn.init.uniform_(net[1].weight), nn.init.normal_(net[1].bias)
    for _ in range(5):
        net(gradatim.randn(32, 1))
    found = regions.find(net, -2.0, 2.0)
    outputs = net.double().eval()(gradatim.from_numpy(found.x).unsqueeze(1)).detach().numpy()
    np.testing.assert_allclose(found.y, outputs, atol=1e-12)
    assert found.patterns > 6
