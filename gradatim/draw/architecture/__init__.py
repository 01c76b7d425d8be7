"""A model's modules as boxes with shapes between them, opened level by level.

run.py        one run of the model, recording what each call computed
steps.py      the calls and the operations between them, and the data flow
repeats.py    repeated steps are shown once
layout.py     positions
picture.py    the drawing
"""

from .architecture import architecture

__all__ = ["architecture"]
