"""Where memory begins: what the library makes to stay, at a line of the cache."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradatim as g

MADE: dict[str, Callable[[], Any]] = {
    "tensor": lambda: g.tensor(np.ones((65, 65), np.float32)),
    "tensor of lists": lambda: g.tensor([np.ones(65, np.float32)] * 65),
    "zeros": lambda: g.zeros(65, 65),
    "full": lambda: g.full((65, 65), 2.0),
    "clone": lambda: g.from_numpy(np.ones((65, 65))).T.clone(),
    "parameter": lambda: g.nn.Linear(65, 65).weight,
    "result": lambda: g.compile(lambda x: x + 1)(g.ones(65, 65)),
}


@pytest.mark.parametrize("name", MADE)
def test_large_memory_begins_with_a_line(name: str) -> None:
    for _ in range(3):
        made = MADE[name]().detach()
        assert made.data_ptr() % 64 == 0
        assert made.is_contiguous()


def test_what_is_copied_has_the_same_numbers() -> None:
    x = np.arange(6000).reshape(60, 100)[::2, ::-1]
    assert np.array_equal(g.tensor(x).numpy(), x)
    assert g.tensor(x, dtype=g.float64).numpy().dtype == np.float64
    y = g.from_numpy(x.copy()).t().clone()
    assert np.array_equal(y.numpy(), x.T)


def test_memory_of_the_users_own_stays_where_it_is() -> None:
    x = np.zeros(4097, np.float32)[1:]
    assert g.from_numpy(x).data_ptr() == x.ctypes.data
