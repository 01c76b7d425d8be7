"""Ratios, the table, the picture."""

import doctest
import importlib

import pytest

from benchmarks.chart import chart
from benchmarks.report import judge, starts_table, times_table
from benchmarks.run import result_file


def row(differ=(), **microseconds):
    sides = {name.replace("_", "-"): {"microseconds": t} for name, t in microseconds.items()}
    return {
        "sides": sides,
        "agreement": {"differ": list(differ)},
        **judge(sides, operations=1e6, gflops=100.0),
    }


def report(**rows):
    return {
        "date": "2026-11-22T02:33:31+00:00",
        "machine": {"cpu": "Intel(R) Xeon(R) Processor", "cores": 2},
        "peak": {"1": {"gflops": 100.0}},
        "workloads": {name: {"threads": {"1": found}} for name, found in rows.items()},
        "starts": {"mlp": {"torch": {"cold": 2.0, "warm": 1.0, "bytes": 3e8}}},
        "imports": {"numpy": 0.11},
    }


def test_our_fastest_is_compared_with_the_fastest_peer():
    found = row(gradatim=40.0, gradatim_repeat=20.0, torch=100.0, jax_scan=60.0)
    assert found["best_peer"] == "jax-scan"
    assert found["ratios"] == {"gradatim": 1.5, "gradatim-repeat": 3.0}
    assert found["limit_microseconds"] == 10.0
    assert found["of_limit"]["gradatim-repeat"] == 0.5
    assert found["most"] == 6.0


def test_without_peers_there_is_no_ratio():
    found = row(gradatim=40.0)
    assert found["best_peer"] is None
    assert found["ratios"] == {}
    assert found["most"] is None


def test_the_table_has_the_ratio_and_what_it_could_be_at_most_and_the_part_of_the_peak():
    lines = times_table(report(mlp=row(gradatim=20.0, torch=60.0)), "1").splitlines()
    assert lines[0] == "1 thread, microseconds a step; peak 100 GFLOP/s"
    assert lines[-1].split() == ["mlp", "20.0", "60.0", "3.00", "6.00", "50", "%"]


def test_who_needs_less_arithmetic_has_no_bound():
    line = times_table(report(bigram=row(gradatim=5.0, torch=60.0)), "1").splitlines()[-1]
    assert line.split() == ["bigram", "5.00", "60.0", "12.00"]


def test_a_busy_machine_is_said_to_be_busy():
    busy = report(mlp=row(gradatim=20.0))
    busy["peak"]["1"]["median_gflops"] = 40.0
    assert "peak 100 GFLOP/s, but 40 in the median window" in times_table(busy, "1")


def test_who_computes_otherwise_has_no_ratio():
    text = times_table(report(mlp=row(gradatim=20.0, torch=60.0, differ=["gradatim"])), "1")
    assert text.endswith("DIFFERS: gradatim")
    assert "3.00" not in text


def test_the_table_of_starts():
    text = starts_table(report())
    assert "PyTorch                 2.00    1.00     300" in text
    assert "import: numpy 0.11 s" in text


def test_the_picture_says_every_time_and_how_many_times_the_best_peer():
    svg = chart(report(mlp=row(gradatim_repeat=20.0, torch=60.0), scalar=row(torch=188.0))).svg
    for text in ("20 µs, 3.0x the best peer", "60 µs", "188 µs", "Intel(R) Xeon(R)", "2026-11-22"):
        assert text in svg


def test_each_side_is_drawn_at_its_best_number_of_threads():
    both = report(mlp=row(gradatim=20.0, torch=60.0))
    both["workloads"]["mlp"]["threads"]["2"] = row(gradatim=30.0, torch=50.0)
    svg = chart(both).svg
    assert "20 µs, 2.5x the best peer" in svg
    assert "30 µs" not in svg


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="nothing to draw: no training was measured"):
        chart(report())


def test_the_result_is_named_after_the_day_and_the_machine():
    assert result_file(report()).name == "2026-11-22-intel-xeon-processor-2-cores.json"


@pytest.mark.parametrize("module", ["agreement", "chart", "report", "rounds"])
def test_examples_in_the_harness(module):
    done = doctest.testmod(
        importlib.import_module(f"benchmarks.{module}"), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert done.failed == 0
    assert done.attempted > 0
