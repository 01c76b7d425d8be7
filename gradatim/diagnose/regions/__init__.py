"""Linear regions of ReLU networks: how many there can be, and how many there are.

formulas     how many there can be, by inputs, width and layers; how many parameters
counting     `count` and `find`: how many a network has, and where
line         one input: cut at the points where a unit switches
plane        two inputs: polygons, cut along lines
affine       a network as affine maps with a ReLU between them
own_modules  reads a module by calling it
plain        a network as it is initialised
zigzag       the network that has as many as there can be
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
