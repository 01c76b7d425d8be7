"""Linear regions of ReLU networks: how many are possible, and how many a network has.

formulas     how many are possible, by inputs, width and layers; how many parameters
counting     `count` and `find`: how many a network has, and where
line         one input: split at the points where a unit switches
plane        two inputs: polygons, split along lines
affine       a network as affine maps with a ReLU between them
own_modules  reads a custom module by calling it
plain        a network as initialised
zigzag       the network with as many regions as possible
"""

from .counting import count, find
from .formulas import arrangement, maximum, montufar, parameters, upper_bound, widest
from .line import Line
from .plain import plain
from .plane import Edge, Plane
from .zigzag import zigzag

__all__ = [
    "Edge",
    "Line",
    "Plane",
    "arrangement",
    "count",
    "find",
    "maximum",
    "montufar",
    "parameters",
    "plain",
    "upper_bound",
    "widest",
    "zigzag",
]
