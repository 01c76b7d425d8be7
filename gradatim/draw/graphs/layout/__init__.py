"""Layered layout of a directed acyclic graph, left to right, after Sugiyama.

The steps, one file each, in the order in which a graph passes through them:

1. `ranks`: the column of each box, such that every edge goes to the right.
2. `lanes`: edges that skip columns get a lane through each; edges from one box share it.
3. `ordering`: the order within each column, such that few edges cross.
4. `heights`: the height of each box and lane, such that edges are straight.
5. `arrange` combines them and returns boxes and routes in pixels.

Sources: Sugiyama, Tagawa and Toda 1981; Gansner, Koutsofios, North and Vo 1993 (dot).
"""

from .arrange import Arrangement, Box, Route, arrange
from .heights import isotonic
from .ranks import topological_order

__all__ = ["Arrangement", "Box", "Route", "arrange", "isotonic", "topological_order"]
