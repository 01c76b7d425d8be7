"""Stores of a vector's first lanes: those are written, and nothing behind them."""

import ctypes

import numpy as np
import pytest

from gradatim.compiler.lower.text.emit import Module
from gradatim.compiler.lower.text.types import DOUBLE, FLOAT, I8, I64, PTR, vector
from gradatim.compiler.machine.engine import compile_object, load
from gradatim.compiler.machine.target import host

KINDS = {FLOAT: np.float32, DOUBLE: np.float64, I64: np.int64, I8: np.uint8}


def stored(kind, lanes, count, target):
    """What is in memory after a masked store of a vector 1, 2, 3, ... over zeros."""
    module = Module(target)
    f = module.function("run", ["ptr %from", "ptr %to"])
    value = f.load(vector(lanes, kind), f.argument("%from", PTR))
    f.masked_store(value, f.argument("%to", PTR), f.first_lanes(lanes, count))
    f.end()
    text = str(module)
    loaded = load(compile_object(text, target))
    numbers = np.arange(1, lanes + 1, dtype=KINDS[kind])
    memory = np.zeros(lanes + 4, KINDS[kind])
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(loaded.address("run"))
    run(numbers.ctypes.data, memory.ctypes.data)
    return memory, text


@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("kind", KINDS)
def test_only_the_first_lanes_are_stored(kind, width):
    if width > host().vector_bytes:
        pytest.skip("this machine's vectors are narrower")
    target = host().narrow(width)
    lanes = width // np.dtype(KINDS[kind]).itemsize
    for count in {0, 1, lanes // 2, lanes - 1} | ({6, 7} if lanes == 8 else set()):
        memory, text = stored(kind, lanes, count, target)
        assert memory.tolist() == [*range(1, count + 1), *[0] * (lanes + 4 - count)]
        assert ("masked.store" in text) == target.has_masks


def test_several_vectors_abreast():
    memory, _ = stored(FLOAT, 32, 30, host().narrow(16))
    assert memory.tolist() == [*range(1, 31), *[0] * 6]
