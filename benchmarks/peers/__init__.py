"""The sides: each library, in each way of running it, as its own manual recommends.

A side's module has

    version()                              the installed version; ImportError if there is none
    prepare(workload, arrays, threads)     something to run, or None if it does not take part

`arrays` holds the parameters and the data as NumPy arrays, from the same file for every side. The
result of `prepare` has

    reset()          restore the initial weights and the generator's initial state
    run(steps)       run at least `steps` steps; returns how many
    outcome(steps)   after a reset: the losses of `steps` steps, or the result of a Kernel
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Side:
    """The label of a side in tables, and its module."""

    label: str
    module: str
    ours: bool = False
    caches: str = ""  # environment variable of its compilation cache


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
