"""Functions that are also methods: `gradatim.exp(x)` is `x.exp()`.

A method's first parameter is called `input`, so that its signature is that of the function.
"""

from __future__ import annotations

import functools
from typing import Any

from ..core.handle import Handle, check_tensor
from .tensor import Tensor


def function(method: Any) -> Any:
    """A method as a function that checks that its input is a tensor.

    The two commonest signatures are special-cased: forwarding `*args, **kwargs` takes longer than
    some operations.
    """
    code = method.__code__
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    name = method.__name__
    call: Any
    if code.co_flags & _VARIADIC or parameters not in (("input",), ("input", "other")):

        def call(input: Any, *args: Any, **kwargs: Any) -> Any:
            if type(input) is not Tensor:
                check_tensor(name, input)
            return method(input, *args, **kwargs)

    elif len(parameters) == 1:

        def call(input: Any) -> Any:
            if type(input) is not Tensor:
                check_tensor(name, input)
            return method(input)

    else:

        def call(input: Any, other: Any) -> Any:
            if type(input) is not Tensor:
                check_tensor(name, input)
            return method(input, other)

    return _found_in_gradatim(call, method)


def of_two(method: Any) -> Any:
    """A function of two operands, at least one of them a tensor."""
    name = method.__name__

    def call(input: Any, other: Any, **named: Any) -> Any:
        if type(input) is not Tensor and not (
            isinstance(other, Handle) and isinstance(input, bool | int | float)
        ):
            check_tensor(name, input)
        return method(input, other, **named)

    return _found_in_gradatim(call, method)


def _found_in_gradatim(call: Any, method: Any) -> Any:
    """Give the function the method's name and docstring, and a module where `pickle` finds it."""
    functools.update_wrapper(call, method)
    call.__module__, call.__qualname__ = "gradatim", method.__name__
    return call


_VARIADIC = 0x04 | 0x08


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a tensor."""
    return isinstance(obj, Handle)


def pow(input: Any, exponent: Any) -> Tensor:
    """`input ** exponent`; one of them may be a number.

    >>> import gradatim
    >>> gradatim.pow(2, gradatim.arange(4))
    tensor([1, 2, 4, 8])
    """
    if isinstance(input, Tensor):
        return input.pow(exponent)
    if not isinstance(exponent, Handle):
        check_tensor("pow", input)
    return input**exponent


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts of `dim`: of one size (the last may be smaller), or a list.

    >>> import gradatim
    >>> gradatim.split(gradatim.arange(3), 2)
    (tensor([0, 1]), tensor([2]))
    """
    check_tensor("split", tensor, "tensor")
    return tensor.split(split_size_or_sections, dim)


