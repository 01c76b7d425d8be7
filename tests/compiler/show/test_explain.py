"""`explain`: each stage in words, names that the user knows, the same text from the cache."""

import re

import pytest

import gradatim
from gradatim.compiler.machine import engine
from gradatim.compiler.program.program import Program
from gradatim.compiler.show.explain import STAGES
from gradatim.core.errors import ArgumentError

pytestmark = pytest.mark.skipif(engine.available() is not None, reason="needs LLVM")

W = gradatim.ones(3, 4)
scale = 2.0


def softmax(x):
    a = x @ W
    e = (a - a.amax(1, keepdim=True)).exp()
    return e / e.sum(1, keepdim=True)


def nests_of(program, *args):
    """The text of each loop nest."""
    shown = program.explain(*args, stage="schedule")
    return re.split(r"\n\n(?=\d+  )", shown)


def test_the_whole_has_equations_passes_and_loop_nests():
    shown = Program(softmax).explain(gradatim.ones(5, 3))
    assert shown.startswith("softmax: 1 given, 1 captured, 1 returned\n")
    heads = re.findall(r"^(.+)\n-+$", shown, re.MULTILINE)
    assert [h.partition(":")[0] for h in heads] == [
        "As traced",
        "After the passes",
        "As loop nests",
    ]


def test_inputs_and_outputs_have_the_users_names():
    velocity = gradatim.zeros(3)

    def step(batch, rate):
        velocity.add_(batch["x"].sum(0)).mul_(rate)
        return velocity.sum()

    shown = Program(step).explain({"x": gradatim.ones(2, 3)}, 0.5, stage="trace")
    lines = shown.splitlines()
    assert [line.split()[-1] for line in lines[:3]] == ["batch['x']", "rate", "velocity"]
    assert [line.split(maxsplit=2)[-1] for line in lines[-2:-1]] == ["returned"]
    assert lines[-1].endswith("the new velocity")


def test_equations_stand_below_the_users_lines():
    shown = Program(softmax).explain(gradatim.ones(5, 3), stage="trace").splitlines()
    at = next(i for i, line in enumerate(shown) if "matmul" in line)
    assert re.fullmatch(r"     # test_explain.py, line \d+: `a = x @ W`", shown[at - 1])


def test_every_stage_prints_itself():
    program, x = Program(softmax), gradatim.ones(5, 3)
    shown = {stage: program.explain(x, stage=stage) for stage in STAGES}
    assert "amax" in shown["trace"]
    assert "cse: " in shown["passes"]
    assert "arena + 0" in shown["schedule"]
    assert "define void @step_0" in shown["llvm"]
    assert "step_0:" in shown["assembly"]
    assert ".cfi" not in shown["assembly"]


def test_a_row_is_passed_over_again_where_a_reduction_is_needed():
    row_wise = nests_of(Program(lambda x: x.softmax(1)), gradatim.ones(256, 27))[0]
    loops = [line.strip() for line in row_wise.splitlines() if line.strip().startswith("for ")]
    assert loops == ["for row in 256:", "for col in 27:", "for col in 27:", "for col in 27:"]
    assert re.search(r"reads   a:float32\[256,27\] +27,648 bytes  x\n", row_wise)


def test_what_is_stored_has_brackets_and_what_is_not_has_none():
    (nest, *_) = nests_of(Program(lambda x, y: ((x * y).exp() + x).sqrt()), *gradatim.ones(2, 7))
    assert nest.splitlines()[1:6] == [
        "    for col in 7:",
        "        c = mul a[col] b[col]",
        "        d = exp c",
        "        e = add d a[col]",
        "        f[col] = sqrt e",
    ]


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (lambda x, y: x @ y, "sum over inner in 5 of a[row, inner] b[inner, col]"),
        (lambda x, y: y.T @ x.T, "sum over inner in 5 of b[inner, row] a[col, inner]"),
        (lambda x, y: x.T + y.T.T.exp()[:, :1], "a[col, row]"),
        (lambda x, y: x[1:, ::2].exp(), "exp a[row + 1, 2 col]"),
    ],
)
def test_transposed_and_sliced_operands_are_read_where_they_lie(function, line):
    shown = Program(function).explain(gradatim.ones(4, 5), gradatim.ones(5, 4), stage="schedule")
    assert line in shown


def test_tables_are_read_and_added_to_at_places():
    table = gradatim.ones(27, 10, requires_grad=True)

    def step(X):
        loss = table[X].exp().sum()
        loss.backward()
        return loss

    shown = Program(step).explain(gradatim.zeros(8, dtype=gradatim.int64), stage="schedule")
    assert re.search(r"= \w+\[\w+\[row\], col\]\n", shown)
    assert re.search(r"\w+\[\w+\[row\], col\] \+= ", shown)
    assert "table.grad" in shown


def test_what_numpy_does_is_told_with_its_reason():
    program = Program(lambda x: gradatim.searchsorted(x, x) * 2)
    shown = program.explain(gradatim.ones(3), stage="schedule")
    assert "1  NumPy: searchsorted\n" in shown
    assert "    by NumPy: it searches" in shown
    assert " 1 by NumPy\n" in shown


def test_updates_in_place_say_over_what():
    p = gradatim.ones(4)

    def step():
        p.mul_(0.5)

    assert "  over p\n" in Program(step).explain(stage="schedule")


def test_why_it_was_traced_again(monkeypatch):
    program, x = Program(lambda x: x * scale), gradatim.ones(2)
    program(x)
    monkeypatch.setitem(globals(), "scale", 3.0)
    with pytest.warns(UserWarning, match="scale changed"):
        program(x)
    told = program.explain(x).splitlines()[1]
    assert told == "traced 2 times: first call; changed: scale changed from 2.0 to 3.0"


def test_without_arguments_the_last_one_is_explained_and_nothing_is_run():
    count = gradatim.zeros(1)

    def step(x):
        count.add_(1)
        return x + count

    program = Program(step)
    with pytest.raises(TypeError):
        program.explain()
    program(gradatim.ones(3))
    assert "x:float32[3]" not in program.explain()
    assert "a:float32[3]" in program.explain()
    assert count.item() == 1


def test_a_program_from_the_cache_is_explained_alike(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADATIM_CACHE_DIR", str(tmp_path))
    x = gradatim.ones(5, 3)
    shown = [Program(softmax).explain(x) for _ in range(2)]
    assert shown[0] == shown[1]


def test_one_nest_of_text_and_instructions_for_another_processor():
    program, x = Program(softmax), gradatim.ones(5, 3)
    text = program.explain(x, stage="llvm", nest=2, target="x86-64-v3")
    assert text.startswith("define void @nest_")
    assert text.count("define ") == 1
    assert "<8 x float>" in text
    assert "<16 x float>" in program.explain(x, stage="llvm", nest=2, target="x86-64-v4")


@pytest.mark.parametrize(("target", "instruction"), [("x86-64-v4", "vfmadd"), ("armv8-a", "fmla")])
def test_assembly_for_the_processors_of_another_family(target, instruction):
    product = Program(lambda a, b: a @ b)
    x = gradatim.ones(64, 64)
    assert instruction in product.explain(x, x, stage="assembly", target=target)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"stage": "fuse"}, "no stage 'fuse'; there are trace, expand, "),
        ({"nest": 9}, "no loop nest 9; there is 1 to 2"),
        ({"nest": 0}, "no loop nest 0; there is 1 to 2"),
        ({"target": "z80"}, "no target 'z80'; there are x86-64, "),
    ],
)
def test_what_is_not_there_is_named(how, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        Program(softmax).explain(gradatim.ones(5, 3), **how)
