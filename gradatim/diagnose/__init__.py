"""What a network does inside: signals and gradients by depth, and the size of its updates.

>>> import gradatim
>>> from gradatim import diagnose, nn
>>> _ = gradatim.manual_seed(0)
>>> model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
>>> report = diagnose.examine(model, gradatim.randn(16, 4), loss=lambda y: (y * y).mean())
>>> [signal.name for signal in report.signals]
['0', '1', '2']
>>> report.findings()
[]

`draw.diagnosis(report)` draws it.
"""

from . import regions
from .cures import Stage, cures
from .examine import examine
from .report import Report
from .shattering import Shattering, autocorrelation, shattering
from .signals import Signal, Weight
from .watch import Watch

__all__ = [
    "Report",
    "Shattering",
    "Signal",
    "Stage",
    "Watch",
    "Weight",
    "autocorrelation",
    "cures",
    "examine",
    "regions",
    "shattering",
]


def __dir__() -> list[str]:
    return sorted(__all__)
