"""Proof: a transformer of four layers learns names to a dev loss of 2.0, by the usual recipe.

The mean of three seeds fixed beforehand. Nothing is chosen by the test words: they are looked at
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
    """Train three; 0 if the mean is at the limit or below."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRADATIM_CACHE_DIR"] = str(Path(folder) / "cache")  # the first has to compile
        found = several(Path(folder), "gpt", parts=("train", "dev", "test"))
    holds = found["mean"]["dev"] <= LIMIT
    print(json.dumps({"holds": {"gpt reaches its dev loss": holds}, "gpt": found}, indent=2))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
