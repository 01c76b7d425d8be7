"""PyTorch's `torch.utils`: `gradatim.utils.data` has the loader and the datasets."""

from . import data

__all__ = ["data"]
