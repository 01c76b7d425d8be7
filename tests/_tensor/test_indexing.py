"""`x[...]` as PyTorch reads and writes it, and as NumPy does where the two agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim
from gradatim.autograd import gradcheck, gradgradcheck
from tests._tensor.pytorch_programs import check, every_program_of

FEW = settings(max_examples=50)


@every_program_of("reading")
def test_reads_as_pytorch_does(program: str) -> None:
    check(program)


@every_program_of("writing")
def test_writes_as_pytorch_does(program: str) -> None:
    check(program)


@every_program_of("errors")
def test_refuses_what_pytorch_refuses(program: str) -> None:
    check(program)


# -- random indices against NumPy ----------------------------------------------------------------


@st.composite
def subscripts(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[object, ...]]:
    """A shape and an index for it: ints, slices, None, ..., and arrays or one mask."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    common = draw(st.sampled_from([(), (2,), (3,), (2, 3)]))
    mask = draw(st.booleans())
    items: list[object] = []
    dim, masked = 0, False
    while dim < len(shape):
        n = shape[dim]
        kind = draw(st.sampled_from(["int", "slice", "all", "none", "array", "array", "stop"]))
        if kind == "none":
            items.append(None)
            continue
        if kind == "stop":
            if draw(st.booleans()):
                items.append(...)
            break
        if kind == "array" and mask:
            if masked:
                kind = "all"
            else:
                span = draw(st.integers(1, len(shape) - dim))
                size = int(np.prod(shape[dim : dim + span]))
                truths = draw(st.lists(st.booleans(), min_size=size, max_size=size))
                items.append(np.array(truths).reshape(shape[dim : dim + span]))
                masked, dim = True, dim + span
                continue
        items.append(draw(_index(kind, n, common)))
        dim += 1
    return shape, tuple(items)


def _index(kind: str, n: int, common: tuple[int, ...]) -> st.SearchStrategy[object]:
    place = st.integers(-n, n - 1)
    if kind == "int":
        return place
    if kind == "slice":
        bound = st.none() | st.integers(-n - 1, n + 1)
        return st.builds(slice, bound, bound, st.none() | st.integers(1, 3))
    if kind == "array" and common:
        size = int(np.prod(common))
        full = st.lists(place, min_size=size, max_size=size).map(
            lambda x: np.array(x).reshape(common)
        )
        return full | st.just(np.array([0])) if len(common) == 1 else full
    return st.just(slice(None))


def in_numpy(key: tuple[object, ...]) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """PyTorch's two steps as two of NumPy's: ints, slices and None first, then the arrays."""
    basic: list[object] = []
    then: list[object] = []
    for item in key:
        if isinstance(item, np.ndarray):
            basic += [slice(None)] * (item.ndim if item.dtype == bool else 1)
            then.append(item)
        else:
            basic.append(item)
            if not isinstance(item, int):
                then.append(... if item is ... else slice(None))
    return tuple(basic), tuple(then)


def write_in_numpy(array: np.ndarray, key: tuple[object, ...], value: object) -> None:
    """`array[key] = value` in PyTorch's two steps."""
    basic, then = in_numpy(key)
    array[basic if ... in basic else (*basic, ...)][then] = value


