"""The benchmarks of a GPT alone: what their tables and pictures say, and what the sides answer."""

import numpy as np

from benchmarks import scaling, writing
from benchmarks.scaling_chart import chart
from benchmarks.writing_side import Writing

SIZES = {"vocab_size": 5, "block_size": 4, "n_layer": 1, "n_head": 2, "n_embd": 8}


def side(milliseconds, megabytes):
    return {"microseconds": milliseconds * 1e3, "memory": megabytes * 1e6}


def report(sizes=(8, 80)):
    found = [
        {"axis": "batch", "size": size, "sides": {"gradatim-repeat": side(size, 90 + size),
                                                  "torch": side(3 * size, 200)}}
        for size in sizes
    ]  # fmt: skip
    return {"found": found, "base": scaling.BASE, "threads": 1}


def test_every_axis_goes_over_a_decade():
    assert all(sizes[-1] == 10 * sizes[0] for sizes in scaling.AXES.values())
    assert set(scaling.points(quick=True)) < set(scaling.points(quick=False))


def test_a_row_compares_times_and_memory():
    line = scaling.row("batch", 8, report()["found"][0]["sides"])
    assert "8.00 ms    98.0 MB" in line
    assert "3.00 x as fast,  0.49 of the memory" in line


def test_the_picture_has_a_point_for_each_measurement():
    svg = chart(report()).svg
    assert svg.count("<circle") == 8  # two sides, two sizes, time and memory
    for label in ("ms a step", "MB of memory", "batch", "PyTorch, eager"):
        assert f">{label}<" in svg


def test_a_side_that_failed_is_left_out_of_the_picture():
    partly = report()
    del partly["found"][1]["sides"]["torch"]
    assert chart(partly).svg.count("<circle") == 6


def test_our_side_writes_texts_that_fill_the_context(tmp_path):
    np.savez(tmp_path / "w.npz", **writing.weights(SIZES))
    process = Writing("gradatim", 1)
    assert process.load(SIZES, str(tmp_path / "w.npz")) == {}
    tokens = process.likeliest()["tokens"]
    assert len(tokens) == 4
    assert tokens == process.likeliest()["tokens"]
    assert process.run(3)["tokens"] == 12


def test_the_table_of_generation_says_whether_both_computed_the_same():
    found = {"workload": "gpt-names", "threads": 1, "ratio": 6.0, "agree": False,
             "tokens_per_second": {"gradatim": 6000.0, "torch": 1000.0}}  # fmt: skip
    assert "6.0 x  DIFFERENT TOKENS" in writing.line(found)
