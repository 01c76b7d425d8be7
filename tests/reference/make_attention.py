"""Write attention.json: PyTorch's answers to the programs of `attention_cases`.

Run with PyTorch installed (`python tests/reference/make_attention.py`); the tests only read the
file.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch
from attention_cases import FUNCTIONS, evaluate
from make_nn import shortened
from nn_cases import lines

OUT = Path(__file__).with_name("attention.json")


def main() -> None:
    """Ask PyTorch each program, and keep one answer a line."""
    warnings.simplefilter("ignore")
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):  # the definition
        rows = [
            f"{json.dumps(e)}: {json.dumps(shortened(evaluate(e, torch)))}"
            for e in lines(FUNCTIONS)
        ]
    head = f'{{"torch": "{torch.__version__}",\n"functions": {{\n'
    OUT.write_text(head + ",\n".join(rows) + "\n}}\n", encoding="utf-8")
    print(f"{len(rows)} answers in {OUT.name}")


if __name__ == "__main__":
    main()
