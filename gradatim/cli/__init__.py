"""The command `gradatim`: what a newcomer types first, and all that needs no notebook."""

from .main import main

__all__ = ["main"]
