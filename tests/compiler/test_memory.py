"""The memory of programs: freed with them, and bounded however often they are traced or run."""

import gc
import os
import weakref
from pathlib import Path

import pytest

import gradatim as g
from tests.compiler.small_training import training


def resident():
    """Bytes of this process that are in memory."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pytest.skip("no /proc on this system")


def test_programs_are_freed_with_their_machine_code_and_their_tensors():
    def made_and_called():
        w = g.zeros(1000)
        program = g.compile(lambda x: w.add_(x).sum())
        program(g.ones(1000))
        ((known,),) = program.variants.values()
        parts = program, known, known.compiled.loaded, known.arena, w.numpy()
        return [weakref.ref(part) for part in parts]

    gone = made_and_called()
    gc.collect()
    assert [r() for r in gone] == [None] * 5


@pytest.mark.filterwarnings("ignore:gradatim.compile")
def test_many_traces_leave_little_behind(monkeypatch):
    """Other shapes, other settings, and other programs; tests of hundreds are among the proofs."""
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")
    scale = [0.0]

    @g.compile
    def f(x):
        return (x * scale[0]).sum()

    def traces(count):
        for k in range(count):
            scale[0] += 1.0
            assert f(g.ones(3 + k % 5)).item() == scale[0] * (3 + k % 5)
            g.compile(lambda x, k=k: x + k)(g.ones(2))

    traces(60)
    gc.collect()
    before = resident()
    traces(60)
    gc.collect()
    assert resident() - before < 8e6
    assert sum(map(len, f.variants.values())) <= 5 * 8


def test_kinds_of_arguments_are_kept_within_bounds(monkeypatch):
    monkeypatch.setattr("gradatim.compiler.program.variants.KINDS", 4)
    f = g.compile(lambda x: x + 1)
    for n in [1, *range(2, 8), 1]:
        f(g.ones(1))
        assert f(g.ones(n)).shape == (n,)
    assert len(f.variants) == 4
    assert f.history.count("first call") == 1
    assert len(f.history) == 7  # the one in use was kept


def test_many_steps_do_not_grow():
    _, _, _, step = training()
    program = g.compile(step)
    program.repeat(1000)
    for _ in range(200):
        program()
    gc.collect()
    before = resident()
    program.repeat(20_000)
    for _ in range(2000):
        program()
    gc.collect()
    assert resident() - before < 2e6
