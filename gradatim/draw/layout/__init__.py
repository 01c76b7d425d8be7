"""Layered layout of a directed acyclic graph, left to right, in the manner of Sugiyama.

Four steps, one file each, in the order in which a graph passes through them:

1. `ranks`: which column each box stands in, so that every edge goes to the right.
2. `lanes`: edges that skip columns get a lane through each; all edges that leave one box share it.
3. `ordering`: the order within each column, so that few edges cross.
4. `heights`: the height of each box and lane, so that edges are straight.
5. `arrange` puts them together and gives boxes and routes in pixels.

Sources: Sugiyama, Tagawa and Toda 1981; Gansner, Koutsofios, North and Vo 1993 (dot).
"""

from .arrange import Arrangement, Box, Route, arrange
from .heights import isotonic
from .ranks import topological_order

__all__ = ["Arrangement", "Box", "Route", "arrange", "isotonic", "topological_order"]
