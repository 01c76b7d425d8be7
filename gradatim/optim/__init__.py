"""Optimisers, and schedules for their learning rates."""

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
]

__getattr__ = _missing_in(__name__, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
