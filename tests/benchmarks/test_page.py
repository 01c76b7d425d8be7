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


MACHINES = ("AMD EPYC", "Intel Xeon")


def stored(text, ending):
    """The first stored result of that ending that a part of the page links to."""
    file = re.search(rf"\(\.\./(benchmarks/results/[\d-]+{ending})\)", text)[1]
    return json.loads((ROOT / file).read_text(encoding="utf-8"))


def section(heading):
    """The page from a line on, to the next heading."""
    return re.split(r"\n##+ ", PAGE[PAGE.index(f"\n{heading}") + 1 :])[0]


def table(text, before=""):
    """The rows of the first table after a line, each as a list of columns and cells."""
    _, _, rest = text[text.index(before) :].partition("\n|")
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


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("threads", ["1", "2"])
def test_training_steps(machine, threads):
    part = section(f"### {machine}")
    found = stored(part, r"-steps\.json")
    assert machine.split()[1] in found["machine"]["cpu"]
    compared = 0
    for row in table(part, "One thread:" if threads == "1" else "Two threads:"):
        label = row[""]
        measured = found["workloads"][label.split("`")[1]]["threads"][threads]
        sides = {name: side["microseconds"] for name, side in measured["sides"].items()}
        for column, cell in row.items():
            if column not in SIDES or not cell:
                continue
            side = SIDES[column]
            side = VALUES.get(side, side) if "Value" in label.split(",")[-1] else side
            assert close(cell) == sides[side], (label, column)
            compared += 1
        if "Value" in label:
            continue
        ours = min(sides["gradatim-repeat"], sides["gradatim-call"])
        best, limit = sides[measured["best_peer"]], measured["limit_microseconds"]
        assert number(row["best peer / ours"]) == pytest.approx(best / ours, rel=0.01)
        if row["at most"]:
            assert number(row["at most"]) == pytest.approx(best / limit, rel=0.01)
            assert number(row["of the peak"]) == pytest.approx(100 * limit / ours, abs=0.51)
        if threads == "2":
            name, time = row["best peer"].rsplit(" ", 1)
            assert SIDES[name] == measured["best_peer"]
            assert close(time) == best
    assert compared > 10


def test_the_forward_pass_alone():
    part = section("### With only the forward pass compiled")
    found = stored(part, r"-forward\.json")["workloads"]
    columns = {
        "whole step compiled": "gradatim-call",
        "forward compiled": "gradatim-forward",
        "eager": "gradatim",
        "PyTorch": "torch",
        "its forward by `torch.compile`": "torch-compile-forward",
    }
    for row in table(part):
        sides = found[row[""].strip("`")]["threads"]["1"]["sides"]
        times = {column: sides[side]["microseconds"] for column, side in columns.items()}
        for column, time in times.items():
            assert close(row[column]) == time
        whole, ours, _, *peers = times.values()
        assert close(row["best peer / forward compiled"]) == min(peers) / ours
        assert close(row["forward compiled / whole step"]) == ours / whole


def test_products_and_chains():
    part = section("## Matrix products and chains")
    here, there = (
        json.loads((ROOT / file).read_text(encoding="utf-8"))["workloads"]
        for file in re.findall(r"\(\.\./(benchmarks/results/[\d-]+-kernels\.json)\)", part)
    )
    name = ""
    for row in table(part):
        what = row["product"]
        if what == "the same, 1,000,000":
            name = name.replace("1e4", "1e6")
        else:
            name = CHAINS.get(what) or "product-" + what.replace(" x ", "x").replace(
                " `", "-"
            ).strip("`")
        measured, other = here[name]["threads"]["1"], there[name]["threads"]["1"]
        for column in ("Gradatim", "PyTorch", "JAX `jit`"):
            assert close(row[column]) == measured["sides"][SIDES[column]]["microseconds"], what
        for one, ratio, part in (
            (measured, "best peer / ours", "of the peak"),
            (other, "Xeon: best peer / ours", "of Xeon's peak"),
        ):
            assert close(row[ratio]) == one["ratios"]["gradatim-repeat"]
            if row[part]:
                percent = 100 * one["of_limit"]["gradatim-repeat"]
                assert number(row[part]) == pytest.approx(percent, abs=0.51)


def test_generation():
    part = section("## Generation")
    found = stored(part, r"-writing\.json")["found"]
    measured = {(one["workload"], str(one["threads"])): one for one in found}
    for row in table(part):
        one = measured[row[""].strip("`"), row["threads"]]
        assert close(row["Gradatim"]) == one["tokens_per_second"]["gradatim"]
        assert close(row["PyTorch eager"]) == one["tokens_per_second"]["torch"]
        assert close(row["ratio"]) == one["ratio"]


def test_eager_steps():
    found = stored(section("### AMD EPYC"), r"-steps\.json")["workloads"]
    for row in table(section("## Eager steps")):
        sides = found[row[""].strip("`")]["threads"]["1"]["sides"]
        ours, theirs = (sides[side]["microseconds"] for side in ("gradatim", "torch"))
        assert close(row["eager"]) == ours
        assert close(row["PyTorch"]) == theirs
        assert close(row["PyTorch / ours"]) == theirs / ours


def test_compile_times():
    part = section("## Compile time")
    found = stored(part, r"-starts\.json")["starts"]
    sides = SIDES | {"Gradatim": "gradatim-call"}
    workload = ""
    for row in table(part):
        workload = row["workload"].strip("`") or workload
        one = found[workload][sides[row["library"]]]
        assert close(row["nothing cached"]) == one["cold"]
        assert close(row["cached"]) == one["warm"]
        assert number(row["MB"]) == pytest.approx(one["bytes"] / 1e6, abs=0.51)


def test_growth():
    part = section("## Growth")
    found = stored(part, r"-scaling\.json")["found"]
    pairs = [(f["sides"]["gradatim-repeat"], f["sides"]["torch"]) for f in found]

    def range_of(key, *left_out):
        """The least and greatest of our part of PyTorch's, but for some."""
        parts = sorted(ours[key] / theirs[key] for ours, theirs in pairs)
        return [p for p in parts if not any(abs(p - one) < 0.005 for one in left_out)]

    for key, words, left_out in (
        ("microseconds", r"takes ([\d.]+) to ([\d.]+) of PyTorch", ()),
        ("memory", r"needs ([\d.]+) to ([\d.]+) of PyTorch's memory", (0.68,)),
        ("peak", r"size is ([\d.]+) to ([\d.]+) of PyTorch's", ()),
    ):
        least, greatest = map(float, re.search(words, part).groups())
        parts = range_of(key, *left_out)
        assert least == pytest.approx(parts[0], abs=0.0051), key
        assert greatest == pytest.approx(parts[-1], abs=0.0051), key
