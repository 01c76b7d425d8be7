"""The command line `gradatim`: training, sampling and pictures without a notebook."""

from .main import main

__all__ = ["main"]
