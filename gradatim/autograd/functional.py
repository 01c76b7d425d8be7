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
    differentiated; `strict` refuses an output that does not depend on an input. `vectorize` and
    `strategy` are accepted and change nothing.

    Errors: ArgumentError as `strict` says; TypeError for inputs or outputs that are not tensors.

    >>> import gradatim
    >>> jacobian(lambda x: x**2, gradatim.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    xs, is_tuple = _leaves("jacobian", inputs, create_graph)
    with enable_grad():
        outputs = func(*xs)
        blocks = [_blocks("jacobian", y, xs, create_graph, strict) for y in _as_tuple(outputs)]
    matrices = [tuple(row) if is_tuple else row[0] for row in blocks]
    return tuple(matrices) if _are_several(outputs) else matrices[0]


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
    is_tuple = _are_several(inputs)

    def gradient(*xs: Any) -> Any:
        out = _one_number("hessian", func(*xs))
        gradients = _gradients("hessian", (out,), xs, None, True, strict)
        return gradients if is_tuple else gradients[0]

    return jacobian(gradient, inputs, create_graph=create_graph, strict=strict)


def vjp(
    func: Function,
    inputs: Inputs,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The output, and v^T J: the gradient of the output's sum with weights `v`.

    `v` has the shape of the output; it may be left out for an output of one number.

    >>> import gradatim
    >>> vjp(lambda x: x**2, gradatim.tensor([1.0, 2.0]), gradatim.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    xs, is_tuple = _leaves("vjp", inputs, create_graph)
    with enable_grad():
        out = func(*xs)
    weights = _as_tuple(ones_like(_one_number("vjp", out)) if v is None else v)
    products = _gradients("vjp", _as_tuple(out), xs, weights, create_graph, strict)
    return _cut(out, create_graph), products if is_tuple else products[0]


def jvp(
    func: Function,
    inputs: Inputs,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The output, and J v: how it changes as the input moves along `v`.

    `v` has the shape of the input; it may be left out for an input of one number. Computed by two
    backward passes: u^T J is linear in u, and its derivative along v is J v.

    >>> import gradatim
    >>> jvp(lambda x: x**2, gradatim.tensor([1.0, 2.0]), gradatim.tensor([1.0, 0.0]))
    (tensor([1., 4.]), tensor([2., 0.]))
    """
    xs, _ = _leaves("jvp", inputs, create_graph)
    directions = _directions("jvp", v, xs)
    with enable_grad():
        out = func(*xs)
        outputs = _as_tuple(out)
        for y in outputs:
            check_tensor("jvp", y, "the result of the function")
        weights = tuple(zeros_like(y).requires_grad_() for y in outputs)
        products = _gradients("jvp", outputs, xs, weights, True, strict)
    changes = _gradients("jvp", products, weights, directions, create_graph, False)
    return _cut(out, create_graph), changes if _are_several(out) else changes[0]


def hvp(
    func: Function,
    inputs: Inputs,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The output, one number, and H v: the Hessian times a vector, without the matrix.

    `v` has the shape of the input; it may be left out for an input of one number.

    >>> import gradatim
    >>> hvp(lambda x: (x**3).sum(), gradatim.tensor([1.0, 2.0]), gradatim.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    xs, is_tuple = _leaves("hvp", inputs, create_graph)
    directions = _directions("hvp", v, xs)
    with enable_grad():
        out = _one_number("hvp", func(*xs))
        gradients = _gradients("hvp", (out,), xs, None, True, strict)
    products = _gradients("hvp", gradients, xs, directions, create_graph, strict)
    return _cut(out, create_graph), products if is_tuple else products[0]


vhp = hvp  # H is symmetric


def _are_several(x: Any) -> bool:
    return isinstance(x, (tuple, list))


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if _are_several(x) else (x,)


def _leaves(name: str, inputs: Any, create_graph: bool) -> tuple[tuple[Any, ...], bool]:
    """The inputs as separate tensors that require grad, and whether they are several."""
    xs = _as_tuple(inputs)
    for x in xs:
        check_tensor(name, x, "inputs")
    with enable_grad():
        leaves = tuple(
            x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_()
            for x in xs
        )
    return leaves, _are_several(inputs)


def _directions(name: str, v: Any, xs: tuple[Any, ...]) -> tuple[Any, ...]:
    """`v` for each input; 1 if it is left out for an input of one number."""
    if v is None:
        if len(xs) > 1 or xs[0].numel() != 1:
            raise ArgumentError(f"{name}: v may be left out for an input of one number only")
        return (ones_like(xs[0]),)
    return _as_tuple(v)


def _blocks(name: str, y: Any, xs: Any, create_graph: bool, strict: bool) -> list[Any]:
    """The derivatives of one output by each input."""
    check_tensor(name, y, "the result of the function")
    numbers = [y] if not y.ndim else list(y.reshape(-1))
    columns: list[list[Any]] = [[] for _ in xs]
    for k, number in enumerate(numbers):
        retain = create_graph or k + 1 < len(numbers)
        row = _gradients(name, (number,), xs, None, create_graph, strict, retain)
        for column, g in zip(columns, row, strict=True):
            column.append(g)
    return [
        stack(column).reshape(*y.shape, *x.shape) if column else x.new_zeros((*y.shape, *x.shape))
        for column, x in zip(columns, xs, strict=True)
    ]


def _gradients(
    name: str,
    outputs: tuple[Any, ...],
    xs: tuple[Any, ...],
    weights: tuple[Any, ...] | None,
    create_graph: bool,
    strict: bool,
    retain_graph: bool | None = None,
) -> tuple[Any, ...]:
    """`grad` with zeros, or if `strict` an error, where an output does not depend on an input."""
    weights = (None,) * len(outputs) if weights is None else weights
    if len(weights) != len(outputs):
        raise ArgumentError(f"{name}: v must be {len(outputs)} tensors, got {len(weights)}")
    pairs = [(y, w) for y, w in zip(outputs, weights, strict=True) if y.requires_grad]
    gradients: Any = [None] * len(xs)
    if pairs:
        gradients = grad(
            [y for y, _ in pairs], xs, [w for _, w in pairs], retain_graph=retain_graph,
            create_graph=create_graph, allow_unused=True,
        )  # fmt: skip
    if strict and any(g is None for g in gradients):
        raise ArgumentError(f"{name}: the output does not depend on an input")
    return tuple(zeros_like(x) if g is None else g for g, x in zip(gradients, xs, strict=True))


def _one_number(name: str, out: Any) -> Any:
    if not isinstance(out, Tensor) or out.numel() != 1:
        kind = f"shape {list(out.shape)}" if isinstance(out, Tensor) else type(out).__name__
        raise ArgumentError(f"{name}: the function must return one number, it returned {kind}")
    return out


def _cut(out: Any, create_graph: bool) -> Any:
    """The output, without history unless `create_graph`."""
    if create_graph:
        return out
    return tuple(x.detach() for x in out) if _are_several(out) else out.detach()
