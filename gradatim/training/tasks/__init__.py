"""The data of each kind of model, and the trained model: letters of words, rows of tokens."""

from .kinds import KINDS, kind_of
from .language_model import LanguageModel, Letter, SampleRequest
from .task import Kind, Known, Task

__all__ = [
    "KINDS",
    "Kind",
    "Known",
    "LanguageModel",
    "Letter",
    "SampleRequest",
    "Task",
    "kind_of",
]
