"""LLVM text to machine code: it runs, it is freed, what LLVM refuses is explained."""

import ctypes
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gradatim.compiler.errors import CompileError
from gradatim.compiler.machine import engine, llvm
from gradatim.compiler.machine.target import Target, host, named, vector_width
from gradatim.core.errors import ArgumentError, GradatimError

DOUBLED = """
define void @doubled(ptr %x, i64 %count) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %place = getelementptr float, ptr %x, i64 %i
  %v = load <16 x float>, ptr %place, align 4
  %w = fmul <16 x float> %v, splat (float 2.0)
  store <16 x float> %w, ptr %place, align 4
  %next = add i64 %i, 16
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""
BLOCKS = """
define void @zero(ptr %x, i64 %bytes) {
  call void @llvm.memset.p0.i64(ptr %x, i8 0, i64 %bytes, i1 false)
  ret void
}
define void @copy(ptr %to, ptr %from, i64 %bytes) {
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  ret void
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""


def built(text: str, target: Target | None = None) -> engine.Loaded:
    return engine.load(engine.compile_object(text, target or host()))


def call(loaded: engine.Loaded, name: str, *arguments: int) -> None:
    kinds = [ctypes.c_int64] * len(arguments)
    ctypes.CFUNCTYPE(None, *kinds)(loaded.address(name))(*arguments)


def doubles(loaded: engine.Loaded) -> bool:
    x = np.arange(64, dtype=np.float32)
    call(loaded, "doubled", x.ctypes.data, x.size)
    return np.array_equal(x, 2 * np.arange(64))


def numbered(number: int) -> str:
    return f"define i64 @number() {{ ret i64 {number} }}"


def number_of(loaded: engine.Loaded) -> int:
    return ctypes.CFUNCTYPE(ctypes.c_int64)(loaded.address("number"))()


def test_it_is_available_where_it_is_installed():
    assert engine.available() is None
    assert "LLVM" in llvm.host_info().versions


@pytest.mark.parametrize("width", [16, 32, 64])
def test_one_text_runs_with_vectors_of_every_width(width):
    if width > host().vector_bytes:
        pytest.skip("this machine's vectors are narrower")
    assert doubles(built(DOUBLED, host().narrow(width)))


@pytest.fixture
def asked(monkeypatch):
    """The target of this machine while the environment asks for a width."""

    def ask(width):
        monkeypatch.setenv("GRADATIM_VECTOR_BYTES", width)
        return host.__wrapped__()

    return ask


def test_the_environment_asks_for_narrower_vectors(asked):
    assert asked("16").vector_bytes == 16
    assert asked("16") == asked("").narrow(16)


@pytest.mark.parametrize("width", ["48", "128", "wide", "-16"])
def test_a_width_that_the_machine_does_not_have_is_refused(asked, width):
    with pytest.raises(
        ArgumentError, match=f"GRADATIM_VECTOR_BYTES is '{width}': unset it, or choose"
    ):
        asked(width)


def test_a_narrow_target_uses_no_wider_registers():
    shown = engine.assembly(DOUBLED, host().narrow(16))
    assert "doubled" in shown
    assert "zmm" not in shown
    assert "ymm" not in shown


def test_a_narrow_target_asks_for_no_features_of_wider_vectors():
    wide = named("x86-64-v4")
    assert [f for f in wide.narrow(32).features.split(",") if f.startswith("+avx")] == [
        "+avx",
        "+avx2",
    ]
    assert not {"+avx", "+avx2", "+fma", "+f16c"}.intersection(wide.narrow(16).features.split(","))
    assert wide.narrow(32).has_fma
    assert not wide.narrow(16).has_fma


def test_large_blocks_are_filled_and_copied():
    loaded = built(BLOCKS)
    source = np.arange(1 << 20, dtype=np.int64)
    target = np.ones_like(source)
    call(loaded, "copy", target.ctypes.data, source.ctypes.data, source.nbytes)
    assert np.array_equal(source, target)
    call(loaded, "zero", target.ctypes.data, target.nbytes)
    assert not target.any()


def test_equal_names_in_different_programs_stay_apart():
    programs = [built(numbered(i)) for i in range(5)]
    assert [number_of(program) for program in programs] == [0, 1, 2, 3, 4]


def test_a_missing_function_is_named():
    with pytest.raises(CompileError, match=r"has no function 'nothing'"):
        built(numbered(1)).address("nothing")


@pytest.mark.parametrize(
    "body",
    [
        "ret i64 0",  # what the parser notices, and what the verifier does
        "br label %next\nnext:\n %y = add i32 %x, 1\n %x = add i32 %y, 1\n ret i32 %x",
    ],
)
def test_what_llvm_refuses_names_the_function(body):
    text = f"define void @good() {{ ret void }}\ndefine i32 @bad() {{\n {body}\n}}"
    with pytest.raises(GradatimError, match=r"in the function 'bad'(.|\n)*This is a bug in Gradat"):
        engine.compile_object(text, host())


def test_what_is_no_llvm_at_all_is_refused():
    with pytest.raises(CompileError, match="LLVM refused"):
        engine.compile_object("for i in range(10)", host())


def test_calls_out_of_the_program_are_refused():
    text = "define float @f(float %x) {\n %y = call float @expf(float %x)\n ret float %y\n}\n"
    with pytest.raises(CompileError, match="a call of 'expf', which is not defined"):
        engine.compile_object(text + "declare float @expf(float)", host())


def test_threads_compile_at_once():
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: number_of(built(numbered(i))), range(40)))
    assert found == list(range(40))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_what_is_freed_gives_its_memory_back():
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * 4096

    for i in range(30):
        built(DOUBLED.replace("2.0", f"{i}.0"))
    before = resident()
    for i in range(200):
        built(DOUBLED.replace("2.0", f"{i}.5"))
    assert resident() - before < 2**20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_forked_in_the_middle_of_a_compilation_compiles():
    stop = threading.Event()

    def compile_on() -> None:
        while not stop.is_set():
            built(DOUBLED)

    thread = threading.Thread(target=compile_on)
    thread.start()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                os._exit(0 if doubles(built(DOUBLED)) else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        thread.join()


def python(code: str, **environment: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.check_output(
        command, text=True, encoding="utf-8", env={**os.environ, **environment}
    )


def test_a_missing_or_broken_llvmlite_is_a_reason_and_no_error(tmp_path):
    ask = "from gradatim.compiler.machine import engine; print(engine.available())"
    missing = "import sys; sys.modules['llvmlite'] = None; " + ask
    assert "llvmlite does not work here: ModuleNotFoundError" in python(missing)
    (tmp_path / "llvmlite").mkdir()
    init = tmp_path / "llvmlite" / "__init__.py"
    init.write_text("raise OSError('libLLVM.so: no such file')", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    assert "OSError: libLLVM.so: no such file" in python(ask, PYTHONPATH=path)
    init.write_text("__version__ = '0.44.0'", encoding="utf-8")
    (tmp_path / "llvmlite" / "binding.py").write_text("", encoding="utf-8")
    assert "0.44.0 is too old" in python(ask, PYTHONPATH=path)


def test_the_library_does_not_load_llvm():
    assert python("import gradatim, sys; print('llvmlite' in sys.modules)").strip() == "False"


# ------------------------------------------------------------------------------------ the target


def test_lanes_fill_a_vector():
    target = Target("x86_64-unknown-linux-gnu", "skylake-avx512", "+avx512f", 64)
    assert [target.lanes(d) for d in ("float32", "float64", "int64", "bool")] == [16, 8, 8, 64]
    assert '"prefer-vector-width"="512"' in target.attributes


def test_a_vector_is_as_wide_as_the_cpu_has_them():
    assert vector_width({"avx": True, "avx512f": True}) == 64
    assert vector_width({"avx": True, "avx512f": False}) == 32
    assert vector_width({"neon": True}) == vector_width({}) == 16


def test_a_narrower_target_is_another_one_in_the_cache():
    wide = Target("x86_64-unknown-linux-gnu", "skylake-avx512", "+avx,+avx512f", 64)
    assert len({wide.key, wide.narrow(32).key, wide.narrow(16).key}) == 3
    assert wide.narrow(64) == wide
    assert wide.narrow(32).narrow(16).vector_bytes == 16


def test_a_target_does_not_widen():
    with pytest.raises(ValueError, match=r"one of \[32, 16\] here, got 64"):
        Target("x86_64-unknown-linux-gnu", "haswell", "+avx2", 32).narrow(64)
