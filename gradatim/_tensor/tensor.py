"""`Tensor`, with PyTorch's interface, assembled from mixins; methods mostly just call `ops`."""

from __future__ import annotations

from inspect import unwrap
from types import FunctionType

from ..core.handle import register
from .absent import Absent
from .angles import Angular
from .arithmetic import Arithmetic
from .autograd import Differentiable
from .bounds import Bounded
from .comparison import Comparison
from .conversion import Conversion
from .copying import Copied
from .counting import Counted
from .exponentials import Exponential
from .extremes import Extremes
from .indexing import Indexed
from .inplace import InPlace
from .interchange import Interchange
from .legacy import Constructed
from .like import New
from .linear_algebra import LinearAlgebra
from .masking import Masked
from .printing import Printed
from .products import Products
from .python_values import PythonValues
from .randomness import RandomFill
from .rearranging import Rearranged
from .reduction import Reduction
from .rounding import Rounded
from .rowwise import Rowwise
from .samples import Samples
from .scattering import Scattered
from .selecting import Selecting
from .shape import Shaped
from .sorting import Sorted
from .statistics import Statistics
from .triangles import Triangular
from .windows import Windowed


@register
class Tensor(
    Arithmetic,
    Exponential,
    Angular,
    Rounded,
    Bounded,
    Comparison,
    Products,
    LinearAlgebra,
    Reduction,
    Extremes,
    Statistics,
    Samples,
    Rowwise,
    Sorted,
    Counted,
    Shaped,
    Rearranged,
    Indexed,
    InPlace,
    Selecting,
    Scattered,
    Masked,
    Triangular,
    Windowed,
    RandomFill,
    Differentiable,
    Conversion,
    PythonValues,
    Interchange,
    Copied,
    New,
    Constructed,
    Printed,
    Absent,
):
    """An array of numbers of one dtype that can record operations for gradients."""


# Give the class and its methods their public names, as shown by print(type(x)) and in Python's own
# errors: "Tensor.cumsum() missing 1 required positional argument: 'dim'".
Tensor.__module__ = "gradatim"
for _base in Tensor.__mro__[1:-1]:
    for _member in vars(_base).values():
        if isinstance(_member, FunctionType):
            for _function in (_member, unwrap(_member)):
                _function.__qualname__ = f"Tensor.{_function.__name__}"
