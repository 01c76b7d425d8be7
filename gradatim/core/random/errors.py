"""What the generator refuses."""

from ..errors import ArgumentError


class RandomError(ArgumentError, RuntimeError):
    """An argument or a state that no draw can use; PyTorch raises `RuntimeError` for these."""
