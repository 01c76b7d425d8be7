"""The Mersenne twister in machine code, on the same state that eager draws use.

NumPy's `uint32_t key[624]; int position` is read and written in place, so compiled and eager draws
continue one stream. Words are generated in bulk, sixteen lanes at a time, into a buffer on the
stack that stays in L1, and draws read them from there.
"""

from __future__ import annotations

from collections.abc import Callable

from ..text.emit import Function, Module
from ..text.types import DOUBLE, FLOAT, I32, I64, PTR, Operand, Value, constant, element, vector

WORDS = 624
LANES = 16  # LLVM splits vectors on machines with narrower ones
CHUNK = 1024  # words generated at a time
SLACK = 96  # extra words of a buffer: whole vectors are written, and one more block may follow

_UPPER, _LOWER, _MATRIX = 0x80000000, 0x7FFFFFFF, 0x9908B0DF
_FAR = 397  # a new word is made from the old one, the next one, and the one this far ahead
_SIXTEEN = vector(LANES, I32)
_MASK24, _MASK53 = 2**24 - 1, 2**53 - 1
# Outside this range the float64 sums of `core.random.rounding` are not rounded once.
_SMALLEST, _LARGEST = 2.0**-400, 2.0**500

# Writes the numbers made from sixteen words: (words, their place in the target, mask).
Write = Callable[[Value, Value, "Value | None"], None]


def buffer(f: Function) -> Value:
    """Memory for a chunk of words."""
    return f.allocate(I32, CHUNK + SLACK)


def take(f: Function, state: Value, out: Value, count: Operand) -> None:
    """Put the next `count` > 0 words of the stream into a buffer.

    Up to fifteen words after them may be overwritten.
    """
    _define_words(f.module)
    n = count if isinstance(count, Value) else constant(count, I64)
    f.call("random_words", "void", state, out, n)


def fill(f: Function, state: Value, count: int, words_each: int, write: Write) -> None:
    """Write `count` numbers of one or two words each, sixteen words at a time."""
    if not count:
        return
    words, lanes, chunk = buffer(f), LANES // words_each, CHUNK // words_each

    def vectors(first: Operand, size: int) -> None:
        with f.loop(0, size, lanes) as loop:
            word = f.load(_SIXTEEN, f.gep(I32, words, f.mul(loop.index, words_each)))
            write(word, f.add(loop.index, first), None)

    rest = count % chunk
    if count >= chunk:
        with f.loop(0, count - rest, chunk) as loop:
            take(f, state, words, CHUNK)
            vectors(loop.index, chunk)
    if not rest:
        return
    take(f, state, words, rest * words_each)
    odd = rest % lanes
    if rest >= lanes:
        vectors(count - rest, rest - odd)
    if odd:
        word = f.load(_SIXTEEN, f.gep(I32, words, (rest - odd) * words_each))
        write(word, constant(count - odd, I64), f.first_lanes(lanes, odd))


def load(f: Function, kind: str, source: Value, place: Operand, mask: Value | None) -> Value:
    """Load a vector of an array from a place on; lanes outside the mask are 0."""
    address = f.gep(element(kind), source, place)
    return f.load(kind, address) if mask is None else f.masked_load(kind, address, mask)


def store(f: Function, value: Value, target: Value, place: Operand, mask: Value | None) -> None:
    """Store a vector to an array from a place on, where the mask is set."""
    address = f.gep(element(value.type), target, place)
    if mask is None:
        f.store(value, address)
    else:
        f.masked_store(value, address, mask)


# ----------------------------------------------------------------------------- words to numbers


def unit32(f: Function, words: Value) -> Value:
    """Float32 numbers in [0, 1) from the low 24 bits of each word."""
    counts = f.binary("and", words, _MASK24)
    return f.fmul(f.convert("sitofp", counts, FLOAT), 2.0**-24)


