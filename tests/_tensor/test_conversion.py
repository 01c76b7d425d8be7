"""Dtypes, Python numbers, NumPy, DLPack, copies: PyTorch's answers, and memory that is shared."""

import copy
import io
import pickle
import platform
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gradatim
from gradatim import nn
from tests._tensor.pytorch_answers import check
from tests.reference.face_cases import expressions

DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]
# What a float out of an integer's range becomes is up to the processor; the answers are an x86's.
IS_X86 = platform.machine().lower() in ("x86_64", "amd64")
OUT_OF_RANGE = (
    "g.tensor([300.0, -1.5, 2.7]).byte()",
    'g.tensor([3e10, float("nan"), float("inf")]).int()',
    'g.tensor([3e20, float("nan"), -float("inf")]).long()',
)


@pytest.mark.parametrize("expression", expressions("conversion"))
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_answers_as_pytorch_does(expression: str) -> None:
    if expression in OUT_OF_RANGE and not IS_X86:
        pytest.skip("another processor answers differently")
    check(expression)


# -- dtypes --------------------------------------------------------------------------------


@given(hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0)), st.sampled_from(DTYPES))
def test_dtypes_change_as_in_numpy(array: np.ndarray, name: str) -> None:
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        expected = array.astype(name)
        found = gradatim.tensor(array).to(getattr(gradatim, name))
    assert found.dtype == getattr(gradatim, name)
    np.testing.assert_array_equal(found.numpy(), expected)


def test_no_change_is_no_copy() -> None:
    x = gradatim.ones(2)
    for same in (x.float(), x.to("cuda"), x.to(gradatim.float32), x.cpu(), x.cuda(), x.to(x)):
        assert same is x
    assert x.to(gradatim.float32, copy=True) is not x
    assert x.pin_memory() is x


def test_gradients_flow_through_a_conversion() -> None:
    x = gradatim.ones(2, requires_grad=True)
    x.double().sum().backward()
    assert x.grad.dtype == gradatim.float32


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps", "xpu:0", "cpu:0"])
def test_every_device_is_the_cpu(name: str) -> None:
    assert gradatim.zeros(1, device=name).device == gradatim.device("cpu")
    assert str(gradatim.device(name)) == "cpu"
    assert not gradatim.cuda.is_available()
    assert not gradatim.accelerator.is_available()
    assert gradatim.accelerator.current_accelerator() is None


def test_unknown_devices_are_refused() -> None:
    with pytest.raises(RuntimeError, match="'cpuu' is not a device; expected one of cpu, cuda"):
        gradatim.zeros(1).to("cpuu")
    with pytest.raises(RuntimeError, match="without numbers"):
        gradatim.device("meta")


def test_half_is_refused_with_the_way_out() -> None:
    with pytest.raises(AttributeError, match=r"use \.float\(\)"):
        gradatim.ones(1).half()
    with pytest.raises(RuntimeError, match="use one of bool, uint8, int32, int64, float32"):
        gradatim.ones(1).to(dtype="float16")


# -- Python numbers ------------------------------------------------------------------------


def test_a_tensor_of_many_is_not_one_number() -> None:
    x = gradatim.zeros(2, 3)
    with pytest.raises(RuntimeError, match=r"item: .* has 6, of shape \[2, 3\]; use .tolist"):
        x.item()
    with pytest.raises(RuntimeError, match=r"use \.any\(\), \.all\(\)"):
        bool(x)
    with pytest.raises(TypeError, match="only an integer tensor of one element"):
        [1, 2][x]  # type: ignore[call-overload]


def test_python_functions_take_tensors() -> None:
    x = gradatim.tensor([3, 1, 2])
    assert sorted(x.tolist()) == sorted(v.item() for v in x)
    assert max(x) == 3
    assert ["a", "b", "c", "d"][x[0]] == "d"
    a, b, c = x
    assert (a + b + c).item() == 6
    assert {x: 1}[x] == 1


# -- NumPy and DLPack ----------------------------------------------------------------------


