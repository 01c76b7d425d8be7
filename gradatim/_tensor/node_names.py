"""PyTorch's names for tape entries, as shown in `grad_fn=<...>`.

The library has fewer operations than PyTorch has names. Some names are told apart here by
parameters; otherwise the more common of PyTorch's names is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.nodes import Leaf, Node, Output

_RENAMED = {
    "broadcast_to": "ExpandBackward0",
    "cast": "ToCopyBackward0",
    "clamp": "ClampBackward1",
    "clamp_max": "ClampBackward1",
    "clamp_min": "ClampBackward1",
    "copy": "CloneBackward0",
    "cross_entropy": "NllLossBackward0",
    "linear": "MmBackward0",
    "linear_bias": "AddmmBackward0",
    "gelu_tanh": "GeluBackward0",
    "layer_norm": "NativeLayerNormBackward0",
    "log1p": "Log1PBackward0",
    "masked_scale": "MulBackward0",
    "matvec": "MvBackward0",
    "nll": "NllLossBackward0",
    "norm": "LinalgVectorNormBackward0",
    "pick": "NllLossBackward0",
    "power": "PowBackward0",
    "prelu": "PreluKernelBackward0",
    "put": "IndexPutBackward0",
    "reduce_prod": "ProdBackward0",
    "square": "PowBackward0",
    "squared_error": "MseLossBackward0",
    "take": "IndexBackward0",
    "top": "TopkBackward0",
    "update_view": "CopySlices",
    "vecmat": "SqueezeBackward4",
}


def shown_name(x: Any, edge: Any) -> str:
    """The name of the tape entry of `x`; empty for a leaf."""
    if not isinstance(edge, Node):
        return name_of(edge)
    if edge.primitive.name == "copy" and 0 < x._storage.written < edge.time:
        # The tape records an in-place write as a copy; PyTorch names the operation written.
        return name_of(edge.edges[0]) or "CopyBackwards"
    if edge.primitive.name == "matmul":
        return "MmBackward0" if len(x._value.shape) == 2 else "UnsafeViewBackward0"
    if edge.primitive.name in ("amax", "amin") and not x._value.shape:
        return edge.primitive.name[1:].capitalize() + "Backward1"
    return name_of(edge)


def name_of(edge: Any) -> str:
    """The name of a tape entry, judged by itself; empty for a leaf."""
    if isinstance(edge, Output):
        edge = edge.node
    if not isinstance(edge, Node):
        return "" if isinstance(edge, Leaf) else str(edge.name)
    primitive = edge.primitive.name
    if primitive in _TOLD_APART:
        return _TOLD_APART[primitive](edge)
    return _RENAMED.get(primitive) or str(edge.name)


def _reduction(name: str) -> Callable[[Node], str]:
    def all_or_some(node: Node) -> str:
        over_all = len(node.params["dims"]) == len(node.types[0].shape)
        return f"{name}Backward{0 if over_all else 1}"

    return all_or_some


def _power(node: Node) -> str:
    base, exponent = node.edges
    if exponent is None:
        return "PowBackward0"
    return "PowBackward1" if base is not None else "PowBackward2"


def _permute(node: Node) -> str:
    order = node.params["order"]
    moved = [i for i, dim in enumerate(order) if i != dim]
    return "TransposeBackward0" if len(order) > 2 == len(moved) else "PermuteBackward0"


def _reshape(node: Node) -> str:
    old, new = list(node.types[0].shape), list(node.params["shape"])
    source = node.edges[0]
    if isinstance(source, Node) and source.primitive.name == "matmul":
        return "MvBackward0" if old == [*new, 1] else "UnsafeViewBackward0"
    if _inserted(old, new):
        return "UnsqueezeBackward0"
    if new == [n for n in old if n != 1] != old:
        return "SqueezeBackward0"
    return "SqueezeBackward1" if _inserted(new, old) else "ViewBackward0"


def _inserted(short: list[int], long: list[int]) -> bool:
    """Whether `long` is `short` with one more 1."""
    return any(n == 1 and short == long[:i] + long[i + 1 :] for i, n in enumerate(long))


def _slice(node: Node) -> str:
    last = "AliasBackward0"
    for part in node.params["index"]:
        if isinstance(part, int):
            last = "SelectBackward0"
        elif part is None:
            last = "UnsqueezeBackward0"
        elif part not in (slice(None), ...):
            last = "SliceBackward0"
    return last


def _cat(node: Node) -> str:
    stacked = all(
        isinstance(source, Node)
        and source.primitive.name == "reshape"
        and _reshape(source) == "UnsqueezeBackward0"
        for source in node.edges
    )
    return "StackBackward0" if stacked else "CatBackward0"


def _reciprocal(node: Node) -> str:
    source = node.edges[0]
    of_root = isinstance(source, Node) and source.primitive.name == "sqrt"
    return "RsqrtBackward0" if of_root else "ReciprocalBackward0"


def _norm(node: Node) -> str:
    """Which norm it is: batch norm if the statistics are over the first dimension."""
    source = node.edges[0] if node.primitive.name == "affine" else node
    if isinstance(source, Node) and source.primitive.name == "reshape":
        return "NativeGroupNormBackward0"
    entry = source.node if isinstance(source, Output) else source
    if not isinstance(entry, Node) or entry.primitive.name != "standardize":
        return "NativeBatchNormBackward0"
    return f"Native{'Batch' if 0 in entry.params['dims'] else 'Layer'}NormBackward0"


_TOLD_APART: dict[str, Callable[[Node], str]] = {
    "affine": _norm,
    "cat": _cat,
    "mean": _reduction("Mean"),
    "permute": _permute,
    "pow": _power,
    "reciprocal": _reciprocal,
    "reduce_sum": _reduction("Sum"),
    "reshape": _reshape,
    "slice": _slice,
    "standardize": _norm,
}
