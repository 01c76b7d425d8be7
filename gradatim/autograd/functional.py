"""Derivatives of functions of tensors: whole matrices, and products with them.

A matrix is made row by row, with one backward pass for each number of the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._tensor.joining import stack
from .._tensor.like import ones_like, zeros_like
from .._tensor.tensor import Tensor
from ..core.errors import ArgumentError
from ..core.handle import check_tensor
from .gradients import grad
from .modes import enable_grad

Function = Callable[..., Any]
Inputs = Tensor | tuple[Tensor, ...]


def jacobian(
    func: Function,
    inputs: Inputs,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """d out_i / d in_j, of the shape of the output and then of the input.

    Several inputs, as a tuple, or several outputs give tuples. `create_graph` lets the result be
    differentiated; `strict` refuses an output that does not depend on an input. `vectorize` is
    accepted and changes nothing.

    >>> import gradatim
    >>> jacobian(lambda x: x**2, gradatim.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    xs, is_tuple = _leaves("jacobian", inputs, create_graph)
    with enable_grad():
        outputs = func(*xs)
    several = isinstance(outputs, (tuple, list))
    rows = [
        _rows("jacobian", y, xs, create_graph, strict) for y in (outputs if several else [outputs])
    ]
    found = [tuple(row) if is_tuple else row[0] for row in rows]
    return tuple(found) if several else found[0]


def hessian(
    func: Function,
    inputs: Inputs,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """d^2 out / (d in_i d in_j) of a function to one number.

    Errors: ArgumentError for an output of more than one element.

    >>> import gradatim
    >>> hessian(lambda x: (x**3).sum(), gradatim.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    is_tuple = isinstance(inputs, tuple)

    def slope(*xs: Any) -> Any:
        out = _one_number("hessian", func(*xs))
        slopes = grad(out, xs, create_graph=True, allow_unused=True)
        filled = _without_none("hessian", slopes, xs, strict)
        return filled if is_tuple else filled[0]

    return jacobian(slope, inputs, create_graph=create_graph, strict=strict)


def vjp(
    func: Function,
    inputs: Inputs,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The output, and v^T J: the gradient of the output's sum with weights `v`.

    >>> import gradatim
    >>> vjp(lambda x: x**2, gradatim.tensor([1.0, 2.0]), gradatim.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    xs, is_tuple = _leaves("vjp", inputs, create_graph)
    with enable_grad():
        out = func(*xs)
    if v is None:
        v = ones_like(_one_number("vjp", out))
    found = grad(out, xs, v, create_graph=create_graph, allow_unused=True)
    slopes = _without_none("vjp", found, xs, strict)
    return _cut(out, create_graph), slopes if is_tuple else slopes[0]


def jvp(
    func: Function,
    inputs: Inputs,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The output, and J v: how it changes as the input moves along `v`.

    Computed by two passes back: v^T J is linear in its v, and its slope there is J.

    >>> import gradatim
    >>> jvp(lambda x: x**2, gradatim.tensor([1.0, 2.0]), gradatim.tensor([1.0, 0.0]))
    (tensor([1., 4.]), tensor([2., 0.]))
    """
    xs, _ = _leaves("jvp", inputs, create_graph)
    if v is None:
        if len(xs) > 1 or xs[0].numel() != 1:
            raise ArgumentError("jvp: v may be left out for an input of one number only")
        v = ones_like(xs[0])
    directions = v if isinstance(v, tuple) else (v,)
    with enable_grad():
        out = func(*xs)
        weights = zeros_like(out).requires_grad_()
        back = grad(out, xs, weights, create_graph=True, allow_unused=True)
        used = [(g, d) for g, d in zip(back, directions, strict=True) if g is not None]
        if strict and len(used) < len(xs):
            raise ArgumentError("jvp: the output does not depend on an input")
    if not used:
        return _cut(out, create_graph), zeros_like(out)
    (change,) = grad(
        [g for g, _ in used], [weights], [d for _, d in used],
        create_graph=create_graph, allow_unused=True,
    )  # fmt: skip
    return _cut(out, create_graph), zeros_like(out) if change is None else change


def hvp(
    func: Function,
    inputs: Inputs,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The output, one number, and H v: the Hessian times a vector, without the matrix.

    >>> import gradatim
    >>> hvp(lambda x: (x**3).sum(), gradatim.tensor([1.0, 2.0]), gradatim.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    xs, is_tuple = _leaves("hvp", inputs, create_graph)
    with enable_grad():
        out = _one_number("hvp", func(*xs))
        first = _without_none(
            "hvp", grad(out, xs, create_graph=True, allow_unused=True), xs, strict
        )
    weights = ones_like(xs[0]) if v is None else v
    weights = weights if isinstance(weights, tuple) else (weights,)
    bent = [(g, w) for g, w in zip(first, weights, strict=True) if g.requires_grad]
    found: Any = [None] * len(xs)
    if bent:
        found = grad(
            [g for g, _ in bent], xs, [w for _, w in bent],
            create_graph=create_graph, allow_unused=True,
        )  # fmt: skip
    slopes = _without_none("hvp", found, xs, strict)
    return _cut(out, create_graph), slopes if is_tuple else slopes[0]


vhp = hvp  # H is symmetric


def _leaves(name: str, inputs: Any, create_graph: bool) -> tuple[tuple[Any, ...], bool]:
    """The inputs as tensors of their own that gradients come to."""
    is_tuple = isinstance(inputs, (tuple, list))
    xs = tuple(inputs) if is_tuple else (inputs,)
    for x in xs:
        check_tensor(name, x, "inputs")
    if create_graph:
        with enable_grad():
            return tuple(
                x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in xs
            ), is_tuple
    return tuple(x.detach().requires_grad_() for x in xs), is_tuple


def _rows(name: str, y: Any, xs: Any, create_graph: bool, strict: bool) -> list[Any]:
    """The derivatives of one output by each input."""
    check_tensor(name, y, "the result of the function")
    numbers = [y] if not y.ndim else list(y.reshape(-1))
    found: list[list[Any]] = [[] for _ in xs]
    for k, number in enumerate(numbers):
        slopes: Any = [None] * len(xs)
        if number.requires_grad:
            slopes = grad(
                number, xs, retain_graph=create_graph or k + 1 < len(numbers) or None,
                create_graph=create_graph, allow_unused=True,
            )  # fmt: skip
        for column, g in zip(found, _without_none(name, slopes, xs, strict), strict=True):
            column.append(g)
    return [
        stack(column).reshape(*y.shape, *x.shape) if column else x.new_zeros((*y.shape, *x.shape))
        for column, x in zip(found, xs, strict=True)
    ]


def _without_none(name: str, found: Any, xs: Any, strict: bool) -> tuple[Any, ...]:
    if strict and any(g is None for g in found):
        raise ArgumentError(f"{name}: the output does not depend on an input")
    return tuple(zeros_like(x) if g is None else g for g, x in zip(found, xs, strict=True))


def _one_number(name: str, out: Any) -> Any:
    if not isinstance(out, Tensor) or out.numel() != 1:
        kind = f"shape {list(out.shape)}" if isinstance(out, Tensor) else type(out).__name__
        raise ArgumentError(f"{name}: the function must return one number, it returned {kind}")
    return out


def _cut(out: Any, create_graph: bool) -> Any:
    if create_graph:
        return out
    return tuple(x.detach() for x in out) if isinstance(out, (tuple, list)) else out.detach()
