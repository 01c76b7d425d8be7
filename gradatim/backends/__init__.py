"""Settings of PyTorch's GPU libraries, for programs that set them: they change nothing here."""

from . import cuda, cudnn, mps

__all__ = ["cuda", "cudnn", "mps"]
