"""Run the long proofs one after the other, and store their results as dated JSON.

    python proofs/run.py              all of them
    python proofs/run.py kill         only proofs/prove_kill.py

A proof is a file `prove_*.py` that prints one JSON object on stdout, anything on stderr, and exits
with code 0 if it holds. The tests marked `proof` are one more, called `tests`. Results go to
`proofs/results/<date>-<name>.json`, with a description of the machine.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "gradatim": version("gradatim"),
        "commit": commit(),
    }


def cpu_model() -> str:
    """The processor's name, if the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def commit() -> str:
    """The checked-out commit, with a plus if files were modified; empty without git."""
    try:
        head = git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def git(*arguments: str) -> str:
    """The output of a git command."""
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def commands(only: list[str]) -> dict[str, list[str]]:
    """Each proof's name and the command that runs it."""
    by_name = {
        path.stem.removeprefix("prove_"): [sys.executable, str(path)]
        for path in sorted(HERE.glob("prove_*.py"))
    }
    by_name["tests"] = [sys.executable, "-m", "pytest", "tests", "-q", "-m", "proof"]
    unknown = [name for name in only if name not in by_name]
    if unknown:
        raise SystemExit(f"no proof is called {unknown[0]}; there are: {', '.join(by_name)}")
    return {name: by_name[name] for name in only or by_name}


def run(name: str, command: list[str]) -> bool:
    """Run one proof and store its result; returns whether it holds."""
    print(f"{name}: {' '.join(command[1:])}", flush=True)
    start = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    seconds = time.monotonic() - start
    if name == "tests" and done.returncode == 5:
        print("  no test is marked as a proof")
        return True
    result = closing_line(done.stdout) if name == "tests" else json_in(done.stdout)
    holds = done.returncode == 0 and result is not None
    now = datetime.now(UTC)
    record = {
        "proof": name,
        "holds": holds,
        "date": now.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "machine": machine(),
        "result": done.stdout.strip().splitlines()[-20:] if result is None else result,
    }
    path = HERE / "results" / f"{now.date()}-{name}.json"
    write(path, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    print(f"  {'holds' if holds else 'DOES NOT HOLD'}, {seconds:.0f} s, {path.relative_to(ROOT)}")
    return holds


def closing_line(text: str) -> dict[str, Any]:
    """The last line of pytest's output."""
    return {"pytest": (text.strip().splitlines() or [""])[-1]}


def json_in(text: str) -> dict[str, Any] | None:
    """The JSON object that a proof printed, possibly after other lines; None if there is none."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if line.startswith("{"):
            try:
                value = json.loads("\n".join(lines[start:]))
            except ValueError:
                continue
            return value if isinstance(value, dict) else None
    return None


def write(path: Path, text: str) -> None:
    """Replace a file atomically, so that no partial result is ever read."""
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", metavar="NAME", help="a proof; all if none is named")
    chosen = commands(parser.parse_args().only)
    failed = [name for name, command in chosen.items() if not run(name, command)]
    print(f"{len(chosen) - len(failed)} of {len(chosen)} proofs hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