@given(hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0)))
def test_numpy_sees_the_same_memory(array: np.ndarray) -> None:
    x = gradatim.from_numpy(array)
    for seen in (x.numpy(), np.asarray(x), np.from_dlpack(x)):
        assert np.shares_memory(seen, array) or not array.size
        np.testing.assert_array_equal(seen, array)
    assert not np.shares_memory(np.array(x), array)
    np.testing.assert_array_equal(gradatim.from_dlpack(array).numpy(), array)


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")  # NumPy 2.5
def test_what_numpy_writes_the_tensor_reads() -> None:
    x = gradatim.zeros(3)
    x.numpy()[1] = 5
    assert x.tolist() == [0, 5, 0]
    x[0] = 7
    assert np.asarray(x)[0] == 7
    x.numpy().shape = (3, 1)  # of the array, not of the tensor
    assert x.shape == (3,)


def test_asarray_says_when_it_would_have_to_copy() -> None:
    with pytest.raises(ValueError, match="[Cc]opy"):
        np.asarray(gradatim.zeros(2), dtype=np.float64, copy=False)


def test_tensors_that_require_grad_are_not_handed_out() -> None:
    x = gradatim.zeros(2, requires_grad=True)
    for hand_out in (x.numpy, lambda: np.asarray(x), lambda: (x * 2).numpy()):
        with pytest.raises(RuntimeError, match=r"use x\.detach\(\)\.numpy\(\)"):
            hand_out()
    with pytest.raises(BufferError, match=r"export x\.detach\(\)"):
        np.from_dlpack(x)
    assert x.numpy(force=True).tolist() == [0, 0]


def test_numpy_functions_answer_with_tensors() -> None:
    assert isinstance(np.exp(gradatim.zeros(2)), gradatim.Tensor)
    assert isinstance(np.ones(2, np.float32) * gradatim.ones(2), gradatim.Tensor)
    assert np.ones(2, np.float32) @ np.asarray(gradatim.ones(2)) == 2


# -- copies --------------------------------------------------------------------------------


def unpickled(x: object) -> object:
    return pickle.loads(pickle.dumps(x))


@pytest.mark.parametrize("twin", [copy.deepcopy, unpickled])
def test_copies_are_equal_and_apart(twin) -> None:
    x = gradatim.tensor([1.5, 2.5], requires_grad=True)
    y = twin(x)
    assert y.tolist() == [1.5, 2.5]
    assert y.requires_grad
    assert y.is_leaf
    with gradatim.no_grad():
        y += 1
    assert x.tolist() == [1.5, 2.5]
    (y * y).sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("twin", [copy.deepcopy, unpickled])
def test_views_share_memory_among_the_copies_too(twin) -> None:
    x = gradatim.arange(6.0)
    y, column, same = twin([x, x.view(2, 3)[:, 1], x])
    assert same is y
    y[1] = 10.0
    assert column.tolist() == [10, 4]
    assert x[1] == 1


def test_a_shallow_copy_is_another_tensor_on_the_same_memory() -> None:
    x = gradatim.zeros(2)
    y = copy.copy(x)
    y[0] = 1
    assert y is not x
    assert x.tolist() == [1, 0]


def test_a_deep_copy_keeps_the_gradient_and_a_pickle_does_not() -> None:
    x = gradatim.ones(2, requires_grad=True)
    (x * 3).sum().backward()
    y = copy.deepcopy(x)
    assert y.grad.tolist() == [3, 3]
    assert y.grad is not x.grad
    assert unpickled(x).grad is None


def test_results_are_not_copied_deeply() -> None:
    x = gradatim.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"the result of MulBackward0; use x\.detach\(\)"):
        copy.deepcopy(x * 2)


def test_what_the_user_put_on_a_tensor_is_copied() -> None:
    x = gradatim.zeros(1)
    x.label = ["loss"]
    for y in (copy.deepcopy(x), unpickled(x)):
        assert y.label == ["loss"]
        assert y.label is not x.label


def test_parameters_stay_parameters() -> None:
    w = nn.Parameter(gradatim.ones(2))
    for twin in (copy.deepcopy(w), unpickled(w)):
        assert isinstance(twin, nn.Parameter)
        assert twin.requires_grad


def test_dtypes_and_devices_are_copied_as_themselves() -> None:
    assert unpickled(gradatim.float32) is gradatim.float32
    assert copy.deepcopy(gradatim.device("cpu")) == gradatim.device("cpu")


def test_a_pickle_is_read_in_another_process() -> None:
    stream = io.BytesIO()
    pickle.dump(gradatim.arange(6).reshape(2, 3).t(), stream)
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer).tolist())"
    done = subprocess.run(
        [sys.executable, "-c", program], input=stream.getvalue(), capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == "[[0, 3], [1, 4], [2, 5]]"
