"""New tensors: PyTorch's answers, NumPy's for anything nested, and errors that name the place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gradatim
from gradatim.core.errors import GradatimError
from tests._tensor.pytorch_answers import check
from tests.reference.face_cases import expressions


@pytest.mark.parametrize("expression", expressions("creation"))
def test_answers_as_pytorch_does(expression: str) -> None:
    # Powers differ in the last bit between mathematical libraries.
    check(expression, rel=1e-7 if "logspace" in expression else 0)


numbers = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(width=32, allow_nan=False)
)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)


@given(
    shapes, st.sampled_from(["bool", "uint8", "int32", "int64", "float32", "float64"]), st.data()
)
def test_nested_lists_hold_what_the_array_held(
    shape: tuple, name: str, data: st.DataObject
) -> None:
    array = data.draw(hnp.arrays(name, shape))
    found = gradatim.tensor(array.tolist(), dtype=name)
    # Lists that are empty in a dimension say nothing of those behind it.
    known = shape[: shape.index(0) + 1] if 0 in shape else shape
    assert found.shape == known
    np.testing.assert_array_equal(found.numpy().reshape(shape), array)


@given(st.recursive(numbers, lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=12))
def test_what_is_not_ragged_has_numpys_shape(nested: object) -> None:
    try:
        expected = np.array(nested)
    except ValueError:
        with pytest.raises((ValueError, TypeError), match=r"data(\[\d\])+"):
            gradatim.tensor(nested)
        return
    assert gradatim.tensor(nested).shape == expected.shape


@given(hnp.arrays("float32", shapes))
def test_tensor_copies_and_from_numpy_shares(array: np.ndarray) -> None:
    copied, shared = gradatim.tensor(array), gradatim.from_numpy(array)
    array += 1
    np.testing.assert_array_equal(shared.numpy(), array)
    np.testing.assert_array_equal(copied.numpy() + np.float32(1), array)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ([[1, 2], [3]], r"data\[1\] has 1 elements but data\[0\] has 2"),
        ([[[1], [2]], [[3], [4, 5]]], r"length 1 at dim 2, got 2: data\[1\]\[1\]"),
        ([[1, 2], 3], r"data\[0\] is a list but data\[1\] is a int"),
        ([[1, "a"]], r"data\[0\]\[1\] is a str"),
        ([1, None], r"data\[1\] is a NoneType"),
        ([[0], [2**64]], r"data\[1\]\[0\] is 18446744073709551616"),
        ([1j], r"data\[0\] is a complex; complex numbers are not supported"),
        ([np.zeros(2), np.zeros(3)], r"data\[1\] is an array of shape \[3\], data\[0\] one of"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(data: object, place: str) -> None:
    with pytest.raises((ValueError, TypeError, RuntimeError), match=place):
        gradatim.tensor(data)


def test_a_list_of_larger_tensors_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="use gradatim.stack"):
        gradatim.tensor([gradatim.zeros(2), gradatim.zeros(2)])


@pytest.mark.parametrize(
    ("dtype", "advice"),
    [("int16", 'astype\\("int32"\\)'), ("float16", "float32"), ("complex64", "array.real")],
)
def test_arrays_of_other_dtypes_are_refused_with_the_way_out(dtype: str, advice: str) -> None:
    for make in (gradatim.tensor, gradatim.from_numpy, gradatim.as_tensor):
        with pytest.raises(TypeError, match=advice):
            make(np.zeros(2, dtype))


def test_foreign_byte_order_is_copied_but_not_shared() -> None:
    array = np.array([1.5, 2.5], ">f4")
    assert gradatim.tensor(array).tolist() == [1.5, 2.5]
    with pytest.raises(ValueError, match="not in this machine's order"):
        gradatim.from_numpy(array)


def test_read_only_arrays_are_shared_for_reading() -> None:
    array = np.arange(3.0)
    array.flags.writeable = False
    x = gradatim.from_numpy(array)
    assert (x + 1).tolist() == [1, 2, 3]
    with pytest.raises(GradatimError, match="read-only"):
        x += 1


def test_as_tensor_returns_what_needs_no_copy() -> None:
    x = gradatim.ones(2, requires_grad=True)
    assert gradatim.as_tensor(x) is x
    gradatim.as_tensor(x, dtype=gradatim.float64).sum().backward()
    assert x.grad.tolist() == [1, 1]
    array = np.zeros(2)
    gradatim.as_tensor(array)[0] = 5
    assert array[0] == 5


def test_asarray_copies_when_told() -> None:
    array = np.zeros(2)
    gradatim.asarray(array, copy=True)[0] = 5
    assert array[0] == 0
    with pytest.raises(ValueError, match="needs a copy"):
        gradatim.asarray([1.0], copy=False)
    assert not gradatim.asarray(gradatim.ones(1, requires_grad=True)).requires_grad


def test_the_default_dtype_decides() -> None:
    gradatim.set_default_dtype(gradatim.float64)
    try:
        assert gradatim.tensor([1.5]).dtype == gradatim.float64
        assert gradatim.zeros(1).dtype == gradatim.float64
        assert gradatim.arange(1.0).dtype == gradatim.float64
        assert gradatim.tensor([1]).dtype == gradatim.int64
        assert repr(gradatim.tensor([1.5])) == "tensor([1.5000])"
    finally:
        gradatim.set_default_dtype(gradatim.float32)


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-7, 7).filter(bool))
def test_integer_ranges_are_pythons(start: int, stop: int, step: int) -> None:
    if (stop - start) * step < 0:
        with pytest.raises(RuntimeError, match="does not lead from"):
            gradatim.arange(start, stop, step)
    else:
        assert gradatim.arange(start, stop, step).tolist() == list(range(start, stop, step))


@given(
    st.floats(-1e6, 1e6, width=32),
    st.floats(-1e6, 1e6, width=32),
    st.integers(2, 200),
    st.sampled_from([gradatim.float32, gradatim.float64]),
)
def test_linspace_reaches_both_ends(
    start: float, end: float, steps: int, dtype: gradatim.dtype
) -> None:
    found = gradatim.linspace(start, end, steps, dtype=dtype).numpy()
    assert found[0] == start
    assert found[-1] == end
    expected = np.linspace(start, end, steps)
    scale = max(abs(start), abs(end))
    least = np.finfo(found.dtype).smallest_subnormal
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=max(1e-6 * scale, least))


def test_a_large_list_is_read_fast() -> None:
    # One Python call per element would take a second.
    nested = [[float(i) for i in range(1000)] for _ in range(1000)]
    assert gradatim.tensor(nested).shape == (1000, 1000)
