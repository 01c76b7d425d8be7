"""What models are trained on and asked, a file for each kind: letters of words, rows of tokens."""

from .kinds import KINDS, kind_of, known_in
from .task import Kind, Known, Task
from .voice import Letter, Voice, Wish

__all__ = ["KINDS", "Kind", "Known", "Letter", "Task", "Voice", "Wish", "kind_of", "known_in"]
