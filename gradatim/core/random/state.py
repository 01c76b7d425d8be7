"""Reading and writing PyTorch's CPU generator state of 5056 bytes.

It is a legacy C struct (64-bit slots for the 32-bit words, three numbers that only an earlier
normal generator needed) followed by the float32 spare. `next` counts the words used since the last
twist and `left` those that remain, plus one; just after seeding `left = 1, next = 0`, and when all
words are used `left = 1, next = 624`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import RandomError
from .twister import WORDS, Twister

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEGACY = [
    ("seed", "<u8"),
    ("left", "<i4"),
    ("seeded", "<i4"),
    ("next", "<u8"),
    ("key", "<u8", WORDS),
    ("normal_x", "<f8"),
    ("normal_y", "<f8"),
    ("normal_rho", "<f8"),
    ("normal_valid", "<i4"),
]
_FLOAT = [("sample", "<f4"), ("valid", "?")]
_LAYOUT = np.dtype(
    [("legacy", np.dtype(_LEGACY, align=True)), ("float", np.dtype(_FLOAT, align=True))],
    align=True,
)
STATE_BYTES = _LAYOUT.itemsize  # 5056


def pack(twister: Twister, seed: int) -> NDArray[np.uint8]:
    """The bytes that PyTorch's generator would save at the same position in the same stream."""
    record = np.zeros(1, _LAYOUT)
    legacy, single, spare = record["legacy"], record["float"], twister.spare
    given = twister.position
    legacy["seed"] = seed
    legacy["seeded"] = 1
    legacy["left"] = WORDS + 1 - given
    legacy["next"] = 0 if _just_seeded(twister, seed) else given
    legacy["key"] = twister.key
    legacy["normal_y"], legacy["normal_valid"] = spare["sine"], spare["valid"]
    single["sample"], single["valid"] = spare["sine32"], spare["valid32"]
    return record.view(np.uint8)


def _just_seeded(twister: Twister, seed: int) -> bool:
    # The position is 624 both after seeding and when all words are used. The words tell these
    # apart: those of a seeding start with the seed itself, and follow from it.
    first = seed & 0xFFFFFFFF
    second = (1812433253 * (first ^ first >> 30) + 1) & 0xFFFFFFFF
    key = twister.key
    return twister.position == WORDS and key[0] == first and key[1] == second


def unpack(twister: Twister, state: Any) -> int:
    """Set the stream to the position in `state`, and return the seed it was started from."""
    record = _record(state)
    legacy, single = record["legacy"], record["float"]
    twister.key[:] = legacy["key"]
    # A freshly seeded generator twists at its next draw, like one with no words left.
    twister.position = int(legacy["next"]) or WORDS
    spare = twister.spare
    spare[()] = 0
    if legacy["normal_valid"]:
        spare["sine"], spare["valid"] = legacy["normal_y"], True
    if single["valid"]:
        spare["sine32"], spare["valid32"] = single["sample"], True
    return int(legacy["seed"])


def _record(state: Any) -> Any:
    if isinstance(state, bytes | bytearray | memoryview):
        state = np.frombuffer(state, np.uint8)
    if not isinstance(state, np.ndarray) or state.dtype != np.uint8:
        found = getattr(state, "dtype", type(state).__name__)
        raise TypeError(
            f"set_state: a generator's state is an array of bytes (uint8), got {found}; "
            "pass what get_state() returned"
        )
    if state.size != STATE_BYTES:
        raise RandomError(
            f"set_state: a generator's state has {STATE_BYTES} bytes, got {state.size}; "
            "it was truncated or is not a generator's state"
        )
    record = np.ascontiguousarray(state).reshape(-1).view(_LAYOUT)[0]
    fault = _fault(record["legacy"])
    if fault:
        raise RandomError(
            f"set_state: the {STATE_BYTES} bytes are not a Mersenne twister's state: {fault}; "
            "they were altered, or belong to something else"
        )
    return record


def _fault(legacy: Any) -> str:
    left, given, key = int(legacy["left"]), int(legacy["next"]), legacy["key"]
    if legacy["seeded"] != 1:
        return f"its flag for being seeded is {legacy['seeded']}, not 1"
    if not 1 <= left <= WORDS or ((left, given) != (1, 0) and left + given != WORDS + 1):
        return f"it has given out {given} of {WORDS} words and has {left - 1} left"
    if (key >> np.uint64(32)).any():
        return "it has a word of more than 32 bits"
    if not key.any():
        return "all its words are zero"
    return ""
