"""Programs as data: typed variables, equations between them, and graphs of equations.

    Graph((a, b), (c, d))                   a, b: inputs
      c:float32[3,4] = matmul a b
      d:float32[3,4] = tanh c

All records are frozen; a pass makes a new graph. Printing a graph names its variables in order,
so equal programs print alike, and the print is the key under which machine code is cached.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from string import ascii_lowercase
from typing import Any

import numpy as np

from ...core.backend import Eager
from ...core.context import local
from ...core.primitive import Primitive
from ...core.storage import ArrayType
from ..errors import TraceError
from ..user_line import user_line

Params = dict[str, Any]


class Disorder:
    """The flags of an array whose elements are not contiguous."""

    c_contiguous, writeable = False, True


@dataclass(frozen=True, eq=False, slots=True)
class Var:
    """A value known only when the program runs: until then only its type is known.

    It takes the place of an eager tensor's array, so it answers what can be asked of a type.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    layout: tuple[int, ...] | None = None  # strides, in elements, if it is not contiguous
    begins_line: bool = False  # whether its memory was found to start at a cache line

    @property
    def flags(self) -> Disorder | None:
        """As of a NumPy array; None if the memory is contiguous."""
        return None if self.layout is None else Disorder()

    @property
    def type(self) -> ArrayType:
        """Shape and dtype."""
        return ArrayType(self.shape, self.dtype)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.dtype.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        """In bytes, as of a NumPy array."""
        return tuple(s * self.itemsize for s in self.layout or contiguous(self.shape))

    def _refuse(self, *_: Any, **__: Any) -> Any:
        if isinstance(local.context.backend, Eager):
            raise TraceError(kept_from_trace())
        raise TraceError(value_asked_for())

    __array__ = __bool__ = __float__ = __int__ = __index__ = __len__ = __iter__ = _refuse
    __getitem__ = __gt__ = _refuse

    def __getattr__(self, name: str) -> Any:
        """A TraceError for an attribute that only an array with numbers has."""
        if not name.startswith("_") and hasattr(np.ndarray, name):
            self._refuse()
        raise AttributeError(f"'Var' object has no attribute {name!r}")


@dataclass(frozen=True, eq=False, slots=True)
class Equation:
    """outputs = primitive(inputs, params).

    `line` is the line of the user's code that it came from; `part_of` the composite that a pass
    expanded into it, if there was one.
    """

    primitive: Primitive
    inputs: tuple[Var, ...]
    outputs: tuple[Var, ...]
    params: Params
    line: str = ""
    part_of: str = ""

    @property
    def name(self) -> str:
        """The primitive's name."""
        return self.primitive.name

    @property
    def output(self) -> Var:
        """The only output."""
        (out,) = self.outputs
        return out

    @property
    def draws(self) -> bool:
        """Whether it draws from a random generator, so that its position in the order matters."""
        return "generator" in self.params


@dataclass(frozen=True, eq=False, slots=True)
class Graph:
    """Equations in an order in which they can be computed."""

    inputs: tuple[Var, ...]
    equations: tuple[Equation, ...]
    outputs: tuple[Var, ...]

    def __str__(self) -> str:
        return "\n".join(self.text())

    def text(self, names: dict[Var, str] | None = None) -> list[str]:
        """The lines of the print; `names` collects the names of the variables."""
        name = Names({} if names is None else names)
        lines = [f"in   {name.typed(v)}" for v in self.inputs]
        for e in self.equations:
            params = name.params(e.params)
            inputs = [name[v] for v in e.inputs]
            outputs = ", ".join(name.typed(v) for v in e.outputs)
            lines.append("     " + " ".join([outputs, "=", e.name + params, *inputs]))
        return [*lines, "out  " + " ".join(name[v] for v in self.outputs)]

    @property
    def beginning_lines(self) -> tuple[int, ...]:
        """The inputs whose memory was found to start at a cache line: their code is faster."""
        return tuple(i for i, v in enumerate(self.inputs) if v.begins_line)

    def makers(self) -> dict[Var, Equation]:
        """The equation that computes each variable."""
        return {v: e for e in self.equations for v in e.outputs}

    def uses(self) -> dict[Var, int]:
        """How often each variable is read; being an output counts as a read."""
        counts: dict[Var, int] = {}
        for v in (*(v for e in self.equations for v in e.inputs), *self.outputs):
            counts[v] = counts.get(v, 0) + 1
        return counts

    def with_equations(self, equations: Iterable[Equation]) -> Graph:
        """The graph with other equations between the same inputs and outputs."""
        return replace(self, equations=tuple(equations))

    def rename(self, new: dict[Var, Var]) -> Graph:
        """The graph with some variables replaced by others wherever they are read."""
        if not new:
            return self
        return Graph(
            self.inputs,
            tuple(renamed(e, new) for e in self.equations),
            tuple(new.get(v, v) for v in self.outputs),
        )


