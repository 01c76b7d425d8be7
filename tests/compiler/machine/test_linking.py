"""Machine code put into memory without LLVM: the same as with it, or left to it."""

import ctypes
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gradatim.compiler.machine import engine, linking
from gradatim.compiler.machine.llvm import library
from gradatim.compiler.machine.object_file import Damaged
from gradatim.compiler.machine.target import host, vector_width

pytestmark = pytest.mark.skipif(not linking.is_possible(), reason="LLVM does it on this system")

# Constants in a section of their own, functions of the same object, of another one, of the system.
FIRST = """
@table = private unnamed_addr constant [4 x i64] [i64 2, i64 3, i64 5, i64 7]
declare i64 @doubled(i64)
declare double @cos(double)
define i64 @prime(i64 %i) nounwind {
  %place = getelementptr [4 x i64], ptr @table, i64 0, i64 %i
  %found = load i64, ptr %place
  ret i64 %found
}
define i64 @twice(i64 %i) nounwind {
  %x = call i64 @prime(i64 %i)
  %y = call i64 @doubled(i64 %x)
  ret i64 %y
}
define double @turned(double %x) nounwind {
  %scaled = fmul double %x, 0x3FF8000000000000
  %y = call double @cos(double %scaled)
  ret double %y
}
"""
SECOND = "define i64 @doubled(i64 %x) nounwind {\n %y = add i64 %x, %x\n ret i64 %y\n}"


@cache
def objects() -> list[bytes]:
    return [
        engine.compile_object(FIRST, host(), others={"doubled"}),
        engine.compile_object(SECOND, host()),
    ]


@pytest.mark.parametrize("by_llvm", [False, True])
def test_objects_call_each_other_and_the_system_whoever_links_them(by_llvm, monkeypatch):
    if by_llvm:
        monkeypatch.setattr(engine, "link", lambda objects: None)
    for order in (1, -1):
        loaded = engine.load(*objects()[::order])
        twice = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(loaded.address("twice"))
        turned = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(loaded.address("turned"))
        assert [twice(i) for i in range(4)] == [4, 6, 10, 14]
        assert turned(2.0) == pytest.approx(np.cos(3.0), rel=1e-15)


def test_only_what_others_may_name_is_known_by_name():
    linked = linking.link(objects())
    assert {*linked.addresses} == {"prime", "twice", "turned", "doubled"}
    linked.free()


def test_code_cannot_be_written():
    linked = linking.link(objects())
    rights = {
        line.split()[1]
        for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
        if _covers(line.split()[0], linked.addresses["twice"])
    }
    linked.free()
    assert rights == {"r-xp"}


def _covers(span: str, address: int) -> bool:
    begin, end = (int(x, 16) for x in span.split("-"))
    return begin <= address < end


WRITTEN = """
@x = global i64 1
define i64 @written() nounwind {
  %x = load i64, ptr @x
  %y = add i64 %x, 1
  store i64 %y, ptr @x
  ret i64 %y
}
"""
KIND = 18  # where the header says for which machine the file is


def test_what_is_not_understood_is_left_to_llvm():
    good = objects()[1]
    other_machine = good[:KIND] + b"\xb7\x00" + good[KIND + 2 :]
    for strange in (b"x" * 4000, other_machine):
        assert linking.link([strange]) is None
    assert linking.link([engine.compile_object(WRITTEN, host())]) is None
    assert linking.link(objects()[:1]) is None  # what it calls is nowhere
    far = engine.compile_object(FIRST, host(), others={"doubled"}, linked=True)
    assert linking.link([far, objects()[1]]) is None  # relative addresses
    loaded = engine.load(engine.compile_object(WRITTEN, host()))
    assert ctypes.CFUNCTYPE(ctypes.c_int64)(loaded.address("written"))() == 2


def test_a_cut_object_is_said_to_be_damaged():
    good = objects()[0]
    for size in [*range(100), *range(100, len(good), 7), len(good) - 1]:
        with pytest.raises(Damaged, match="the object file was cut or altered: it ends too early"):
            engine.load(good[:size], objects()[1])


@given(st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=4))
@example([(40, 0xFF)])  # where the table of sections begins
@example([(58, 63)])  # how long its rows are
@example([(62, 0)])
def test_an_altered_object_is_read_or_refused(changes):
    """Whatever is in it: it is put into memory, left to somebody else, or said to be damaged."""
    altered, other = map(bytearray, objects())
    for place, byte in changes:
        altered[place % len(altered)] = byte
    try:
        linked = linking.link([bytes(altered), bytes(other)])
    except Damaged:
        return
    if linked is not None:
        linked.free()


def test_what_is_kept_of_the_processor_is_what_llvm_says_now(tmp_path):
    ask = "from gradatim.compiler.machine import engine; engine.available(); "
    ask += "from gradatim.compiler.machine.target import host; print(host().key)"
    fresh = {**os.environ, "GRADATIM_CACHE_DIR": str(tmp_path), "GRADATIM_VECTOR_BYTES": ""}
    command = [sys.executable, "-c", ask]
    told = [subprocess.check_output(command, text=True, env=fresh) for _ in range(2)]
    llvm = library()
    says = f"{llvm.get_process_triple()} {llvm.get_host_cpu_name()} "
    features = llvm.get_host_cpu_features()
    says += f"{features.flatten()} {vector_width(features)}\n"
    assert told == [says, says]


SCRIPT = """
import sys
import gradatim
gradatim.manual_seed(1)
gradatim.set_num_threads(2)
layer = gradatim.nn.Linear(64, 64)
step = gradatim.compile(lambda x: layer(x).tanh().sum())
print(step(gradatim.ones(512, 64)).item(), "llvmlite" in sys.modules)
"""


def test_a_process_that_finds_its_programs_compiled_has_no_llvm(tmp_path):
    def run() -> list[str]:
        fresh = {**os.environ, "GRADATIM_CACHE_DIR": str(tmp_path)}
        return subprocess.check_output([sys.executable, "-c", SCRIPT], text=True, env=fresh).split()

    (cold, with_llvm), (warm, without) = run(), run()
    assert cold == warm
    assert (with_llvm, without) == ("True", "False")
