"""Machine code in several objects, made beside the writing: the same program, whatever happens."""

import _thread
import ctypes
import os
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.compiler.errors import CompileError
from gradatim.compiler.machine import cache, engine
from gradatim.compiler.machine.target import host
from gradatim.compiler.pipeline import translation
from gradatim.compiler.pipeline.compiled import compile_graph
from gradatim.compiler.trace.trace import trace


@pytest.fixture(autouse=True)
def no_cache(monkeypatch):
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")


def training():
    g.manual_seed(3)
    model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 1))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    x = g.randn(6, 5)

    def step():
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return step


def losses(steps=3):
    program = g.compile(training())
    return [program().item() for _ in range(steps)]


def code_of(function):
    found = trace(function, ())
    return compile_graph(found.graph, found.updates, found.result_count, use_cache=False).code


def test_a_program_in_many_objects_is_the_same_program(monkeypatch):
    whole = losses()
    assert len(code_of(training())) == 1
    monkeypatch.setattr(translation, "ENOUGH", 2000)
    assert len(code_of(training())) > 5
    assert losses() == whole


def test_objects_depend_on_the_text_alone(monkeypatch):
    monkeypatch.setattr(translation, "ENOUGH", 2000)
    first = code_of(training())
    made = translation.compile_object

    def slowly(*args, **options):
        time.sleep(0.01)
        return made(*args, **options)

    monkeypatch.setattr(translation, "compile_object", slowly)
    assert code_of(training()) == first


def test_all_objects_come_back_from_the_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADATIM_CACHE_DIR", str(tmp_path / "programs"))
    monkeypatch.setattr(translation, "ENOUGH", 2000)
    step = training()
    first = g.compile(step)().item()
    assert cache.folder().is_dir()
    monkeypatch.delattr(translation, "compile_object")  # nothing is left to do for it
    assert g.compile(step)().item() < first


def test_no_thread_is_left(monkeypatch):
    monkeypatch.setattr(translation, "ENOUGH", 2000)
    before = threading.active_count()
    losses(steps=1)
    assert threading.active_count() == before


def test_what_llvm_refuses_in_a_thread_is_raised_where_the_program_is_called(monkeypatch):
    monkeypatch.setattr(translation, "ENOUGH", 2000)
    made, done = translation.compile_object, []

    def spoiled(text, *args, **options):
        done.append(text)
        return made(text.replace("ret void", "ret i1 0") if len(done) == 2 else text, *args)

    before = threading.active_count()
    with monkeypatch.context() as patch:
        patch.setattr(translation, "compile_object", lambda t, *a, **o: spoiled(t, *a, **o))
        program = g.compile(training())
        with pytest.raises(CompileError, match="LLVM refused what the compiler wrote"):
            program()
    assert threading.active_count() == before
    assert program().item() == losses(steps=1)[0]


def test_an_interrupt_ends_it_and_the_next_call_compiles(monkeypatch):
    monkeypatch.setattr(translation, "ENOUGH", 2000)
    made, done = translation.compile_object, []

    def interrupted(*args, **options):
        done.append(1)
        if len(done) == 1:
            _thread.interrupt_main()
        return made(*args, **options)

    program = g.compile(training())
    before = threading.active_count()
    with monkeypatch.context() as patch:
        patch.setattr(translation, "compile_object", interrupted)
        with pytest.raises(KeyboardInterrupt):
            program()
    assert threading.active_count() == before
    assert program().item() == losses(steps=1)[0]


def test_it_does_without_threads_where_none_can_start(monkeypatch):
    expected = losses()
    monkeypatch.setattr(translation, "ENOUGH", 2000)

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        found = code_of(training())
    assert found == code_of(training())
    assert losses() == expected


@pytest.mark.parametrize("when", ["at exit", "in a thread nobody waits for"])
def test_it_works_while_the_interpreter_ends(when):
    code = f"""
        import atexit, threading
        import gradatim as g
        from gradatim.compiler.pipeline import translation
        translation.ENOUGH = 100
        x = g.ones(40, 30)
        def run():
            print(g.compile(lambda: ((x @ x.mT).exp().sum(0) * 0).sum())().item(), flush=True)
        if {when == "at exit"}:
            atexit.register(run)
        else:
            thread = threading.Thread(target=run, daemon=False)
            thread.start()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "GRADATIM_CACHE_DIR": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("0.0\n", "")


def test_functions_that_differ_in_a_few_numbers_are_one():
    @g.compile
    def f(*several):
        return [x.exp() * 2 for x in several]

    arrays = [g.rand(n) for n in (640, 1280, 192)]
    for got, x in zip(f(*arrays), arrays, strict=True):
        np.testing.assert_allclose(got.numpy(), 2 * np.exp(x.numpy()), rtol=1e-6)
    assert "3 loop nests in 1 functions" in f.explain(stage="schedule")
    assert "i64 %n0) #0" in f.explain(stage="llvm", nest=1)


def test_a_shared_function_is_told_its_numbers_in_an_object_for_c(tmp_path):
    f = g.compile(lambda x, y: (x.exp() * 2, y.exp() * 2))
    f.export(tmp_path, g.rand(640), g.rand(192))
    assert (tmp_path / "model.o").stat().st_size > 500


def test_objects_call_each_other():
    one = "declare i64 @one(i64)\ndefine i64 @two(i64 %x) { %y = call i64 @one(i64 %x) ret i64 %y }"
    other = "define i64 @one(i64 %x) { %y = add i64 %x, 1 ret i64 %y }"
    objects = [
        engine.compile_object(one, host(), others={"one"}),
        engine.compile_object(other, host(), quick=True),
    ]
    for order in (objects, objects[::-1]):
        loaded = engine.load(*order)
        assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(loaded.address("two"))(41) == 42


def test_threads_translate_at_once_what_one_translates_alone():
    texts = [f"define i64 @f(i64 %x) {{ %y = add i64 %x, {i} ret i64 %y }}" for i in range(1, 41)]
    expected = [engine.compile_object(text, host()) for text in texts]
    found = {}

    def translate(who):
        found[who] = [engine.compile_object(text, host()) for text in texts]

    threads = [threading.Thread(target=translate, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(found.values()) == [expected] * 3
