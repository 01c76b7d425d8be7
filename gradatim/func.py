"""PyTorch's place for `functional_call`: `from gradatim.func import functional_call`."""

from .nn.utils.stateless import functional_call

__all__ = ["functional_call"]
