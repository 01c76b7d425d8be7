"""The draws: shapes and dtypes, what each promises, what each refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradatim.core.errors import DTypeError, ShapeError
from gradatim.core.random import Generator, RandomError, draw_order, in_draw_order
from gradatim.core.random.permutation import inside_out, swap_at_once, swap_one_by_one


def generator(seed=42):
    return Generator().manual_seed(seed)


# ------------------------------------------------------------------------------ shapes and dtypes

SHAPED = {
    "uniform": lambda g, shape: g.uniform(shape),
    "normal": lambda g, shape: g.normal(shape),
    "exponential": lambda g, shape: g.exponential(shape),
    "randint": lambda g, shape: g.randint(0, 5, shape),
    "random_": lambda g, shape: g.random_(shape),
    "bernoulli": lambda g, shape: g.bernoulli(0.5, shape),
    "dropout": lambda g, shape: g.dropout_mask(shape, 0.5),
}


@pytest.mark.parametrize("name", SHAPED)
@pytest.mark.parametrize(
    ("shape", "expected"),
    [(3, (3,)), ((), ()), ((2, 3), (2, 3)), (0, (0,)), ((4, 0, 2), (4, 0, 2))],
)
def test_the_result_has_the_shape_asked_for(name, shape, expected):
    result = SHAPED[name](generator(), shape)
    assert result.shape == expected
    assert result.flags.c_contiguous
    assert result.flags.writeable


@pytest.mark.parametrize("name", SHAPED)
def test_nothing_is_drawn_for_an_empty_shape(name):
    one = generator()
    one.normal(1)
    before = one.get_state().tobytes()
    SHAPED[name](one, (0, 3))
    assert one.get_state().tobytes() == before


@pytest.mark.parametrize("name", SHAPED)
def test_a_negative_or_broken_size_is_refused(name):
    with pytest.raises(ShapeError, match=f"{name}: a size cannot be negative"):
        SHAPED[name](generator(), (2, -1))
    with pytest.raises(TypeError, match=f"{name}: a size must be an integer, got 1.5"):
        SHAPED[name](generator(), 1.5)


@pytest.mark.parametrize("name", ["uniform", "normal", "exponential"])
def test_real_numbers_are_float32_or_float64(name):
    for dtype in (np.float32, np.float64, "float64"):
        assert getattr(generator(), name)(3, dtype=dtype).dtype == np.dtype(dtype)
    with pytest.raises(DTypeError, match=f"{name}: draws float32 or float64 numbers, not int64"):
        getattr(generator(), name)(3, dtype=np.int64)


# -------------------------------------------------------------------------------- what they promise


def test_uniform_numbers_fill_their_range_and_leave_out_its_end():
    numbers = generator().uniform(100_000, low=1000.0, high=1000.001)
    assert numbers.min() == np.float32(1000.0)
    assert numbers.max() < np.float32(1000.001)


def test_normal_numbers_have_their_mean_and_spread():
    for size in (15, 100_000):
        one = generator()
        numbers = np.concatenate(
            [one.normal(size, mean=3.0, std=0.5) for _ in range(90_000 // size + 1)]
        )
        assert numbers.mean() == pytest.approx(3.0, abs=0.01)
        assert numbers.std() == pytest.approx(0.5, rel=0.01)


def test_a_sine_waits_for_the_next_few_normals_and_is_skipped_by_many():
    one, two = generator(), generator()
    pair = one.normal(2)
    first = two.normal(1)
    many = two.normal(16)
    assert first == pair[0]
    assert two.normal(1) == pair[1]
    assert not np.isin(pair[1], many)


def test_without_index_order_normals_are_made_in_pairs_whatever_the_size():
    in_pairs = generator().normal(40, contiguous=False)
    one = generator()
    few = np.concatenate([one.normal(n) for n in (15, 15, 10)])
    np.testing.assert_allclose(in_pairs, few, rtol=3e-7)
    assert not np.allclose(in_pairs, generator().normal(40))


def test_waiting_times_have_the_mean_of_their_rate():
    assert generator().exponential(50_000, lambd=4.0).mean() == pytest.approx(0.25, rel=0.02)


@pytest.mark.parametrize("high", [2**28 - 1, 2**28])
def test_wide_ranges_take_two_words_for_a_number(high):
    one = generator()
    one.randint(0, high, 10)
    two = generator()
    two.words32(10 if high < 2**28 else 20)
    assert one.words32(1) == two.words32(1)


@given(st.data())
def test_integers_stay_in_their_range(data):
    dtype = data.draw(st.sampled_from(["bool", "uint8", "int32", "int64", "float32", "float64"]))
    largest = {"bool": 2, "uint8": 256, "int32": 2**31, "int64": 2**63 - 1}.get(dtype, 2**60)
    smallest = {"bool": 0, "uint8": 0, "int32": -(2**31), "int64": -(2**63)}.get(dtype, -(2**60))
    low = data.draw(st.integers(smallest, largest - 1))
    high = data.draw(st.integers(low + 1, largest))
    try:
        numbers = generator().randint(low, high, 20, dtype=dtype)
    except RandomError as error:
        if "has no integer from" not in str(error) or "float" not in dtype:
            raise
    else:
        assert all(low <= int(number) < high for number in numbers)


def test_the_ranges_of_random_are_those_of_the_dtypes():
    for dtype, last in (("bool", 1), ("uint8", 255), ("int32", 2**31 - 1), ("float32", 2**24)):
        numbers = generator().random_(5000, dtype=dtype)
        assert numbers.min() >= 0
        assert last * 0.99 <= int(numbers.max()) <= last
    assert generator().random_(100, low=-(2**63)).min() < 0
    assert generator().random_(100).min() >= 0


@given(st.integers(0, 700), st.integers(0, 2**32))
def test_a_permutation_has_every_number_once(n, seed):
    numbers = generator(seed).permutation(n)
    np.testing.assert_array_equal(np.sort(numbers), np.arange(n))


@st.composite
def steps(draw):
    n = draw(st.integers(0, 60))
    return np.array([draw(st.integers(0, n - i)) for i in range(n)], np.int64)


@given(steps())
def test_all_swaps_at_once_are_the_swaps_one_by_one(steps):
    np.testing.assert_array_equal(swap_at_once(steps), swap_one_by_one(steps))


@given(steps())
def test_the_inside_out_shuffle_is_its_loop(steps):
    # The shuffle from 2^32 / 20 elements on, which no test has the memory to run.
    picks = (np.arange(len(steps)) - steps[::-1].clip(0, np.arange(len(steps)))).astype(np.int64)
    order = [0] * len(picks)
    for i, pick in enumerate(picks.tolist()):
        order[i] = order[pick]
        order[pick] = i
    np.testing.assert_array_equal(inside_out(picks), order)


def test_coins_of_certain_probability_are_certain():
    one = generator()
    assert not one.bernoulli(0.0, 1000).any()
    assert one.bernoulli(1.0, 1000).all()
    assert not one.bernoulli(np.zeros(100, np.float32)).any()
    assert one.bernoulli(np.ones(100)).all()


def test_probabilities_broadcast_to_the_shape():
    columns = generator().bernoulli(np.array([0.0, 1.0, 0.5], np.float32), (50, 3))
    assert not columns[:, 0].any()
    assert columns[:, 1].all()
    assert 10 < columns[:, 2].sum() < 40


def test_dropout_draws_nothing_when_all_or_none_is_kept():
    one = generator()
    before = one.get_state().tobytes()
    assert one.dropout_mask((2, 3), 0).all()
    assert not one.dropout_mask((2, 3), 1.0).any()
    assert one.get_state().tobytes() == before
    assert one.dropout_mask(50_000, 0.2).mean() == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("count", [1, 2])
def test_categories_come_as_often_as_their_weights_say(dtype, replacement, count):
    weights = np.array([1, 0, 5, 2], dtype)
    table = np.tile(weights, (20_000, 1))
    drawn = generator().multinomial(table, count, replacement=replacement)
    assert drawn.shape == (20_000, count)
    assert drawn.dtype == np.int64
    often = np.bincount(drawn[:, 0], minlength=4) / 20_000
    np.testing.assert_allclose(often, weights / 8, atol=0.02)


def test_without_replacement_no_category_comes_twice():
    drawn = generator().multinomial(np.ones((30, 10), np.float32), 10)
    np.testing.assert_array_equal(np.sort(drawn), np.tile(np.arange(10), (30, 1)))


@pytest.mark.parametrize("categories", [1, 2, 3, 7, 8, 9, 100])
def test_rows_with_replacement_are_drawn_one_after_the_other(categories):
    table = generator(1).uniform((5, categories)) + np.float32(0.1)
    together, apart = generator(), generator()
    rows = [apart.multinomial(row, 6, replacement=True) for row in table]
    np.testing.assert_array_equal(together.multinomial(table, 6, replacement=True), rows)
    assert generator().multinomial(table[:0], 6, replacement=True).shape == (0, 6)


# ------------------------------------------------------------------------------ memory order


@pytest.mark.parametrize(
    ("shape", "strides", "axes"),
    [
        ((2, 3), (3, 1), [0, 1]),
        ((3, 2), (1, 3), [1, 0]),
        ((2, 3, 4, 5), (60, 1, 15, 3), [0, 2, 3, 1]),
        ((4, 6), (0, 1), [0, 1]),
        ((6, 4), (1, 0), [0, 1]),
        ((), (), []),
    ],
)
def test_axes_are_drawn_from_the_longest_stride_to_the_shortest(shape, strides, axes):
    assert draw_order(shape, strides) == axes


def test_filling_in_draw_order_gives_a_transposed_array_the_numbers_of_its_memory():
    memory = np.zeros((4, 5), np.float32)
    transposed = memory.T
    view = in_draw_order(transposed)
    view[...] = generator().uniform(view.shape)
    np.testing.assert_array_equal(memory, generator().uniform((4, 5)))
