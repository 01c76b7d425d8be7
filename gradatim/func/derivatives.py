"""Derivatives of functions, as functions again: `grad`, `vjp`, `jvp`, `jacrev`, `hessian`.

They may be nested, and combined with `vmap`. Nothing they do changes a `.grad`. A result has a
history only if somebody could ask for it: if an argument, or another tensor that the function
uses, requires grad, or if another derivative is taken outside.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from .._tensor.like import zeros_like
from ..autograd.gradients import grad as gradients_of
from ..autograd.modes import enable_grad, is_grad_enabled
from ..core.errors import ArgumentError
from ..core.handle import check_tensor
from ..core.nodes import Leaf
from ..core.tape import history
from .trees import leaves, map_leaves
from .vmap import is_tracked, vmap

Function = Callable[..., Any]
Places = int | tuple[int, ...]


def grad(func: Function, argnums: Places = 0, has_aux: bool = False) -> Function:
    """The gradient of a function to one number, by its argument `argnums` (a tuple: by several).

    The argument may be a tensor, or tensors in tuples, lists and dictionaries; the gradient has
    the same structure. With `has_aux`, the function returns its number and something else, and
    the result is the gradient and that.

    Errors: ArgumentError if the function does not return one number.

    >>> import gradatim
    >>> cube = lambda x: x**3
    >>> x = gradatim.tensor(2.0)
    >>> grad(cube)(x), grad(grad(cube))(x)
    (tensor(12.), tensor(12.))
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def grad_and_value(func: Function, argnums: Places = 0, has_aux: bool = False) -> Function:
    """As `grad`, and the function's value: `(gradient, value)` or `(gradient, (value, aux))`.

    >>> import gradatim
    >>> grad_and_value(lambda x: x**2)(gradatim.tensor(3.0))
    (tensor(6.), tensor(9.))
    """

    @functools.wraps(func)
    def both(*args: Any, **kwargs: Any) -> Any:
        call = _Call("grad", func, args, kwargs, argnums, has_aux)
        out = call.out
        check_tensor("grad", out, "the result of the function")
        if out.numel() != 1 or out.ndim:
            raise ArgumentError(
                "grad: the function must return one number, a tensor without dimensions, it "
                f"returned one of shape {list(out.shape)}; use .sum(), .mean() or jacrev"
            )
        found = call.inputs_like(call.pulled([out], [None], retain=False))
        value = call.left(out)
        return found, (value, call.aux) if has_aux else value

    return both


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The function's result, and a function of v with v^T J, one gradient for each argument.

    >>> import gradatim
    >>> out, pull = vjp(gradatim.sin, gradatim.zeros(2))
    >>> out, pull(gradatim.tensor([1.0, 2.0]))
    (tensor([0., 0.]), (tensor([1., 2.]),))
    """
    call = _Call("vjp", func, primals, {}, tuple(range(len(primals))), has_aux)

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        outs, weights = leaves(call.out), leaves(cotangents)
        if len(outs) != len(weights):
            raise ArgumentError(f"vjp: {len(weights)} tensors for {len(outs)} results")
        return call.inputs_like(call.pulled(outs, weights, retain=retain_graph))

    out = map_leaves(call.left, call.out)
    return (out, pull, call.aux) if has_aux else (out, pull)


def jvp(func: Function, primals: Any, tangents: Any, *, has_aux: bool = False) -> Any:
    """The function's result, and J v: how it changes as the arguments move along `tangents`.

    Computed by two backward passes: u^T J is linear in u, and its derivative along v is J v.

    >>> import gradatim
    >>> jvp(lambda x: x**2, (gradatim.tensor([1.0, 2.0]),), (gradatim.ones(2),))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise ArgumentError("jvp: primals and tangents must be tuples, one item for each argument")
    call = _Call("jvp", func, primals, {}, tuple(range(len(primals))), has_aux)
    moves = leaves(tangents)
    if len(moves) != len(call.xs):
        raise ArgumentError(f"jvp: {len(moves)} tangents for {len(call.xs)} primals")
    outs = leaves(call.out)
    with enable_grad():
        weights = [zeros_like(y).requires_grad_() for y in outs]
        products = call.pulled(outs, weights, retain=True, create_graph=True)
        known = [(p, v) for p, v in zip(products, moves, strict=True) if p.requires_grad]
        found: Any = [zeros_like(y) for y in outs]
        if known:
            found = gradients_of(
                [p for p, _ in known], weights, [v for _, v in known],
                create_graph=call.tracked, materialize_grads=True,
            )  # fmt: skip
    rest = iter(found)
    changes = map_leaves(lambda y: call.left(next(rest)), call.out)
    out = map_leaves(call.left, call.out)
    return (out, changes, call.aux) if has_aux else (out, changes)


