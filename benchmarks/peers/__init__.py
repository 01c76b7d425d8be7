"""The sides: each library, each way of running it, as its own manual recommends.

A module of a side has

    version()                              what is installed; ImportError if nothing is
    prepare(workload, arrays, threads)     something to run, or None if it takes no part

`arrays` holds the parameters and the data as NumPy arrays, the same file for everyone. What
`prepare` returns has

    reset()          back to the initial weights and the generator's first number
    run(steps)       at least so many steps, to the end; how many they were
    outcome(steps)   after a reset: the losses of so many steps, or, of a Kernel, its result
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Side:
    """How a side is called in tables, and where it is."""

    label: str
    module: str
    ours: bool = False
    caches: str = ""  # the variable that names its folder of compiled programs


SIDES = {
    "gradatim-repeat": Side(
        "Gradatim repeat", "gradatim_repeat", ours=True, caches="GRADATIM_CACHE_DIR"
    ),
    "gradatim-call": Side(
        "Gradatim compiled", "gradatim_call", ours=True, caches="GRADATIM_CACHE_DIR"
    ),
    "gradatim-forward": Side(
        "Gradatim forward", "gradatim_forward", ours=True, caches="GRADATIM_CACHE_DIR"
    ),
    "gradatim-value-repeat": Side(
        "Gradatim scalar, repeat", "gradatim_value_repeat", ours=True, caches="GRADATIM_CACHE_DIR"
    ),
    "gradatim": Side("Gradatim eager", "gradatim_eager", ours=True),
    "gradatim-value": Side("Gradatim scalar", "gradatim_value", ours=True),
    "torch": Side("PyTorch", "torch_eager"),
    "torch-compile": Side("torch.compile", "torch_compile", caches="TORCHINDUCTOR_CACHE_DIR"),
    "torch-compile-forward": Side(
        "torch.compile forward", "torch_compile_forward", caches="TORCHINDUCTOR_CACHE_DIR"
    ),
    "jax-jit": Side("JAX jit", "jax_jit", caches="JAX_COMPILATION_CACHE_DIR"),
    "jax-scan": Side("JAX scan", "jax_scan", caches="JAX_COMPILATION_CACHE_DIR"),
    "micrograd": Side("micrograd", "micrograd_values"),
}
