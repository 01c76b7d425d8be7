"""Functions of functions: derivatives, and from one sample to a batch, as in `torch.func`."""

from .._tensor.absent import missing_in as _missing_in
from ..nn.utils.stateless import functional_call
from .derivatives import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp
from .stacking import stack_module_state
from .vmap import vmap

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "stack_module_state",
    "vjp",
    "vmap",
]

__getattr__ = _missing_in(__name__, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
