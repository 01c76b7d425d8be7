"""PyTorch names that are missing here: what to use instead, and whether they are planned."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
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
    "as_strided": "use .view, .permute or indexing",
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
    addbmm addmv addr cauchy_ cholesky corrcoef cov cross det diff digamma dist
    erfc erfinv fliplr flipud fmod frac geometric_ hypot inverse kron lgamma log_normal_
    logaddexp logdet logit mode nan_to_num pinverse qr quantile rot90 sinc slogdet svd
    tensor_split unfold
    """
)
# ... and names that are functions only, or modules
_PLANNED = _PLANNED_METHODS | _words(
    """
    amp avg_pool2d backends batch_norm bilinear block_diag conv1d
    conv2d conv3d conv_transpose1d conv_transpose2d distributed distributions dropout
    export fft func group_norm gru hub layer_norm linalg lstm max_pool2d
    multiprocessing pdist pixel_shuffle poisson profiler random rnn special tensordot
    testing vander vmap
    """
)


def missing(owner: str, name: str, available: Iterable[str]) -> str:
    """The AttributeError message for a name that `owner` does not have."""
    names = [n for n in available if not n.startswith("_")]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.7)
    hint = f"; near it: {', '.join(near)}" if near else ""
    if name in _NEVER:
        return f"{owner} has no {name!r}, and it is not planned: {_NEVER[name]}"
    if name in _PLANNED:
        return f"{owner} has no {name!r} yet; it is planned{hint}"
    return f"{owner} has no {name!r}{hint or f'; dir({owner}) lists what there is'}"


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
