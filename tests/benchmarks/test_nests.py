"""`python -m benchmarks.nests`: the nests of a workload's step beside what the core could do."""

import pytest

from benchmarks import nests
from gradatim.compiler.machine import engine

pytestmark = pytest.mark.skipif(engine.available() is not None, reason="needs LLVM")


def test_each_nest_all_of_them_and_the_arithmetic_that_the_step_needs(capsys):
    nests.main(["mlp", "--steps", "3"])
    *lines, everything, arithmetic = capsys.readouterr().out.splitlines()
    assert any("product" in line for line in lines)
    assert everything.split()[0] == "all"
    assert arithmetic.startswith("0.00219 GFLOP of arithmetic that the step needs: ")
    assert arithmetic.endswith("% of the core at its best")


def test_a_name_that_is_no_training_is_refused(capsys):
    with pytest.raises(SystemExit):
        nests.main(["products"])
    assert "invalid choice" in capsys.readouterr().err
