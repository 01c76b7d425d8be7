"""`grad`, custom operations, gradient modes, and tools for checking gradients."""

from . import functional
from .anomaly import NonFiniteError, detect_anomaly, set_detect_anomaly, stop_at_non_finite
from .function import Function
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .gradients import backward, grad
from .modes import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled

__all__ = [
    "Function",
    "GradcheckError",
    "NonFiniteError",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "stop_at_non_finite",
]


def __dir__() -> list[str]:
    return sorted(__all__)
