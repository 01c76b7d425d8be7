"""Gradatim: a deep-learning library you can read.

Names, arguments and results are those of PyTorch wherever it has an equivalent. `gradatim.nn`,
`gradatim.optim` and the other subpackages load when they are first used.
"""

import importlib
import typing
from math import e, inf, nan, pi

from . import autograd

# Several names per line: one per line would fill six screens.
# fmt: off
# isort: off
from ._tensor.combining import (
    block_diag, broadcast_shapes, broadcast_tensors, cartesian_prod, column_stack, combinations,
    cross, gradient, inner, kron, tensordot, trapezoid, trapz, vander,
)
from ._tensor.comparison import where
from ._tensor.creation import (
    arange, as_tensor, asarray, empty, eye, full, linspace, logspace, ones, scalar_tensor, tensor,
    zeros,
)
from ._tensor.device import accelerator, cuda, device
from ._tensor.dims import Size
from ._tensor.einsum import einsum
from ._tensor.functions import (
    abs, abs_, absolute, acos, acos_, acosh, acosh_, add, addcdiv, addcmul, addmm, all,
    allclose, amax, amin, aminmax, any, arccos, arccos_, arccosh, arccosh_, arcsin, arcsin_,
    arcsinh, arcsinh_, arctan, arctan2, arctan_, arctanh, arctanh_, argmax, argmin, argsort,
    argwhere, as_strided, asin, asin_, asinh, asinh_, atan, atan2, atan_, atanh, atanh_,
    baddbmm, bincount, bitwise_and, bitwise_not, bitwise_or, bitwise_xor, bmm, broadcast_to,
    ceil, ceil_, chunk, clamp, clamp_, clamp_max, clamp_max_, clamp_min, clamp_min_, clip,
    clip_, clone, corrcoef, cos, cos_, cosh, cosh_, count_nonzero, cov, cummax, cummin, cumprod,
    cumsum, deg2rad, deg2rad_, det, detach, detach_, diag, diag_embed, diagonal, diff, dist,
    div, divide, dot, dsplit, eq, equal, erf, erf_, exp, exp2, exp2_, exp_, expm1, expm1_,
    fill_, fix, flatten, flip, fliplr, flipud, float_power, floor, floor_, floor_divide, fmax,
    fmin, fmod, frac, frac_, gather, ge, get_device, greater, greater_equal, gt, heaviside,
    histc, histogram, hsplit, hypot, index_add, index_copy, index_fill, index_put, index_put_,
    index_select, inverse, is_complex, is_floating_point, is_nonzero, is_signed, is_tensor,
    isclose, isfinite, isinf, isnan, isneginf, isposinf, kthvalue, le, lerp, less, less_equal,
    log, log10, log10_, log1p, log1p_, log2, log2_, log_, log_softmax, logaddexp, logaddexp2,
    logdet, logical_and, logical_not, logical_or, logical_xor, logit, logit_, logsumexp, lt,
    masked_fill, masked_scatter, masked_select, matmul, matrix_power, max, maximum, mean,
    median, min, minimum, mm, mode, moveaxis, movedim, msort, mul, multiply, mv, nan_to_num,
    nan_to_num_, nanmean, nanquantile, nansum, narrow, ne, neg, neg_, negative, negative_,
    nonzero, norm, not_equal, numel, outer, permute, pinverse, positive, pow, prod, put,
    quantile, rad2deg, rad2deg_, ravel, reciprocal, reciprocal_, relu, relu_, remainder,
    repeat_interleave, reshape, roll, rot90, round, round_, rsqrt, rsqrt_, scatter, scatter_add,
    scatter_reduce, select, sgn, sigmoid, sigmoid_, sign, sin, sin_, sinc, sinc_, sinh, sinh_,
    slogdet, softmax, sort, split, sqrt, sqrt_, square, square_, squeeze, std, std_mean, sub,
    subtract, sum, swapaxes, swapdims, t, take, take_along_dim, tan, tan_, tanh, tanh_,
    tensor_split, tile, topk, trace, transpose, tril, triu, true_divide, trunc, trunc_, unbind,
    unflatten, unique, unique_consecutive, unsqueeze, var, var_mean, vsplit, xlogy, xlogy_,
    zero_,
)
from ._tensor.generators import (
    Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state,
)
from ._tensor.interchange import from_dlpack, from_numpy
from ._tensor.joining import (
    atleast_1d, atleast_2d, atleast_3d, cat, concat, concatenate, dstack, hstack, row_stack,
    stack, vstack,
)
from ._tensor.legacy import BoolTensor, ByteTensor, DoubleTensor, FloatTensor, IntTensor, LongTensor
from ._tensor.like import empty_like, full_like, ones_like, zeros_like
from ._tensor.linear_algebra import cholesky_inverse, cholesky_solve
from ._tensor.memory_format import (
    channels_last, channels_last_3d, contiguous_format, memory_format, preserve_format,
)
from ._tensor.points import cdist, meshgrid
from ._tensor.printing import printoptions, set_printoptions
from ._tensor.randomness import (
    bernoulli, multinomial, normal, rand, rand_like, randint, randint_like, randn, randn_like,
    randperm,
)
from ._tensor.numerics import (
    are_deterministic_algorithms_enabled, get_float32_matmul_precision,
    set_float32_matmul_precision, use_deterministic_algorithms,
)
from ._tensor.positions import isin, unravel_index
from ._tensor.sorting import bucketize, searchsorted
from ._tensor.tensor import Tensor
from ._tensor.triangles import tril_indices, triu_indices
from ._tensor.types import can_cast, finfo, iinfo, promote_types, result_type
# isort: on
# fmt: on

