"""The functions that are methods too: `gradatim.exp(x)` is `x.exp()`.

A method's first parameter is called `input`, so that its signature is the function's.
"""

from __future__ import annotations

import functools
from typing import Any

from ..core.handle import Handle
from .tensor import Tensor


def function(method: Any) -> Any:
    """A method as a function that says so when its input is no tensor.

    The plainest signatures have a form of their own here: to pass on arguments that are not
    named takes longer than some operations.
    """
    code = method.__code__
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    name = method.__name__
    call: Any
    if code.co_flags & _VARIADIC or parameters not in (("input",), ("input", "other")):

        def call(input: Any, *args: Any, **kwargs: Any) -> Any:
            if type(input) is not Tensor:
                _check(name, input)
            return method(input, *args, **kwargs)

    elif len(parameters) == 1:

        def call(input: Any) -> Any:
            if type(input) is not Tensor:
                _check(name, input)
            return method(input)

    else:

        def call(input: Any, other: Any) -> Any:
            if type(input) is not Tensor:
                _check(name, input)
            return method(input, other)

    functools.update_wrapper(call, method)
    # Where it is found, for `pickle`.
    call.__module__, call.__qualname__ = "gradatim", name
    return call


_VARIADIC = 0x04 | 0x08


def _check(name: str, input: Any) -> None:
    if not isinstance(input, Handle):
        raise TypeError(
            f"{name}: expects a tensor as input, got {type(input).__name__}; "
            "make one with gradatim.tensor(...)"
        )


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a tensor."""
    return isinstance(obj, Handle)


def pow(input: Any, exponent: Any) -> Tensor:
    """`input ** exponent`, of which one may be a number.

    >>> import gradatim
    >>> gradatim.pow(2, gradatim.arange(4))
    tensor([1, 2, 4, 8])
    """
    if isinstance(input, Handle):
        return Tensor.pow(input, exponent)
    if not isinstance(exponent, Handle):
        _check("pow", input)
    return input**exponent  # type: ignore[no-any-return]


def remainder(input: Any, other: Any) -> Tensor:
    """`input % other` with the sign of `other`, of which one may be a number."""
    if isinstance(input, Handle):
        return Tensor.remainder(input, other)
    if not isinstance(other, Handle):
        _check("remainder", input)
    return input % other  # type: ignore[no-any-return]


abs = function(Tensor.abs)
add = function(Tensor.add)
all = function(Tensor.all)
allclose = function(Tensor.allclose)
any = function(Tensor.any)
bmm = function(Tensor.bmm)
broadcast_to = function(Tensor.broadcast_to)
ceil = function(Tensor.ceil)
chunk = function(Tensor.chunk)
clamp = function(Tensor.clamp)
clone = function(Tensor.clone)
cos = function(Tensor.cos)
detach = function(Tensor.detach)
div = function(Tensor.div)
dot = function(Tensor.dot)
eq = function(Tensor.eq)
equal = function(Tensor.equal)
exp = function(Tensor.exp)
expm1 = function(Tensor.expm1)
flatten = function(Tensor.flatten)
flip = function(Tensor.flip)
floor = function(Tensor.floor)
floor_divide = function(Tensor.floor_divide)
ge = function(Tensor.ge)
get_device = function(Tensor.get_device)
gt = function(Tensor.gt)
is_complex = function(Tensor.is_complex)
is_floating_point = function(Tensor.is_floating_point)
is_nonzero = function(Tensor.is_nonzero)
is_signed = function(Tensor.is_signed)
isclose = function(Tensor.isclose)
isfinite = function(Tensor.isfinite)
isinf = function(Tensor.isinf)
isnan = function(Tensor.isnan)
le = function(Tensor.le)
lerp = function(Tensor.lerp)
log = function(Tensor.log)
log10 = function(Tensor.log10)
log1p = function(Tensor.log1p)
log2 = function(Tensor.log2)
logical_and = function(Tensor.logical_and)
logical_not = function(Tensor.logical_not)
logical_or = function(Tensor.logical_or)
logical_xor = function(Tensor.logical_xor)
lt = function(Tensor.lt)
masked_fill = function(Tensor.masked_fill)
matmul = function(Tensor.matmul)
maximum = function(Tensor.maximum)
mean = function(Tensor.mean)
minimum = function(Tensor.minimum)
mm = function(Tensor.mm)
movedim = function(Tensor.movedim)
mul = function(Tensor.mul)
mv = function(Tensor.mv)
narrow = function(Tensor.narrow)
ne = function(Tensor.ne)
neg = function(Tensor.neg)
numel = function(Tensor.numel)
outer = function(Tensor.outer)
permute = function(Tensor.permute)
reciprocal = function(Tensor.reciprocal)
relu = function(Tensor.relu)
repeat_interleave = function(Tensor.repeat_interleave)
reshape = function(Tensor.reshape)
roll = function(Tensor.roll)
round = function(Tensor.round)
rsqrt = function(Tensor.rsqrt)
select = function(Tensor.select)
sigmoid = function(Tensor.sigmoid)
sign = function(Tensor.sign)
sin = function(Tensor.sin)
split = function(Tensor.split)
sqrt = function(Tensor.sqrt)
square = function(Tensor.square)
squeeze = function(Tensor.squeeze)
sub = function(Tensor.sub)
sum = function(Tensor.sum)
t = function(Tensor.t)
tanh = function(Tensor.tanh)
transpose = function(Tensor.transpose)
trunc = function(Tensor.trunc)
unbind = function(Tensor.unbind)
unflatten = function(Tensor.unflatten)
unsqueeze = function(Tensor.unsqueeze)

# Other names of the same.
absolute = abs
clip = clamp
divide = div
moveaxis = movedim
multiply = mul
negative = neg
subtract = sub
swapaxes = transpose
swapdims = transpose
true_divide = div
