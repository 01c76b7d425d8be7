"""Functions that are methods of `numeric.py`, `linear_algebra.py` and `samples.py` too."""

from __future__ import annotations

from .functions import function
from .tensor import Tensor

acos = function(Tensor.acos)
acos_ = function(Tensor.acos_)
acosh = function(Tensor.acosh)
acosh_ = function(Tensor.acosh_)
addcdiv = function(Tensor.addcdiv)
addcmul = function(Tensor.addcmul)
asin = function(Tensor.asin)
asin_ = function(Tensor.asin_)
asinh = function(Tensor.asinh)
asinh_ = function(Tensor.asinh_)
atan = function(Tensor.atan)
atan2 = function(Tensor.atan2)
atan_ = function(Tensor.atan_)
atanh = function(Tensor.atanh)
atanh_ = function(Tensor.atanh_)
clamp_max = function(Tensor.clamp_max)
clamp_max_ = function(Tensor.clamp_max_)
clamp_min = function(Tensor.clamp_min)
clamp_min_ = function(Tensor.clamp_min_)
deg2rad = function(Tensor.deg2rad)
deg2rad_ = function(Tensor.deg2rad_)
exp2 = function(Tensor.exp2)
exp2_ = function(Tensor.exp2_)
fix = function(Tensor.fix)
float_power = function(Tensor.float_power)
fmax = function(Tensor.fmax)
fmin = function(Tensor.fmin)
fmod = function(Tensor.fmod)
frac = function(Tensor.frac)
frac_ = function(Tensor.frac_)
heaviside = function(Tensor.heaviside)
hypot = function(Tensor.hypot)
isneginf = function(Tensor.isneginf)
isposinf = function(Tensor.isposinf)
logaddexp = function(Tensor.logaddexp)
logaddexp2 = function(Tensor.logaddexp2)
logit = function(Tensor.logit)
logit_ = function(Tensor.logit_)
nan_to_num = function(Tensor.nan_to_num)
nan_to_num_ = function(Tensor.nan_to_num_)
positive = function(Tensor.positive)
rad2deg = function(Tensor.rad2deg)
rad2deg_ = function(Tensor.rad2deg_)
sgn = function(Tensor.sgn)
sinc = function(Tensor.sinc)
sinc_ = function(Tensor.sinc_)
xlogy = function(Tensor.xlogy)
xlogy_ = function(Tensor.xlogy_)
inverse = function(Tensor.inverse)
det = function(Tensor.det)
logdet = function(Tensor.logdet)
slogdet = function(Tensor.slogdet)
pinverse = function(Tensor.pinverse)
matrix_power = function(Tensor.matrix_power)
corrcoef = function(Tensor.corrcoef)
cov = function(Tensor.cov)
diff = function(Tensor.diff)
dist = function(Tensor.dist)
fliplr = function(Tensor.fliplr)
flipud = function(Tensor.flipud)
msort = function(Tensor.msort)
nanquantile = function(Tensor.nanquantile)
quantile = function(Tensor.quantile)
rot90 = function(Tensor.rot90)

# Other names of the same.
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
