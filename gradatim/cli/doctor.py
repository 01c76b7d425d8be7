"""`gradatim doctor`: check that everything works here, and say how to repair what does not."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import click
import numpy as np

from .. import __version__
from ..core.cores import usable_cores
from ..core.errors import ArgumentError, GradatimError
from ..training.blas_threads import blas_threads, threads_now
from ..training.lock import Lock, is_locked
from .options import json_option, print_json, runs_option
from .terminal import has_unicode

OLDEST_PYTHON = (3, 11)
SLOW_BLAS = 2.0  # GFLOP/s: NumPy without a BLAS reaches less than this, any BLAS more
LITTLE_SPACE = 100 << 20  # bytes


@dataclass(frozen=True)
class Finding:
    """One check's result. `state` is "ok", "note" or "problem"; `advice` says what to do."""

    what: str
    found: str
    state: str = "ok"
    advice: str = ""


@click.command(epilog="\b\nExamples:\n  gradatim doctor\n  gradatim doctor --json")
@runs_option
@json_option
@click.pass_context
def command(context: click.Context, root: Path, as_json: bool) -> None:
    """Check that everything works here: Python, NumPy, gradients, terminal, disk.

    The exit code is 1 if something must be repaired.
    """
    findings = examine(root)
    problems = [finding for finding in findings if finding.state == "problem"]
    if as_json:
        print_json({"well": not problems, "findings": [asdict(f) for f in findings]})
    else:
        show(findings)
    context.exit(1 if problems else 0)


def examine(root: Path) -> list[Finding]:
    """All findings; a check that itself fails becomes a finding."""
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("python", python),
        ("gradatim", library),
        ("numpy", numpy_and_blas),
        ("cores", cores),
        ("compiler", compiler),
        ("packages", packages),
        ("gradients", gradients),
        ("names", embedded_names),
        ("terminal", terminal),
        ("runs folder", lambda: runs_folder(root)),
        ("pictures", pictures),
    ]
    return [_guarded(what, check) for what, check in checks]


def show(findings: list[Finding]) -> None:
    """A line for each finding, and below it what to do if something is wrong."""
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        click.echo(f"{finding.state:8} {finding.what:{width}}  {finding.found}")
        if finding.advice:
            click.echo(f"{'':8} {'':{width}}  -> {finding.advice}")
    problems = sum(finding.state == "problem" for finding in findings)
    click.echo()
    click.echo(f"{problems} to repair." if problems else "All is well. Type: gradatim train mlp")


def python() -> Finding:
    """The Python version, and whether the library supports it."""
    found = f"{platform.python_version()} on {platform.platform(terse=True)}, {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", found, "problem", "install Python 3.11 or newer")
    return Finding("python", found)


def library() -> Finding:
    """Where the imported library is installed."""
    return Finding("gradatim", f"{__version__} in {Path(__file__).parent.parent}")


def numpy_and_blas() -> Finding:
    """NumPy's version, its BLAS and the BLAS's current speed."""
    speed = matrix_speed()
    found = f"{np.__version__} with {_blas_name()}, {speed:.0f} GFLOP/s on a core in float32"
    if speed < SLOW_BLAS:
        advice = "this NumPy has no fast matrix library; reinstall it: pip install -U numpy"
        return Finding("numpy", found, "note", advice)
    return Finding("numpy", found)


def matrix_speed(size: int = 256) -> float:
    """GFLOP/s of a float32 matrix product on one thread, the best of a few runs."""
    a = np.ones((size, size), np.float32)
    best = float("inf")
    with blas_threads(1):
        for _ in range(5):
            begin = time.perf_counter()
            a @ a
            best = min(best, time.perf_counter() - begin)
    return 2 * size**3 / best / 1e9