from .autograd import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .core.dtypes import bool_ as bool
from .core.dtypes import (
    dtype,
    float32,
    float64,
    get_default_dtype,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from .core.kernels import are_kernels_enabled, set_kernels_enabled
from .core.kernels import set_kernel_maker as _set_kernel_maker

if typing.TYPE_CHECKING:
    from . import amp as amp
    from . import backends as backends
    from . import diagnose as diagnose
    from . import distributions as distributions
    from . import draw as draw
    from . import func as func
    from . import linalg as linalg
    from . import nn as nn
    from . import optim as optim
    from . import random as random
    from . import utils as utils

# PyTorch's aliases
double, float, int, long = float64, float32, int32, int64
newaxis = None

__version__ = "0.1.0"  # the only place: the build reads it here

_ROOMS = ("amp", "backends", "compiler", "data", "diagnose", "distributions", "draw", "func",
          "linalg", "models", "nn", "optim", "random", "scalar", "training", "utils")  # fmt: skip
_LATER = {
    "GradScaler": ".amp",
    "autocast": ".amp",
    "compile": ".compiler.compile",
    "get_num_threads": ".compiler.runtime.team",
    "load": "._tensor.saving",
    "save": "._tensor.saving",
    "set_num_threads": ".compiler.runtime.team",
    "vmap": ".func",
}


def _kernel(*asked: typing.Any) -> typing.Any:
    """Make a kernel; the compiler is loaded when the first large array needs one."""
    return importlib.import_module(".compiler.pipeline.kernel", __name__).make(*asked)


_set_kernel_maker(_kernel)


def __getattr__(name: str) -> typing.Any:
    """Load a subpackage on first use; for an unknown name, say what to use instead."""
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name], __name__), name)
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    from ._tensor.absent import missing

    raise AttributeError(missing("gradatim", name, __all__), name=name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS, "__version__"})


