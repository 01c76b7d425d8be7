"""Large arrays by machine code: the same numbers as NumPy's, in one pass over memory."""

import os
import subprocess
import sys
import threading
from math import prod

import numpy as np
import pytest

import gradatim
from gradatim.compiler.machine import engine
from gradatim.compiler.machine.target import host
from gradatim.compiler.pipeline import kernel_text
from gradatim.core.kernels import MIN_ELEMENTS, kernel_or_numpy
from gradatim.core.primitive import REGISTRY
from gradatim.core.storage import ArrayType
from tests.ops.case import Case, numbers, truths
from tests.ops.table_layers import X_ALONE
from tests.ops.test_table import TABLE, expected, several

FLAT = (131, 129)


def large(name, *inputs, **params):
    """A call of an operation of the table with large arrays."""
    example = next(c for c in TABLE if c.primitive == name)
    return Case(name, inputs, example.expected, params, example.tolerance)


def norm(name, shape, dims, *more):
    one = tuple(1 if d in dims else n for d, n in enumerate(shape))
    weight = tuple(shape[d] for d in dims)
    given = {"x": numbers(shape), "g": numbers(shape, seed=1), "normal": numbers(shape, seed=2),
             "rstd": numbers(one, 0.2, 2, seed=3), "weight": numbers(weight, seed=4),
             "bias": numbers(weight, seed=5)}  # fmt: skip
    params = {"dims": dims} if "rstd" in more else {"dims": dims, "eps": 0.1}
    return large(name, *[given[key] for key in more], **params)


CASES = [
    *[large(name, numbers(FLAT, -4, 4)) for name in ("erf", "gelu", "gelu_tanh", "silu")],
    *[
        large(f"{name}_back", numbers(FLAT), numbers(FLAT, -4, 4, 7), **X_ALONE)
        for name in ("gelu", "gelu_tanh", "silu")
    ],
    *[
        norm(name, shape, dims, *more)
        for shape, dims in (((1700, 13), (1,)), ((20, 31, 30), (1, 2)))
        for name, more in (
            ("layer_norm", ("x", "weight", "bias")),
            ("layer_norm_back", ("g", "normal", "rstd", "weight")),
        )
    ],
    norm("standardize", (20, 14, 64), (2,), "x"),
    norm("standardize_back", (20, 31, 30), (1, 2), "g", "normal", "rstd"),
    large("softmax", numbers((700, 27)), dim=1),
    large("log_softmax", numbers((9, 20, 96)), dim=2),
    large("scaled_softmax", numbers((3, 40, 144)), scale=0.3),
    large("softmax_rows_back", numbers((800, 32)), numbers((800, 32), 0, 1, 4), scale=0.3),
    large(
        "masked_softmax",
        numbers((2, 2, 17, 256)),
        np.broadcast_to(truths((17, 256)), (2, 2, 17, 256)),
        scale=0.5,
    ),
]
DOUBLE = {"gelu", "gelu_tanh_back", "layer_norm", "layer_norm_back", "log_softmax"}  # to save time
every = pytest.mark.parametrize("case", CASES, ids=str)
both_floats = pytest.mark.parametrize("dtype", [np.float32, np.float64])
of_floats = pytest.mark.parametrize(
    ("case", "dtype"),
    [
        *[pytest.param(c, np.float32, id=f"{c}-single") for c in CASES],
        *[pytest.param(c, np.float64, id=f"{c}-double") for c in CASES if c.primitive in DOUBLE],
    ],
)


def arrays(case, dtype=np.float64):
    """The inputs; what is repeated stays repeated."""
    return [x if x.dtype == bool else x.astype(dtype) for x in case.inputs]


@pytest.fixture
def no_kernels():
    gradatim.set_kernels_enabled(False)
    yield
    gradatim.set_kernels_enabled(True)


def refused(*_, **__):
    raise AssertionError("NumPy was asked")


def by_kernel(case, dtype):
    """What machine code gives; an error if NumPy has to do it."""
    primitive = REGISTRY[case.primitive]
    numpy_only = tuple(X_ALONE) if case.primitive.endswith("_back") else ()
    value = kernel_or_numpy(
        primitive.name, primitive, primitive.shape, refused, primitive.cut, numpy_only
    )
    return several(value(*arrays(case, dtype), **case.params))


