"""PyTorch names that are missing here: what to use instead, and whether they are planned."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from ..core.handle import Handle

_DTYPES = "dtypes are float32, float64, int64, int32, uint8 and bool"
_COMPLEX = "complex numbers are not supported"
_SPARSE = "sparse tensors are not supported"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names that are not planned, and why or what to use instead: tensor methods
_NEVER_METHODS = {
    "apply_": "use operations on whole tensors",
    "cholesky": "use linalg.cholesky",
    "qr": "use linalg.qr",
    "svd": "use linalg.svd, which returns V transposed",
    "bfloat16": _DTYPES,
    "cdouble": _COMPLEX,
    "cfloat": _COMPLEX,
    "chalf": _COMPLEX,
    "char": _DTYPES,
    "coalesce": _SPARSE,
    "conj": _COMPLEX,
    "dequantize": "quantised tensors are not supported",
    "half": _DTYPES + "; use .float()",
    "imag": _COMPLEX,
    "map_": "use operations on whole tensors",
    "real": _COMPLEX,
    "resize_": "use .reshape(...) or make a new tensor",
    "set_": "use x.data = y.data",
    "short": _DTYPES + "; use .int()",
    "storage": "use x.numpy() for the memory",
    "to_dense": _SPARSE,
    "to_sparse": _SPARSE,
    "untyped_storage": "use x.numpy() for the memory",
}
# ... and functions, dtypes and modules
_NEVER = _NEVER_METHODS | {
    "complex": _COMPLEX,
    "complex128": _COMPLEX,
    "complex32": _COMPLEX,
    "complex64": _COMPLEX,
    "float16": _DTYPES,
    "int16": _DTYPES,
    "int8": _DTYPES,
    "eig": _COMPLEX + "; of a symmetric matrix use linalg.eigh",
    "eigvals": _COMPLEX + "; of a symmetric matrix use linalg.eigvalsh",
    "triangular_solve": "use linalg.solve_triangular",
    "quantize_per_tensor": "quantised tensors are not supported",
    "set_default_tensor_type": "use gradatim.set_default_dtype",
    "sparse": _SPARSE,
    "sparse_coo_tensor": _SPARSE,
    "uint16": _DTYPES,
    "uint32": _DTYPES,
    "uint64": _DTYPES,
    "view_as_complex": _COMPLEX,
    "view_as_real": _COMPLEX,
}

# Names that are planned but not built yet: tensor methods, most of them functions too
_PLANNED_METHODS = _words(
    """
    addbmm addmv addr cauchy_ digamma
    erfc erfinv geometric_ lgamma log_normal_
    """
)
# ... and names that are functions only, or modules
_PLANNED = _PLANNED_METHODS | _words(
    """
    avg_pool2d batch_norm bilinear conv1d
    conv2d conv3d conv_transpose1d conv_transpose2d distributed dropout
    export fft group_norm gru hub layer_norm lstm max_pool2d
    multiprocessing pdist pixel_shuffle poisson profiler random rnn special
    testing lu lu_factor lu_solve matrix_exp ldl_factor cholesky_ex inv_ex vecdot tensorsolve
    tensorinv logcumsumexp nanmedian pca_lowrank svd_lowrank
    """
)


# Layers and their functions, optimisers.
_PLANNED_LAYERS = _words(
    """
    AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool2d AvgPool1d AvgPool2d Bilinear
    ConstantPad1d ConstantPad2d Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d
    EmbeddingBag Fold GRU GRUCell LSTM LSTMCell LocalResponseNorm MaxPool1d MaxPool2d
    PixelShuffle PixelUnshuffle RNN RNNCell ReflectionPad1d ReflectionPad2d
    ReplicationPad1d ReplicationPad2d Transformer TransformerDecoder TransformerDecoderLayer
    TransformerEncoder TransformerEncoderLayer Unfold Upsample ZeroPad1d ZeroPad2d
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool2d avg_pool1d embedding_bag fold
    grid_sample interpolate local_response_norm max_pool1d pixel_unshuffle unfold upsample
    orthogonal prune
    """
)
_NEVER_LAYERS = {
    "DataParallel": "there is one processor; threads share a step (gradatim.set_num_threads)",
    "SparseAdam": "gradients are dense; use Adam",
    "spectral_norm": "use nn.utils.parametrizations.spectral_norm",
    "weight_norm": "use nn.utils.parametrizations.weight_norm",
    "SyncBatchNorm": "there is one process; use BatchNorm1d",
    "RReLU": "how many random numbers it takes depends on its input; use LeakyReLU",
    "rrelu": "how many random numbers it takes depends on its input; use leaky_relu",
}


def missing(owner: str, name: str, available: Iterable[str]) -> str:
    """The AttributeError message for a name that `owner` does not have."""
    names = {n.lower(): n for n in available if not n.startswith("_")}  # `Adamw` is near `AdamW`
    near = [names[n] for n in difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.7)]
    hint = f"; near it: {', '.join(near)}" if near else ""
    never = _NEVER | _NEVER_LAYERS
    if name in never:
        return f"{owner} has no {name!r}, and it is not planned: {never[name]}"
    if name in _PLANNED or name in _PLANNED_LAYERS:
        return f"{owner} has no {name!r} yet; it is planned{hint}"
    return f"{owner} has no {name!r}{hint or f'; dir({owner}) lists what there is'}"


def missing_in(module: str, names: Iterable[str]) -> Callable[[str], Any]:
    """The `__getattr__` of a module: an error for a name that it does not have."""

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
        raise AttributeError(missing(module, name, names), name=name)

    return __getattr__


class Absent(Handle):
    """PyTorch methods that tensors lack: looking one up raises an error that says why.

    It is the last base of `Tensor`, so that an existing method hides its entry here. A
    `__getattr__` would do the same, but its mere presence slows every attribute lookup.
    """

    def __dir__(self) -> list[str]:
        return _present(type(self))


class _Missing:
    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        text = missing("Tensor", self.name, _present(owner))
        raise AttributeError(text, name=self.name, obj=owner if instance is None else instance)


def _present(cls: type) -> list[str]:
    return sorted({name for base in cls.__mro__ if base is not Absent for name in vars(base)})


for _name in _NEVER_METHODS.keys() | _PLANNED_METHODS:
    setattr(Absent, _name, _Missing(_name))