# Several names per line: one per line would fill five screens.
# fmt: off
__all__ = [
    "BoolTensor", "ByteTensor", "DoubleTensor", "FloatTensor", "Generator", "IntTensor",
    "LongTensor", "Size", "Tensor", "abs", "abs_", "absolute", "accelerator", "acos", "acos_",
    "acosh", "acosh_", "add", "addcdiv", "addcmul", "addmm", "all", "allclose", "amax", "amin",
    "aminmax", "any", "arange", "arccos", "arccos_", "arccosh", "arccosh_", "arcsin", "arcsin_",
    "arcsinh", "arcsinh_", "arctan", "arctan2", "arctan_", "arctanh", "arctanh_",
    "are_deterministic_algorithms_enabled", "are_kernels_enabled", "argmax", "argmin",
    "argsort", "argwhere", "as_strided", "as_tensor", "asarray", "asin", "asin_", "asinh",
    "asinh_", "atan", "atan2", "atan_", "atanh", "atanh_", "atleast_1d", "atleast_2d",
    "atleast_3d", "autograd", "baddbmm", "bernoulli", "bincount", "bitwise_and", "bitwise_not",
    "bitwise_or", "bitwise_xor", "block_diag", "bmm", "bool", "broadcast_shapes",
    "broadcast_tensors", "broadcast_to", "bucketize", "can_cast", "cartesian_prod", "cat",
    "cdist", "ceil", "ceil_", "channels_last", "channels_last_3d", "cholesky_inverse",
    "cholesky_solve", "chunk", "clamp", "clamp_", "clamp_max", "clamp_max_", "clamp_min",
    "clamp_min_", "clip", "clip_", "clone", "column_stack", "combinations", "compile", "concat",
    "concatenate", "contiguous_format", "corrcoef", "cos", "cos_", "cosh", "cosh_",
    "count_nonzero", "cov", "cross", "cuda", "cummax", "cummin", "cumprod", "cumsum",
    "default_generator", "deg2rad", "deg2rad_", "det", "detach", "detach_", "device", "diag",
    "diag_embed", "diagonal", "diff", "dist", "div", "divide", "dot", "double", "dsplit",
    "dstack", "dtype", "e", "einsum", "empty", "empty_like", "enable_grad", "eq", "equal",
    "erf", "erf_", "exp", "exp2", "exp2_", "exp_", "expm1", "expm1_", "eye", "fill_", "finfo",
    "fix", "flatten", "flip", "fliplr", "flipud", "float", "float32", "float64", "float_power",
    "floor", "floor_", "floor_divide", "fmax", "fmin", "fmod", "frac", "frac_", "from_dlpack",
    "from_numpy", "full", "full_like", "gather", "ge", "get_default_dtype", "get_device",
    "get_float32_matmul_precision", "get_num_threads", "get_rng_state", "gradient", "greater",
    "greater_equal", "gt", "heaviside", "histc", "histogram", "hsplit", "hstack", "hypot",
    "iinfo", "index_add", "index_copy", "index_fill", "index_put", "index_put_", "index_select",
    "inf", "inference_mode", "initial_seed", "inner", "int", "int32", "int64", "inverse",
    "is_complex", "is_floating_point", "is_grad_enabled", "is_nonzero", "is_signed",
    "is_tensor", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf",
    "kron", "kthvalue", "le", "lerp", "less", "less_equal", "linspace", "load", "log", "log1p",
    "log1p_", "log2", "log2_", "log10", "log10_", "log_", "log_softmax", "logaddexp",
    "logaddexp2", "logdet", "logical_and", "logical_not", "logical_or", "logical_xor", "logit",
    "logit_", "logspace", "logsumexp", "long", "lt", "manual_seed", "masked_fill",
    "masked_scatter", "masked_select", "matmul", "matrix_power", "max", "maximum", "mean",
    "median", "memory_format", "meshgrid", "min", "minimum", "mm", "mode", "moveaxis",
    "movedim", "msort", "mul", "multinomial", "multiply", "mv", "nan", "nan_to_num",
    "nan_to_num_", "nanmean", "nanquantile", "nansum", "narrow", "ne", "neg", "neg_",
    "negative", "negative_", "newaxis", "no_grad", "nonzero", "norm", "normal", "not_equal",
    "numel", "ones", "ones_like", "outer", "permute", "pi", "pinverse", "positive", "pow",
    "preserve_format", "printoptions", "prod", "promote_types", "put", "quantile", "rad2deg",
    "rad2deg_", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like",
    "randperm", "ravel", "reciprocal", "reciprocal_", "relu", "relu_", "remainder",
    "repeat_interleave", "reshape", "result_type", "roll", "rot90", "round", "round_",
    "row_stack", "rsqrt", "rsqrt_", "save", "scalar_tensor", "scatter", "scatter_add",
    "scatter_reduce", "searchsorted", "seed", "select", "set_default_dtype",
    "set_float32_matmul_precision", "set_grad_enabled", "set_kernels_enabled",
    "set_num_threads", "set_printoptions", "set_rng_state", "sgn", "sigmoid", "sigmoid_",
    "sign", "sin", "sin_", "sinc", "sinc_", "sinh", "sinh_", "slogdet", "softmax", "sort",
    "split", "sqrt", "sqrt_", "square", "square_", "squeeze", "stack", "std", "std_mean", "sub",
    "subtract", "sum", "swapaxes", "swapdims", "t", "take", "take_along_dim", "tan", "tan_",
    "tanh", "tanh_", "tensor", "tensor_split", "tensordot", "tile", "topk", "trace",
    "transpose", "trapezoid", "trapz", "tril", "tril_indices", "triu", "triu_indices",
    "true_divide", "trunc", "trunc_", "uint8", "unbind", "unflatten", "unique",
    "unique_consecutive", "unravel_index", "unsqueeze", "use_deterministic_algorithms",
    "vander", "var", "var_mean", "vsplit", "vstack", "where", "xlogy", "xlogy_", "zero_",
    "zeros", "zeros_like",
]
# fmt: on