def jacrev(
    func: Function, argnums: Places = 0, *, has_aux: bool = False, chunk_size: int | None = None
) -> Function:
    """All derivatives d out_i / d in_j, of the shape of the result and then of the argument.

    One backward pass for all rows, `chunk_size` at a time. Arguments and results may be trees.

    >>> import gradatim
    >>> jacrev(gradatim.sin)(gradatim.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        call = _Call("jacrev", func, args, kwargs, argnums, has_aux)

        def rows(y: Any) -> Any:
            check_tensor("jacrev", y, "the result of the function")
            basis = y.new_ones(y.numel()).diag().reshape(y.numel(), *y.shape)

            def row(weight: Any) -> Any:
                return tuple(call.pulled([y], [weight], retain=True))

            with enable_grad() if call.tracked else nullcontext():
                found = vmap(row, chunk_size=chunk_size)(basis)
            shaped = [
                call.left(g.reshape(*y.shape, *x.shape))
                for g, x in zip(found, call.xs, strict=True)
            ]
            return call.inputs_like(shaped)

        found = map_leaves(rows, call.out)
        return (found, call.aux) if has_aux else found

    return jacobian


def jacfwd(
    func: Function,
    argnums: Places = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    randomness: str = "error",
) -> Function:
    """The same numbers as `jacrev`, and computed in the same way: there is no forward mode here.

    >>> import gradatim
    >>> jacfwd(lambda x: x**2)(gradatim.tensor([1.0, 3.0]))
    tensor([[2., 0.],
            [0., 6.]])
    """
    return jacrev(func, argnums, has_aux=has_aux, chunk_size=chunk_size)


def hessian(func: Function, argnums: Places = 0) -> Function:
    """All second derivatives: the derivatives of the derivatives.

    >>> import gradatim
    >>> hessian(lambda x: (x**3).sum())(gradatim.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacrev(jacrev(func, argnums), argnums)


class _Call:
    """One call of a function, with fresh tensors for the arguments to differentiate by."""

    def __init__(
        self, name: str, func: Function, args: Any, kwargs: Any, argnums: Places, has_aux: bool
    ) -> None:
        self.name = name
        asked = is_grad_enabled()
        places = argnums if isinstance(argnums, tuple) else (argnums,)
        count = len(args)
        if not places or any(not -count <= i < count for i in places):
            raise ArgumentError(f"{name}: argnums {argnums} of a call with {count} arguments")
        places = tuple(i % count for i in places)
        with enable_grad():
            args = list(args)
            for i in places:
                args[i] = map_leaves(self._fresh, args[i])
            self.args = [args[i] for i in places]
            self.xs = leaves(self.args)
            self.is_one = not isinstance(argnums, tuple)
            out = func(*args, **kwargs)
        self.aux = None
        if has_aux:
            if not isinstance(out, tuple) or len(out) != 2:
                raise ArgumentError(f"{name}: with has_aux the function returns (result, aux)")
            out, self.aux = out
        self.out = out
        self.tracked = asked and (is_tracked() or _reaches_others(leaves(out), self.xs))
        self.aux = map_leaves(self.left, self.aux)

    def _fresh(self, x: Any) -> Any:
        check_tensor(self.name, x, "an argument to differentiate by")
        if not x.is_floating_point():
            raise ArgumentError(f"{self.name}: an argument of dtype {x.dtype} has no derivative")
        return x.view_as(x) if x.requires_grad else x.detach().requires_grad_()

    def pulled(
        self, outs: list[Any], weights: list[Any], *, retain: bool, create_graph: bool = False
    ) -> list[Any]:
        """The gradient for each argument; zeros where the results do not depend on it."""
        pairs = [(y, w) for y, w in zip(outs, weights, strict=True) if y.requires_grad]
        if not pairs:
            return [zeros_like(x) for x in self.xs]
        create_graph = create_graph or self.tracked
        found = gradients_of(
            [y for y, _ in pairs], self.xs, [w for _, w in pairs],
            retain_graph=retain or create_graph, create_graph=create_graph,
            materialize_grads=True,
        )  # fmt: skip
        return list(found)

    def inputs_like(self, found: list[Any]) -> Any:
        """Gradients in the structure of the arguments."""
        rest = iter(found)
        trees = [map_leaves(lambda x: next(rest), arg) for arg in self.args]
        return trees[0] if self.is_one else tuple(trees)

    def left(self, x: Any) -> Any:
        """A result without the fresh tensors' history, unless that leads to others."""
        return x if self.tracked or not hasattr(x, "detach") else x.detach()


def _reaches_others(outs: list[Any], xs: list[Any]) -> bool:
    """Whether a gradient of the results would also reach other tensors than the fresh ones."""
    own = {x._edge for x in xs}
    stack = [edge for y in outs if hasattr(y, "_edge") and (edge := history(y)) is not None]
    if any(type(edge) is not Leaf for edge in own):
        return True
    seen = set(stack)
    while stack:
        edge = stack.pop()
        if type(edge) is Leaf and edge not in own:
            return True
        new = [e for e in edge.edges if e is not None and e not in seen]
        seen.update(new)
        stack += new
    return False
