"""In-place methods: the operation's result is written into the tensor's own memory.

Memory, dtype and shape stay; the history becomes that of the new contents. So gradients are
right, and if an earlier operation saved the old value for its gradient, `backward()` raises
instead of being silently wrong (see `core.inplace`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from ..core.changes import note_change
from ..core.context import GradMode, local
from ..core.errors import ShapeError
from ..core.handle import Handle
from ..core.inplace import alias_of, refuse_leaf
from ..core.nodes import Leaf
from ..core.tape import base_of, history
from .angles import Angular
from .arithmetic import Arithmetic
from .bounds import Bounded
from .comparison import Comparison
from .exponentials import Exponential
from .promotion import fits, operand
from .reduction import Reduction
from .rounding import Rounded
from .shape import Shaped
from .writing import assign, in_place

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float
P = ParamSpec("P")


def form(operation: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """The in-place form of a method, with its parameters and the name `method_`."""

    @wraps(operation)
    def method(*args: P.args, **params: P.kwargs) -> Tensor:
        return in_place(operation, *args, **params)

    method.__name__ = f"{operation.__name__}_"
    method.__qualname__ = f"InPlace.{method.__name__}"
    method.__doc__ = f"`{operation.__name__}`, in place."
    return method


def _operator(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The in-place form of an operator; unknown operands' own methods decide.

    A number is never changed in place: another variable may hold it.
    """

    def method(self: Any, other: Any) -> Any:
        if not fits(other) or self._is_number:
            return NotImplemented
        return in_place(operation, self, operand(other))

    return method


