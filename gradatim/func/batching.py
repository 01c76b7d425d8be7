"""The backend of `vmap`: every value may stand for a batch of values, one for each sample.

A function that was written for one sample runs once. Where a tensor differs from sample to sample,
its value is a `Batched`: one tensor with the samples along its first dimension, which answers for
shape and dtype of a single sample. Each primitive is then run once, by the backend outside, on the
whole batch. Autograd sits above, so a gradient taken inside the function is one for each sample,
and one taken outside passes through all of them. The backend outside may be NumPy, the compiler's
tracer, or another `vmap`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.backend import Backend
from ..core.context import using
from ..core.errors import GradatimError
from ..core.handle import Handle, wrap
from ..core.inplace import write
from ..core.primitive import Composite, Primitive
from ..core.update import Update
from ..ops.broadcast import broadcast_to, reshape_to
from ..ops.movement import cat
from .rules import DIRECT, RULES, lifted

Params = dict[str, Any]


class _Strided:
    """The flags of memory that is not contiguous."""

    c_contiguous, writeable = False, True


@dataclass(frozen=True, eq=False, slots=True)
class Batched:
    """A value for each sample: `whole` is a tensor of the backend outside, (samples, ...)."""

    owner: Batching
    whole: Handle

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return tuple(self.whole._value.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype."""
        dtype: np.dtype[Any] = self.whole._value.dtype
        return dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions of one sample."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements of one sample."""
        return int(np.prod(self.shape, dtype=int))

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of one sample."""
        return self.size * self.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        """In bytes, within one sample."""
        return tuple(self.whole._value.strides[1:])

    @property
    def flags(self) -> _Strided | None:
        """As of a NumPy array; None if a sample's memory is contiguous."""
        step = self.itemsize
        for n, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if n != 1 and stride != step:
                return _Strided()
            step *= n
        return None


class Batching(Backend):
    """Runs each primitive for all samples at once, on the backend outside."""

    def __init__(self, outside: Backend, size: int, randomness: str, tracked: bool) -> None:
        self.outside = outside
        self.size = size
        self.randomness = randomness
        self.tracked = tracked  # whether a gradient from outside may pass through the batches

    # -- the backend's methods -------------------------------------------------------------

    def execute(self, primitive: Primitive, inputs: tuple[Handle, ...], params: Params) -> Any:
        """Run the primitive on whole batches; once, if no input differs from sample to sample."""
        name = primitive.name
        if "generator" in params:
            with using(self.outside):
                return self._drawn(primitive, inputs, params)
        if not any(self.is_batched(x) for x in inputs):
            with using(self.outside):
                return self.outside.execute(primitive, inputs, params)
        if name not in RULES and name not in DIRECT:
            if not isinstance(primitive, Composite):
                raise GradatimError(
                    f"vmap: {name} of values that differ from sample to sample is not supported, "
                    "because the shape of its result could differ too; use a mask and `where`"
                )
            out = primitive.expand(*inputs, **params)
            return tuple([self._of(o) for o in out]) if type(out) is tuple else self._of(out)
        with using(self.outside):
            if name in RULES:
                return Batched(self, RULES[name](self, *inputs, **params))
            out = self._direct(primitive, inputs, params)
            return (
                tuple([Batched(self, o) for o in out]) if type(out) is tuple else Batched(self, out)
            )

    def _direct(self, primitive: Primitive, inputs: tuple[Handle, ...], params: Params) -> Any:
        return primitive(*[self.whole(x) for x in inputs], **lifted(params, self.size))

    def _drawn(self, primitive: Primitive, inputs: tuple[Handle, ...], params: Params) -> Any:
        """Random numbers: as `randomness` says, for each sample or the same for all."""
        differ = any(self.is_batched(x) for x in inputs)
        if self.randomness == "same" and not differ:
            return self.outside.execute(primitive, inputs, params)
        if self.randomness != "different":
            raise GradatimError(
                f"vmap: the function draws random numbers ({primitive.name}); say whether each "
                'sample gets its own, randomness="different", or all get the same, "same"'
                + ("; here they depend on the sample, so they must differ" if differ else "")
            )
        if inputs or "shape" in params:
            return Batched(self, self._direct(primitive, inputs, params))
        rows = [primitive(**params) for _ in range(self.size)]
        return Batched(self, cat(*[reshape_to(x, (1, *x._value.shape)) for x in rows], dim=0))

    def write(self, target: Handle, source: Handle) -> None:
        """Overwrite each sample of the target."""
        if self.is_batched(target):
            whole = target._value.whole
            with using(self.outside):
                write(whole, self.whole(source))
        elif self.is_batched(source):
            raise GradatimError(
                "vmap: an in-place write of values that differ from sample to sample into a tensor "
                "that is the same for all; make that tensor from the function's arguments, for "
                "example with x.new_zeros(...) + 0 * x.sum(), or avoid the write (stack, where)"
            )
        else:
            with using(self.outside):
                self.outside.write(target, source)

    def update(self, update: Update, rows: Any, params: Params) -> None:
        """One step outside, or for batches the update's definition and a write."""
        for inputs in rows:
            if not any(self.is_batched(x) for x in inputs):
                with using(self.outside):
                    self.outside.update(update, [inputs], params)
                continue
            out = update.expand(*inputs, **params)
            for i, new in zip(update.replaces, out if type(out) is tuple else (out,), strict=True):
                self.write(inputs[i], new)

    def numbers(self, x: Handle) -> Any:
        """The array of a tensor that is the same for all samples."""
        if self.is_batched(x):
            raise GradatimError(
                "vmap: the function asks for a number that differs from sample to sample "
                "(.item(), a tensor in `if`, print); use gradatim.where, or compute it outside"
            )
        return self.outside.numbers(x)

    def touch(self, x: Any, what: str = "") -> None:
        """Report tensors from outside only; refuse `backward()`."""
        if what == "added":
            raise GradatimError(
                "vmap: backward() in the function would add a gradient for each sample to one "
                "`.grad`; use func.grad or autograd.grad, and return what they give"
            )
        if not (isinstance(x, Handle) and type(x._value) is Batched):
            self.outside.touch(x, what)

    # -- batches ---------------------------------------------------------------------------

    def is_batched(self, x: Handle) -> bool:
        """Whether a tensor differs from sample to sample of this `vmap`."""
        value = x._value
        return type(value) is Batched and value.owner is self

    def whole(self, x: Handle) -> Any:
        """All samples, along the first dimension; those of a common tensor repeat it."""
        if self.is_batched(x):
            return x._value.whole
        shape = x._value.shape
        return broadcast_to(reshape_to(x, (1, *shape)), shape=(self.size, *shape))

    def sample(self, whole: Handle) -> Any:
        """A tensor of which `whole` has all samples."""
        return wrap(Batched(self, whole))

    def _of(self, x: Handle) -> Any:
        """The value of what an expansion returned."""
        return x._value if self.is_batched(x) else Batched(self, self._outside(x))

    def _outside(self, x: Handle) -> Any:
        with using(self.outside):
            return self.whole(x)
