"""Operations with a backward of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._tensor.tensor import Tensor
from ..core.context import GradMode, local
from ..core.errors import AutogradError
from ..core.handle import alias, written_since
from ..core.nodes import Output, overwritten
from ..core.storage import tick
from ..core.tape import history
from ..ops.broadcast import full

if TYPE_CHECKING:
    from ..core.backward import Flight


class Context:
    """What `forward` leaves for `backward`: saved tensors, and anything put on it by name."""

    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self) -> None:
        self._saved: tuple[Any, ...] = ()
        self._constant: tuple[int, ...] = ()
        self._dirty: tuple[int, ...] = ()
        self._materialize = True
        self._entry: _Entry | None = None

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or outputs; `backward` finds them in `saved_tensors`."""
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was kept; raises if it was freed, or overwritten since."""
        return self._saved if self._entry is None else self._entry.unpack()

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """These outputs get no gradient."""
        self._constant = tuple(id(x) for x in tensors)

    def mark_dirty(self, *tensors: Tensor) -> None:
        """These inputs were written in place and are returned."""
        self._dirty = tuple(id(x) for x in tensors)

    def set_materialize_grads(self, value: bool) -> None:
        """Whether missing gradients reach `backward` as zeros (the default) or as None."""
        self._materialize = value


class Function:
    """An operation made of a static `forward(ctx, ...)` and `backward(ctx, *gradients)`.

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
        """The value; runs unrecorded."""
        raise NotImplementedError("Function: define a static forward(ctx, ...)")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradient of each argument, from the gradients of the outputs."""
        raise NotImplementedError("Function: define a static backward(ctx, *gradients)")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and record `backward`."""
        taping = local.context.grad_enabled
        edges = tuple(history(a) if taping and isinstance(a, Tensor) else None for a in args)
        ctx = Context()
        ctx.needs_input_grad = tuple(edge is not None for edge in edges)
        with GradMode(False):
            if cls.setup_context is None:
                result = cls.forward(ctx, *args, **kwargs)
            else:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
        outputs = result if isinstance(result, tuple) else (result,)
        if any(ctx.needs_input_grad):
            given = {id(a) for a in args} - set(ctx._dirty)
            # An input handed back unchanged must not lose its own place on the tape.
            outputs = tuple(x.view_as(x).detach() if id(x) in given else x for x in outputs)
            _attach(_Entry(cls, ctx, edges, outputs), ctx, outputs)
        return outputs if isinstance(result, tuple) else outputs[0]


def _attach(entry: _Entry, ctx: Context, outputs: tuple[Any, ...]) -> None:
    for i, x in enumerate(outputs):
        if not isinstance(x, Tensor) or id(x) in ctx._constant or x._value.dtype.kind != "f":
            continue
        x._base = None
        x._edge = entry if len(outputs) == 1 else Output(entry, i)


class _Entry:
    """The tape entry of one call of a `Function`."""

    def __init__(
        self, cls: type[Function], ctx: Context, edges: tuple[Any, ...], outputs: tuple[Any, ...]
    ) -> None:
        self.cls = cls
        self.ctx = ctx
        self.edges = edges
        self.hooks: dict[int, Any] | None = None
        self.types = tuple(x._type if isinstance(x, Tensor) else None for x in outputs)
        place = {id(x): i for i, x in enumerate(outputs)}
        # A saved output must not hold its own entry: that would be a cycle. See `unpack`.
        self.outputs = tuple(None if x is None else place.get(id(x)) for x in ctx._saved)
        self.saved: tuple[Any, ...] | None = tuple(
            x if i is None else x.detach() for x, i in zip(ctx._saved, self.outputs, strict=True)
        )
        ctx._saved = ()
        ctx._entry = self
        self.time = tick()

    @property
    def name(self) -> str:
        return f"{self.cls.__name__}Backward"

    @property
    def output_count(self) -> int:
        return len(self.types)

    def unpack(self) -> tuple[Any, ...]:
        if self.saved is None:
            raise AutogradError(
                f"backward: the graph behind {self.name} was already walked and its saved values "
                "freed; pass retain_graph=True to the first backward() if you need a second one"
            )
        return tuple(self._checked(x, i) for x, i in zip(self.saved, self.outputs, strict=True))

    def _checked(self, x: Any, output: int | None) -> Any:
        if x is None:
            return None
        if written_since(x, self.time):
            raise AutogradError(overwritten(self.name, f"a tensor of shape {[*x._type.shape]}"))
        if output is not None:
            x = alias(x._value, x._storage, x._view)
            x._edge = self if len(self.types) == 1 else Output(self, output)
        return x

    def visit(self, gradient: Any, flight: Flight, *, fresh: bool) -> None:
        """Call the user's backward and send on what it returns."""
        arrived = gradient if type(gradient) is list else [gradient]
        if self.ctx._materialize:
            arrived = [
                full(kind.shape, 0, kind.dtype) if g is None and kind is not None else g
                for g, kind in zip(arrived, self.types, strict=True)
            ]
        returned = self.cls.backward(self.ctx, *arrived)
        results = returned if isinstance(returned, tuple) else (returned,)
        if len(results) < len(self.edges) or any(r is not None for r in results[len(self.edges) :]):
            raise AutogradError(
                f"{self.name}: backward returned {len(results)} gradients for "
                f"{len(self.edges)} arguments; return one for each, None where there is none"
            )
        for edge, new in zip(self.edges, results, strict=False):
            flight.add(edge, new, fresh=False)
        if not flight.retain_graph and self.saved:
            self.saved = None
