"""What no draw can use is refused with a reason, and costs no random number."""

import math

import numpy as np
import pytest

from gradatim.core.errors import DTypeError, ShapeError
from gradatim.core.random import Generator, RandomError


def generator(seed=42):
    return Generator().manual_seed(seed)


P = np.array([0.5, 0.5], np.float32)
REFUSED = [
    (lambda g: g.uniform(2, low=2, high=1), r"uniform: the range is from low to high"),
    (lambda g: g.uniform(2, high=math.inf), r"high is inf, which float32 cannot represent"),
    (lambda g: g.uniform(2, low=math.nan), r"uniform: low is nan"),
    (lambda g: g.uniform(2, high=1e300), r"uniform: high is 1e\+300"),
    (lambda g: g.uniform(2, low=-3e38, high=3e38), r"uniform: high - low is more than float32"),
    (lambda g: g.normal(2, std=-1), r"normal: std must not be negative, got std=-1"),
    (lambda g: g.normal(20, std=math.nan), r"normal: std must not be negative, got std=nan"),
    (lambda g: g.exponential(2, lambd=0), r"exponential: lambd must be positive, got lambd=0"),
    (lambda g: g.randint(5, 5, 2), r"randint: low must be below high, got low=5 and high=5"),
    (lambda g: g.randint(6, 5, 0), r"randint: low must be below high, got low=6 and high=5"),
    (lambda g: g.randint(0, 2**63, 2), r"high=9223372036854775808 is outside the 64-bit integers"),
    (lambda g: g.randint(-3, 9, 2, dtype="uint8"), r"low is -3, but uint8 holds 0 to 255"),
    (lambda g: g.randint(0, 300, 2, dtype="uint8"), r"high - 1 is 299, but uint8 holds 0 to 255"),
    (lambda g: g.randint(0, 3, 2, dtype="bool"), r"high - 1 is 2, but bool holds 0 to 1"),
    (lambda g: g.random_(2, low=2**30, dtype="float32"), r"float32 has no integer from"),
    (lambda g: g.permutation(-1), r"randperm: the number of elements cannot be negative, got -1"),
    (
        lambda g: g.permutation(300, dtype="uint8"),
        r"uint8 holds the integers up to 255, not to 299",
    ),
    (lambda g: g.bernoulli(1.5, 2), r"bernoulli: p must be between 0 and 1, got p=1.5"),
    (lambda g: g.bernoulli(math.nan, 0), r"bernoulli: p must be between 0 and 1, got p=nan"),
    (lambda g: g.bernoulli(P * 3), r"bernoulli: every p must be between 0 and 1"),
    (lambda g: g.bernoulli(P * np.float32(math.nan)), r"bernoulli: every p must be"),
    (lambda g: g.dropout_mask(2, 1.5), r"dropout: p must be between 0 and 1, got p=1.5"),
    (lambda g: g.multinomial(P, 0), r"multinomial: num_samples must be positive, got 0"),
    (lambda g: g.multinomial(P, 3), r"cannot draw num_samples=3 of 2 categories without"),
    (lambda g: g.multinomial(P[:0], 1, replacement=True), r"takes 1 to 2\^24 categories, got 0"),
    (
        lambda g: g.multinomial(-P, 1),
        r"multinomial: weight 0 is -0.5; weights must be finite and not negative",
    ),
    (lambda g: g.multinomial(P / 0, 2, replacement=True), r"multinomial: weight 0 is inf"),
    (lambda g: g.multinomial(np.array([1, math.nan]), 1), r"multinomial: weight 1 is nan"),
    (lambda g: g.multinomial(P * 0, 1), r"multinomial: all weights are zero"),
    (lambda g: g.multinomial(np.diag([1.0, 0]), 2), r"multinomial: all weights of row 1 are zero"),
    (lambda g: g.multinomial(np.diag([1.0, -1]), 2), r"multinomial: weight 1 of row 1 is -1.0"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_cannot_be_drawn_is_refused_and_draws_nothing(call, message):
    one = generator()
    before = one.get_state().tobytes()
    with pytest.raises(RandomError, match=message) as caught:
        call(one)
    assert isinstance(caught.value, RuntimeError)
    assert isinstance(caught.value, ValueError)
    assert one.get_state().tobytes() == before


def test_weights_and_probabilities_are_arrays_of_reals_that_fit():
    with pytest.raises(DTypeError, match="multinomial: weights must be floating point, got int64"):
        generator().multinomial(np.array([1, 2]), 1)
    with pytest.raises(DTypeError, match="bernoulli: probabilities must be floating point"):
        generator().bernoulli(np.array([1, 0]))
    with pytest.raises(ShapeError, match=r"multinomial: weights are \(C,\) or \(rows, C\), got"):
        generator().multinomial(np.ones((2, 2, 2)), 1)
    with pytest.raises(ShapeError, match=r"of shape \(2,\) do not broadcast to \(3,\)"):
        generator().bernoulli(P, 3)
    with pytest.raises(DTypeError, match=r"all 2\^64 integers fit int64 and floating dtypes"):
        generator().random_(2, low=-(2**63), dtype=np.int32)
    with pytest.raises(DTypeError, match="randperm: needs an integer or floating dtype, got bool"):
        generator().permutation(2, dtype=bool)
    with pytest.raises(TypeError, match="randint: low must be an integer, got 1.5"):
        generator().randint(1.5, 3, 2)
    with pytest.raises(DTypeError, match="randint: draws bool, uint8, signed integers and floats"):
        generator().randint(0, 3, 2, dtype=np.uint64)
    with pytest.raises(DTypeError, match=r"random_: draws bool, .* not complex128"):
        generator().random_(2, dtype=complex)