def renamed(e: Equation, new: dict[Var, Var]) -> Equation:
    """An equation that reads some variables in place of others."""
    for v in e.inputs:
        if v in new:
            inputs = tuple([new.get(v, v) for v in e.inputs])
            return Equation(e.primitive, inputs, e.outputs, e.params, e.line, e.part_of)
    return e


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides, in elements, of a contiguous array."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def apply(
    primitive: Primitive,
    inputs: Sequence[Var],
    params: Params,
    line: str = "",
    part_of: str = "",
) -> Equation:
    """The equation of one primitive; its shape rule gives the types of the results."""
    result = primitive.shape(*[v.type for v in inputs], **params)
    types = result if len(primitive.outputs) > 1 else (result,)
    outputs = tuple(Var(tuple(t.shape), np.dtype(t.dtype)) for t in types)
    return Equation(primitive, tuple(inputs), outputs, params, line, part_of)


_WINDOW = re.compile(r"\w\[(\w+) ?: ?\1 ?\+")  # as in `torch.stack([data[i:i+n] for i in ix])`


def value_asked_for() -> str:
    """The message for code that asks for a number during the trace."""
    line = user_line()
    windows = "; windows of n numbers that begin at ix are data[ix[:, None] + gradatim.arange(n)]"
    return (
        f"compile: {line} asks for the value of a tensor, which is not known while the "
        "step is traced; choose between tensors with gradatim.where, return the tensor and look "
        f"at it outside, or leave this line out of the compiled function"
        f"{windows if _WINDOW.search(line) else ''}"
    )


def kept_from_trace() -> str:
    """The message for a tensor that outlived the trace that made it."""
    return (
        f"compile: {user_line()} uses a tensor that was made while a compiled function was traced, "
        "and has no numbers; return it instead of keeping it, or keep its numbers in a tensor made "
        "before the first call (in a module, a buffer: register_buffer), with copy_ or add_"
    )


# -- printing ------------------------------------------------------------------------------


@dataclass
class Names:
    """Names for variables, in the order in which they are met: a, b, ..., z, aa, ab, ..."""

    known: dict[Var, str] = field(default_factory=dict)
    generators: dict[int, int] = field(default_factory=dict)

    def __getitem__(self, v: Var) -> str:
        known = self.known.get(v)
        if known is None:
            known = self.known[v] = letters(len(self.known))
        return known

    def typed(self, v: Var) -> str:
        """`a:float32[3,4]`."""
        return f"{self[v]}:{described(v)}"

    def params(self, params: Params) -> str:
        """`[dim=1, keepdim=False]`, or an empty string."""
        if not params:
            return ""
        return f"[{', '.join(f'{k}={self.plain(v)}' for k, v in params.items())}]"

    def plain(self, value: Any) -> str:
        """A static parameter as text that is the same in every process."""
        if isinstance(value, np.dtype):
            return name_of(value)
        if isinstance(value, np.ndarray):
            return printed_array(value)
        if isinstance(value, Primitive):
            return value.name
        if isinstance(value, tuple):
            return f"({', '.join(self.plain(v) for v in value)})"
        if isinstance(value, dict):
            return self.params(value)
        if isinstance(value, float):
            return repr(float(value))
        if value is None or isinstance(value, bool | int | str | slice | np.generic):
            return repr(value)
        number = self.generators.setdefault(id(value), len(self.generators))
        return f"{type(value).__name__.lower()} {number}"


def described(kind: ArrayType | Var) -> str:
    """`float32[3,4]`."""
    return _shown(kind.dtype, kind.shape)


@lru_cache(maxsize=1024)
def _shown(dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    return f"{dtype.name}[{','.join(map(str, shape))}]"


@lru_cache
def name_of(dtype: np.dtype[Any]) -> str:
    """`float32`, cached: NumPy builds the name anew each time."""
    return dtype.name


def printed_array(value: np.ndarray[Any, Any]) -> str:
    """The elements of a small array; of a large one, a digest."""
    if value.size <= 16:
        return f"{value.tolist()}"
    return f"#{hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]}"


def letters(n: int) -> str:
    """0 -> a, 25 -> z, 26 -> aa."""
    text = ""
    while True:
        text = ascii_lowercase[n % 26] + text
        n = n // 26 - 1
        if n < 0:
            return text


def key_of(params: Params) -> Any:
    """Static parameters as a hashable value that can be compared."""
    return tuple([(k, hashable(v)) for k, v in sorted(params.items())]) if params else ()


_PLAIN = {int, bool, str, type(None)}


def hashable(value: Any) -> Any:
    """A static parameter as a hashable value; equal for equal meanings."""
    if type(value) in _PLAIN:  # most are
        return (type(value), value)
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, tuple | list):
        return tuple([hashable(v) for v in value])
    if isinstance(value, dict):
        return key_of(value)
    if isinstance(value, np.ndarray):
        return (value.dtype, value.shape, value.tobytes())
    if isinstance(value, float):  # 0.0 == -0.0, and nan != nan
        return (float, value.hex())
    return (type(value), value)


Pass = Callable[[Graph], Graph]
