"""Eager training steps of Gradatim and PyTorch on one thread: scalars, a table, a network, a GPT.

    python benchmarks/eager.py            # a table
    python benchmarks/eager.py --json     # as JSON

The same as `python -m benchmarks scalar bigram mlp gpt-names --sides gradatim,torch --threads 1
--no-starts`, and it takes the other options of `python -m benchmarks` too. Without PyTorch only our
own times are shown.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this checkout, installed or not
    from benchmarks.run import main

    chosen = [
        "scalar",
        "bigram",
        "mlp",
        "gpt-names",
        "--sides",
        "gradatim,torch",
        "--threads",
        "1",
        "--no-starts",
    ]
    sys.exit(main([*chosen, *sys.argv[1:]]))
