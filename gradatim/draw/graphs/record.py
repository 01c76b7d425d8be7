"""The data behind a picture of a graph: nodes and edges, whatever engine they came from."""

from dataclasses import dataclass
from enum import Enum

Edge = tuple[int, int]

NOT_COMPUTED = "not computed"
NOT_KEPT = "not kept"


class Kind(Enum):
    """The role of a node; each kind has its colours."""

    PARAMETER = "parameter"
    INPUT = "input"
    OPERATION = "operation"
    RESULT = "result"
    FOLDED = "folded"


@dataclass(frozen=True)
class Node:
    """One value: its label, the operation that computed it ("" for a leaf) and rows of facts.

    `details` is the tooltip: the same facts in full precision.
    """

    label: str
    operation: str
    rows: tuple[tuple[str, str], ...]
    kind: Kind
    details: str = ""


@dataclass(frozen=True)
class Graph:
    """Nodes, and edges (input, user) by index; an input used twice by one node has two edges.

    `note` is written beside the key.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    title: str
    description: str = ""
    note: str = ""
