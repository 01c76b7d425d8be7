"""The harness: start the sides, load a workload, let them take turns, compare and report."""

from __future__ import annotations

import argparse
import json
import platform
import re
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from proofs.run import machine, write

from . import startup
from .agreement import compare, reference
from .partner import ROOT, Partner, SideFailed
from .peers import SIDES
from .report import judge, starts_table, times_table
from .rounds import Timing, interleave
from .workload import Kernel, Training, Workload, named_arrays
from .workloads import GROUPS, WORKLOADS, chosen

RESULTS = Path(__file__).parent / "results"
PICTURE = ROOT / "docs" / "pictures" / "benchmarks.svg"
PEAK = "peak"
# torch.compile starts compiler processes, which would disturb the windows of all sides.
WITHOUT_HELPERS = {"TORCHINDUCTOR_COMPILE_THREADS": "1"}
STARTED = ("mlp", "bigram", "scalar", "gpt-text")  # workloads whose compilation is timed


def arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Gradatim beside PyTorch, JAX and micrograd."
    )
    add = parser.add_argument
    add("workloads", nargs="*", help=f"of {', '.join(GROUPS)}, or single ones (all)")
    add("--sides", help=f"separated by commas, of {', '.join(SIDES)} (all)")
    add("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (1 2)")
    add("--rounds", type=int, default=60, help="windows of each side (60)")
    add("--window", type=float, default=10.0, help="milliseconds of a window (10)")
    add("--quick", action="store_true", help="few rounds, and only one workload's compile time")
    add("--no-starts", action="store_true", help="no imports, compile times and memory")
    add("--json", action="store_true", help="print the JSON instead of the table")
    add("--output", type=Path, help="where the JSON goes (a complete run: benchmarks/results/)")
    add("--picture", type=Path, help="where the bar chart goes (a complete run: docs/pictures/)")
    options = parser.parse_args(given)
    options.sides = options.sides.split(",") if options.sides else list(SIDES)
    for kind, names, known in (
        ("side", options.sides, SIDES),
        ("workload", options.workloads, GROUPS | WORKLOADS),
    ):
        unknown = [name for name in names if name not in known]
        if unknown:
            parser.error(f"no {kind} is called {unknown[0]}; there are: {', '.join(known)}")
    if options.picture and not any(isinstance(w, Training) for w in chosen(options.workloads)):
        parser.error("--picture shows trainings, and none was asked for")
    options.complete = not (options.quick or options.workloads) and options.sides == list(SIDES)
    if options.quick:
        options.rounds, options.window = min(options.rounds, 8), min(options.window, 5.0)
    return options


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The whole run, as it is written to the file."""
    report: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "options": {"rounds": options.rounds, "window_milliseconds": options.window},
        "versions": {},
        "absent": {},
        "failed": [],
        "peak": {},
        "workloads": {},
    }
    workloads = chosen(options.workloads)
    with tempfile.TemporaryDirectory() as folder:
        files = {workload.name: store(workload, Path(folder)) for workload in workloads}
        for threads in options.threads:
            measure_threads(options, threads, workloads, files, Path(folder), report)
        if not options.no_starts:
            measure_starts(options, files, report)
    for workload in report["workloads"].values():
        for row in workload["threads"].values():
            row.update(judge(row["sides"], workload["operations"], row["peak_gflops"]))
    return report


def store(workload: Workload, folder: Path) -> Path:
    """Save the arrays of a workload in a file for all sides."""
    path = folder / f"{workload.name}.npz"
    np.savez(path, allow_pickle=False, **named_arrays(workload))
    return path


def measure_threads(
    options: argparse.Namespace,
    threads: int,
    workloads: list[Workload],
    files: dict[str, Path],
    folder: Path,
    report: dict[str, Any],
) -> None:
    """Run all workloads with all sides at one number of threads."""
    with ExitStack() as stack:
        sides = present(options.sides, threads, stack, report)
        peak = measured_peak(threads, stack, report)
        for workload in workloads:
            say(f"{threads} thread(s): {workload.name}")
            taking_part = load(workload, files[workload.name], sides, report)
            if not taking_part:
                continue
            timings, failures = interleave(
                taking_part | peak, options.rounds, options.window / 1000
            )
            note(report, workload, failures)
            gflops = add_peak(report, threads, timings.pop(PEAK)) if PEAK in timings else 0.0
            outcomes = computed(workload, taking_part, timings, folder, report)
            kept = report["workloads"].setdefault(
                workload.name,
                {"text": workload.text, "operations": workload.operations, "threads": {}},
            )
            kept["threads"][str(threads)] = {
                "sides": {name: timings[name].summary() for name in outcomes},
                "peak_gflops": gflops,
                "agreement": agree(workload, files[workload.name], outcomes),
            }


def present(
    names: list[str], threads: int, stack: ExitStack, report: dict[str, Any]
) -> dict[str, Partner]:
    """The sides whose library is installed; the others are recorded in the report."""
    sides = {}
    for name in names:
        side = stack.enter_context(Partner(name, threads, extra=WITHOUT_HELPERS))
        try:
            report["versions"][name] = side.ask("version")["version"]
            sides[name] = side
        except SideFailed as error:
            if name not in report["absent"]:
                say(f"skipped: {error}")
            report["absent"][name] = str(error)
    return sides


def measured_peak(threads: int, stack: ExitStack, report: dict[str, Any]) -> dict[str, Partner]:
    """The process that measures the machine's peak, if llvmlite is installed."""
    side = stack.enter_context(Partner(PEAK, threads, module="peak"))
    try:
        operations = side.ask("load")["operations"]
    except SideFailed as error:
        say(f"no peak is measured: {error}")
        return {}
    report["peak"].setdefault(str(threads), {"operations": operations, "seconds": []})
    return {PEAK: side}