def pairs(f: Function, words: Value) -> Value:
    """64-bit words made of two words each, the first in the high half."""
    halves = f.bitcast(words, vector(LANES // 2, I64))
    return swap_halves(f, halves)


def swap_halves(f: Function, a: Value) -> Value:
    """64-bit words with their halves exchanged."""
    return f.intrinsic("llvm.fshl", a.type, a, a, constant(32, a.type))


def counts53(f: Function, wide: Value) -> Value:
    """The low 53 bits of each 64-bit word."""
    return f.binary("and", wide, _MASK53)


def unit64(f: Function, wide: Value) -> Value:
    """Float64 numbers in [0, 1) from the low 53 bits of each 64-bit word."""
    return f.fmul(f.convert("uitofp", counts53(f, wide), DOUBLE), 2.0**-53)


def rounds_once(factor: float, term: float) -> bool:
    """Whether eager draws round u * factor + term once in float64, as fma does.

    >>> rounds_once(2.0, -1.0), rounds_once(1e300, 0.0)
    (True, False)
    """
    return (factor == 0 or _SMALLEST < abs(factor) < _LARGEST) and abs(term) < _LARGEST


# --------------------------------------------------------------------------- the two functions


def _define_words(module: Module) -> None:
    """`random_words(state, out, n)`: n words; the state is renewed as often as needed."""
    if "random_words" in module.functions:
        return
    _define_twist(module)
    parameters = ["ptr noalias %state", "ptr noalias %out", "i64 %n"]
    f = module.function("random_words", parameters, "void")
    state, out, n = Value("%state", PTR), Value("%out", PTR), Value("%n", I64)
    place = f.gep(I32, state, WORDS)
    position = f.convert("zext", f.load(I32, place), I64)
    # Position after the draw, counted from the first of the current 624 words.
    end = f.add(position, n)
    twists = f.binary("udiv", f.sub(end, 1), WORDS)
    done = constant(0, I64)
    with f.loop(0, f.add(twists, 1), carried=[position, done]) as loop:
        begin, done = loop.values
        with f.when(f.compare("ne", loop.index, 0)):
            f.call("random_twist", "void", state)
        here = _smaller(f, f.sub(WORDS, begin), f.sub(n, done))
        _temper_all(f, f.gep(I32, state, begin), f.gep(I32, out, done), here)
        loop.carry(constant(0, I64), f.add(done, here))
    left = f.sub(end, f.mul(twists, WORDS))
    f.store(f.convert("trunc", left, I32), place)
    f.end()


def _smaller(f: Function, a: Value, b: Value) -> Value:
    return f.intrinsic("llvm.smin", I64, a, b)


def _temper_all(f: Function, source: Value, out: Value, n: Value) -> None:
    whole = f.binary("and", n, -LANES)
    with f.loop(0, whole, LANES) as loop:
        word = f.load(_SIXTEEN, f.gep(I32, source, loop.index))
        f.store(_tempered(f, word), f.gep(I32, out, loop.index))
    odd = f.sub(n, whole)
    with f.when(f.compare("ne", odd, 0)):
        # Masked: memory after the 624 words may not be read.
        mask = f.first_lanes(LANES, odd)
        word = f.masked_load(_SIXTEEN, f.gep(I32, source, whole), mask)
        f.store(_tempered(f, word), f.gep(I32, out, whole))


def _tempered(f: Function, y: Value) -> Value:
    y = f.binary("xor", y, f.binary("lshr", y, 11))
    y = f.binary("xor", y, f.binary("and", f.binary("shl", y, 7), 0x9D2C5680))
    y = f.binary("xor", y, f.binary("and", f.binary("shl", y, 15), 0xEFC60000))
    return f.binary("xor", y, f.binary("lshr", y, 18))


def _define_twist(module: Module) -> None:
    """`random_twist(key)`: the next 624 words, in place.

    Word i is mixed from the old words i and i + 1 and from word i + 397 of the ring. Loads at these
    three places are contiguous except where the ring wraps: for the vector that holds i = 226 and
    227, and for the last one.
    """
    f = module.function("random_twist", ["ptr noalias %key"], "void")
    key = Value("%key", PTR)

    def at(place: Operand) -> Value:
        return f.load(_SIXTEEN, f.gep(I32, key, place))

    def renew(place: Operand, following: Value, far: Value) -> None:
        f.store(_mixed(f, at(place), following, far), f.gep(I32, key, place))

    closes = WORDS - _FAR  # 227: from here on, the word 397 ahead is a new one
    seam = closes // LANES * LANES
    last = WORDS - LANES
    with f.loop(0, seam, LANES) as loop:
        i = loop.index
        renew(i, at(f.add(i, 1)), at(f.add(i, _FAR)))
    old = seam + _FAR - last
    renew(seam, at(seam + 1), f.shuffle(at(last), at(0), range(old, old + LANES)))
    with f.loop(seam + LANES, last, LANES) as loop:
        i = loop.index
        renew(i, at(f.add(i, 1)), at(f.sub(i, closes)))
    following = f.shuffle(at(last), at(0), range(1, LANES + 1))
    renew(last, following, at(last - closes))
    f.end()


def _mixed(f: Function, word: Value, following: Value, far: Value) -> Value:
    y = f.binary("or", f.binary("and", word, _UPPER), f.binary("and", following, _LOWER))
    odd = f.compare("ne", f.binary("and", following, 1), 0)
    twisted = f.select(odd, constant(_MATRIX, y.type), constant(0, y.type))
    return f.binary("xor", f.binary("xor", far, f.binary("lshr", y, 1)), twisted)
