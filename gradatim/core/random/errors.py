"""The error for arguments and states that the generator refuses."""

from ..errors import ArgumentError


class RandomError(ArgumentError, RuntimeError):
    """An invalid argument or generator state; PyTorch raises `RuntimeError` for these."""
