"""The collector of garbage rests while a program is made, and is found as it was."""

import gc

import pytest

import gradatim as g
from gradatim.compiler.pipeline import compiled
from gradatim.compiler.pipeline.uncollected import uncollected


def test_it_rests_while_a_program_is_made(monkeypatch):
    made, seen = compiled.compile_graph, []

    def watched(*args):
        seen.append(gc.isenabled())
        return made(*args)

    monkeypatch.setattr(compiled, "compile_graph", watched)
    g.compile(lambda x: x * 3)(g.ones(5))
    assert seen == [False]
    assert gc.isenabled()


def test_it_is_at_work_again_after_an_error():
    with pytest.raises(ZeroDivisionError), uncollected():
        1 / 0  # noqa: B018
    assert gc.isenabled()


def test_one_in_another_does_not_wake_it():
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_somebody_switched_off_stays_off():
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
