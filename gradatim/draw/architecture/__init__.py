"""A model's modules as boxes with shapes between them, opened level by level.

run.py        one run of the model, with what was computed in which call
steps.py      the calls and the operations between them, and what flows from one to another
repeats.py    steps that come again and again are shown once
layout.py     where they stand
picture.py    the drawing
"""

from .architecture import architecture

__all__ = ["architecture"]
