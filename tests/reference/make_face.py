"""Write face.json: PyTorch's answers to the expressions of `face_cases`, and names it has.

Run with PyTorch installed (`python tests/reference/make_face.py`); the tests only read the file.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from face_cases import GROUPS, evaluate, expressions

OUT = Path(__file__).with_name("face.json")


def main() -> None:
    """Ask PyTorch each expression, and keep one answer a line."""
    warnings.simplefilter("ignore")
    answers = {e: evaluate(e, torch) for group in GROUPS for e in expressions(group)}
    rows = [f"{json.dumps(e)}: {json.dumps(answer)}" for e, answer in answers.items()]
    both = [name for name in dir(torch.Tensor) if name[0] != "_" and callable(_function(name))]
    head = f'{{"torch": "{torch.__version__}", "functions": {json.dumps(both)}, "answers": {{\n'
    OUT.write_text(head + ",\n".join(rows) + "\n}}\n", encoding="utf-8")
    print(f"{len(answers)} answers in {OUT.name}")


def _function(name: str) -> Any:
    """PyTorch's function of a method's name; the names of types are not functions."""
    found = getattr(torch, name, None)
    return None if isinstance(found, type) else found


if __name__ == "__main__":
    main()
