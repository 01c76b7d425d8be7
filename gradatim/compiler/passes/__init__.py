"""Graph to graph, one file each: expand, empty, fold, arrange, simplify, cse, commute, pick,
tally, pieces, dce, turn, upright, halve, isolate; `order.py` runs them.

Each is a pure function, and leaves a graph that `verify` accepts.
"""

from .order import ORDER, optimise, stages

__all__ = ["ORDER", "optimise", "stages"]