class InPlace(Handle):
    """`add_`, `+=` and the like: every method whose name ends in `_` writes into its tensor."""

    # -- new contents ----------------------------------------------------------------------

    def copy_(self, src: Tensor | Number, non_blocking: bool = False) -> Tensor:
        """Overwrite with `src`, broadcast and cast to this tensor's dtype.

        >>> import gradatim
        >>> gradatim.zeros(2, 2).copy_(gradatim.tensor([1, 2]))
        tensor([[1., 2.],
                [1., 2.]])
        """
        if src is not self:
            assign("copy_", self, src)
        elif local.context.grad_enabled:
            refuse_leaf(base_of(self))
        return self  # type: ignore[return-value]

    def fill_(input, value: Tensor | Number) -> Tensor:
        """Set every element to one number."""
        if isinstance(value, Handle) and value._value.shape:
            raise ShapeError(
                f"fill_: needs a number or a 0-d tensor, got shape {[*value._value.shape]}; "
                "use copy_ for a tensor"
            )
        assign("fill_", input, value)
        return input  # type: ignore[return-value]

    def zero_(input) -> Tensor:
        """Set every element to 0."""
        return input.fill_(0)

    # -- elementwise -----------------------------------------------------------------------

    add_ = form(Arithmetic.add)
    sub_ = subtract_ = form(Arithmetic.sub)
    mul_ = multiply_ = form(Arithmetic.mul)
    div_ = divide_ = true_divide_ = form(Arithmetic.div)
    floor_divide_ = form(Arithmetic.floor_divide)
    remainder_ = form(Arithmetic.remainder)
    fmod_ = form(Arithmetic.fmod)
    pow_ = form(Arithmetic.pow)
    lerp_ = form(Arithmetic.lerp)
    addcmul_ = form(Arithmetic.addcmul)
    addcdiv_ = form(Arithmetic.addcdiv)
    neg_ = negative_ = form(Arithmetic.neg)
    abs_ = absolute_ = form(Arithmetic.abs)
    sign_ = sgn_ = form(Arithmetic.sign)
    square_ = form(Arithmetic.square)
    reciprocal_ = form(Arithmetic.reciprocal)

    exp_ = form(Exponential.exp)
    expm1_ = form(Exponential.expm1)
    exp2_ = form(Exponential.exp2)
    log_ = form(Exponential.log)
    log1p_ = form(Exponential.log1p)
    log2_ = form(Exponential.log2)
    log10_ = form(Exponential.log10)
    sqrt_ = form(Exponential.sqrt)
    rsqrt_ = form(Exponential.rsqrt)
    sigmoid_ = form(Exponential.sigmoid)
    logit_ = form(Exponential.logit)
    erf_ = form(Exponential.erf)
    xlogy_ = form(Exponential.xlogy)

    sin_ = form(Angular.sin)
    cos_ = form(Angular.cos)
    tan_ = form(Angular.tan)
    sinc_ = form(Angular.sinc)
    asin_ = arcsin_ = form(Angular.asin)
    acos_ = arccos_ = form(Angular.acos)
    atan_ = arctan_ = form(Angular.atan)
    atan2_ = arctan2_ = form(Angular.atan2)
    hypot_ = form(Angular.hypot)
    deg2rad_ = form(Angular.deg2rad)
    rad2deg_ = form(Angular.rad2deg)
    sinh_ = form(Angular.sinh)
    cosh_ = form(Angular.cosh)
    tanh_ = form(Angular.tanh)
    asinh_ = arcsinh_ = form(Angular.asinh)
    acosh_ = arccosh_ = form(Angular.acosh)
    atanh_ = arctanh_ = form(Angular.atanh)

    floor_ = form(Rounded.floor)
    ceil_ = form(Rounded.ceil)
    trunc_ = form(Rounded.trunc)
    round_ = form(Rounded.round)
    frac_ = form(Rounded.frac)
    clamp_ = clip_ = form(Bounded.clamp)
    clamp_min_ = form(Bounded.clamp_min)
    clamp_max_ = form(Bounded.clamp_max)
    relu_ = form(Bounded.relu)
    nan_to_num_ = form(Bounded.nan_to_num)

    cumsum_ = form(Reduction.cumsum)
    cumprod_ = form(Reduction.cumprod)

    eq_ = form(Comparison.eq)
    ne_ = form(Comparison.ne)
    lt_ = form(Comparison.lt)
    le_ = form(Comparison.le)
    gt_ = form(Comparison.gt)
    ge_ = form(Comparison.ge)
    heaviside_ = form(Comparison.heaviside)
    less_, less_equal_, greater_, greater_equal_, not_equal_ = lt_, le_, gt_, ge_, ne_
    logical_and_ = form(Comparison.logical_and)
    logical_or_ = form(Comparison.logical_or)
    logical_xor_ = form(Comparison.logical_xor)
    logical_not_ = form(Comparison.logical_not)

    # -- operators -------------------------------------------------------------------------

    __iadd__ = _operator(Arithmetic.add)
    __isub__ = _operator(Arithmetic.sub)
    __imul__ = _operator(Arithmetic.mul)
    __itruediv__ = _operator(Arithmetic.div)
    __ifloordiv__ = _operator(Arithmetic.floor_divide)
    __imod__ = _operator(Arithmetic.remainder)
    __ipow__ = _operator(Arithmetic.pow)
    __iand__ = _operator(Comparison.__and__)
    __ior__ = _operator(Comparison.__or__)
    __ixor__ = _operator(Comparison.__xor__)

    # -- in-place changes of shape -----------------------------------------------------------

    def squeeze_(self, dim: int | tuple[int, ...] | None = None) -> Tensor:
        """Drop the dimensions of size 1 (or only `dim`, if its size is 1), in place."""
        return _seen_as(self, Shaped.squeeze, dim)

    def unsqueeze_(self, dim: int) -> Tensor:
        """Insert a dimension of size 1 before `dim`, in place."""
        return _seen_as(self, Shaped.unsqueeze, dim)

    def t_(self) -> Tensor:
        """Transpose this matrix in place."""
        return _seen_as(self, Shaped.t)

    def transpose_(self, dim0: int, dim1: int) -> Tensor:
        """Exchange two dimensions in place."""
        return _seen_as(self, Shaped.transpose, dim0, dim1)

    swapaxes_ = swapdims_ = transpose_


def _seen_as(x: Any, view: Callable[..., Any], *args: Any) -> Any:
    """Turn `x` into a view of its former self."""
    if type(history(x)) is Leaf:
        if local.context.grad_enabled:
            refuse_leaf(x)
        seen = view(x, *args)  # a leaf remains a leaf
        x._value, x._view = seen._value, seen._view
        note_change()
        return x
    # Its former self becomes a separate tensor, the base of earlier views from now on.
    was = alias_of(x)
    was._base, was._stamp = x._base, x._stamp
    with GradMode(True):
        seen = view(was, *args)
    x._value, x._shared, x._view = seen._value, seen._shared, seen._view
    x._base, x._edge, x._stamp = seen._base, seen._edge, seen._stamp
    note_change()
    return x
