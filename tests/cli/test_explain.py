"""`gradatim explain`: a training step seen by the compiler, and bad use of it."""

import pytest

from gradatim.cli import main
from gradatim.compiler.machine import engine

pytestmark = pytest.mark.skipif(engine.available() is not None, reason="needs LLVM")
SMALL = ["--set", "h=8", "--set", "batch_size=16"]


def out_of(capsys, *arguments):
    assert main(["explain", *arguments]) == 0
    return capsys.readouterr().out


def test_a_step_from_equations_to_loop_nests(capsys, words):
    out = out_of(capsys, "mlp", *SMALL, "--data", str(words))
    assert out.startswith("draw_and_descend: 1 given, ")
    assert "traced once: first call\n\nAs traced: " in out
    assert "After the passes: " in out
    assert "As loop nests: " in out
    assert "self.model.H.weight" in out
    assert "0 by NumPy\narena: " in out
    assert " # " not in out  # no lines of the command's own


@pytest.mark.parametrize(
    ("stage", "shown"),
    [
        ("trace", "tanh_back"),
        ("dce", "reduce_sum"),
        ("passes", "cse again: "),
        ("schedule", "for row in 16:"),
        ("llvm", "define void @step_0(ptr %table, i64 %worker"),
    ],
)
def test_one_stage(capsys, words, stage, shown):
    out = out_of(capsys, "mlp", *SMALL, "--data", str(words), "--stage", stage)
    assert shown in out
    assert "As traced" not in out


def test_one_loop_nest(capsys, words):
    out = out_of(capsys, "mlp", *SMALL, "--data", str(words), "--nest", "1")
    assert out.startswith("1  draw 16 numbers: randint\n")


def test_times_of_every_loop_nest(capsys, words):
    out = out_of(capsys, "bigram", "--data", str(words), "--profile")
    first, second, _, head, *rows = out.splitlines()
    assert first.startswith("draw_and_descend: ")
    assert "2 threads" not in first  # as many as training.threads says
    assert second.startswith("one core at its best: GFLOP/s ")
    assert head.split() == ["nest", "time", "share", "GFLOP/s", "GB/s", "of", "peak"]
    assert "randint" in rows[0]


def test_an_expression_of_single_numbers(capsys):
    out = out_of(capsys, "lol")
    assert out.startswith("lol: 0 Values, 4 numbers given")
    assert "v6 = v5 * number3\n\nreturn v6" in out
    assert "fmul double" in out_of(capsys, "lol", "--stage", "llvm")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "missing argument 'MODEL'"),
        (["mpl"], "no model 'mpl'; did you mean 'mlp'?"),
        (["bigram-counts"], "bigram-counts is counted, not trained: it has no step"),
        (["bigram", "--stage", "x"], "explain: no stage 'x'; there are trace, "),
        (["bigram", "--nest", "99"], "explain: no loop nest 99; there is 1 to "),
        (["bigram", "--target", "z80"], "no target 'z80'; there are x86-64, "),
        (["bigram", "--profile", "--stage", "trace"], "--profile times whole steps here"),
        (["bigram", "--set", "q=1"], "q"),
        (["lol", "--nest", "1"], "lol has only --stage; leave out --nest"),
        (["lol", "--stage", "dce"], "explain: no stage 'dce'; there are trace, llvm, assembly"),
    ],
)
def test_bad_use_is_one_line(capsys, arguments, message):
    assert main(["explain", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
