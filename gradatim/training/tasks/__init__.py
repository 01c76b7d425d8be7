"""What models are trained on and asked, a file for each kind: letters of words, rows of tokens."""

from .kinds import KINDS, kind_of, known_in
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
    "known_in",
]
