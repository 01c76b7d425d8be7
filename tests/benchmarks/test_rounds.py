"""Taking turns: who runs when, and what counts."""

import pytest

from benchmarks.partner import SideFailed
from benchmarks.rounds import interleave


class Scripted:
    """A side whose windows take the seconds it is told."""

    def __init__(self, name, seconds, asked):
        self.name, self.seconds, self.asked = name, iter(seconds), asked

    def ask(self, do, **details):
        self.asked.append((self.name, do))
        if do == "calibrate":
            return {"steps": 10}
        assert details == {"steps": 10}
        seconds = next(self.seconds)
        if seconds is None:
            raise SideFailed(f"{self.name} ended")
        return {"steps": 10, "seconds": seconds, "processor": 0.5}


@pytest.fixture
def asked():
    return []


def run(asked, rounds=2):
    sides = {
        "a": Scripted("a", [0.4, 0.2, 0.3], asked),
        "b": Scripted("b", [1.0, 1.0, 1.0], asked),
        "c": Scripted("c", [1.0, 1.0, 1.0], asked),
    }
    timings, failures = interleave(sides, rounds, 0.01, pause=lambda seconds: None)
    assert failures == []
    return timings


def test_the_fastest_window_counts_and_is_given_per_step(asked):
    summary = run(asked, rounds=3)["a"].summary()
    assert summary["microseconds"] == pytest.approx(0.2 / 10 * 1e6)
    assert summary["median"] == pytest.approx(0.3 / 10 * 1e6)
    assert summary["windows"] == 3


def test_sides_alternate_and_each_round_begins_with_another(asked):
    run(asked)
    windows = [name for name, do in asked if do == "run"]
    assert windows == ["a", "b", "c", "b", "c", "a"]


def test_processor_time_over_clock_time_says_how_many_were_busy(asked):
    assert run(asked)["b"].summary()["processors"] == 0.5


def test_a_side_that_fails_is_left_out_and_the_others_go_on(asked):
    sides = {
        "a": Scripted("a", [1.0, None], asked),
        "b": Scripted("b", [1.0, 1.0, 1.0], asked),
    }
    timings, failures = interleave(sides, 3, 0.01, pause=lambda seconds: None)
    assert failures == ["a ended"]
    assert set(timings) == {"b"}
    assert timings["b"].summary()["windows"] == 3
