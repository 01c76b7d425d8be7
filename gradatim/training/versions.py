"""The software versions that a run was made with; equal ones give bitwise equal runs."""

import platform

import numpy as np

from .. import __version__


def versions() -> dict[str, str]:
    """The versions of the library, NumPy and Python, by name."""
    return {
        "gradatim": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
