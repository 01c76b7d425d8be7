"""PyTorch's `torch.utils`: `gradatim.utils.data` has the data loader and the datasets."""

from . import data

__all__ = ["data"]
