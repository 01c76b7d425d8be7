"""The page on performance quotes the stored results, and nothing else."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
SIDES = {
    "compiled, repeat": "gradatim-repeat",
    "compiled, call": "gradatim-call",
    "eager": "gradatim",
    "Gradatim": "gradatim-repeat",
    "PyTorch": "torch",
    "`torch.compile`": "torch-compile",
    "JAX `jit`": "jax-jit",
    "JAX `scan`": "jax-scan",
    "micrograd": "micrograd",
}
VALUES = {"gradatim-repeat": "gradatim-value-repeat", "gradatim": "gradatim-value"}
CHAINS = {
    "tanh(x y + z) exp(-x x), 10,000 elements": "chain-1e4",
    "a x + y, 10,000": "axpy-1e4",
}


def results(ending):
    """The workloads of the files of that ending that the page links to, the last one counting."""
    files = re.findall(rf"\(\.\./(benchmarks/results/[\d-]+{ending})\)", PAGE)
    assert files
    found = {}
    for file in files:
        found |= json.loads((ROOT / file).read_text(encoding="utf-8"))["workloads"]
    return found


def table(heading):
    """The rows of the first table after a line, each as a dictionary by column."""
    _, _, rest = PAGE[PAGE.index(heading) :].partition("\n|")
    lines = rest.partition("\n\n")[0].splitlines()
    cells = [
        [cell.strip() for cell in line.removeprefix("|").rstrip("|").split("|")] for line in lines
    ]
    head, _, *rows = cells
    return [dict(zip(head, row, strict=False)) for row in rows]


def number(cell):
    """The first number in a cell; nan if it is empty."""
    return float((re.findall(r"\d[\d,]*\.?\d*", cell) or ["nan"])[0].replace(",", ""))


def close(cell):
    """What the cell may have been rounded from."""
    decimals = len(re.findall(r"\d[\d,]*\.?(\d*)", cell)[0])
    return pytest.approx(number(cell), rel=0.002, abs=0.51 * 10**-decimals)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_times_of_training_steps(threads):
    workloads = results(r"-steps\.json")
    compared = 0
    for row in table("One thread:" if threads == "1" else "Two threads:"):
        label = row[""]
        sides = workloads[label.split("`")[1]]["threads"][threads]["sides"]
        for column, cell in row.items():
            if column not in SIDES or not cell:
                continue
            side = SIDES[column]
            side = VALUES.get(side, side) if "Value" in label else side
            assert close(cell) == sides[side]["microseconds"], (label, column)
            compared += 1
    assert compared > 10


def test_the_best_peers_on_two_threads():
    workloads = results(r"-steps\.json")
    for row in table("Two threads:"):
        measured = workloads[row[""].strip("`")]["threads"]["2"]
        best = measured["best_peer"]
        name, time = row["best peer"].rsplit(" ", 1)
        assert SIDES[name] == best
        assert close(time) == measured["sides"][best]["microseconds"]
        ours = min(measured["sides"][side]["microseconds"] for side in list(SIDES.values())[:2])
        ratio = measured["sides"][best]["microseconds"] / ours
        assert number(row["best peer / ours"]) == pytest.approx(ratio, rel=0.02)


def test_products_and_chains():
    workloads = results(r"-kernels\.json")
    name = ""
    for row in table("Matrix products and chains\n"):
        what = row["product"]
        if what == "the same, 1,000,000":
            name = name.replace("1e4", "1e6")
        else:
            name = CHAINS.get(what) or "product-" + what.replace(" x ", "x").replace(
                " `", "-"
            ).strip("`")
        measured = workloads[name]["threads"]["1"]
        for column in ("Gradatim", "PyTorch", "JAX `jit`"):
            assert close(row[column]) == measured["sides"][SIDES[column]]["microseconds"], what
        assert close(row["best peer / ours"]) == measured["ratios"]["gradatim-repeat"]
        if row["of the peak"]:
            part = 100 * measured["of_limit"]["gradatim-repeat"]
            assert number(row["of the peak"]) == pytest.approx(part, abs=0.51)


def test_generation():
    file = re.search(r"\(\.\./(benchmarks/results/[\d-]+-writing\.json)\)", PAGE)[1]
    found = json.loads((ROOT / file).read_text(encoding="utf-8"))["found"]
    measured = {(one["workload"], str(one["threads"])): one for one in found}
    for row in table("## Generation"):
        one = measured[row[""].strip("`"), row["threads"]]
        assert close(row["Gradatim"]) == one["tokens_per_second"]["gradatim"]
        assert close(row["PyTorch eager"]) == one["tokens_per_second"]["torch"]
        assert close(row["ratio"]) == one["ratio"]
