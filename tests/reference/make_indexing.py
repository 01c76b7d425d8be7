"""Write indexing.json: what PyTorch makes of the programs of `indexing_cases`, and its dtypes.

Run with PyTorch installed (`python tests/reference/make_indexing.py`); the tests only read the
file. Tuples of the dtype table are in the order of `promotion_cases`.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch
from indexing_cases import programs, run
from promotion_cases import OPERATIONS, dtype_of, pairs

OUT = Path(__file__).with_name("indexing.json")


def main() -> None:
    """Run every program, and every pair of operands through every operation."""
    warnings.simplefilter("ignore")
    results = {program: _result(program) for program in programs()}
    dtypes = {
        name: [dtype_of(torch, operation, *pair) for pair in pairs()]
        for name, operation in OPERATIONS.items()
    }
    record = {"torch": torch.__version__, "results": results, "dtypes": dtypes}
    lines = [
        f'"torch": {json.dumps(record["torch"])},',
        '"results": {',
        *_entries(results),
        "},",
        '"dtypes": {',
        *_entries(dtypes),
        "}",
    ]
    OUT.write_text("{\n" + "\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{len(results)} programs, {sum(map(len, dtypes.values()))} dtypes in {OUT.name}")


def _entries(table: dict[str, object]) -> list[str]:
    """One line for each, so that a change shows as one."""
    texts = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in table.items()]
    return [text + ("," if text is not texts[-1] else "") for text in texts]


def _result(program: str) -> dict[str, object]:
    try:
        return run(program, torch)
    except Exception as error:
        return {"raises": type(error).__name__}


if __name__ == "__main__":
    main()
