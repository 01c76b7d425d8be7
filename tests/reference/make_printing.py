"""Write printing.json: what PyTorch prints for the tensors of `printing_cases`.

Run with PyTorch installed (`python tests/reference/make_printing.py`); the tests only read the
file, and read `gradatim` where PyTorch says `torch`.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from printing_cases import cases

OUT = Path(__file__).with_name("printing.json")


def main() -> None:
    """Print each case with its options, and the defaults again after it."""
    texts = {}
    for case in cases():
        torch.set_printoptions(**case.options)
        texts[case.name] = repr(case.make(torch))
        torch.set_printoptions(profile="default")
    record = {"torch": torch.__version__, "texts": texts}
    OUT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{len(texts)} texts in {OUT.name}")


if __name__ == "__main__":
    main()
