"""The random generator: PyTorch's CPU numbers, bit for bit, from the same seeds and states."""

from __future__ import annotations

import math
import operator
import secrets
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DTypeError, ShapeError
from . import integers, normal, permutation, uniform, weighted
from .errors import RandomError
from .state import pack, unpack
from .twister import Mark, Twister

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

DEFAULT_SEED = 67280421310721
_INT64, _UINT64 = 2**63, 2**64

Shape = int | tuple[int, ...]


class Generator:
    """A stream of random numbers, equal to that of `torch.Generator` on the CPU.

    Words, integers, uniforms, Bernoulli draws and float32 normals equal PyTorch's bit for bit (on a
    processor with fused multiply-add, as all of the last decade have); float64 normals and
    exponentials to 4e-16. Every draw also consumes as many words as PyTorch's, so states stay
    equal too. Methods return new arrays in index order, and lock the generator meanwhile;
    `in_draw_order` fills memory with another layout.

    >>> Generator().manual_seed(42).uniform(3)
    array([0.88226926, 0.91500396, 0.38286376], dtype=float32)
    """

    __slots__ = ("_lock", "_seed", "twister")

    def __init__(self, device: object = "cpu") -> None:
        # The device is accepted for PyTorch's sake: it is always the CPU here.
        self._seed = DEFAULT_SEED
        self._lock = threading.RLock()
        self.twister = Twister(DEFAULT_SEED)

    @property
    def device(self) -> str:
        """Where numbers are drawn: always "cpu"."""
        return "cpu"

    def __repr__(self) -> str:
        return f"Generator(initial_seed={self._seed})"

    # ------------------------------------------------------------------------------- the state

    def manual_seed(self, seed: int) -> Generator:
        """Restart from `seed`, from -2^63 to 2^64 - 1; a negative one is taken modulo 2^64.

        Only the low 32 bits seed the twister, as in PyTorch.

        >>> Generator().manual_seed(-1).initial_seed() == 2**64 - 1
        True
        """
        seed = _index("manual_seed: the seed", seed)
        if not -_INT64 <= seed < _UINT64:
            raise RandomError(f"manual_seed: the seed must be from -2^63 to 2^64 - 1, got {seed}")
        with self._lock:
            self._seed = seed % _UINT64
            self.twister.seed(self._seed)
        return self

    def seed(self) -> int:
        """Restart from a random seed of the operating system, and return that seed."""
        return self.manual_seed(secrets.randbits(64)).initial_seed()

    def initial_seed(self) -> int:
        """The seed from which the stream was started."""
        return self._seed

    def get_state(self) -> NDArray[np.uint8]:
        """The 5056 bytes of PyTorch's CPU generator at this position in the stream.

        >>> Generator().get_state().shape
        (5056,)
        """
        with self._lock:
            return pack(self.twister, self._seed)

    def set_state(self, state: NDArray[np.uint8] | bytes) -> Generator:
        """Continue from a state returned by `get_state`, here or in PyTorch.

        Errors: TypeError for anything but bytes, RandomError for a wrong size or an invalid state.
        """
        with self._lock:
            self._seed = unpack(self.twister, state)
        return self

    def mark(self) -> tuple[int, Mark]:
        """A position in the stream for `return_to`; ten times cheaper than a state.

        >>> generator = Generator()
        >>> mark = generator.mark()
        >>> first = generator.uniform(2)
        >>> bool((generator.return_to(mark).uniform(2) == first).all())
        True
        """
        with self._lock:
            return self._seed, self.twister.mark()

    def return_to(self, mark: tuple[int, Mark]) -> Generator:
        """Continue from a mark of this generator or another one."""
        with self._lock:
            self._seed, where = mark
            self.twister.return_to(where)
        return self

    def clone_state(self) -> Generator:
        """A second generator that gives the same numbers from here on."""
        return Generator().return_to(self.mark())

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.get_state().tobytes(),)

    # ------------------------------------------------------------------------------- the words

    def words32(self, n: int) -> NDArray[np.uint32]:
        """The next `n` words of MT19937 (Matsumoto & Nishimura 1998)."""
        with self._lock:
            return self.twister.words32(_count("words32", n)[1])

    def words64(self, n: int) -> NDArray[np.uint64]:
        """The next `n` pairs of words, each with its first word in the high half."""
        with self._lock:
            return self.twister.words64(_count("words64", n)[1])

    # ------------------------------------------------------------------------- uniform numbers

    def uniform(
        self, shape: Shape, *, low: float = 0.0, high: float = 1.0, dtype: DTypeLike = np.float32
    ) -> NDArray:
        """Uniform numbers in [low, high): `torch.rand`, and `uniform_` with bounds.

        u * (high - low) + low, rounded once, where u is the low 24 bits of a word times 2^-24
        for float32 and the low 53 bits of a pair times 2^-53 for float64.

        >>> Generator().manual_seed(0).uniform(2, low=-1, high=1)
        array([-0.00748682,  0.5364436 ], dtype=float32)
        """
        shape, n = _count("uniform", shape)
        kind = _floating("uniform", dtype)
        with self._lock:
            return uniform.uniform(self.twister, n, low, high, kind).reshape(shape)

    def normal(
        self,
        shape: Shape,
        *,
        mean: float = 0.0,
        std: float = 1.0,
        dtype: DTypeLike = np.float32,
        contiguous: bool = True,
    ) -> NDArray:
        """Normal numbers by the Box-Muller transform: `torch.randn` and `normal_`.

        Fewer than 16 numbers are drawn in pairs, and an unused last sine is kept for the next such
        call; from 16 on they are drawn in blocks. PyTorch fills memory that is not contiguous in
        pairs whatever the size; `contiguous=False` gives those numbers.

        >>> Generator().manual_seed(0).normal(3)
        array([ 1.5409961, -0.2934289, -2.1787894], dtype=float32)
        """
        shape, n = _count("normal", shape)
        kind = _floating("normal", dtype)
        with self._lock:
            return normal.normal(self.twister, n, mean, std, kind, contiguous).reshape(shape)

    def exponential(
        self, shape: Shape, *, lambd: float = 1.0, dtype: DTypeLike = np.float32
    ) -> NDArray:
        """Exponential numbers -log(1 - u) / lambd with mean 1 / lambd: `exponential_`.

        >>> Generator().manual_seed(0).exponential(2)
        array([3.5083263, 1.2303847], dtype=float32)
        """
        shape, n = _count("exponential", shape)
        kind = _floating("exponential", dtype)
        with self._lock:
            return weighted.exponential(self.twister, n, lambd, kind).reshape(shape)

    # -------------------------------------------------------------------------------- integers

    def randint(self, low: int, high: int, shape: Shape, *, dtype: DTypeLike = np.int64) -> NDArray:
        """Integers in [low, high): `torch.randint` and `random_(low, high)`.

        low + word % (high - low), with a 64-bit word if the range is 2^28 or more.

        >>> Generator().manual_seed(0).randint(0, 10, 5)
        array([4, 9, 3, 0, 3])
        """
        shape, n = _count("randint", shape)
        kind = _whole("randint", dtype)
        low, high = _index("randint: low", low), _index("randint: high", high)
        with self._lock:
            return integers.between(self.twister, n, low, high, kind).reshape(shape)

    def random_(
        self,
        shape: Shape,
        *,
        low: int | None = None,
        high: int | None = None,
        dtype: DTypeLike = np.int64,
    ) -> NDArray:
        """Integers up to the largest n such that `dtype` represents all of 0 to n: `random_`.

        They start at `low`, or 0 without it; `low=-2^63` alone means all 64-bit integers. With
        `high` it is `randint` from `low` or 0.

        >>> Generator().manual_seed(0).random_(2, dtype=np.uint8)
        array([172,  47], dtype=uint8)
        """
        if high is not None:
            return self.randint(0 if low is None else low, high, shape, dtype=dtype)
        shape, n = _count("random_", shape)
        kind = _whole("random_", dtype)
        with self._lock:
            if low is None:
                return integers.any_natural(self.twister, n, kind).reshape(shape)
            start = _index("random_: low", low)
            return integers.at_least(self.twister, n, start, kind).reshape(shape)

    def permutation(self, n: int, *, dtype: DTypeLike = np.int64) -> NDArray:
        """The integers 0 to n - 1 in Fisher-Yates shuffled order: `torch.randperm`.

        >>> Generator().manual_seed(0).permutation(5)
        array([4, 0, 1, 3, 2])
        """
        with self._lock:
            size = _index("randperm: n", n)
            return permutation.permutation(self.twister, size, np.dtype(dtype))

    # --------------------------------------------------------------------- given probabilities

    def bernoulli(self, p: NDArray | float, shape: Shape | None = None) -> NDArray[np.bool_]:
        """True with probability `p`: a number for all elements, or an array with one for each.

        A number is compared with 53-bit uniforms, as in `bernoulli_(0.5)` and dropout; an array
        (broadcast to `shape`) with uniforms of its own precision, as in `torch.bernoulli(p)`.

        >>> Generator().manual_seed(0).bernoulli(0.5, 4)
        array([False, False,  True, False])
        """
        if isinstance(p, float | int):
            shape, n = _count("bernoulli", () if shape is None else shape)
            with self._lock:
                return weighted.coins(self.twister, n, float(p)).reshape(shape)
        each = np.asarray(p)
        if shape is not None:
            each = _stretched(each, _count("bernoulli", shape)[0])
        with self._lock:
            return weighted.coins_each(self.twister, each)

    def dropout_mask(self, shape: Shape, p: float) -> NDArray[np.bool_]:
        """True where dropout with probability `p` keeps; nothing is drawn when `p` is 0 or 1.

        It keeps where a 53-bit uniform number is below 1 - p.

        >>> Generator().manual_seed(0).dropout_mask(4, 0.5)
        array([False, False,  True, False])
        """
        shape, n = _count("dropout", shape)
        if not 0 <= p <= 1:
            raise RandomError(f"dropout: p must be between 0 and 1, got p={p}")
        if p in (0, 1):
            return np.full(shape, p == 0)
        with self._lock:
            return weighted.coins(self.twister, n, 1 - p).reshape(shape)

    def multinomial(
        self, p: ArrayLike, num_samples: int, *, replacement: bool = False
    ) -> NDArray[np.int64]:
        """Categories drawn with weights, (C,) or (rows, C) -> (..., num_samples): `multinomial`.

        One sample, or several without replacement: each category arrives after an exponential
        waiting time divided by its weight, and the first ones are drawn (the exponential race, also
        known as the Gumbel trick). Several with replacement: uniform numbers looked up in the
        cumulative sums. Weights need not sum to one; draws follow `p`'s order in memory.

        >>> Generator().manual_seed(0).multinomial(np.array([0.1, 0.2, 0.7]), 2)
        array([2, 1])
        """
        count = _index("multinomial: num_samples", num_samples)
        with self._lock:
            return weighted.multinomial(self.twister, np.asarray(p), count, replacement)