def as_tensors(key: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(gradatim.tensor(k) if isinstance(k, np.ndarray) else k for k in key)


def numbers(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@FEW
@given(subscripts())
def test_reading_and_its_gradient_are_numpys(case: tuple) -> None:
    shape, key = case
    array = numbers(shape)
    basic, then = in_numpy(key)
    expected = array[basic][then]
    x = gradatim.tensor(array, requires_grad=True)
    y = x[as_tensors(key)]
    assert y.shape == expected.shape
    np.testing.assert_array_equal(y.detach().numpy(), expected)
    weights = numbers(expected.shape, 1)
    (y * gradatim.tensor(weights)).sum().backward()
    gradient = np.zeros(shape)
    np.add.at(gradient[basic if ... in basic else (*basic, ...)], then, weights)
    np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=1e-12, atol=1e-12)


@FEW
@given(subscripts())
def test_arrays_lists_and_tensors_are_the_same_index(case: tuple) -> None:
    shape, key = case
    x = gradatim.tensor(numbers(shape))
    expected = x[as_tensors(key)]
    assert x[key].equal(expected)
    lists = tuple(k.tolist() if isinstance(k, np.ndarray) and k.ndim else k for k in key)
    assert x[lists].equal(expected)


@FEW
@given(subscripts(), st.booleans())
def test_writing_a_number_is_numpys(case: tuple, as_tensor: bool) -> None:
    shape, key = case
    array = numbers(shape)
    x = gradatim.tensor(array)
    value = 2.5
    x[as_tensors(key)] = gradatim.tensor(value, dtype=gradatim.float64) if as_tensor else value
    write_in_numpy(array, key, value)
    np.testing.assert_array_equal(x.numpy(), array)


@FEW
@given(st.integers(1, 3), st.sampled_from([(), (4,), (2, 3)]), st.integers(0, 99))
def test_adding_up_at_places_is_numpys(indexed: int, common: tuple[int, ...], seed: int) -> None:
    shape = (3, 2, 4)
    rng = np.random.default_rng(seed)
    places = tuple(rng.integers(-n, n, common) for n in shape[:indexed])
    array = numbers(shape)
    values = numbers((*common, *shape[indexed:]), 1)
    x = gradatim.tensor(array, requires_grad=True)
    v = gradatim.tensor(values, requires_grad=True)
    y = x.index_put(as_tensors(places), v, accumulate=True)
    np.add.at(array, places, values)
    np.testing.assert_allclose(y.detach().numpy(), array, rtol=1e-12, atol=1e-12)
    y.sum().backward()
    assert x.grad.eq(1).all()
    assert v.grad.eq(1).all()


@FEW
@given(subscripts())
def test_writing_a_tensor_is_numpys(case: tuple) -> None:
    shape, key = case
    array = np.arange(float(np.prod(shape))).reshape(shape)
    basic, then = in_numpy(key)
    places = array[basic][then]
    if len(np.unique(places)) < places.size:
        return  # of values written to one place any may stay
    values = numbers(places.shape, 1)
    x = gradatim.tensor(array, requires_grad=True)
    v = gradatim.tensor(values, requires_grad=True)
    y = x * 1
    y[as_tensors(key)] = v
    write_in_numpy(array, key, values)
    np.testing.assert_array_equal(y.detach().numpy(), array)
    weights = numbers(shape, 2)
    (y * gradatim.tensor(weights)).sum().backward()
    np.testing.assert_array_equal(v.grad.numpy(), weights[basic][then])
    write_in_numpy(weights, key, 0)
    np.testing.assert_array_equal(x.grad.numpy(), weights)


# -- second derivatives --------------------------------------------------------------------------

ROWS = gradatim.tensor([2, 0, 2, -1])
COLUMNS = gradatim.tensor([[1], [3]])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[ROWS].sin(),
        lambda x: x[:, COLUMNS] ** 3,
        lambda x: x[ROWS[:2], COLUMNS].exp(),
        lambda x: x[x.detach() > 0] ** 2,
        lambda x: x[1:, ::2].tanh(),
        lambda x: x.gather(1, COLUMNS.expand(2, 3)).sin(),
        lambda x: x.scatter(1, COLUMNS, x[:, :1] ** 2) ** 2,
        lambda x: x.scatter_add(0, ROWS.reshape(2, 2) % 3, x[:2, :2] ** 2).exp(),
        lambda x: x.index_add(0, ROWS % 3, x[ROWS] ** 2) ** 2,
        lambda x: x.diagonal(1) ** 3,
        lambda x: x.tril() ** 3,
    ],
)
def test_second_derivatives(f) -> None:
    x = gradatim.tensor(numbers((3, 4)), requires_grad=True)
    assert gradcheck(f, (x,))
    assert gradgradcheck(f, (x,))


def test_second_derivatives_through_writing() -> None:
    def f(x: gradatim.Tensor, v: gradatim.Tensor) -> gradatim.Tensor:
        y = x * x
        y[ROWS[:2], 1:] = v.sin()
        y[y.detach() > 1] *= 2
        y[1] = y[0].clone() * v[0, 0]
        return y.exp()

    x = gradatim.tensor(numbers((3, 4)), requires_grad=True)
    v = gradatim.tensor(numbers((2, 3), 1), requires_grad=True)
    assert gradcheck(f, (x, v))
    assert gradgradcheck(f, (x, v))


# -- views and copies ----------------------------------------------------------------------------


def test_basic_indices_share_memory_and_lists_of_places_do_not() -> None:
    x = gradatim.zeros(3, 4)
    for view in (x[1], x[1, 2], x[:, 1:], x[None, 1], x[...], x[gradatim.tensor(1)], x[:]):
        x.zero_()
        view.fill_(1)
        assert x.sum() == view.numel()
    for copy in (x[[1]], x[x == x], x[gradatim.tensor([0])], x[True]):
        x.zero_()
        copy.fill_(1)
        assert x.sum() == 0


