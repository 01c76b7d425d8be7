"""Renew a page whose programs are followed by their output.

    python tools/quote_page.py docs/depth.md     run its programs, and rewrite the outputs

All ```python blocks form one program, in order; the ```text block after one is its output. A
comment `<!-- trained -->` before the output marks numbers that come from training, which round
differently on other processors: a test compares them loosely.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(
    r"```python\n(.*?)```(?:\n\n(<!-- trained -->\n)?```text\n(.*?)```)?", re.DOTALL
)
_BETWEEN = "--8<-- the next block --8<--"


def renewed(page: str, folder: Path) -> str:
    """The page with every current output; files are saved in `folder`."""
    parts = iter(_printed([m[1] for m in _BLOCK.finditer(page)], folder))

    def block(m: re.Match[str]) -> str:
        output = next(parts)
        if m[3] is None:
            assert not output, f"nothing on the page shows {output!r}"
            return m[0]
        return f"```python\n{m[1]}```\n\n{m[2] or ''}```text\n{output}```"

    return _BLOCK.sub(block, page)


def outputs(page: str) -> list[tuple[str, bool]]:
    """What each program prints according to the page, and whether that comes from training."""
    return [(m[3], m[2] is not None) for m in _BLOCK.finditer(page) if m[3] is not None]


def _printed(programs: list[str], folder: Path) -> list[str]:
    """What each of the programs prints, run as one."""
    script = f"\nprint({_BETWEEN!r})\n".join(programs)
    done = subprocess.run(
        [sys.executable, "-"],
        input=script,
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        cwd=folder,
        env=_environment(),
    )
    return done.stdout.split(f"{_BETWEEN}\n")


def _environment() -> dict[str, str]:
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in paths if p),
        "PYTHONIOENCODING": "utf-8",
    }


if __name__ == "__main__":
    for name in sys.argv[1:]:
        page = Path(name)
        text = renewed(page.read_text(encoding="utf-8"), ROOT / "docs" / "pictures")
        page.write_text(text, encoding="utf-8")
