"""Custom operations: `Function`, with a user-defined forward and backward."""

from __future__ import annotations

import functools
import traceback
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .._tensor.tensor import Tensor
from ..core.changes import note_change
from ..core.context import GradMode, local
from ..core.errors import AutogradError, ShapeError
from ..core.handle import alias, written_since
from ..core.inplace import refuse_leaf, replace_history
from ..core.nodes import Output, check_for_nan, freed, overwritten
from ..core.storage import ArrayType, tick
from ..core.tape import base_of, history
from ..ops.broadcast import full, sum_to
from ..ops.elementwise import cast

if TYPE_CHECKING:
    from ..core.backward import PendingGradients


class Context:
    """What `forward` passes to `backward`: saved tensors, and any attributes set on it."""

    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self) -> None:
        self._saved: tuple[Any, ...] = ()
        self._constant: frozenset[int] = frozenset()
        self._dirty: frozenset[int] = frozenset()
        self._materialize = True
        # Weak, because the entry references this: it avoids a reference cycle.
        self._entry: Callable[[], _Entry | None] | None = None

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Save inputs or outputs for `backward`, which reads them from `saved_tensors`."""
        for i, x in enumerate(tensors):
            if x is not None and not isinstance(x, Tensor):
                raise TypeError(
                    f"save_for_backward: takes tensors and None, argument {i} is of type "
                    f"{type(x).__name__}; put anything else on ctx itself (ctx.k = k)"
                )
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The saved tensors. Errors: AutogradError if freed, or overwritten since."""
        if self._entry is None:  # `forward` is still running
            return self._saved
        entry = self._entry()
        if entry is None:
            raise AutogradError(
                "saved_tensors: the graph of this call was freed, and its saved tensors with it"
            )
        return entry.unpack()

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Declare that these outputs have no gradient."""
        self._constant = frozenset(map(id, tensors))

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Declare that these inputs were modified in place and are returned."""
        self._dirty = frozenset(map(id, tensors))

    def set_materialize_grads(self, value: bool) -> None:
        """Choose whether `backward` gets missing gradients as zeros (the default) or None."""
        self._materialize = value


class Function:
    """An operation defined by a static `forward(ctx, ...)` and `backward(ctx, *gradients)`.

    `backward` returns one gradient (or None) per argument of `forward`. With a static
    `setup_context(ctx, inputs, output)`, `forward` takes no `ctx`.

    >>> import gradatim
    >>> class Cube(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * x * x * g
    >>> x = gradatim.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    setup_context: Callable[..., None] | None = None

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The value; its operations are not recorded."""
        raise NotImplementedError("Function: define a static forward(ctx, ...)")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradient of each argument, from the gradients of the outputs."""
        raise NotImplementedError("Function: define a static backward(ctx, *gradients)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: a Function is applied, not instantiated."""
        name = type(self).__name__
        raise AutogradError(f"{name}: a Function is not called; use {name}.apply(...)")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and record `backward`."""
        taping = local.context.grad_enabled
        edges = tuple([history(a) if taping and isinstance(a, Tensor) else None for a in args])
        ctx = Context()
        ctx.needs_input_grad = tuple([edge is not None for edge in edges])
        with GradMode(False):
            if cls.setup_context is None:
                result = cls.forward(ctx, *args, **kwargs)
            else:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
        outputs = result if isinstance(result, tuple) else (result,)
        if any(ctx.needs_input_grad):
            given = set(map(id, args)) - ctx._dirty
            # An input returned unchanged must keep its own entry on the tape.
            outputs = tuple([x.view_as(x).detach() if id(x) in given else x for x in outputs])
            kinds = tuple([a._type if isinstance(a, Tensor) else None for a in args])
            _attach(_Entry(cls, ctx, edges, kinds, outputs), outputs)
        return outputs if isinstance(result, tuple) else outputs[0]


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `backward` that is not itself differentiable: a second gradient raises."""

    @functools.wraps(backward)
    def wrapped(ctx: Any, *gradients: Any) -> Any:
        with GradMode(False):
            result = backward(ctx, *gradients)
        if not local.context.grad_enabled:
            return result
        several = result if isinstance(result, tuple) else (result,)
        marked = tuple([x if x is None else _End.apply(x.requires_grad_()) for x in several])
        return marked if isinstance(result, tuple) else marked[0]

    return wrapped


