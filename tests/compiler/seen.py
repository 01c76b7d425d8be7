"""What can be seen of tensors, compared; and tensors that lie in memory in several ways."""

from __future__ import annotations

from typing import Any

import numpy as np

import gradatim as g

LAYOUTS = ("in order", "turned", "with gaps")


def laid_out(array: np.ndarray, layout: str) -> Any:
    """A tensor of these numbers."""
    if layout == "turned":
        return g.tensor(array.T.copy()).permute(tuple(reversed(range(array.ndim))))
    if layout == "with gaps" and array.ndim:
        return g.tensor(np.stack([array, array * 2], -1))[..., 0]
    return g.tensor(array)


def plain(x: Any) -> Any:
    """A copy in which tensors are arrays, with what else can be seen of them."""
    if isinstance(x, g.Tensor):
        return np.array(x.detach().numpy()), x.requires_grad, x.is_leaf
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [plain(v) for v in x]
    return x if isinstance(x, bool | int | float | str | None) else type(x).__name__


def check_alike(a: Any, b: Any, tolerance: float, place: str = "") -> None:
    """Equal, but for rounding; dictionaries in the same order."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), place
        np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance, err_msg=place)
    elif isinstance(a, dict) and isinstance(b, dict):
        assert list(a) == list(b), place
        for k, v in a.items():
            check_alike(v, b[k], tolerance, f"{place} {k}")
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple):
        assert len(a) == len(b), place
        for i, (v, w) in enumerate(zip(a, b, strict=True)):
            check_alike(v, w, tolerance, f"{place} {i}")
    elif isinstance(a, float) and isinstance(b, float):
        np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance, err_msg=place)
    else:
        assert (type(a), a) == (type(b), b), place
