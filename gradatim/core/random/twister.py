"""The stream of 32-bit words: NumPy's Mersenne twister, seeded and read as in PyTorch."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORDS = 624
MASK24 = np.uint32(2**24 - 1)
MASK53 = np.uint64(2**53 - 1)
_UINT32_END = 2**32
_UINT64_END = 2**64
# Below this many words the fixed cost of `integers` outweighs its narrower output.
FEW = 4096

SPARE = np.dtype([("sine", "f8"), ("sine32", "f4"), ("valid", "?"), ("valid32", "?")], align=True)

Mark = tuple["NDArray[np.uint32]", "NDArray[Any]"]  # words and position, spare normals


class Twister:
    """MT19937 (Matsumoto & Nishimura 1998) and a normal number kept for the next call.

    All mutable state is in two buffers that machine code may read and write too: the bit
    generator's own 624 words and position (at `address`; `key` and `position` are views of it),
    and `spare`, the sine of a Box-Muller pair whose cosine was already returned.

    >>> Twister(42).words32(2)
    array([1608637542, 3421126067], dtype=uint32)
    """

    __slots__ = ("_integers", "_legacy", "_memory", "bits", "key", "spare")

    def __init__(self, seed: int) -> None:
        self.bits = np.random.MT19937(0)
        self._integers = np.random.Generator(self.bits).integers
        # The public interface to init_genrand, Matsumoto's seeding from one 32-bit number.
        self._legacy = np.random.RandomState(self.bits)
        # `uint32_t key[624]; int pos;`, the struct behind the bit generator.
        struct = (ctypes.c_uint32 * (WORDS + 1)).from_address(self.address)
        self._memory = np.frombuffer(memoryview(struct), np.uint32)
        self.key: NDArray[np.uint32] = self._memory[:WORDS]
        self.spare: NDArray[Any] = np.zeros((), SPARE)
        self.seed(seed)

    @property
    def address(self) -> int:
        """The address of the 624 words and the position, for machine code that draws from them."""
        return int(self.bits.ctypes.state_address)

    @property
    def position(self) -> int:
        """The number of the current 624 words already used; at 624 the next draw twists."""
        return int(self._memory[WORDS])

    @position.setter
    def position(self, value: int) -> None:
        self._memory[WORDS] = value

    def seed(self, seed: int) -> None:
        """Restart from the low 32 bits of `seed`, with no spare normal."""
        self._legacy.seed(seed & (_UINT32_END - 1))
        self.spare[()] = 0

    def mark(self) -> Mark:
        """The current position in the stream."""
        return self._memory.copy(), self.spare.copy()

    def return_to(self, mark: Mark) -> None:
        """Continue from a position in the stream."""
        self._memory[:], self.spare[()] = mark

    def raw(self, n: int) -> NDArray[np.uint64]:
        """The next `n` words, each as a 64-bit integer; fastest for small `n`."""
        return self.bits.random_raw(n)

    def words32(self, n: int) -> NDArray[np.uint32]:
        """The next `n` words."""
        if n < FEW:
            return self.raw(n).astype(np.uint32)
        return self._integers(0, _UINT32_END, n, np.uint32)

    def words64(self, n: int) -> NDArray[np.uint64]:
        """The next `2n` words in pairs, the first of each pair in the high half."""
        if n < FEW:
            halves = self.bits.random_raw(2 * n)
            high = halves[0::2] << np.uint64(32)
            high |= halves[1::2]
            return high
        return self._integers(0, _UINT64_END, n, np.uint64)

    def counts24(self, n: int) -> NDArray[np.int32]:
        """`n` integers in [0, 2^24), the low bits of one word each."""
        words = self.words32(n)
        words &= MASK24
        return words.view(np.int32)

    def counts53(self, n: int) -> NDArray[np.int64]:
        """`n` integers in [0, 2^53), the low bits of two words each."""
        words = self.words64(n)
        words &= MASK53
        return words.view(np.int64)

    def unit32(self, n: int) -> NDArray[np.float32]:
        """`n` float32 numbers in [0, 1), multiples of 2^-24."""
        unit = self.counts24(n).astype(np.float32)
        unit *= np.float32(2.0**-24)
        return unit

    def unit64(self, n: int) -> NDArray[np.float64]:
        """`n` float64 numbers in [0, 1), multiples of 2^-53."""
        unit = self.counts53(n).astype(np.float64)
        unit *= 2.0**-53
        return unit
