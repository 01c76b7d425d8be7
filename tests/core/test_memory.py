"""Memory that is let go of is there for the next step."""

import subprocess
import sys

import pytest

STEPS = """
import resource
import gradatim

def step():
    kept = [gradatim.ones(1 << 18) for _ in range(16)]  # 1 MB each

for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what is set is a habit of glibc")
def test_steps_use_the_memory_of_those_before_them() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", STEPS], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert float(ran.stdout) < 100  # pages; 4096 would all be new
