"""Sorting and what is found by it: PyTorch's answers, NumPy's orders."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gradatim
from gradatim.autograd import gradcheck, gradgradcheck
from tests._tensor.pytorch_programs import check, every_program_of

FEW = settings(max_examples=40)


@every_program_of("sorting")
def test_sorts_as_pytorch_does(program: str) -> None:
    check(program)


# -- orders --------------------------------------------------------------------------------------

SPECIAL = st.sampled_from([0.0, -0.0, 1.0, -1.0, float("inf"), float("-inf"), float("nan")])


@st.composite
def vectors(draw: st.DrawFn) -> np.ndarray:
    """Vectors of every dtype, some long, with many equal numbers."""
    dtype = draw(st.sampled_from(["float32", "float64", "int64", "int32", "uint8", "bool"]))
    count = draw(st.sampled_from([0, 1, 5, 70, 150]))
    floats = SPECIAL | st.floats(width=32)
    limits = {"int64": 2**62, "int32": 2**31 - 1, "uint8": 255, "bool": 1}
    if dtype.startswith("float"):
        elements = floats
    else:
        top = draw(st.sampled_from([1, 3, limits[dtype]]))
        top = min(top, limits[dtype])
        elements = st.integers(0 if dtype in ("uint8", "bool") else -top, top)
    seed = draw(st.lists(elements, min_size=1, max_size=12))
    places = np.random.default_rng(draw(st.integers(0, 9))).integers(0, len(seed), count)
    return np.array(seed, dtype)[places]


def order(array: np.ndarray, descending: bool) -> list[int]:
    """Python's stable sort, nan above all."""

    def key(i: int) -> tuple[bool, object]:
        value = array[i]
        is_nan = bool(value != value)
        return is_nan, 0 if is_nan else value.item()

    if not descending:
        return sorted(range(len(array)), key=key)
    backwards = sorted(range(len(array) - 1, -1, -1), key=key)
    return backwards[::-1]


@FEW
@given(vectors(), st.booleans())
def test_orders_are_stable_and_nan_is_the_largest(array: np.ndarray, descending: bool) -> None:
    x = gradatim.tensor(array)
    expected = order(array, descending)
    values, indices = x.sort(descending=descending)
    assert indices.tolist() == expected
    assert x.argsort(descending=descending).tolist() == expected
    np.testing.assert_array_equal(values.numpy(), array[expected])
    for k in {0, min(3, len(array)), len(array)}:
        top = x.topk(k, largest=descending)
        assert top.indices.tolist() == expected[:k]
        np.testing.assert_array_equal(top.values.numpy(), array[expected[:k]])


@FEW
@given(hnp.arrays(np.float32, (3, 70, 2), elements=st.integers(-5, 5)), st.sampled_from([0, 1, -1]))
def test_any_dimension_can_be_sorted(array: np.ndarray, dim: int) -> None:
    x = gradatim.tensor(array)
    expected = np.argsort(array, dim, kind="stable")
    np.testing.assert_array_equal(x.sort(dim).indices.numpy(), expected)
    np.testing.assert_array_equal(x.sort(dim).values.numpy(), np.sort(array, dim))
    np.testing.assert_array_equal(
        x.topk(2, dim, largest=False).indices.numpy(), expected.take([0, 1], dim)
    )


@FEW
@given(hnp.arrays(np.float64, (4, 5), elements=st.floats(-9, 9)), st.sampled_from([0, 1]))
def test_medians_are_the_lower_middle(array: np.ndarray, dim: int) -> None:
    x = gradatim.tensor(array)
    middle = np.sort(array, dim).take((array.shape[dim] - 1) // 2, dim)
    values, indices = x.median(dim)
    np.testing.assert_array_equal(values.numpy(), middle)
    assert x.gather(dim, indices.unsqueeze(dim)).squeeze(dim).equal(values)
    np.testing.assert_array_equal(x.median().numpy(), np.sort(array.ravel())[9])
    for k in range(1, array.shape[dim] + 1):
        kth = np.sort(array, dim).take(k - 1, dim)
        np.testing.assert_array_equal(x.kthvalue(k, dim).values.numpy(), kth)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.sort(1).values ** 2,
        lambda x: x.sort(0, descending=True)[0] ** 3,
        lambda x: x.topk(2, 1).values ** 2,
        lambda x: x.median(1).values ** 2,
        lambda x: x.kthvalue(2, 0).values ** 2,
    ],
)
def test_derivatives_go_back_to_where_the_values_came_from(f) -> None:
    x = gradatim.tensor([[0.5, -1.2, 2.0], [1.5, 0.7, -0.3]]).double().requires_grad_()
    assert gradcheck(f, (x,))
    assert gradgradcheck(f, (x,))


# -- counts and places ---------------------------------------------------------------------------


