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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["products"], "invalid choice: 'products'"),
        (["mlp", "--steps", "0"], "--steps must be at least 1"),
    ],
)
def test_what_is_no_training_or_no_steps_is_refused(capsys, arguments, message):
    with pytest.raises(SystemExit):
        nests.main(arguments)
    assert message in capsys.readouterr().err