def cores() -> Finding:
    """How many cores this process may use, and environment variables that limit NumPy's threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    limits = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    threads = threads_now()
    products = f"{threads or '?'} threads in matrix products, 1 while training"
    found = ", ".join(
        [f"{usable_cores()} of {os.cpu_count()}", platform.machine(), products, *limits]
    )
    return Finding("cores", found)


def compiler() -> Finding:
    """Whether steps can be compiled here, and whether programs are cached on disk."""
    from ..compiler.machine import cache, engine, llvm
    from ..compiler.machine.target import host

    why = engine.available()
    if why is not None:
        advice = "training works without it, but takes longer; try: pip install -U llvmlite"
        return Finding("compiler", why, "note", advice)
    target = host()
    found = (
        f"{llvm.host_info().versions}, for {target.cpu} with vectors of {target.vector_bytes} bytes"
    )
    if trouble := cache.state():
        advice = "everything is compiled every time; GRADATIM_CACHE_DIR can name another folder"
        return Finding("compiler", f"{found}; {trouble}", "note", advice)
    return Finding("compiler", f"{found}; programs are kept in {cache.folder()}")


def packages() -> Finding:
    """The versions of the other required packages."""
    names = ("click", "rich", "safetensors")
    return Finding("packages", ", ".join(f"{name} {metadata.version(name)}" for name in names))


def gradients() -> Finding:
    """A gradient of the engine against a finite difference: tanh(x)^2 at a few points."""
    import gradatim

    points = np.linspace(-2, 2, 9)
    x = gradatim.tensor(points.tolist(), dtype=gradatim.float64, requires_grad=True)
    (x.tanh() * x.tanh()).sum().backward()
    h = 1e-6
    expected = (np.tanh(points + h) ** 2 - np.tanh(points - h) ** 2) / (2 * h)
    error = float(np.abs(np.asarray(x.grad) - expected).max())
    found = f"agree with finite differences to {error:.0e}"
    if not error < 1e-7:
        return Finding("gradients", found, "problem", "reinstall gradatim, and please report it")
    return Finding("gradients", found)


def embedded_names() -> Finding:
    """Whether the built-in names are installed."""
    from ..data import names

    words = names.load()
    return Finding("names", f"{len(words):,} first names built in")


def terminal() -> Finding:
    """What the terminal can display."""
    encoding = sys.stdout.encoding or "ascii"
    kind = "a terminal" if sys.stdout.isatty() else "a pipe or file"
    found = f"{encoding}, {kind}, {shutil.get_terminal_size().columns} columns"
    if not has_unicode():
        advice = (
            "letters outside it print as escapes; set PYTHONUTF8=1 (on Windows also chcp 65001)"
        )
        return Finding("terminal", found, "note", advice)
    return Finding("terminal", found)


def runs_folder(root: Path) -> Finding:
    """Whether checkpoints can be written, renamed and locked there, and how much space is left."""
    place = root.absolute()
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    found = f"{place}, {free / 1e9:.1f} GB free"
    try:
        locks = _try_out(there)
    except OSError as error:
        advice = "choose a folder you may write with --runs FOLDER"
        return Finding("runs folder", f"{place}: {error.strerror or error}", "problem", advice)
    if free < LITTLE_SPACE:
        advice = "make room; a full disk stops a training (its checkpoints stay)"
        return Finding("runs folder", found, "problem", advice)
    if not locks:
        advice = "this file system has no locks: never train one run twice at the same time"
        return Finding("runs folder", found, "note", advice)
    return Finding("runs folder", found)


def pictures() -> Finding:
    """SVG works everywhere; PNG needs a converter."""
    from importlib.util import find_spec

    if find_spec("cairosvg"):
        return Finding("pictures", "SVG and PNG")
    return Finding("pictures", "SVG; for PNG too: pip install cairosvg")


def _guarded(what: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except ArgumentError as error:
        return Finding(what, "a setting does not fit this machine", "problem", str(error))
    except (GradatimError, OSError, metadata.PackageNotFoundError, ImportError) as error:
        advice = "reinstall: pip install --force-reinstall gradatim"
        return Finding(what, f"{type(error).__name__}: {error}", "problem", advice)


def _blas_name() -> str:
    config: dict[str, Any] = dict(np.show_config(mode="dicts"))
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'no BLAS')} {blas.get('version', '')}".strip()


def _try_out(folder: Path) -> bool:
    """Write, rename and lock a file there; returns whether the lock works. Errors: OSError."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".gradatim-doctor-") as name:
        first = Path(name) / "first"
        first.write_bytes(b"x")
        second = first.rename(Path(name) / "second")
        with Lock(second, of="this file"):
            return is_locked(second)
