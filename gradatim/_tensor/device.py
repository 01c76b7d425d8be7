"""Devices: every device name of PyTorch is accepted and means the CPU."""

from __future__ import annotations

from typing import Any

_NAMES = (
    "cpu",
    "cuda",
    "ipu",
    "xpu",
    "mkldnn",
    "opengl",
    "opencl",
    "ideep",
    "hip",
    "ve",
    "fpga",
    "maia",
    "xla",
    "lazy",
    "vulkan",
    "mps",
    "hpu",
    "mtia",
    "privateuseone",
)


def _check_name(name: str) -> None:
    kind, colon, index = name.partition(":")
    if kind == "meta":
        raise RuntimeError("device: 'meta' tensors, without numbers, are not supported; use 'cpu'")
    if kind not in _NAMES or (colon and not index.isdecimal()):
        raise RuntimeError(
            f"device: {name!r} is not a device; expected one of {', '.join(_NAMES)}, with an "
            "index or without, as in 'cuda:0' (all of them are the CPU here)"
        )


class device:
    """Where a tensor is. Any device name of PyTorch is accepted and becomes the CPU.

    So scripts written for a GPU run, with their tensors on `device("cpu")`. Errors: RuntimeError
    for a name that PyTorch does not know.

    >>> device("cuda:0")
    device(type='cpu')
    >>> device("cuda") == device("cpu")
    True
    """

    __slots__ = ()

    type = "cpu"
    index: int | None = None

    def __init__(self, type: str | int | device = "cpu", index: int | None = None) -> None:
        if isinstance(type, str):
            _check_name(type)
        elif not isinstance(type, (int, device)) or isinstance(type, bool):
            raise TypeError(f"device: expects a name such as 'cpu', got {type!r}")

    def __repr__(self) -> str:
        return "device(type='cpu')"

    def __str__(self) -> str:
        return "cpu"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device)

    def __hash__(self) -> int:
        return hash(device)

    def __enter__(self) -> device:
        return self

    def __exit__(self, *_: object) -> None:
        pass


CPU = device()


def check_device(given: Any) -> None:
    """Accept anything that names a device, or None. Errors: RuntimeError, TypeError."""
    if given is not None and not isinstance(given, device):
        device(given)


class Accelerator:
    """The queries by which scripts decide to fall back to the CPU.

    >>> import gradatim
    >>> gradatim.device("cuda" if gradatim.accelerator.is_available() else "cpu")
    device(type='cpu')
    """

    def is_available(self) -> bool:
        """False: there is only the CPU."""
        return False

    def device_count(self) -> int:
        """0: there is only the CPU."""
        return 0

    def current_accelerator(self, check_available: bool = False) -> device | None:
        """None, as in PyTorch on a machine without an accelerator."""
        return None

    def synchronize(self, device: Any = None) -> None:
        """Do nothing: operations are complete when they return."""

    def empty_cache(self) -> None:
        """Do nothing: no memory is cached."""


class Cuda(Accelerator):
    """`gradatim.cuda`; its seeding functions do nothing."""

    def manual_seed(self, seed: int) -> None:
        """Do nothing: the default generator is seeded by `gradatim.manual_seed`."""

    manual_seed_all = manual_seed

    def is_bf16_supported(self) -> bool:
        """False: there is only the CPU."""
        return False

    def __getattr__(self, name: str) -> Any:
        advice = "; for autocast and GradScaler see gradatim.amp" if name == "amp" else ""
        raise AttributeError(
            f"gradatim.cuda has no {name!r}: there is only the CPU{advice}", name=name, obj=self
        )


accelerator, cuda = Accelerator(), Cuda()