class _End(Function):
    """The identity, whose backward raises."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise AutogradError(
            "backward: this needs the gradient of a gradient whose Function was declared "
            "once_differentiable; write its backward in tensor operations, without that decorator"
        )


def _attach(entry: _Entry, outputs: tuple[Any, ...]) -> None:
    ctx = entry.ctx
    for i, x in enumerate(outputs):
        if not isinstance(x, Tensor) or id(x) in ctx._constant or x._value.dtype.kind != "f":
            continue
        edge = entry if len(outputs) == 1 else Output(entry, i)
        if id(x) in ctx._dirty and base_of(x) is not x:
            source = x.detach()
            source._edge = edge
            replace_history(x, source, derived=True)
        else:
            x._base, x._edge, x._stamp = None, edge, x._storage.written
            note_change()


class _Entry:
    """The tape entry of one call of a `Function`."""

    def __init__(
        self,
        cls: type[Function],
        ctx: Context,
        edges: tuple[Any, ...],
        kinds: tuple[ArrayType | None, ...],
        outputs: tuple[Any, ...],
    ) -> None:
        self.cls = cls
        self.ctx = ctx
        self.edges = edges
        self.kinds = kinds  # of the arguments that are tensors
        self.hooks: dict[int, Any] | None = None
        self.types = tuple([x._type if isinstance(x, Tensor) else None for x in outputs])
        place = {id(x): i for i, x in enumerate(outputs)}
        # A saved output must not reference its own entry, which would be a cycle. See `unpack`.
        self.outputs = tuple([None if x is None else place.get(id(x)) for x in ctx._saved])
        self.saved: tuple[Any, ...] | None = tuple(
            [x if i is None else x.detach() for x, i in zip(ctx._saved, self.outputs, strict=True)]
        )
        ctx._saved = ()
        ctx._entry = weakref.ref(self)
        for x in outputs:
            if id(x) in ctx._dirty:
                refuse_leaf(base_of(x))
                x._storage.time = tick()
        self.time = tick()
        if local.context.anomaly:
            self.trace = traceback.extract_stack()

    @property
    def name(self) -> str:
        return f"{self.cls.__name__}Backward"

    @property
    def output_count(self) -> int:
        return len(self.types)

    def unpack(self) -> tuple[Any, ...]:
        """The saved tensors. Errors: AutogradError if released, or overwritten since."""
        if self.saved is None:
            raise AutogradError(freed(self.name))
        return tuple([self._checked(x, i) for x, i in zip(self.saved, self.outputs, strict=True)])

    def _checked(self, x: Any, output: int | None) -> Any:
        if x is None:
            return None
        if written_since(x, self.time):
            raise AutogradError(overwritten(self.name, f"a tensor of shape {[*x._type.shape]}"))
        if output is not None:
            x = alias(x._value, x._storage, x._view)
            x._edge = self if len(self.types) == 1 else Output(self, output)
        return x

    def visit(self, gradient: Any, pending: PendingGradients, *, fresh: bool) -> None:
        """Call the user's backward and pass its results on."""
        arrived = gradient if type(gradient) is list else [gradient]
        if self.ctx._materialize:
            arrived = [
                full(kind.shape, 0, kind.dtype) if g is None and kind is not None else g
                for g, kind in zip(arrived, self.types, strict=True)
            ]
        results = self._counted(self.cls.backward(self.ctx, *arrived))
        if local.context.anomaly:
            check_for_nan(self.name, getattr(self, "trace", None), enumerate(results))
        for i, (edge, new) in enumerate(zip(self.edges, results, strict=True)):
            if new is not None and (edge is not None or self.kinds[i] is None):
                pending.add(edge, self._fitted(i, new), fresh=False)
        if not pending.retain_graph and self.saved:
            self.saved = None

    def _counted(self, returned: Any) -> Sequence[Any]:
        """One gradient or None per argument; extra results are allowed if they are None."""
        results = returned if isinstance(returned, tuple) else (returned,)
        count = len(self.edges)
        if len(results) < count or any(r is not None for r in results[count:]):
            raise AutogradError(
                f"{self.name}: backward returned {len(results)} gradients for {count} arguments; "
                "return one for each, None where there is none"
            )
        return results[:count]

    def _fitted(self, i: int, new: Any) -> Any:
        """A gradient, summed and cast to the shape and dtype of its argument."""
        kind = self.kinds[i]
        if not isinstance(new, Tensor):
            raise TypeError(
                f"{self.name}: backward must return a tensor or None for argument {i}, not "
                f"{type(new).__name__}"
            )
        if kind is None:
            raise AutogradError(
                f"{self.name}: backward returned a gradient for argument {i}, which is not a "
                "tensor; return None there"
            )
        shape, own = new._value.shape, kind.shape
        if shape != own:
            if not _spreads(own, shape):
                raise ShapeError(
                    f"{self.name}: backward returned a gradient of shape {[*shape]} for argument "
                    f"{i} of shape {[*own]}; they must be equal"
                )
            new = sum_to(new, own)
        return new if new._value.dtype == kind.dtype else cast(new, dtype=kind.dtype)


def _spreads(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    """Whether `small` broadcasts to `large`, so that a gradient can be summed from there."""
    pairs = zip(reversed(small), reversed(large), strict=False)
    return len(small) <= len(large) and all(n in (1, m) for n, m in pairs)