def add_peak(report: dict[str, Any], threads: int, timing: Timing) -> float:
    """GFLOP/s of the best of these windows; also records the best and the median so far.

    A workload is compared with the first: a machine's speed varies by a fifth within minutes.
    """
    peak = report["peak"][str(threads)]
    peak["seconds"] += timing.seconds
    peak["gflops"] = peak["operations"] / min(peak["seconds"]) / 1e9
    peak["median_gflops"] = peak["operations"] / float(np.median(peak["seconds"])) / 1e9
    return float(peak["operations"] / min(timing.seconds) / 1e9)


def load(
    workload: Workload, file: Path, sides: dict[str, Partner], report: dict[str, Any]
) -> dict[str, Partner]:
    """The sides that take part in this workload, loaded."""
    ready = {}
    for name, side in sides.items():
        try:
            if side.ask("load", workload=workload.name, arrays=str(file))["takes_part"]:
                ready[name] = side
        except SideFailed as error:
            note(report, workload, [str(error)])
    return ready


def note(report: dict[str, Any], workload: Workload, failures: list[str]) -> None:
    """Print failures at once, and record them."""
    for failure in failures:
        say(f"  {workload.name}: {failure}")
        report["failed"].append(f"{workload.name}: {failure}")


def computed(
    workload: Workload,
    sides: dict[str, Partner],
    timings: dict[str, Timing],
    folder: Path,
    report: dict[str, Any],
) -> dict[str, np.ndarray]:
    """The result of each timed side, computed by the program that was timed."""
    outcomes = {}
    for name in timings:
        path = folder / f"outcome-{name}.npy"
        try:
            sides[name].ask("outcome", file=str(path))
            outcomes[name] = np.load(path)
        except SideFailed as error:
            note(report, workload, [str(error)])
    return outcomes


def agree(workload: Workload, file: Path, outcomes: dict[str, np.ndarray]) -> dict[str, Any]:
    """Compare the sides' results."""
    expected = None
    if isinstance(workload, Kernel):
        with np.load(file) as arrays:
            named = {name.removeprefix("data."): array for name, array in arrays.items()}
        expected = reference(workload, named)
    comparison = compare(outcomes, workload.tolerance, expected)
    for name in comparison["differ"]:
        say(f"  {workload.name}: {name} differs by {comparison['apart'][name]:.1e}")
    return comparison


def measure_starts(
    options: argparse.Namespace, files: dict[str, Path], report: dict[str, Any]
) -> None:
    """Measure imports, compile times and memory."""
    wanted = [name for name in STARTED if name in files][: 1 if options.quick else None]
    sides = [name for name in options.sides if name in report["versions"]]
    report["starts"] = {}
    for name in wanted:
        say(f"compile time and memory: {name}")
        measured, failures = startup.starts(name, str(files[name]), sides, threads=1)
        report["starts"][name] = measured
        note(report, WORKLOADS[name], failures)
    report["imports"] = startup.imports(3 if options.quick else 7)


def finish(report: dict[str, Any]) -> None:
    """Remove data that is only needed while measuring."""
    for peak in report["peak"].values():
        del peak["seconds"]


def shown(report: dict[str, Any]) -> str:
    """The report as text."""
    place = report["machine"]
    parts = [
        f"{place['cpu']}, {place['cores']} cores, {place['system']}, Python {place['python']}\n"
        + ", ".join(dict.fromkeys(report["versions"].values()))
    ]
    parts += [times_table(report, threads) for threads in report["peak"] or {}]
    parts += [starts_table(report)]
    parts += [f"skipped: {reason}" for reason in report["absent"].values()]
    parts += [f"failed: {reason}" for reason in report["failed"]]
    return "\n\n".join(part for part in parts if part)


def result_file(report: dict[str, Any]) -> Path:
    """benchmarks/results/<date>-<machine>.json."""
    name = f"{report['machine']['cpu']} {report['machine']['cores']} cores"
    plain = re.sub(r"\((r|tm)\)", "", name.lower())
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return RESULTS / f"{report['date'][:10]}-{slug or platform.machine()}.json"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(given: list[str] | None = None) -> int:
    """Measure, write and print; returns 1 if two sides computed different numbers."""
    options = arguments(given)
    report = measure(options)
    finish(report)
    output = options.output or (result_file(report) if options.complete else None)
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    print(text if options.json else shown(report))
    if output:
        write(output, text)
        say(f"written: {output}")
    picture = options.picture or (PICTURE if options.complete else None)
    if picture:
        from .chart import chart

        say(f"drawn: {chart(report).save(picture)}")
    differ = any(
        row["agreement"]["differ"]
        for workload in report["workloads"].values()
        for row in workload["threads"].values()
    )
    return 1 if differ else 0
