"""Random numbers: PyTorch's generator, from the words of the twister to weighted draws.

twister       the words of MT19937, in memory that machine code can reach too
state         PyTorch's 5056 bytes
uniform       uniform numbers
normal        normal numbers, with `cephes` for the functions and `rounding` for the sums
integers      uniform integers
permutation   shuffles
weighted      coins, waiting times, categories
memory_order  filling memory that is not in index order
generator     the class that has all of these, and the default one
"""

from .default import (
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from .errors import RandomError
from .generator import Generator
from .memory_order import draw_order, in_draw_order

__all__ = [
    "Generator",
    "RandomError",
    "default_generator",
    "draw_order",
    "get_rng_state",
    "in_draw_order",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]
