"""PyTorch's names for entries of the tape, as `grad_fn=<...>` shows them.

The library has fewer operations than PyTorch has names, so some are told apart by their
parameters, and where two of PyTorch's operations are one of ours the more usual name is shown.
"""

from __future__ import annotations

from typing import Any

from ..core.nodes import Leaf, Node, Output

_RENAMED = {
    "amax": "AmaxBackward0",
    "amin": "AminBackward0",
    "broadcast_to": "ExpandBackward0",
    "cast": "ToCopyBackward0",
    "copy": "CloneBackward0",
    "linear": "MmBackward0",
    "linear_bias": "AddmmBackward0",
    "put": "IndexPutBackward0",
    "square": "PowBackward0",
    "take": "IndexBackward0",
    "update_view": "CopySlices",
}


def shown_name(edge: Any) -> str:
    """The name of a tape entry; empty for a leaf."""
    if isinstance(edge, Leaf):
        return ""
    if isinstance(edge, Output):
        edge = edge.node
    if not isinstance(edge, Node):
        return str(edge.name)
    name = edge.primitive.name
    if name in _TOLD_APART:
        return _TOLD_APART[name](edge)
    return _RENAMED.get(name) or str(edge.name)


def _matmul(node: Node) -> str:
    return "MmBackward0" if len(node.types[0].shape) == 2 else "BmmBackward0"


_TOLD_APART: dict[str, Any] = {}
