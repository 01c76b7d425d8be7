"""Settings of NVIDIA's processors. They may be set, and are not read."""


class _Matmul:
    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = False
    allow_bf16_reduced_precision_reduction = False


matmul = _Matmul()


def is_built() -> bool:
    """False."""
    return False


__all__ = ["is_built", "matmul"]
