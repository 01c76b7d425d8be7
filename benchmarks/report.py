"""From timings to results: the best peer, ratios, fractions of the peak; and the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .peers import SIDES

SHORT = {
    "gradatim-repeat": "repeat",
    "gradatim-call": "compiled",
    "gradatim-forward": "forward",
    "gradatim-value-repeat": "sc.repeat",
    "gradatim": "eager",
    "gradatim-value": "scalar",
    "torch": "PyTorch",
    "torch-compile": "t.compile",
    "torch-compile-forward": "t.forward",
    "jax-jit": "JAX jit",
    "jax-scan": "JAX scan",
    "micrograd": "micrograd",
}


def judge(
    sides: Mapping[str, Mapping[str, float]], operations: float, gflops: float
) -> dict[str, Any]:
    """The best peer, how many times faster each of ours is, and each side's fraction of the peak.

    `most` is the ratio of a step that did nothing but its arithmetic, all of it at the peak: no
    program that does this arithmetic gets further on this machine, beside this peer.

    >>> rows = {"gradatim": {"microseconds": 2.0}, "torch": {"microseconds": 6.0}}
    >>> judge(rows, operations=1e6, gflops=1000.0)
    {'best_peer': 'torch', 'ratios': {'gradatim': 3.0}, 'limit_microseconds': 1.0, 'most': 6.0,
     'of_limit': {'gradatim': 0.5, 'torch': 0.167}}
    """
    times = {name: row["microseconds"] for name, row in sides.items()}
    peers = {name: time for name, time in times.items() if not SIDES[name].ours}
    best = min(peers, key=peers.__getitem__) if peers else None
    ours = [name for name in times if SIDES[name].ours]
    limit = operations / (gflops * 1e3) if operations and gflops else None
    return {
        "best_peer": best,
        "ratios": {name: significant(peers[best] / times[name]) for name in ours} if best else {},
        "limit_microseconds": significant(limit) if limit else None,
        "most": significant(peers[best] / limit) if best and limit else None,
        "of_limit": {name: significant(limit / time) for name, time in times.items()}
        if limit
        else {},
    }


def significant(number: float) -> float:
    """Three significant digits; more would be noise.

    >>> significant(0.0123456), significant(123456.0)
    (0.0123, 123000.0)
    """
    return float(f"{number:.3g}")


def times_table(report: Mapping[str, Any], threads: str) -> str:
    """Microseconds per step of every side, our best against the best peer, and against the peak."""
    rows = {
        name: workload["threads"][threads]
        for name, workload in report["workloads"].items()
        if threads in workload["threads"]
    }
    shown = [side for side in SIDES if any(side in row["sides"] for row in rows.values())]
    peak = report["peak"].get(threads)
    measured = f"; peak {peak['gflops']:.0f} GFLOP/s{busy(peak)}" if peak else ""
    lines = [
        f"{threads} thread{'s' if threads != '1' else ''}, microseconds a step{measured}",
        line("", [SHORT[side] for side in shown], "best peer /", "at", "of the"),
        line("", ["" for _ in shown], "our best", "most", "peak"),
    ]
    for name, row in rows.items():
        cells = [
            compact(row["sides"][side]["microseconds"]) if side in row["sides"] else "-"
            for side in shown
        ]
        lines.append(line(name, cells, *verdict(row)))
    return "\n".join(lines)


def busy(peak: Mapping[str, float]) -> str:
    """A warning if the machine was busy: the median window reached much less than the best."""
    median = peak.get("median_gflops", peak["gflops"])
    if median > 0.8 * peak["gflops"]:
        return ""
    return f", but {median:.0f} in the median window: the machine was busy, so repeat this"


def verdict(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """The ratio of our best side, the largest possible ratio, and its fraction of the peak.

    Or the sides whose results differ. A program that needs less arithmetic has no such bound.
    """
    if row["agreement"]["differ"]:
        return f"DIFFERS: {', '.join(row['agreement']['differ'])}", "", ""
    ours = {name: ratio for name, ratio in row["ratios"].items() if name in row["sides"]}
    if not ours:
        return "", "", ""
    best = max(ours, key=ours.__getitem__)
    part = row["of_limit"].get(best)
    if not part or part > 1:
        return f"{ours[best]:.2f}", "", ""
    return f"{ours[best]:.2f}", compact(row["most"]), f"{100 * part:.0f} %"


def starts_table(report: Mapping[str, Any]) -> str:
    """Seconds to the first step with cold and warm caches, and the peak memory."""
    lines = []
    for workload, sides in report.get("starts", {}).items():
        lines.append(f"{workload}: seconds to the first step (cold, warm), peak memory in MB")
        for name, row in sides.items():
            warm = f"{row['warm']:8.2f}" if "warm" in row else f"{'':8}"
            lines.append(
                f"  {SIDES[name].label:20}{row['cold']:8.2f}{warm}{row['bytes'] / 1e6:8.0f}"
            )
    if report.get("imports"):
        imports = ", ".join(
            f"{name} {seconds:.2f} s" for name, seconds in report["imports"].items()
        )
        lines.append(f"import: {imports}")
    return "\n".join(lines)


def line(name: str, cells: list[str], ratio: str, most: str, part: str) -> str:
    columns = "".join(f"{cell:>10}" for cell in cells)
    return f"{name:27}{columns}  {ratio:>11}{most:>8}{part:>8}".rstrip()


def compact(microseconds: float) -> str:
    """Three or more digits, without an exponent.

    >>> compact(0.0871), compact(5.823), compact(71234.5)
    ('0.087', '5.82', '71,234')
    """
    if microseconds >= 100:
        return f"{microseconds:,.0f}"
    return f"{microseconds:.{3 if microseconds < 1 else 2 if microseconds < 10 else 1}f}"
