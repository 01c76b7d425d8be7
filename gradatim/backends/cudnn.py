"""Settings of NVIDIA's library for networks. They may be set, and are not read."""

enabled = False
benchmark = False
deterministic = True
allow_tf32 = False


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """There is none."""


__all__ = ["allow_tf32", "benchmark", "deterministic", "enabled", "is_available", "version"]
