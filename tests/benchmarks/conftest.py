"""What all tests of the benchmarks need."""

from collections.abc import Iterator

import pytest

import gradatim


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """A side sets the number of threads of its process: here that is everybody's."""
    before = gradatim.get_num_threads()
    yield
    gradatim.set_num_threads(before)
