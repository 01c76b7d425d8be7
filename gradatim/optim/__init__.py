"""Optimisers, and schedules for their learning rates."""

import typing as _typing
from importlib import import_module as _import_module

from .._tensor.absent import missing_in as _missing_in
from . import lr_scheduler
from .adam import Adam, AdamW
from .adamax import Adamax
from .adaptive import Adadelta, Adagrad, RMSprop
from .asgd import ASGD
from .lbfgs import LBFGS
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rprop import Rprop
from .sgd import SGD

if _typing.TYPE_CHECKING:
    from . import swa_utils as swa_utils

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "swa_utils",
]

_missing = _missing_in(__name__, __all__)


def __getattr__(name: str) -> _typing.Any:
    """Load `swa_utils` on first use: it is the one file here that knows modules."""
    if name == "swa_utils":
        return _import_module(".swa_utils", __name__)
    return _missing(name)


def __dir__() -> list[str]:
    return sorted(__all__)
