"""The machine's peak: FMAs in registers and nothing else, on all threads at once.

It runs in a process like a side's, with windows between theirs, so that it is measured at the same
time. Float32, the widest vectors of the host, 24 independent accumulators, which hide the FMA
latency of any processor; machine code by llvmlite.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Any

from . import side

SUMS, TURNS = 24, 4_000


def widest(features: Any) -> int:
    """The number of float32 lanes in the host's widest vector."""
    return 16 if features.get("avx512f") else 8 if features.get("avx") else 4


def text(lanes: int) -> str:
    """The loop as LLVM IR: each iteration does one FMA on every accumulator."""
    vector = f"<{lanes} x float>"
    fma = f"@llvm.fma.v{lanes}f32"
    phis = "".join(
        f"  %s{i} = phi {vector} [ %start, %entry ], [ %t{i}, %loop ]\n" for i in range(SUMS)
    )
    steps = "".join(
        f"  %t{i} = call {vector} {fma}({vector} %s{i}, {vector} %x, {vector} %start)\n"
        for i in range(SUMS)
    )
    total = "".join(
        f"  %r{i + 1} = fadd {vector} {'%t0' if i == 0 else f'%r{i}'}, %t{i + 1}\n"
        for i in range(SUMS - 1)
    )
    return f"""
declare {vector} {fma}({vector}, {vector}, {vector})
define void @work(ptr %out, i64 %turns) "prefer-vector-width"="{lanes * 32}" {{
entry:
  %start = load {vector}, ptr %out, align 4
  %x = fmul {vector} %start, %start
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %j, %loop ]
{phis}{steps}  %j = add i64 %i, 1
  %more = icmp ult i64 %j, %turns
  br i1 %more, label %loop, label %end
end:
{total}  store {vector} %r{SUMS - 1}, ptr %out, align 4
  ret void
}}
"""


class Peak:
    """The loop as a workload: `run(steps)` does `steps` times TURNS iterations on each thread."""

    def __init__(self, threads: int) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features()
        lanes = widest(features)
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=features.flatten(), opt=2
        )
        module = llvm.parse_assembly(text(lanes))
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        address = self._engine.get_function_address("work")
        self._work = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(address)
        self._buffers = [(ctypes.c_float * lanes)() for _ in range(threads)]
        self.operations = 2.0 * SUMS * lanes * TURNS * threads

    def reset(self) -> None:
        for buffer in self._buffers:
            buffer[:] = [0.5] * len(buffer)

    def run(self, steps: int) -> int:
        """This thread is one of them; the others are started for each window."""
        helpers = [
            threading.Thread(target=self._work, args=(buffer, TURNS * steps))
            for buffer in self._buffers[1:]
        ]
        for helper in helpers:
            helper.start()
        self._work(self._buffers[0], TURNS * steps)
        for helper in helpers:
            helper.join()
        return steps


class Process(side.Process):
    """The process of the peak, which has no workload to load."""

    def __init__(self, name: str, threads: int) -> None:
        self.threads = threads

    def load(self, workload: str = "", arrays: str = "") -> dict[str, Any]:
        self.running = Peak(self.threads)
        self.running.reset()
        return {"takes_part": True, "operations": self.running.operations}


if __name__ == "__main__":
    side.main(*sys.argv[1:], kind=Process)
