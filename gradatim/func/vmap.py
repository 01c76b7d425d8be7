"""`vmap`: a function of one sample becomes a function of a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .._tensor.joining import cat
from ..core.context import local, using
from ..core.errors import ArgumentError
from ..core.handle import check_tensor
from ..core.tape import history
from .batching import Batching
from .trees import leaves, map_leaves

Function = Callable[..., Any]


def vmap(
    func: Function,
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Function:
    """`func` of each sample of a batch, at once: its operations run on the whole batch.

    `in_dims` says for each argument which dimension counts the samples; None: all samples get the
    same. It may be nested as the arguments are, or one number for all. Keyword arguments are
    batches in dimension 0. `out_dims` is the same for results. `randomness` is "error",
    "different" (each sample draws its own numbers) or "same". At most `chunk_size` samples are
    computed at a time.

    Errors: ArgumentError for dimensions that do not fit; GradatimError where the function asks for
    a number of one sample (`if x > 0`), or for a shape that would differ.

    >>> import gradatim
    >>> weight, x = gradatim.ones(2, 3), gradatim.arange(6.0).view(2, 3)
    >>> vmap(gradatim.mv, in_dims=(None, 0))(weight, x)
    tensor([[ 3.,  3.],
            [12., 12.]])
    >>> slope = gradatim.func.grad(lambda w, x: (w * x).sum() ** 2)
    >>> vmap(slope, in_dims=(None, 0))(gradatim.ones(3), x)  # a gradient for each sample
    tensor([[  0.,   6.,  12.],
            [ 72.,  96., 120.]])
    """
    if randomness not in ("error", "different", "same"):
        raise ArgumentError(
            f'vmap: randomness must be "error", "different" or "same", got {randomness!r}'
        )
    if chunk_size is not None and chunk_size < 1:
        raise ArgumentError(f"vmap: chunk_size must be None or at least 1, got {chunk_size}")

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        dims = map_leaves(_dim, (args, kwargs), (_spread(in_dims, args), 0))
        size = _size((args, kwargs), dims)
        if chunk_size is None or chunk_size >= size:
            return _run(func, args, kwargs, dims, size, out_dims, randomness)
        parts = []
        for start in range(0, size, chunk_size):
            count = min(chunk_size, size - start)
            cut = functools.partial(_cut, start=start, count=count)
            a, k = map_leaves(cut, (args, kwargs), dims)
            parts.append(_run(func, a, k, dims, count, out_dims, randomness))
        return map_leaves(lambda _, d, *xs: cat(xs, d), parts[0], out_dims, *parts)

    return mapped


def _run(
    func: Function, args: Any, kwargs: Any, dims: Any, size: int, out_dims: Any, randomness: str
) -> Any:
    """One call for all samples."""
    context = local.context
    outside = context.backend
    given = [x for x, d in zip(leaves((args, kwargs)), leaves(dims), strict=True) if d is not None]
    tracked = isinstance(outside, Batching) and outside.tracked
    tracked = tracked or (context.grad_enabled and any(history(x) is not None for x in given))
    batches = Batching(outside, size, randomness, tracked)

    def enter(x: Any, dim: int | None) -> Any:
        return x if dim is None else batches.sample(x.movedim(dim, 0))

    def leave(x: Any, dim: int | None) -> Any:
        check_tensor("vmap", x, "the result of the function")
        if dim is None:
            if batches.is_batched(x):
                raise ArgumentError("vmap: out_dims is None for a result that differs by sample")
            return x
        whole = batches.whole(x)
        if not -whole.ndim <= dim < whole.ndim:
            raise ArgumentError(
                f"vmap: out_dims {dim} for a result whose samples have {whole.ndim - 1} dimensions"
            )
        return whole.movedim(0, dim)

    args, kwargs = map_leaves(enter, (args, kwargs), dims)
    with using(batches):
        out = func(*args, **kwargs)
    return map_leaves(leave, out, out_dims)


def _spread(in_dims: Any, args: tuple[Any, ...]) -> Any:
    if isinstance(in_dims, (tuple, list)) and len(in_dims) != len(args):
        raise ArgumentError(f"vmap: {len(in_dims)} in_dims for {len(args)} arguments")
    return in_dims


def _dim(x: Any, dim: Any) -> int | None:
    if dim is None or x is None:
        return None
    check_tensor("vmap", x, f"an argument with in_dims {dim}")
    n = x._value.ndim
    if not -n <= dim < n:
        raise ArgumentError(f"vmap: in_dims {dim} for a tensor of shape {list(x._value.shape)}")
    return int(dim) % n


def _size(values: Any, dims: Any) -> int:
    pairs = zip(leaves(values), leaves(dims), strict=True)
    sizes = {x._value.shape[d] for x, d in pairs if d is not None}
    if len(sizes) != 1:
        what = f"batches of different sizes: {sorted(sizes)}" if sizes else "no batch, only None"
        raise ArgumentError(f"vmap: the arguments have {what}; see in_dims")
    return int(sizes.pop())


def _cut(x: Any, dim: int | None, *, start: int, count: int) -> Any:
    return x if dim is None else x.narrow(dim, start, count)


def is_tracked() -> bool:
    """Whether a gradient from outside may pass through the batches of the running `vmap`."""
    backend = local.context.backend
    return isinstance(backend, Batching) and backend.tracked