def test_a_basic_index_is_one_step_of_the_graph() -> None:
    x = gradatim.ones(2, 3, 4, requires_grad=True) * 1
    y = x[1, None, :, ::2]
    assert y.grad_fn.next_functions[0][0].name() == "MulBackward0"


def test_numpy_sees_what_is_written_by_index() -> None:
    array = np.zeros((2, 2))
    x = gradatim.from_numpy(array)
    x[0, 1] = 5
    x[[1], 0] = 7
    np.testing.assert_array_equal(array, [[0, 5], [7, 0]])


def test_a_part_may_be_written_to_a_part_that_overlaps_it() -> None:
    x = gradatim.arange(5)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3]
    x[:-1] = x[1:]
    assert x.tolist() == [0, 1, 2, 3, 3]
    leaf = gradatim.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = leaf * 1
    y[1:] = y[:-1]
    (y * gradatim.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert leaf.grad.tolist() == [11, 100, 0]


def test_outputs_of_split_and_unbind_may_be_written() -> None:
    x = gradatim.tensor(numbers((2, 4)), requires_grad=True)
    y = x * 1
    left, right = y.split(2, 1)
    left.mul_(2)
    right[0] = left[0]
    y.unbind()[1].zero_()
    y.sum().backward()
    assert x.grad.tolist() == [[4, 4, 0, 0], [0, 0, 0, 0]]


def test_adding_to_an_element_is_written_once() -> None:
    counts = gradatim.zeros(3, 3, dtype=gradatim.int32)
    for i, j in [(0, 1), (0, 1), (2, 2)]:
        counts[i, j] += 1
    assert counts.tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 1]]
    x = gradatim.ones(2, requires_grad=True)
    y = x * 3
    y[0] += x[1]
    y.sum().backward()
    assert x.grad.tolist() == [3, 4]


def test_a_source_of_scatter_may_be_larger_than_the_index() -> None:
    x = gradatim.tensor(numbers((3, 4)), requires_grad=True)
    source = gradatim.tensor(numbers((4, 5)), requires_grad=True)
    index = gradatim.tensor([[3, 0]])
    for y in (x.scatter(1, index, source), x.scatter_add(1, index, source)):
        source.grad = None
        y.sum().backward()
        assert source.grad.nonzero().tolist() == [[0, 0], [0, 1]]


# -- the embedding -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(32, 3), (5000,), (0,), ()])
@pytest.mark.parametrize(
    ("rows", "width"), [(27, 10), (27, 1), (300, 8), (27, None)], ids=lambda n: f"{n}"
)
def test_rows_of_a_table_and_their_gradient(shape, rows, width) -> None:
    rng = np.random.default_rng(0)
    size = (rows,) if width is None else (rows, width)
    table = gradatim.tensor(rng.standard_normal(size), requires_grad=True)
    index = rng.integers(-rows, rows, shape)
    out = table[gradatim.tensor(index)]
    np.testing.assert_array_equal(out.detach().numpy(), table.detach().numpy()[index])
    weights = rng.standard_normal(out.shape)
    out.backward(gradatim.tensor(weights))
    expected = np.zeros(size)
    np.add.at(expected, index, weights)
    np.testing.assert_allclose(table.grad.numpy(), expected, rtol=1e-9, atol=1e-9)


def test_an_infinite_gradient_stays_in_its_row() -> None:
    table = gradatim.zeros(5, 4, requires_grad=True)
    index = gradatim.arange(2000) % 4
    weights = gradatim.ones(2000, 4)
    weights[1] = float("inf")
    table[index].backward(weights)
    assert table.grad[0].tolist() == [500] * 4
    assert table.grad[1].isinf().all()
    assert table.grad[4].tolist() == [0] * 4


