"""Proof: a transformer of four layers reaches a dev loss of 2.0 on names, by the default recipe.

The mean of three seeds fixed beforehand. Nothing is selected on the test words: they are evaluated
once, by these runs.

    python proofs/prove_gpt.py
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from prove_learning import several

LIMIT = 2.0  # dev loss, in nats per letter


def main() -> int:
    """Train three models; 0 if their mean is at most the limit."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRADATIM_CACHE_DIR"] = str(Path(folder) / "cache")  # so the first run compiles
        result = several(Path(folder), "gpt", parts=("train", "dev", "test"))
    holds = result["mean"]["dev"] <= LIMIT
    print(json.dumps({"holds": {"gpt reaches its dev loss": holds}, "gpt": result}, indent=2))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
