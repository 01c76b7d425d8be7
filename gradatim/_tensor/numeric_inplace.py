"""In-place forms of the functions in `numeric.py`."""

from __future__ import annotations

from ..core.handle import Handle
from .inplace import form
from .numeric import Numeric
from .reduction import Reduction


class NumericInPlace(Handle):
    """`nan_to_num_`, `addcmul_` and the like."""

    acos_ = arccos_ = form(Numeric.acos)
    acosh_ = arccosh_ = form(Numeric.acosh)
    addcdiv_ = form(Numeric.addcdiv)
    addcmul_ = form(Numeric.addcmul)
    asin_ = arcsin_ = form(Numeric.asin)
    asinh_ = arcsinh_ = form(Numeric.asinh)
    atan2_ = arctan2_ = form(Numeric.atan2)
    atan_ = arctan_ = form(Numeric.atan)
    atanh_ = arctanh_ = form(Numeric.atanh)
    clamp_max_ = form(Numeric.clamp_max)
    clamp_min_ = form(Numeric.clamp_min)
    cumprod_ = form(Reduction.cumprod)
    cumsum_ = form(Reduction.cumsum)
    deg2rad_ = form(Numeric.deg2rad)
    exp2_ = form(Numeric.exp2)
    fmod_ = form(Numeric.fmod)
    frac_ = form(Numeric.frac)
    heaviside_ = form(Numeric.heaviside)
    hypot_ = form(Numeric.hypot)
    logit_ = form(Numeric.logit)
    nan_to_num_ = form(Numeric.nan_to_num)
    rad2deg_ = form(Numeric.rad2deg)
    sgn_ = form(Numeric.sgn)
    sinc_ = form(Numeric.sinc)
    xlogy_ = form(Numeric.xlogy)
