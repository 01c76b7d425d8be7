"""`import gradatim as torch`: the names a script finds, and what it reads where one is missing."""

import inspect
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradatim
from gradatim import Tensor

REFERENCE = Path(__file__).parent.parent / "reference" / "face.json"
FUNCTIONS = set(json.loads(REFERENCE.read_text(encoding="utf-8"))["functions"])
METHODS = [name for name in dir(Tensor) if not name.startswith("_") and hasattr(Tensor, name)]


def test_methods_that_are_functions_in_pytorch_are_functions_here() -> None:
    missing = [name for name in METHODS if name in FUNCTIONS and not hasattr(gradatim, name)]
    assert missing == []


def test_functions_take_their_tensor_as_input() -> None:
    for name in METHODS:
        function = getattr(gradatim, name, None)
        if name in FUNCTIONS and name not in ("split", "where"):  # there as in PyTorch
            first = next(iter(inspect.signature(function).parameters))
            assert first == "input", f"{name}({first}, ...)"


def test_no_function_writes_to_out() -> None:
    for place in (gradatim, Tensor, gradatim.nn.functional):
        for name in dir(place):
            if inspect.isfunction(function := getattr(place, name, None)):
                assert "out" not in inspect.signature(function).parameters, name


def test_methods_are_known_by_their_own_names() -> None:
    for name in METHODS:
        method = getattr(Tensor, name)
        if inspect.isfunction(method):
            assert method.__qualname__ == f"Tensor.{method.__name__}"
    assert Tensor.mul.__qualname__ == "Tensor.mul"
    assert Tensor.expand.__qualname__ == "Tensor.expand"


@pytest.mark.parametrize("number", [7, 2.5])
def test_a_number_may_come_before_a_tensor(number) -> None:
    x = gradatim.tensor([2, -3])
    assert gradatim.equal(gradatim.add(number, x, alpha=2), number + 2 * x)
    assert gradatim.equal(gradatim.sub(number, x, alpha=2), number - 2 * x)
    assert gradatim.equal(gradatim.mul(number, x), number * x)
    assert gradatim.equal(gradatim.div(number, x), number / x)
    assert gradatim.equal(gradatim.div(number, x, rounding_mode="trunc"), (number / x).trunc())
    assert gradatim.equal(gradatim.floor_divide(number, x), number // x)
    assert gradatim.equal(gradatim.remainder(number, x), number % x)
    assert gradatim.equal(gradatim.pow(number, x.abs()), number ** x.abs())


def test_functions_do_what_the_methods_do() -> None:
    x = gradatim.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert gradatim.equal(gradatim.exp(x), x.exp())
    assert gradatim.equal(gradatim.sum(x, dim=1, keepdim=True), x.sum(1, keepdim=True))
    assert gradatim.equal(gradatim.sum(input=x, axis=0), x.sum(axis=0))
    assert gradatim.equal(gradatim.matmul(x, x), x @ x)
    assert gradatim.equal(gradatim.add(x, 1, alpha=2), x + 2)
    assert gradatim.equal(gradatim.max(x, 1).values, x.max(dim=1).values)
    assert gradatim.equal(gradatim.softmax(x, dim=1), x.softmax(1))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: gradatim.sqrt(x),
        lambda x: gradatim.sum(x, dim=0),
        lambda x: gradatim.matmul(x, x),
        lambda x: gradatim.mean(x),
        lambda x: gradatim.reshape(x, (2,)),
        lambda x: gradatim.pow(x, 2),
    ],
)
@pytest.mark.parametrize("x", [2, 2.0, [1.0, 2.0], np.ones(2), None])
def test_functions_refuse_what_is_no_tensor(call, x) -> None:
    with pytest.raises(TypeError, match=rf"\w+: expects a tensor .* got {type(x).__name__}"):
        call(x)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "floor_divide", "remainder", "pow"])
def test_one_of_two_operands_is_a_tensor(name: str) -> None:
    for number in (2, 2.0, [1.0], None):
        with pytest.raises(TypeError, match=rf"{name}: expects a tensor as input, got"):
            getattr(gradatim, name)(number, 3)


def test_pytorchs_names_of_dtypes() -> None:
    assert gradatim.float is gradatim.float32
    assert gradatim.double is gradatim.float64
    assert gradatim.long is gradatim.int64
    assert gradatim.int is gradatim.int32
    assert repr(gradatim.bool) == "gradatim.bool"
    assert isinstance(gradatim.uint8, gradatim.dtype)
    assert gradatim.inf == float("inf")
    assert gradatim.zeros(2)[gradatim.newaxis].shape == (1, 2)


def test_rooms_load_when_they_are_used() -> None:
    program = """
import sys, gradatim
before = [name for name in sys.modules if name.startswith(("gradatim.nn", "gradatim.optim"))]
layer = gradatim.nn.Linear(2, 1)
step = gradatim.optim.SGD(layer.parameters(), lr=0.1)
print(before, type(layer).__name__, gradatim.__version__ != "")
for room in sys.argv[1:]:
    print(getattr(gradatim, room).__name__)
"""
    inside = {"_tensor", "cli", "core", "ops"}
    folder = Path(gradatim.__file__).parent
    rooms = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    rooms = [room for room in rooms if room not in inside]
    done = subprocess.run(
        [sys.executable, "-c", program, *rooms],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.split("\n") == ["[] Linear True", *(f"gradatim.{r}" for r in rooms), ""]
    assert {*rooms} <= {*dir(gradatim)}


def test_dir_is_what_there_is_for_users() -> None:
    names = [name for name in dir(gradatim) if name != "__version__"]
    assert all(hasattr(gradatim, name) for name in names)
    assert {*gradatim.__all__} <= {*names}
    assert not [name for name in names if name.startswith("_")]
    assert not {"typing", "importlib", "core", "ops"} & {*names}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("erfinv", "gradatim has no 'erfinv' yet; it is planned"),
        ("float16", "it is not planned: dtypes are float32, float64"),
        ("complex64", "complex numbers are not supported"),
        ("zeross", "near it: zeros"),
        ("multinomal", "near it: multinomial"),
        ("qwertyuiop", r"dir\(gradatim\) lists what there is"),
    ],
)
def test_a_missing_function_says_whether_it_will_come(name: str, message: str) -> None:
    assert not hasattr(gradatim, name)
    with pytest.raises(AttributeError, match=message):
        getattr(gradatim, name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("erfinv", "Tensor has no 'erfinv' yet; it is planned"),
        ("half", r"not planned: dtypes are .*; use \.float\(\)"),
        ("to_sparse", "sparse tensors are not supported"),
        ("qwertyuiop", "no attribute 'qwertyuiop'"),
    ],
)
def test_a_missing_method_says_whether_it_will_come(name: str, message: str) -> None:
    x = gradatim.zeros(1)
    assert not hasattr(x, name)
    assert not hasattr(Tensor, name)
    assert name not in dir(x)
    with pytest.raises(AttributeError, match=message):
        getattr(x, name)


def test_attributes_of_ones_own_can_be_put_on_a_tensor() -> None:
    x = gradatim.zeros(1)
    x.label, x.half = "w", 2
    assert (x.label, x.half) == ("w", 2)


@pytest.mark.parametrize("name", ["tanh", "absolute", "sum", "clip_", "pow", "zeros"])
def test_functions_can_be_pickled(name: str) -> None:
    function = getattr(gradatim, name)
    assert pickle.loads(pickle.dumps(function)) is function


def test_docstrings_come_along() -> None:
    assert gradatim.exp.__doc__ == Tensor.exp.__doc__
    assert gradatim.exp.__name__ == "exp"
