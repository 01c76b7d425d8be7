"""Settings for processors that are not used: programs may set them, and are told what they do."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import gradatim as torch
from gradatim import amp


def test_autocast_changes_nothing_and_says_so() -> None:
    x = torch.ones(2, 2)
    with pytest.warns(UserWarning, match="autocast changes nothing"), torch.autocast("cuda"):
        assert (x @ x).dtype is torch.float32
    with pytest.raises(AttributeError, match="dtypes are float32"):
        torch.autocast("cpu", dtype=torch.bfloat16)
    with pytest.raises(ValueError, match="device_type"):
        torch.autocast(True)  # type: ignore[arg-type]


def test_autocast_that_asks_for_nothing_is_silent() -> None:
    @torch.compile
    def product(x: Any) -> Any:
        with torch.autocast("cpu", enabled=False), amp.autocast("cpu", dtype=torch.float32):
            return x @ x

    assert torch.equal(product(torch.ones(2, 2)), torch.full((2, 2), 2.0))
    assert amp.autocast("cpu", enabled=False)(lambda x: x + 1)(1) == 2


def test_a_scaler_scales_nothing_and_says_so() -> None:
    with pytest.warns(UserWarning, match="GradScaler scales nothing"):
        scaler = torch.GradScaler()
    x = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=1.0)
    scaler.scale(2 * x.sum()).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    scaler.load_state_dict(scaler.state_dict())
    assert (x.item(), scaler.get_scale(), scaler.is_enabled()) == (-1, 1, False)


def test_precision_and_determinism() -> None:
    torch.set_float32_matmul_precision("high")
    assert torch.get_float32_matmul_precision() == "high"
    torch.set_float32_matmul_precision("highest")
    with pytest.raises(ValueError, match="expects one of"):
        torch.set_float32_matmul_precision("low")
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(False)


def test_backends() -> None:
    cudnn = importlib.import_module("gradatim.backends.cudnn")
    assert cudnn is torch.backends.cudnn
    cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    found = (cudnn, torch.backends.mps)
    assert not any(backend.is_available() for backend in found)
    assert not torch.backends.cuda.is_built()
    assert not torch.backends.mps.is_built()
    assert cudnn.version() is None


def test_what_cuda_lacks() -> None:
    assert not torch.cuda.is_bf16_supported()
    with pytest.raises(AttributeError, match=r"see gradatim\.amp"):
        torch.cuda.amp  # noqa: B018
    with pytest.raises(AttributeError, match="only the CPU"):
        torch.cuda.memory_allocated()
