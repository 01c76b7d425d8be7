"""Renew the quotes in docs/compiler/README.md: the actual output of every stage of its program.

    python tools/quote_compiler.py       run the page's program and rewrite its blocks

A block follows a comment with the line that prints it. Blocks marked `assembly:` are renewed only
if LLVM's version and the processor family are the page's; the rest is the same everywhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from gradatim.compiler.machine import llvm
from gradatim.compiler.machine.target import host

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/compiler/README.md"
_BLOCK = re.compile(r"(<!-- (assembly: )?(print\(.*?\)) -->\n```\w*\n)(.*?)(```\n)", re.DOTALL)
_LLVM = "LLVM 22."
_BETWEEN = "--8<-- the next block --8<--"


def program(page: str) -> str:
    """The program of the page."""
    match = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert match is not None
    return match[1]


def renewed(page: str) -> str:
    """The page with every block's current output."""
    blocks = list(_BLOCK.finditer(page))
    printed = iter(_printed(program(page), [m[3] for m in blocks if _is_the_same_here(m)]))

    def block(m: re.Match[str]) -> str:
        if not _is_the_same_here(m):
            return m[0]
        return m[1] + next(printed) + m[5]

    return _BLOCK.sub(block, page)


def _is_the_same_here(m: re.Match[str]) -> bool:
    return not m[2] or (host().is_x86 and _LLVM in llvm.host_info().versions)


def _printed(code: str, lines: list[str]) -> list[str]:
    """What each line prints after the program, run as a file named as on the page."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "example.py"
        rest = "\n".join(f"print({_BETWEEN!r})\n{line}" for line in lines)
        script.write_text(f"{code}\n{rest}\n", encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(script)],
            check=True,
            capture_output=True,
            encoding="utf-8",
            cwd=ROOT,
            env=_environment(),
        )
    parts = done.stdout.split(f"{_BETWEEN}\n")[1:]
    return ["".join(f"{line.rstrip()}\n" for line in part.splitlines()) for part in parts]


def _environment() -> dict[str, str]:
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in paths if p),
        "PYTHONIOENCODING": "utf-8",
    }


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