def assert_close(case, found, dtype):
    within = case.tolerance if dtype == np.float64 else 3e-5
    for got, want in zip(found, expected(case), strict=True):
        assert (got.shape, got.dtype) == (want.shape, dtype)
        scale = max(1.0, abs(want).max())
        np.testing.assert_allclose(got, want, rtol=within, atol=within * scale)


# -- values -------------------------------------------------------------------------------------


def test_every_operation_with_a_cut_is_tried():
    assert {c.primitive for c in CASES} == {p.name for p in REGISTRY.values() if p.cut is not None}
    assert all(c.inputs[0].size >= MIN_ELEMENTS for c in CASES)


@of_floats
def test_machine_code_gives_the_value(case, dtype):
    assert_close(case, by_kernel(case, dtype), dtype)


@of_floats
def test_numpy_gives_the_value_of_large_arrays_too(case, dtype, no_kernels):
    value = REGISTRY[case.primitive].value
    assert_close(case, several(value(*arrays(case, dtype), **case.params)), dtype)


@every
def test_the_number_of_rows_is_not_in_the_text(case):
    primitive = REGISTRY[case.primitive]
    taken = primitive.cut.kernel_arrays(arrays(case))
    form, _ = primitive.cut.form([ArrayType(a.shape, a.dtype) for a in taken], case.params)

    def work(*tensors, **params):
        return primitive(*primitive.cut.operands(tensors), **params)

    one, other = (kernel_text.written(work, form, host(), 16, rows=n) for n in (5003, 1_000_003))
    assert one == other


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e38, -1e38, 1e-45, 1e19, -1e19, 88, -104, 15, -9]


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "silu", "softmax", "log_softmax"])
def test_nan_and_infinity_are_where_numpy_has_them(name):
    x = numbers((600, 32)).astype(np.float32)
    x[: len(SPECIAL), 3] = SPECIAL
    x[40], x[41], x[42, :2] = -np.inf, np.inf, (np.nan, np.inf)
    f = getattr(gradatim.nn.functional, name.removesuffix("_tanh"))
    more = {"approximate": "tanh"} if name == "gelu_tanh" else {}
    more = {"dim": -1} if "softmax" in name else more

    def result():
        t = gradatim.tensor(x, requires_grad=True)
        y = f(t, **more)
        y.backward(gradatim.tensor(numbers(x.shape, seed=1).astype(x.dtype)))
        return y.detach().numpy(), t.grad.numpy()

    ours = result()
    gradatim.set_kernels_enabled(False)
    theirs = result()
    gradatim.set_kernels_enabled(True)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-6)


def test_a_row_that_sees_nothing_is_0():
    mask = np.tri(32, dtype=bool)
    mask[3] = False
    x = numbers((20, 32, 32)).astype(np.float32)
    found = REGISTRY["masked_softmax"].value(x, mask, scale=1.0)
    assert not found[:, 3].any()
    np.testing.assert_allclose(np.delete(found, 3, 1).sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_the_slope_of_cross_entropy(reduction):
    target = np.random.default_rng(0).integers(0, 27, 800)
    target[::5] = -100

    def slope(dtype):
        logits = gradatim.tensor(numbers((800, 27)).astype(dtype), requires_grad=True)
        loss = gradatim.nn.functional.cross_entropy(
            logits, gradatim.from_numpy(target), reduction=reduction
        )
        (loss * 2).sum().backward()
        return logits.grad.numpy()

    ours, exact = slope(np.float32), slope(np.float64)
    gradatim.set_kernels_enabled(False)
    theirs = slope(np.float64)
    gradatim.set_kernels_enabled(True)
    assert not ours[::5].any()
    np.testing.assert_allclose(exact, theirs, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-9)


def test_sums_of_very_many_rows_keep_their_digits():
    n = 300_000
    g = np.full((n, 2), 0.1, np.float32)
    normal, rstd = np.ones((n, 2), np.float32), np.ones((n, 1), np.float32)
    _, by_weight, by_bias = REGISTRY["layer_norm_back"].value(
        g, normal, rstd, np.ones(2, np.float32), dims=(1,)
    )
    np.testing.assert_allclose([*by_weight, *by_bias], n * float(np.float32(0.1)), rtol=2e-5)


# -- when -----------------------------------------------------------------------------------------


def silu(x):
    return gradatim.nn.functional.silu(gradatim.from_numpy(x)).numpy()


def by_numpy(x):
    gradatim.set_kernels_enabled(False)
    found = silu(x)
    gradatim.set_kernels_enabled(True)
    return found


def test_the_switch_leaves_everything_to_numpy():
    x = numbers(FLAT, -4, 4).astype(np.float32)
    assert gradatim.are_kernels_enabled()
    assert (silu(x) != by_numpy(x)).any()  # they round in other places
    assert gradatim.are_kernels_enabled()


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(lambda x: x[:100, :100], id="small"),
        pytest.param(lambda x: np.repeat(x, 2, 1)[:, ::2], id="gaps"),
        pytest.param(lambda x: x.T, id="transposed"),
        pytest.param(lambda x: np.broadcast_to(x[0], x.shape), id="repeated"),
    ],
)
def test_what_is_small_or_not_in_order_is_numpys(seen):
    x = seen(numbers(FLAT, -4, 4).astype(np.float32))
    np.testing.assert_array_equal(silu(x), by_numpy(x))


