"""Write face.json: PyTorch's answers to the expressions of `face_cases`.

Run with PyTorch installed (`python tests/reference/make_face.py`); the tests only read the file.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch
from face_cases import GROUPS, evaluate, expressions

OUT = Path(__file__).with_name("face.json")


def main() -> None:
    """Ask PyTorch each expression, and keep one answer a line."""
    warnings.simplefilter("ignore")
    answers = {e: evaluate(e, torch) for group in GROUPS for e in expressions(group)}
    rows = [f"{json.dumps(e)}: {json.dumps(answer)}" for e, answer in answers.items()]
    head = f'{{"torch": "{torch.__version__}", "answers": {{\n'
    OUT.write_text(head + ",\n".join(rows) + "\n}}\n", encoding="utf-8")
    print(f"{len(answers)} answers in {OUT.name}")


if __name__ == "__main__":
    main()
