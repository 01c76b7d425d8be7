"""The workloads are what their files say, and the same for every side."""

import numpy as np
import pytest

import gradatim
from benchmarks.peers import SIDES, twister
from benchmarks.peers.torch_like import SEED, Ops, eager
from benchmarks.peers.values import Network
from benchmarks.run import store
from benchmarks.workload import Kernel, Training
from benchmarks.workloads import GROUPS, WORKLOADS, chosen
from gradatim.scalar import MLP

TRAININGS = [name for name, found in WORKLOADS.items() if isinstance(found, Training)]


def stored(name, folder):
    with np.load(store(WORKLOADS[name], folder)) as file:
        return dict(file)


@pytest.mark.parametrize("name", TRAININGS)
def test_the_loss_falls_and_starts_again_after_a_reset(name, tmp_path):
    running = eager(gradatim, WORKLOADS[name], stored(name, tmp_path))
    running.reset()
    losses = running.outcome(10)
    assert losses[-3:].mean() < losses[:3].mean()
    running.reset()
    np.testing.assert_array_equal(running.outcome(10), losses)


def test_numbers_of_the_two_bigrams_are_the_same(tmp_path):
    both = [
        eager(gradatim, WORKLOADS[name], stored(name, tmp_path)).outcome(3)
        for name in ("bigram", "bigram-commuted")
    ]
    np.testing.assert_allclose(both[0], both[1], rtol=1e-4)


def test_scalars_train_as_tensors_do(tmp_path):
    arrays = stored("scalar", tmp_path)
    network = Network(MLP(3, [4, 4, 1], activation="relu", last="linear"), arrays)
    network.reset()
    running = eager(gradatim, WORKLOADS["scalar"], arrays)
    np.testing.assert_allclose(network.outcome(20), running.outcome(20), rtol=1e-4)


def test_the_table_of_batches_is_what_the_generator_draws():
    workload = WORKLOADS["mlp"]
    gradatim.manual_seed(SEED)
    drawn = [gradatim.randint(0, 215_000, (32,)).tolist() for _ in range(3)]
    assert twister.batches(workload, 215_000)[:3].tolist() == drawn
    assert twister.batches(WORKLOADS["bigram"], 215_000) is None


@pytest.mark.parametrize("name", [name for name in WORKLOADS if name.startswith("product")])
def test_a_product_has_the_shape_in_its_name(name):
    workload = WORKLOADS[name]
    assert isinstance(workload, Kernel)
    m, k, n = map(int, name.split("-")[1].split("x"))
    result = workload.compute(Ops(gradatim), workload.arrays())
    assert result.shape == (m, n)
    assert workload.operations == 2 * m * k * n


def test_a_group_stands_for_its_members():
    assert chosen(["products"]) == list(GROUPS["products"])
    assert [w.name for w in chosen(["mlp", "mlp", "chains"])][:2] == ["mlp", "chain-1e4"]
    assert len(chosen([])) == len(WORKLOADS)
    with pytest.raises(KeyError, match="gpt"):
        chosen(["gpt"])


def test_ours_and_peers():
    assert {name for name, side in SIDES.items() if side.ours} == {
        name for name in SIDES if name.startswith("gradatim")
    }
