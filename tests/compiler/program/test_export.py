"""Programs exported for C: the same bits there, the weights inside, clear refusals."""

import shutil
import subprocess

import numpy as np
import pytest

import gradatim
from gradatim import nn
from gradatim.compiler.machine import engine
from gradatim.compiler.program.program import Program
from gradatim.core.errors import ArgumentError

pytestmark = pytest.mark.skipif(engine.available() is not None, reason="needs LLVM")
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")

# Ten lines: floats in, floats out, and the exit code is what went wrong.
MAIN = """\
#include <stdio.h>
#include "model.h"
%(kind)s x[%(x)d];
float y[%(y)d];
int main(void) {
    if (fread(x, sizeof x, 1, stdin) != 1) return 100;
    int error = model(x, y);
    fwrite(y, sizeof y, 1, stdout);
    return error;
}
"""


def layers():
    gradatim.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 33), nn.Tanh(), nn.Linear(33, 5))
    return Program(lambda x: model(x).softmax(1))


def letters():
    gradatim.manual_seed(0)
    table, out = nn.Embedding(27, 10), nn.Linear(30, 27)
    return Program(lambda X: out(table(X).flatten(1)))


def gcc(folder, main, *options):
    (folder / "main.c").write_text(main, encoding="utf-8")
    command = ["gcc", "-Wall", "-Wextra", "-Werror", "-pedantic", *options, "main.c"]
    command += [f.name for f in sorted(folder.glob("*.o"))] + ["-o", "main", "-lm"]
    subprocess.run(command, cwd=folder, check=True)


def in_c(folder, array, shape, *options):
    """What the exported `model` makes of an array, and its exit code."""
    sizes = {"x": array.size, "y": int(np.prod(shape))}
    kind = "float" if array.dtype == np.float32 else "int64_t"
    gcc(folder, MAIN % {**sizes, "kind": kind}, *options)
    given = array.tobytes()
    done = subprocess.run([folder / "main"], check=False, input=given, capture_output=True)
    return np.frombuffer(done.stdout, np.float32).reshape(shape), done.returncode


@needs_gcc
@pytest.mark.parametrize("options", [[], ["-static"], ["-no-pie"]])
def test_ten_lines_of_c_give_the_same_bits(tmp_path, options):
    program, x = layers(), gradatim.randn(9, 6)
    expected = program(x)
    program.export(tmp_path, x)
    y, error = in_c(tmp_path, x.numpy(), (9, 5), *options)
    assert error == 0
    assert y.tobytes() == expected.detach().numpy().tobytes()


@needs_gcc
def test_an_index_that_is_out_of_range_is_an_error_that_the_header_tells(tmp_path):
    program, X = letters(), gradatim.randint(0, 27, (4, 3))
    expected = program(X)
    header = program.export(tmp_path, X).read_text(encoding="utf-8")
    assert "     1  embedding: index is out of range: the table has 27 rows" in header
    y, error = in_c(tmp_path, X.numpy(), (4, 27))
    assert (error, y.tobytes()) == (0, expected.detach().numpy().tobytes())
    X[1, 2] = 27
    assert in_c(tmp_path, X.numpy(), (4, 27))[1] == 1


@needs_gcc
def test_a_workspace_may_begin_anywhere_and_two_models_fit_into_one_program(tmp_path):
    program, x = layers(), gradatim.ones(2, 6)
    program.export(tmp_path, x, name="first")
    program.export(tmp_path, x, name="second")
    gcc(
        tmp_path,
        """
        #include <stdlib.h>
        #include <string.h>
        #include "first.h"
        #include "second.h"
        int main(void) {
            float x[12], a[10], b[10];
            for (int i = 0; i < 12; i++) x[i] = 1;
            char *memory = malloc(FIRST_WORKSPACE + 3);
            if (first_in(x, a, memory + 3)) return 1;
            if (second(x, b)) return 2;
            return memcmp(a, b, sizeof a) ? 3 : 0;
        }
        """,
    )
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 0


@needs_gcc
def test_several_arguments_and_results_of_all_dtypes(tmp_path):
    program = Program(lambda a, pair: (a + pair[0], pair[1].logical_not(), pair[2] * 2))
    given = [gradatim.tensor([2], dtype=gradatim.int32), gradatim.tensor([True]), 1.5]
    header = program.export(tmp_path, gradatim.tensor([3], dtype=gradatim.uint8), given)
    gcc(
        tmp_path,
        """
        #include "model.h"
        int main(void) {
            uint8_t a = 3; int32_t b = 2, y0 = 0; bool c = true, y1 = true; double d = 1.5, y2 = 0;
            if (model(&a, &b, &c, &d, &y0, &y1, &y2)) return 1;
            return y0 == 5 && !y1 && y2 == 3.0 ? 0 : 2;
        }
        """,
    )
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 0
    text = header.read_text(encoding="utf-8")
    assert "int model(const uint8_t *a, const int32_t *pair_0, const bool *pair_1" in text
    assert "There are no weights in it." in text


def test_the_header_says_shapes_weights_and_what_it_needs(tmp_path):
    header = layers().export(tmp_path / "new", gradatim.ones(9, 6), name="net").read_text("utf-8")
    assert "     x: float[9][6]\n     y: float[9][5]   (written)\n" in header
    assert 'model["0"].weight: float32[33,6]' in header or "weight: float32[33,6]" in header
    assert "#define NET_WORKSPACE " in header
    assert "and needs a processor with " in header
    assert sorted(f.name for f in (tmp_path / "new").iterdir()) == ["net.h", "net.o"]


def test_code_for_other_processors_of_the_family(tmp_path):
    from gradatim.compiler.machine.target import host

    name = "x86-64-v2" if host().is_x86 else "armv8-a"
    header = layers().export(tmp_path, gradatim.ones(2, 6), target=name).read_text("utf-8")
    assert "avx" not in header
    other = "armv8-a" if host().is_x86 else "x86-64"
    with pytest.raises(ArgumentError, match="made on machines of that family only"):
        layers().export(tmp_path, gradatim.ones(2, 6), target=other)


def writes(x):
    x.add_(1)
    return x


def leaves_gradients():
    w = gradatim.ones(3, requires_grad=True)

    def function(x):
        loss = (w * x).sum()
        loss.backward()
        return loss

    return function


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x + gradatim.rand(3), "the function draws random numbers (rand, test_export.py"),
        (lambda x: x.bernoulli(), "call model.eval() first"),
        (writes, "the function writes into tensors in place; only a forward pass"),
        (leaves_gradients(), "the function leaves gradients; only a forward pass"),
        (lambda x: 3, "returns no tensor that it computes"),
        (lambda x: gradatim.searchsorted(x, x), "NumPy computes part of the function (it searches"),
    ],
)
def test_what_is_no_forward_pass_is_refused_and_nothing_written(tmp_path, function, message):
    with pytest.raises(ArgumentError) as caught:
        Program(function).export(tmp_path, gradatim.ones(3))
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["int", "a b", "1st", "", "größe", "../x"])
def test_a_name_that_c_cannot_have_is_refused(tmp_path, name):
    with pytest.raises(ArgumentError, match="cannot be the name of a function in C"):
        layers().export(tmp_path, gradatim.ones(1, 6), name=name)


def test_an_unknown_target_is_refused_with_the_names(tmp_path):
    with pytest.raises(ArgumentError, match="no target 'pentium'; there are x86-64, x86-64-v2"):
        layers().export(tmp_path, gradatim.ones(1, 6), target="pentium")
