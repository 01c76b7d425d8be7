"""The command, with our own sides only: processes, windows, the comparison, absent peers."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    file = tmp_path_factory.mktemp("results") / "result.json"
    process = run(
        *("-m", "benchmarks", "scalar", "product-64x64x64", "--sides"),
        *("gradatim,gradatim-value,micrograd", "--threads", "1", "--rounds", "2"),
        *("--window", "1", "--no-starts", "--output", str(file)),
    )
    assert process.returncode == 0, process.stderr
    return process, json.loads(file.read_text(encoding="utf-8"))


def test_both_sides_are_timed_and_agree(done):
    _, report = done
    found = report["workloads"]["scalar"]["threads"]["1"]
    assert {"gradatim", "gradatim-value"} <= set(found["sides"])
    assert all(side["microseconds"] > 0 for side in found["sides"].values())
    assert found["agreement"]["differ"] == []
    assert max(found["agreement"]["apart"].values()) < 1e-4


def test_a_side_takes_part_only_where_it_can(done):
    _, report = done
    assert "gradatim-value" not in report["workloads"]["product-64x64x64"]["threads"]["1"]["sides"]


def test_the_machine_and_the_versions_are_named(done):
    process, report = done
    assert report["machine"]["cpu"]
    assert report["versions"]["gradatim"].startswith("gradatim ")
    assert report["machine"]["cpu"] in process.stdout


@pytest.mark.skipif(bool(importlib.util.find_spec("micrograd")), reason="micrograd is installed")
def test_an_absent_peer_is_skipped_and_named(done):
    process, report = done
    assert "No module named 'micrograd'" in report["absent"]["micrograd"]
    assert "skipped: micrograd" in process.stdout


@pytest.mark.skipif(not importlib.util.find_spec("llvmlite"), reason="llvmlite makes the loop")
def test_the_peak_is_measured_between_the_sides(done):
    _, report = done
    product = report["workloads"]["product-64x64x64"]["threads"]["1"]
    peak = product["peak_gflops"]  # of the seconds in which the product was timed
    limit = 2 * 64**3 / (peak * 1e3)
    part = limit / product["sides"]["gradatim"]["microseconds"]
    assert 1 < peak <= report["peak"]["1"]["gflops"]
    assert product["limit_microseconds"] == pytest.approx(limit, rel=0.01)
    assert product["of_limit"]["gradatim"] == pytest.approx(part, rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gpt"], "no workload is called gpt; there are: scalar, bigram"),
        (["--sides", "numpy"], "no side is called numpy; there are: gradatim-repeat"),
        (["products", "--picture", "x.svg"], "--picture shows trainings, and none was asked for"),
    ],
)
def test_what_cannot_be_measured_or_drawn_is_refused_at_once(arguments, message):
    process = run("-m", "benchmarks", *arguments)
    assert process.returncode == 2
    assert message in process.stderr
