"""A side as the harness sees it: a process to start, query and end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


class SideFailed(RuntimeError):
    """A side replied with an error, or not at all."""


def environment(threads: int) -> dict[str, str]:
    """Environment variables that limit every library, and its compiler, to this many threads."""
    count = str(threads)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    variables = {**os.environ, **dict.fromkeys(names, count)}
    variables["NPROC"] = count  # the size of XLA's thread pool
    if threads == 1:
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    variables["JAX_PLATFORMS"] = "cpu"
    # Cache even programs that compile quickly, so that warm means warm.
    variables["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    variables["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
    return variables


class Partner:
    """The process of one side.

    Its output goes to a temporary file, whose last line is quoted if it dies.
    """

    def __init__(
        self, name: str, threads: int, *, extra: dict[str, str] | None = None, module: str = "side"
    ) -> None:
        self.name = name
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}", name, str(threads)],
            cwd=ROOT,
            env={**environment(threads), **(extra or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            encoding="utf-8",
        )

    def ask(self, do: str, **details: Any) -> dict[str, Any]:
        """Send a request and wait for the reply. Errors: SideFailed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise SideFailed(f"{self.name} ended while asked to {do}: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SideFailed(f"{self.name}, asked to {do}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        try:
            self._process.communicate(json.dumps({"do": "quit"}) + "\n", timeout=10)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._printed.close()

    def __enter__(self) -> Partner:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _last_words(self) -> str:
        self._printed.seek(0)
        lines = self._printed.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"