def test_rows_along_another_dimension_are_numpys():
    x = numbers((32, 700)).astype(np.float32)
    softmax = REGISTRY["softmax"].value
    ours = softmax(x, dim=0)
    gradatim.set_kernels_enabled(False)
    theirs = softmax(x, dim=0)
    gradatim.set_kernels_enabled(True)
    np.testing.assert_array_equal(ours, theirs)


def test_the_first_call_gives_the_bits_of_the_hundredth():
    x = numbers(FLAT, -4, 4).astype(np.float32)
    first = silu(x)
    for _ in range(99):
        found = silu(x)
    np.testing.assert_array_equal(first, found)


def test_rows_are_independent_of_their_number():
    x = numbers((1200, 27)).astype(np.float32)
    softmax = REGISTRY["softmax"].value
    np.testing.assert_array_equal(softmax(x, dim=1)[:800], softmax(x[:800], dim=1))


def test_several_threads_at_once():
    x = numbers((500, 300), -4, 4)
    gelu, found = REGISTRY["gelu"], {}
    alone = gelu.value(x)
    value = kernel_or_numpy("new", gelu, gelu.shape, refused, gelu.cut)

    def run(i):
        found[i] = [value(x) for _ in range(5)]

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all((y == alone).all() for i in range(4) for y in found[i])


