"""Numbers drawn by Python or NumPy are constants of a compiled function, which says so, once."""

import random
import warnings

import numpy as np
import pytest

import gradatim as g

DRAWS = {
    "random": lambda: random.randrange(50),
    "numpy.random": lambda: int(np.random.randint(50)),  # noqa: NPY002
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_that_every_call_would_repeat_is_told(name):
    x, draw = g.arange(50), DRAWS[name]

    @g.compile
    def batch(x):
        return x[draw()] + 1

    with pytest.warns(UserWarning, match=rf"batch draws from {name}, but .* same numbers"):
        first = batch(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(batch(x) == first for _ in range(5))
        batch(x.float())  # traced again


def test_the_librarys_own_draws_are_no_constants():
    @g.compile
    def batch(x):
        return x[g.randint(50, (8,))]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        g.manual_seed(0)
        assert not batch(g.arange(50)).equal(batch(g.arange(50)))