def _restore(state: bytes) -> Generator:
    return Generator().set_state(state)


def _index(what: str, value: Any) -> int:
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{what} must be an integer, got {value!r}")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{what} must be an integer, got {value!r}") from None


def _count(name: str, shape: Any) -> tuple[tuple[int, ...], int]:
    """The shape as a tuple, and its number of elements."""
    sizes = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    for size in sizes:
        if type(size) is not int:
            return _count(name, [_index(f"{name}: a size", size) for size in sizes])
        if size < 0:
            raise ShapeError(f"{name}: a size cannot be negative, got shape {sizes}")
    return sizes, math.prod(sizes)


def _floating(name: str, dtype: DTypeLike) -> np.dtype[Any]:
    kind = np.dtype(dtype)
    if kind.char not in "fd":
        raise DTypeError(f"{name}: draws float32 or float64 numbers, not {kind}")
    return kind


def _whole(name: str, dtype: DTypeLike) -> np.dtype[Any]:
    kind = np.dtype(dtype)
    if kind.kind in "bi" or kind.char in "Bfd":
        return kind
    raise DTypeError(f"{name}: draws bool, uint8, signed integers and floats, not {kind}")


def _stretched(p: NDArray, shape: tuple[int, ...]) -> NDArray:
    try:
        return np.broadcast_to(p, shape)
    except ValueError:
        raise ShapeError(
            f"bernoulli: probabilities of shape {p.shape} do not broadcast to {shape}"
        ) from None
