"""The process of a side: how long its windows are, and what it answers when something breaks."""

import pytest

from benchmarks.side import Process, answer


class Running:
    """Steps of a millisecond; the first two take long, as those that compile."""

    def __init__(self):
        self.done, self.resets, self.clock = 0, 0, 0.0

    def reset(self):
        self.resets += 1

    def run(self, steps):
        for _ in range(steps):
            self.clock += 0.001 if self.done > 1 else 0.1
            self.done += 1
        return steps


@pytest.fixture
def process():
    found = Process("gradatim", 1)
    found.running = Running()
    return found


def test_a_window_is_as_long_as_asked_however_long_compiling_takes(process, monkeypatch):
    monkeypatch.setattr("benchmarks.side.time.perf_counter", lambda: process.running.clock)
    assert answer(process, {"do": "calibrate", "seconds": 0.02}) == {"steps": 20}


def test_every_window_begins_at_the_beginning(process):
    process.running.done = 2
    for _ in range(3):
        answer(process, {"do": "run", "steps": 2})
    assert process.running.resets == 3


def test_an_error_is_an_answer(process):
    process.running = None
    said = answer(process, {"do": "run", "steps": 2})
    assert said["error"].startswith("AttributeError: 'NoneType' object has no attribute 'reset'")


def test_a_workload_of_others_is_not_taken_part_in(tmp_path):
    from benchmarks.run import store
    from benchmarks.workloads import WORKLOADS

    values = Process("gradatim-value", 1)
    file = store(WORKLOADS["chain-1e4"], tmp_path)
    said = answer(values, {"do": "load", "workload": "chain-1e4", "arrays": str(file)})
    assert said == {"takes_part": False}
