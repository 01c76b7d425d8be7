"""Write ops.json: PyTorch's values and gradients for the calls in `op_cases`.

Run with PyTorch installed: `python tests/reference/make_ops.py`. The tests only read the file.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.reference.op_cases import CALLS, evaluate

OUT = Path(__file__).with_name("ops.json")


def main() -> None:
    """One line for each call and dtype, so that differences can be read."""
    warnings.simplefilter("ignore")
    lines = []
    for one in CALLS:
        for dtype in one.dtypes:
            answer = evaluate(torch, one, dtype)
            lines.append(f"{json.dumps(f'{one.name} | {dtype}')}: {json.dumps(answer)}")
    text = f'{{"torch": "{torch.__version__}",\n"answers": {{\n' + ",\n".join(lines) + "\n}}\n"
    OUT.write_text(text, encoding="utf-8")
    print(f"{len(lines)} answers, {OUT.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
