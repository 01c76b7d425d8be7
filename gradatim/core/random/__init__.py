"""Random numbers: PyTorch's generator, from the words of the twister to weighted draws.

twister       the words of MT19937, in memory that machine code can access too
state         PyTorch's state of 5056 bytes
uniform       uniform numbers
normal        normal numbers, with `cephes` for log, sin and cos, and `rounding` for fused sums
integers      uniform integers
permutation   shuffles
weighted      Bernoulli, exponential and categorical draws
memory_order  filling memory that is not in index order
generator     the class that combines them
default       the default generator
"""

from .default import default_generator
from .errors import RandomError
from .generator import Generator
from .memory_order import draw_order, in_draw_order

__all__ = [
    "Generator",
    "RandomError",
    "default_generator",
    "draw_order",
    "in_draw_order",
]
