"""Taking turns: who runs when, and what counts."""

import pytest

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
        return {"steps": 10, "seconds": next(self.seconds), "processor": 0.5}


@pytest.fixture
def asked():
    return []


def run(asked, rounds=2):
    sides = {
        "a": Scripted("a", [0.4, 0.2, 0.3], asked),
        "b": Scripted("b", [1.0, 1.0, 1.0], asked),
        "c": Scripted("c", [1.0, 1.0, 1.0], asked),
    }
    return interleave(sides, rounds, 0.01, pause=lambda seconds: None)


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
