"""The module: its members, the tree they form, its state, its hooks and its repr."""

from .module import Module
from .state import IncompatibleKeys, StateDictError

__all__ = ["IncompatibleKeys", "Module", "StateDictError"]