# -- what the errors say -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (3, "index 3 is out of bounds for dimension 0 with size 3"),
        ((0, -5), "index -5 is out of bounds for dimension 1 with size 4"),
        ([0, 3], "index 3 is out of bounds for dimension 0 with size 3"),
        ((0, [1, 9]), "index 9 is out of bounds for dimension 1 with size 4"),
        (([0, 1], [0, -7]), "index -7 is out of bounds for dimension 1 with size 4"),
        ((0, 1, 2), "too many indices for tensor of dimension 2"),
        (([0, 1], [0, 1, 2]), r"could not be broadcast together with shapes \[2\], \[3\]"),
        ([True, False], r"shape of the mask \[2\] at index 0 does not match .* \[3, 4\]"),
        ((0, [True]), r"shape of the mask \[1\] at index 1 does not match"),
        (1.5, "only integers, slices .* are valid indices, got float"),
        ("a", "only integers, slices .* are valid indices, got str"),
        (gradatim.tensor([0.5]), r"must be long, int, byte or bool tensors.*use \.long\(\)"),
    ],
)
def test_a_wrong_index_is_named(index, message: str) -> None:
    x = gradatim.zeros(3, 4)
    with pytest.raises(IndexError, match=message):
        x[index]
    with pytest.raises(IndexError, match=message):
        x[index] = 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x, i: x.gather(1, i),
            "index 4 is out of bounds for dimension 1 with size 4; use 0",
        ),
        (lambda x, i: x.gather(0, -i), "index -4 is out of bounds for dimension 0 with size 3"),
        (lambda x, i: x.scatter(1, i, 1.0), "index 4 is out of bounds for dimension 1"),
        (lambda x, i: x.index_select(0, i[0]), "index 4 is out of bounds for dimension 0"),
        (lambda x, i: x.take(i * 3), "index 12 is out of bounds for dimension 0 with size 12"),
        (lambda x, i: x[i, i], "index 4 is out of bounds for dimension 0 with size 3"),
        (lambda x, i: x[None, 0, None, i], "index 4 is out of bounds for dimension 1 with size 4"),
        (lambda x, i: x.gather(1, i[0]), r"same number of dimensions .* \[2\] and \[3, 4\]"),
        (lambda x, i: x.gather(1, i.float()), "expected dtype int32 or int64 .* got float32"),
        (lambda x, i: x.gather(1, [[0]]), "index must be a tensor of integers, got list"),
        (lambda x, i: x.scatter(1, i, x.double()), "got float32 and float64; use .to"),
        (lambda x, i: x.scatter(1, i % 4, x[:1, :1]), r"index \[1, 2\] .* src \[1, 1\]"),
        (lambda x, i: x.index_add(0, i[0], x), "one slice of dimension 0 for each of the 2"),
        (lambda x, i: x.index_select(0, i), r"supposed to be a vector, got shape \[1, 2\]"),
        (lambda x, i: x.masked_scatter(x == x, x[0]), "true at 12 places, but source has only 4"),
        (lambda x, i: x[0].tril(), "tril: input must have at least 2 dimensions"),
    ],
)
def test_a_wrong_place_is_named(call, message: str) -> None:
    with pytest.raises((RuntimeError, TypeError), match=message):
        call(gradatim.zeros(3, 4), gradatim.tensor([[4, 0]]))


def test_backward_slices_are_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"greater than zero, got -1; use \.flip"):
        gradatim.zeros(3)[::-1]


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (gradatim.zeros(3), RuntimeError, r"shape \[3\] cannot be broadcast to .* \[2, 4\]"),
        ([1.0], TypeError, r"can't assign a list to a tensor.*gradatim\.tensor"),
        (np.zeros(4), TypeError, r"can't assign a ndarray"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value, error, message: str) -> None:
    for index in (slice(0, 2), [0, 1]):
        x = gradatim.zeros(3, 4)
        with pytest.raises(error, match=message):
            x[index] = value
        assert not x.any()


def test_places_take_values_of_the_same_dtype_only() -> None:
    x = gradatim.zeros(3)
    with pytest.raises(RuntimeError, match=r"float64 instead of float32; use \.to"):
        x[[0, 1]] = gradatim.zeros(2, dtype=gradatim.float64)
    x[:2] = gradatim.ones(2, dtype=gradatim.float64)
    assert x.tolist() == [1, 1, 0]


def test_a_number_that_the_dtype_cannot_hold_is_refused() -> None:
    x = gradatim.zeros(3, dtype=gradatim.uint8)
    with pytest.raises(RuntimeError, match="without overflow: 300 is not between -255 and 255"):
        x[0] = 300
    x[0] = -1
    assert x.tolist() == [255, 0, 0]


def test_a_list_of_several_indices_is_read_as_pytorch_does_with_a_warning() -> None:
    x = gradatim.arange(6).reshape(2, 3)
    with pytest.warns(UserWarning, match=r"use x\[tuple\(indices\)\]"):
        assert x[[[0, 1], [2, 0]]].tolist() == [2, 3]


def test_a_byte_mask_is_read_with_a_warning() -> None:
    x = gradatim.arange(3)
    with pytest.warns(UserWarning, match="uint8 is deprecated"):
        assert x[gradatim.tensor([1, 0, 1], dtype=gradatim.uint8)].tolist() == [0, 2]
