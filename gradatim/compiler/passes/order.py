"""The list of all passes, in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterator

from ..ir.graph import Graph, Pass
from .arrange import arrange
from .batch_in_lanes import batch_in_lanes
from .commute import commute
from .cse import merge_equal
from .dce import drop_unused
from .empty import without_empties
from .expand import expand
from .fold import fold
from .isolate import isolate
from .pick import pick
from .pieces import put_pieces
from .simplify import simplify
from .split_k import split_k
from .tally import tally
from .transpose import transpose

ORDER: tuple[tuple[str, Pass], ...] = (
    ("expand", expand),
    ("empty", without_empties),
    ("fold", fold),
    ("arrange", arrange),
    ("simplify", simplify),
    ("cse", merge_equal),
    ("simplify again", simplify),
    ("cse again", merge_equal),
    ("commute", commute),
    ("pick", pick),
    ("tally", tally),
    ("pieces", put_pieces),
    ("dce", drop_unused),
    ("transpose", transpose),
    ("batch_in_lanes", batch_in_lanes),
    ("split_k", split_k),
    ("isolate", isolate),
)


def stages(graph: Graph) -> Iterator[tuple[str, Graph]]:
    """The graph after each pass, with the pass's name."""
    for name, run in ORDER:
        graph = run(graph)
        yield name, graph


def optimise(graph: Graph) -> Graph:
    """The graph after all passes."""
    for _, run in ORDER:
        graph = run(graph)
    return graph
