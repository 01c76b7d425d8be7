"""Guards: what a traced function read from Python, and whether it is still the same."""

from .check import Guards
from .watch import Watch

__all__ = ["Guards", "Watch"]
