"""The default generator."""

from __future__ import annotations

from .generator import Generator

default_generator = Generator()
# As in PyTorch, a program that sets no seed gets different numbers in each run.
default_generator.seed()
