"""Views of memory that a compiled function did not make."""

from typing import Any

import numpy as np
import pytest

import gradatim as g


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")


def test_views_of_views_follow_what_is_written_between() -> None:
    w = g.arange(6.0).reshape(2, 3)

    def total(x: Any) -> Any:
        view, sums = w, x.sum()
        for n in range(40):
            view = view.t()
            sums = sums + view[n % 2, 0] * x.sum()
            if n % 10 == 9:
                view.add_(x.sum())
        return sums

    x, before = g.tensor([1.0, 2.0]), w.clone()
    expected, after = total(x), w.clone()
    w.copy_(before)
    np.testing.assert_allclose(g.compile(total)(x).numpy(), expected.numpy(), rtol=1e-6)
    np.testing.assert_allclose(w.numpy(), after.numpy(), rtol=1e-6)