FORKING = """
import os, threading, time
import gradatim as g
from gradatim.nn import functional as F

x = g.ones(200, 300)
thread = threading.Thread(target=F.gelu, args=(x,))
thread.start()
for wait in (0, 0.02, 0.05):  # while it imports the compiler, and while that works
    time.sleep(wait)
    child = os.fork()
    if child == 0:
        F.silu(x)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_does_not_wait_for_a_kernel_of_its_parents(tmp_path):
    fresh = {**os.environ, "GRADATIM_CACHE_DIR": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-c", FORKING], env=fresh, check=True, timeout=60)


def test_a_compiler_that_does_not_work_is_not_missed(monkeypatch):
    def broken(*_, **__):
        raise OSError("no LLVM today")

    monkeypatch.setattr(engine, "compile_object", broken)
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")
    case = CASES[0]
    primitive = REGISTRY[case.primitive]
    value = kernel_or_numpy("silent", primitive, primitive.shape, lambda x: "NumPy", primitive.cut)
    assert value(*arrays(case)) == "NumPy"
    monkeypatch.undo()
    assert value(*arrays(case)) == "NumPy"  # for good: who computes does not change


SCRIPT = """
import sys
import numpy, gradatim
{before}
x = gradatim.from_numpy(numpy.linspace(-3, 3, {size}, dtype=numpy.float32)).requires_grad_()
y = gradatim.nn.functional.silu(x)
y.backward(gradatim.ones({size}))
weight = gradatim.nn.Parameter(gradatim.ones({size}))
optimizer = gradatim.optim.AdamW([weight])
weight.grad = x.grad
optimizer.step()
assert ("gradatim.compiler.pipeline.kernel" in sys.modules) is {loaded}, sorted(sys.modules)
print(float(y.sum()), float(weight.sum()))
"""


@pytest.mark.parametrize(
    ("size", "environment", "before", "loaded"),
    [
        (MIN_ELEMENTS - 1, {}, "", False),
        (MIN_ELEMENTS, {}, "", True),
        (MIN_ELEMENTS, {"GRADATIM_KERNELS": "0"}, "", False),
        (MIN_ELEMENTS, {}, "sys.modules['llvmlite'] = None", True),  # as if it were not installed
    ],
)
def test_the_compiler_loads_when_a_large_array_needs_it(
    size, environment, before, loaded, monkeypatch
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    script = SCRIPT.format(size=size, before=before, loaded=loaded)
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert told.stderr == ""


# -- updates ------------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": lambda p: gradatim.optim.SGD(p, lr=0.1, weight_decay=0.1),
    "momentum": lambda p: gradatim.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.2),
    "Nesterov": lambda p: gradatim.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: gradatim.optim.Adam(p, lr=0.1, weight_decay=0.1, maximize=True),
    "AdamW": lambda p: gradatim.optim.AdamW(p, lr=0.1, weight_decay=0.1),
    "amsgrad": lambda p: gradatim.optim.AdamW(p, lr=0.1, amsgrad=True),
}
SHAPES = ((130, 70), (90, 90), (7,), ())


def trained(kind, dtype, layout=lambda x: x):
    """Parameters and all that the optimiser keeps, after some steps; where the first ones lie."""
    parameters = [
        gradatim.from_numpy(layout(numbers(s, seed=i).astype(dtype))).requires_grad_()
        for i, s in enumerate(SHAPES)
    ]
    before = [p.data_ptr() for p in parameters]
    optimizer = OPTIMIZERS[kind](parameters)
    for step in range(4):
        for i, p in enumerate(parameters):
            p.grad = gradatim.tensor(numbers(tuple(p.shape), seed=i + step).astype(dtype))
        optimizer.step()
    assert [p.data_ptr() for p in parameters] == before
    kept = [x for state in optimizer.state.values() for x in state.values()]
    return [x.detach().numpy() for x in (*parameters, *kept)]


@pytest.mark.parametrize("kind", OPTIMIZERS)
@both_floats
def test_updates_by_machine_code_are_those_of_numpy(kind, dtype, monkeypatch):
    assert sum(map(prod, SHAPES)) >= MIN_ELEMENTS
    with monkeypatch.context() as without_numpy:
        for name in ("sgd", "sgd_momentum", "adam", "amsgrad"):
            without_numpy.setattr(REGISTRY[name], "in_place", refused)
        ours = trained(kind, dtype)
    gradatim.set_kernels_enabled(False)
    theirs, exact = trained(kind, dtype), trained(kind, np.float64)
    gradatim.set_kernels_enabled(True)
    within = 2e-5 if dtype == np.float32 else 1e-12
    for a, b, c in zip(ours, theirs, exact, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, c, rtol=within, atol=within)


def test_a_parameter_with_gaps_is_updated_by_numpy():
    def wide(x):
        return np.stack([x, x], -1)[..., 0]

    for a, b in zip(trained("AdamW", np.float64, wide), trained("AdamW", np.float64), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_another_weight_decay_takes_no_other_program(kind, tmp_path, monkeypatch):
    def stepped(decays):
        p = gradatim.from_numpy(numbers((130, 130))).requires_grad_()
        optimizer = OPTIMIZERS[kind]([p])
        for i, decay in enumerate(decays):
            optimizer.param_groups[0]["weight_decay"] = decay
            p.grad = gradatim.from_numpy(numbers((130, 130), seed=i))
            optimizer.step()
        return p.detach().numpy()

    decays = (0.1, 0.2, 0.3)
    stepped(decays[:1])
    monkeypatch.setenv("GRADATIM_CACHE_DIR", str(tmp_path))
    ours = stepped(decays)
    assert not list(tmp_path.iterdir())
    gradatim.set_kernels_enabled(False)
    theirs = stepped(decays)
    gradatim.set_kernels_enabled(True)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