abs = function(Tensor.abs)
abs_ = function(Tensor.abs_)
acos = function(Tensor.acos)
acos_ = function(Tensor.acos_)
acosh = function(Tensor.acosh)
acosh_ = function(Tensor.acosh_)
add = of_two(Tensor.add)
addcdiv = function(Tensor.addcdiv)
addcmul = function(Tensor.addcmul)
addmm = function(Tensor.addmm)
all = function(Tensor.all)
allclose = function(Tensor.allclose)
amax = function(Tensor.amax)
amin = function(Tensor.amin)
aminmax = function(Tensor.aminmax)
any = function(Tensor.any)
argmax = function(Tensor.argmax)
argmin = function(Tensor.argmin)
argsort = function(Tensor.argsort)
argwhere = function(Tensor.argwhere)
asin = function(Tensor.asin)
asin_ = function(Tensor.asin_)
asinh = function(Tensor.asinh)
asinh_ = function(Tensor.asinh_)
atan = function(Tensor.atan)
atan2 = function(Tensor.atan2)
atan_ = function(Tensor.atan_)
atanh = function(Tensor.atanh)
atanh_ = function(Tensor.atanh_)
baddbmm = function(Tensor.baddbmm)
bincount = function(Tensor.bincount)
bitwise_and = of_two(Tensor.bitwise_and)
bitwise_not = function(Tensor.bitwise_not)
bitwise_or = of_two(Tensor.bitwise_or)
bitwise_xor = of_two(Tensor.bitwise_xor)
bmm = function(Tensor.bmm)
broadcast_to = function(Tensor.broadcast_to)
ceil = function(Tensor.ceil)
ceil_ = function(Tensor.ceil_)
chunk = function(Tensor.chunk)
clamp = function(Tensor.clamp)
clamp_ = function(Tensor.clamp_)
clamp_max = function(Tensor.clamp_max)
clamp_max_ = function(Tensor.clamp_max_)
clamp_min = function(Tensor.clamp_min)
clamp_min_ = function(Tensor.clamp_min_)
clone = function(Tensor.clone)
corrcoef = function(Tensor.corrcoef)
cos = function(Tensor.cos)
cos_ = function(Tensor.cos_)
cosh = function(Tensor.cosh)
cosh_ = function(Tensor.cosh_)
count_nonzero = function(Tensor.count_nonzero)
cov = function(Tensor.cov)
cummax = function(Tensor.cummax)
cummin = function(Tensor.cummin)
cumprod = function(Tensor.cumprod)
cumsum = function(Tensor.cumsum)
deg2rad = function(Tensor.deg2rad)
deg2rad_ = function(Tensor.deg2rad_)
det = function(Tensor.det)
detach = function(Tensor.detach)
detach_ = function(Tensor.detach_)
diag = function(Tensor.diag)
diag_embed = function(Tensor.diag_embed)
diagonal = function(Tensor.diagonal)
diff = function(Tensor.diff)
dist = function(Tensor.dist)
div = of_two(Tensor.div)
dot = function(Tensor.dot)
eq = function(Tensor.eq)
equal = function(Tensor.equal)
erf = function(Tensor.erf)
erf_ = function(Tensor.erf_)
exp = function(Tensor.exp)
exp2 = function(Tensor.exp2)
exp2_ = function(Tensor.exp2_)
exp_ = function(Tensor.exp_)
expm1 = function(Tensor.expm1)
expm1_ = function(Tensor.expm1_)
fill_ = function(Tensor.fill_)
flatten = function(Tensor.flatten)
flip = function(Tensor.flip)
fliplr = function(Tensor.fliplr)
flipud = function(Tensor.flipud)
float_power = function(Tensor.float_power)
floor = function(Tensor.floor)
floor_ = function(Tensor.floor_)
floor_divide = of_two(Tensor.floor_divide)
fmax = function(Tensor.fmax)
fmin = function(Tensor.fmin)
fmod = function(Tensor.fmod)
frac = function(Tensor.frac)
frac_ = function(Tensor.frac_)
gather = function(Tensor.gather)
ge = function(Tensor.ge)
get_device = function(Tensor.get_device)
gt = function(Tensor.gt)
heaviside = function(Tensor.heaviside)
histc = function(Tensor.histc)
histogram = function(Tensor.histogram)
hypot = function(Tensor.hypot)
index_add = function(Tensor.index_add)
index_copy = function(Tensor.index_copy)
index_fill = function(Tensor.index_fill)
index_put = function(Tensor.index_put)
index_put_ = function(Tensor.index_put_)
index_select = function(Tensor.index_select)
inverse = function(Tensor.inverse)
is_complex = function(Tensor.is_complex)
is_floating_point = function(Tensor.is_floating_point)
is_nonzero = function(Tensor.is_nonzero)
is_signed = function(Tensor.is_signed)
isclose = function(Tensor.isclose)
isfinite = function(Tensor.isfinite)
isinf = function(Tensor.isinf)
isnan = function(Tensor.isnan)
isneginf = function(Tensor.isneginf)
isposinf = function(Tensor.isposinf)
kthvalue = function(Tensor.kthvalue)
mode = function(Tensor.mode)
tensor_split = function(Tensor.tensor_split)
hsplit = function(Tensor.hsplit)
vsplit = function(Tensor.vsplit)
dsplit = function(Tensor.dsplit)
as_strided = function(Tensor.as_strided)
le = function(Tensor.le)
lerp = function(Tensor.lerp)
log = function(Tensor.log)
log10 = function(Tensor.log10)
log10_ = function(Tensor.log10_)
log1p = function(Tensor.log1p)
log1p_ = function(Tensor.log1p_)
log2 = function(Tensor.log2)
log2_ = function(Tensor.log2_)
log_ = function(Tensor.log_)
log_softmax = function(Tensor.log_softmax)
logaddexp = function(Tensor.logaddexp)
logaddexp2 = function(Tensor.logaddexp2)
logdet = function(Tensor.logdet)
logical_and = function(Tensor.logical_and)
logical_not = function(Tensor.logical_not)
logical_or = function(Tensor.logical_or)
logical_xor = function(Tensor.logical_xor)
logit = function(Tensor.logit)
logit_ = function(Tensor.logit_)
logsumexp = function(Tensor.logsumexp)
lt = function(Tensor.lt)
masked_fill = function(Tensor.masked_fill)
masked_scatter = function(Tensor.masked_scatter)
masked_select = function(Tensor.masked_select)
matmul = function(Tensor.matmul)
matrix_power = function(Tensor.matrix_power)
max = function(Tensor.max)
maximum = function(Tensor.maximum)
mean = function(Tensor.mean)
median = function(Tensor.median)
min = function(Tensor.min)
minimum = function(Tensor.minimum)
mm = function(Tensor.mm)
movedim = function(Tensor.movedim)
msort = function(Tensor.msort)
mul = of_two(Tensor.mul)
mv = function(Tensor.mv)
nan_to_num = function(Tensor.nan_to_num)
nan_to_num_ = function(Tensor.nan_to_num_)
nanmean = function(Tensor.nanmean)
nanquantile = function(Tensor.nanquantile)
nansum = function(Tensor.nansum)
narrow = function(Tensor.narrow)
ne = function(Tensor.ne)
neg = function(Tensor.neg)
neg_ = function(Tensor.neg_)
nonzero = function(Tensor.nonzero)
norm = function(Tensor.norm)
numel = function(Tensor.numel)
outer = function(Tensor.outer)
permute = function(Tensor.permute)
pinverse = function(Tensor.pinverse)
positive = function(Tensor.positive)
prod = function(Tensor.prod)
put = function(Tensor.put)
quantile = function(Tensor.quantile)
rad2deg = function(Tensor.rad2deg)
rad2deg_ = function(Tensor.rad2deg_)
ravel = function(Tensor.ravel)
reciprocal = function(Tensor.reciprocal)
reciprocal_ = function(Tensor.reciprocal_)
relu = function(Tensor.relu)
relu_ = function(Tensor.relu_)
remainder = of_two(Tensor.remainder)
repeat_interleave = function(Tensor.repeat_interleave)
reshape = function(Tensor.reshape)
roll = function(Tensor.roll)
rot90 = function(Tensor.rot90)
round = function(Tensor.round)
round_ = function(Tensor.round_)
rsqrt = function(Tensor.rsqrt)
rsqrt_ = function(Tensor.rsqrt_)
scatter = function(Tensor.scatter)
scatter_add = function(Tensor.scatter_add)
scatter_reduce = function(Tensor.scatter_reduce)
select = function(Tensor.select)
sigmoid = function(Tensor.sigmoid)
sigmoid_ = function(Tensor.sigmoid_)
sign = function(Tensor.sign)
sin = function(Tensor.sin)
sin_ = function(Tensor.sin_)
sinc = function(Tensor.sinc)
sinc_ = function(Tensor.sinc_)
sinh = function(Tensor.sinh)
sinh_ = function(Tensor.sinh_)
slogdet = function(Tensor.slogdet)
softmax = function(Tensor.softmax)
sort = function(Tensor.sort)
sqrt = function(Tensor.sqrt)
sqrt_ = function(Tensor.sqrt_)
square = function(Tensor.square)
square_ = function(Tensor.square_)
squeeze = function(Tensor.squeeze)
std = function(Tensor.std)
std_mean = function(Tensor.std_mean)
sub = of_two(Tensor.sub)
sum = function(Tensor.sum)
swapaxes = function(Tensor.swapaxes)
t = function(Tensor.t)
take = function(Tensor.take)
take_along_dim = function(Tensor.take_along_dim)
tan = function(Tensor.tan)
tan_ = function(Tensor.tan_)
tanh = function(Tensor.tanh)
tanh_ = function(Tensor.tanh_)
tile = function(Tensor.tile)
topk = function(Tensor.topk)
trace = function(Tensor.trace)
transpose = function(Tensor.transpose)
tril = function(Tensor.tril)
triu = function(Tensor.triu)
trunc = function(Tensor.trunc)
trunc_ = function(Tensor.trunc_)
unbind = function(Tensor.unbind)
unflatten = function(Tensor.unflatten)
unique = function(Tensor.unique)
unique_consecutive = function(Tensor.unique_consecutive)
unsqueeze = function(Tensor.unsqueeze)
var = function(Tensor.var)
var_mean = function(Tensor.var_mean)
xlogy = function(Tensor.xlogy)
xlogy_ = function(Tensor.xlogy_)
zero_ = function(Tensor.zero_)

# Aliases
absolute = abs
arccos = acos
arccos_ = acos_
arccosh = acosh
arccosh_ = acosh_
arcsin = asin
arcsin_ = asin_
arcsinh = asinh
arcsinh_ = asinh_
arctan = atan
arctan2 = atan2
arctan_ = atan_
arctanh = atanh
arctanh_ = atanh_
clip = clamp
clip_ = clamp_
divide = div
fix = trunc
greater = gt
greater_equal = ge
less = lt
less_equal = le
moveaxis = movedim
multiply = mul
negative = neg
negative_ = neg_
not_equal = ne
sgn = sign
subtract = sub
swapdims = transpose
true_divide = div
