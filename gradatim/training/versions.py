"""Which versions made these numbers: bitwise repetition is promised for equal ones."""

import platform
from importlib import metadata

import numpy as np


def versions() -> dict[str, str]:
    """The versions of the library, NumPy and Python, by name."""
    return {
        "gradatim": library_version(),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def library_version() -> str:
    """The installed version of the library; a source tree on the path has none."""
    try:
        return metadata.version("gradatim")
    except metadata.PackageNotFoundError:
        return "not installed"