@FEW
@given(hnp.arrays(np.int64, hnp.array_shapes(max_dims=3), elements=st.integers(-4, 4)))
def test_different_elements_are_numpys(array: np.ndarray) -> None:
    x = gradatim.tensor(array)
    values, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    expected, expected_counts = np.unique(array, return_counts=True)
    np.testing.assert_array_equal(values.numpy(), expected)
    np.testing.assert_array_equal(counts.numpy(), expected_counts)
    assert values[inverse].equal(x)
    slices, inverse = x.unique(dim=0, return_inverse=True)
    np.testing.assert_array_equal(slices.numpy(), np.unique(array, axis=0))
    assert slices[inverse].equal(x)


@FEW
@given(st.lists(st.integers(0, 3)))
def test_equal_neighbours_are_made_one(numbers: list[int]) -> None:
    x = gradatim.tensor(numbers, dtype=gradatim.int64)
    values, inverse, counts = gradatim.unique_consecutive(
        x, return_inverse=True, return_counts=True
    )
    assert values[inverse].equal(x)
    assert values.repeat_interleave(1, 0).equal(values)
    assert counts.sum() == len(numbers)
    assert not (values[1:] == values[:-1]).any()


@FEW
@given(st.lists(st.integers(0, 9)), st.integers(0, 12))
def test_counts_are_numpys(numbers: list[int], minlength: int) -> None:
    x = gradatim.tensor(numbers, dtype=gradatim.int64)
    expected = np.bincount(np.array(numbers, int), minlength=minlength)
    assert x.bincount(minlength=minlength).tolist() == expected.tolist()
    weights = np.linspace(0, 1, len(numbers))
    found = x.bincount(gradatim.tensor(weights), minlength)
    expected = np.bincount(np.array(numbers, int), weights, minlength)
    np.testing.assert_allclose(found.numpy(), expected)


@FEW
@given(
    hnp.arrays(np.float64, 20, elements=st.integers(-40, 40).map(lambda n: (2 * n + 1) / 16)),
    st.integers(1, 7),
)
def test_histograms_are_numpys(array: np.ndarray, bins: int) -> None:
    # On an edge none of them is: there PyTorch's rounding decides, which its answers test.
    x = gradatim.tensor(array)
    expected, edges = np.histogram(array, bins, (-4.0, 4.0))
    hist, ours = x.histogram(bins, range=(-4.0, 4.0))
    np.testing.assert_allclose(ours.numpy(), edges, atol=1e-15)
    np.testing.assert_array_equal(hist.numpy(), expected)
    np.testing.assert_array_equal(x.histc(bins, -4, 4).numpy(), expected)
    dense = np.histogram(array, edges, density=True)[0] if expected.any() else None
    if dense is not None:
        np.testing.assert_allclose(x.histogram(ours, density=True).hist.numpy(), dense)


@FEW
@given(st.lists(st.integers(-9, 9)), st.lists(st.integers(-10, 10)), st.booleans())
def test_places_among_sorted_numbers_are_numpys(edges, values, right: bool) -> None:
    edges = np.sort(np.array(edges, int))
    expected = np.searchsorted(edges, np.array(values, int), "right" if right else "left")
    x, y = gradatim.tensor(edges), gradatim.tensor(values, dtype=gradatim.int64)
    assert gradatim.searchsorted(x, y, right=right).tolist() == expected.tolist()
    assert gradatim.bucketize(y, x, right=right, out_int32=True).dtype == gradatim.int32


def test_an_order_may_be_given_to_searchsorted() -> None:
    x = gradatim.tensor([5, 1, 3])
    found = gradatim.searchsorted(x, gradatim.tensor([2, 5]), sorter=x.argsort())
    assert found.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: x.topk(4), RuntimeError, "topk: selected index k out of range: k = 4.*size 3"),
        (lambda x: x.kthvalue(0), RuntimeError, "kthvalue: selected number k out of range"),
        (lambda x: x.sort(2), IndexError, "sort: dimension 2 is out of range"),
        (lambda x: x.bincount(), RuntimeError, "bincount: expected dtype int32 or int64"),
        (lambda x: (x[0].long() - 5).bincount(), RuntimeError, "bincount: only .* non-negative"),
        (lambda x: x.histc(4, 3, 1), RuntimeError, "histc: max must be larger than min"),
        (
            lambda x: gradatim.bucketize(x, x),
            RuntimeError,
            "bucketize: boundaries must be a vector",
        ),
        (
            lambda x: gradatim.searchsorted(x, x[0], side="middle"),
            ValueError,
            'side must be "left" or "right"',
        ),
        (lambda x: gradatim.searchsorted(x, x[0]), RuntimeError, "agree with the input in all but"),
    ],
)
def test_a_wrong_call_is_refused(call, error, message: str) -> None:
    with pytest.raises(error, match=message):
        call(gradatim.ones(2, 3))
