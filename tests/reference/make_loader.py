"""Write loader.json: what PyTorch gives for the cases of `loader_cases`.

Run with PyTorch installed (`python tests/reference/make_loader.py`); the tests only read the file.
"""

import json
from pathlib import Path

import torch
from loader_cases import CASES, run

OUT = Path(__file__).with_name("loader.json")


def main() -> None:
    results = {name: run(name, torch) for name in CASES}
    entries = [
        f"{json.dumps(name)}: {json.dumps(result, separators=(',', ':'))}"
        for name, result in {"torch": torch.__version__, **results}.items()
    ]
    OUT.write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")
    print(f"{len(results)} cases in {OUT.name}")


if __name__ == "__main__":
    main()
