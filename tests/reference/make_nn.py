"""Write nn.json: PyTorch's answers to the programs of `nn_cases`.

Run with PyTorch installed (`python tests/reference/make_nn.py`); the tests only read the file.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from nn_cases import GROUPS, lines

OUT = Path(__file__).with_name("nn.json")


def shortened(value: Any) -> Any:
    """Numbers with the nine digits that tell a float32 from its neighbours."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list | tuple):
        return [shortened(x) for x in value]
    return {k: shortened(v) for k, v in value.items()} if isinstance(value, dict) else value


def main() -> None:
    """Ask PyTorch each program, and keep one answer a line."""
    warnings.simplefilter("ignore")
    parts = []
    count = 0
    for name, (text, ask) in GROUPS.items():
        rows = [f"{json.dumps(e)}: {json.dumps(shortened(ask(e, torch)))}" for e in lines(text)]
        parts.append(f"{json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n}")
        count += len(rows)
    head = f'{{"torch": "{torch.__version__}",\n'
    OUT.write_text(head + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    print(f"{count} answers in {OUT.name}")


if __name__ == "__main__":
    main()
