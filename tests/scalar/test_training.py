"""The training loop: it learns, it counts, and small batches pay."""

import random
import re

import pytest

from gradatim.scalar import MLP, Run, Value, accuracy, four_samples, squared_error, train, two_moons


def test_the_four_samples_are_those_of_the_slides():
    xs, ys = four_samples()
    assert xs == [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    assert ys == [1.0, -1.0, -1.0, 1.0]
    xs[0][0] = 99.0
    assert four_samples()[0][0][0] == 2.0  # nobody else's are changed


def test_squared_error_is_a_sum():
    net = MLP(3, [4, 4, 1], rng=random.Random(0))
    xs, ys = four_samples()
    by_hand = sum((net(x).data - y) ** 2 for x, y in zip(xs, ys, strict=True))
    assert squared_error(net, list(zip(xs, ys, strict=True))).data == pytest.approx(by_hand)


@pytest.mark.parametrize("seed", range(4))
def test_the_loop_by_hand_learns_the_four_samples(seed):
    net = MLP(3, [4, 4, 1], rng=random.Random(seed))
    xs, ys = four_samples()
    for _ in range(100):
        loss = sum([(net(x) - y) ** 2 for x, y in zip(xs, ys, strict=True)])
        net.zero_grad()
        loss.backward()
        for p in net.parameters():
            p.data -= 0.1 * p.grad
    assert loss.data < 0.05
    assert [net(x).data > 0 for x in xs] == [y > 0 for y in ys]


def test_train_takes_the_same_steps_as_the_loop_by_hand():
    samples = list(zip(*four_samples(), strict=True))
    nets = [MLP(3, [4, 4, 1], rng=random.Random(3)) for _ in range(2)]
    train(nets[0], samples, rate=0.1, steps=3)
    for _ in range(3):
        loss = squared_error(nets[1], samples)
        nets[1].zero_grad()
        loss.backward()
        for p in nets[1].parameters():
            p.data -= 0.1 / 4 * p.grad
    expected = [p.data for p in nets[1].parameters()]
    assert [p.data for p in nets[0].parameters()] == pytest.approx(expected, rel=1e-12)


def test_without_a_reset_the_gradients_of_all_steps_add_up():
    net, samples = MLP(3, [2, 1], rng=random.Random(0)), list(zip(*four_samples(), strict=True))
    squared_error(net, samples).backward()
    once = [p.grad for p in net.parameters()]
    squared_error(net, samples).backward()
    assert [p.grad for p in net.parameters()] == pytest.approx([2 * g for g in once])


def run(batch_size, steps):
    moons = two_moons(60, rng=random.Random(0))
    net = MLP(2, [8, 1], rng=random.Random(1))
    counted = train(net, moons, rate=0.1, steps=steps, batch_size=batch_size, rng=random.Random(2))
    return counted, squared_error(net, moons).data / 60, accuracy(net, moons)


def test_mini_batches_get_further_for_the_same_work():
    full, full_loss, _ = run(None, 30)
    small, small_loss, small_accuracy = run(6, 300)
    assert full.gradient_evaluations == small.gradient_evaluations == 1800
    assert small_loss < full_loss / 1.3
    assert small_accuracy >= 0.85
    assert min(full.seconds, small.seconds) > 0.0
    assert (len(full.losses), len(small.losses)) == (30, 300)


def test_batches_differ_and_have_no_repeats():
    class Recorder(list):
        def __getitem__(self, index):
            seen.append(index)
            return super().__getitem__(index)

    seen = []
    samples = Recorder(two_moons(500, rng=random.Random(0)))
    train(MLP(2, [1]), samples, rate=0.1, steps=4, batch_size=10, rng=random.Random(0))
    batches = [frozenset(seen[i : i + 10]) for i in range(0, len(seen), 10)]
    assert {len(batch) for batch in batches} == {10}
    assert len(set(batches)) == 4


def test_a_batch_larger_than_the_set_is_refused():
    samples = two_moons(4)
    for size in (0, 5):
        with pytest.raises(ValueError, match=f"a batch of {size} cannot be drawn from 4 samples"):
            train(MLP(2, [1]), samples, rate=0.1, steps=1, batch_size=size)


def test_two_moons_have_two_classes_apart():
    moons = two_moons(100, noise=0.0)
    assert sum(y > 0 for _, y in moons) == 50
    upper = [x for x, y in moons if y > 0]
    assert all(x[0] ** 2 + x[1] ** 2 == pytest.approx(1.0) and x[1] > -1e-9 for x in upper)


def test_two_moons_follow_their_generator():
    assert two_moons(10, rng=random.Random(1)) == two_moons(10, rng=random.Random(1))
    random.seed(1)
    assert two_moons(10) == two_moons(10, rng=random.Random(1))


def test_accuracy_counts_the_right_signs():
    samples = [([1.0], 1.0), ([2.0], -1.0), ([-1.0], -1.0), ([-2.0], -1.0)]
    net = MLP(1, [1], activation="linear")
    net.parameters()[0].data, net.parameters()[1].data = 1.0, 0.0
    assert accuracy(net, samples) == 0.75
    assert isinstance(squared_error(net, samples), Value)


def test_a_run_of_any_length_is_printed_in_a_line():
    xs, ys = four_samples()
    run = train(MLP(3, [1]), list(zip(xs, ys, strict=True)), rate=0.1, steps=2_000)
    assert re.fullmatch(r"<Run: 2,000 steps, loss [\d.e-]+ to [\d.e-]+, [\d.e-]+ s>", repr(run))
    assert repr(Run()) == "<Run: 0 steps, 0 s>"
