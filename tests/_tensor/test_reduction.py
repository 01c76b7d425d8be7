"""Reductions, extremes and statistics: PyTorch's answers, NumPy's numbers."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gradatim
from gradatim.autograd import gradcheck, gradgradcheck
from tests._tensor.pytorch_programs import check, every_program_of

FEW = settings(max_examples=30)


@every_program_of("reducing")
def test_reduces_as_pytorch_does(program: str) -> None:
    check(program)


# -- against NumPy -------------------------------------------------------------------------------

FLOATS = st.floats(-9, 9, width=32).map(lambda x: round(x, 3))


@st.composite
def arrays_and_dims(draw: st.DrawFn, min_side: int = 0) -> tuple[np.ndarray, object, bool]:
    """An array, None or one or several of its dimensions (some negative), and `keepdim`."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=min_side, max_side=4))
    array = draw(hnp.arrays(np.float64, shape, elements=FLOATS))
    n = len(shape)
    dims = draw(st.lists(st.integers(0, n - 1), min_size=1, unique=True)) if n else []
    dims = [d - n if draw(st.booleans()) else d for d in dims]
    several = st.just(tuple(dims)) if dims else st.none()
    one = st.just(dims[0]) if dims else st.none()
    return array, draw(st.none() | one | several), draw(st.booleans())


SEVERAL = {
    "sum": np.sum,
    "mean": np.mean,
    "any": np.any,
    "all": np.all,
    "amax": np.max,
    "amin": np.min,
    "nansum": np.nansum,
    "logsumexp": lambda x, **k: np.log(np.sum(np.exp(x), **k)),
    "norm": lambda x, **k: np.sqrt(np.sum(x * x, **k)),
}


@pytest.mark.parametrize("name", SEVERAL)
@FEW
@given(case=arrays_and_dims())
def test_reductions_over_any_dimensions_are_numpys(name: str, case: tuple) -> None:
    array, dim, keepdim = case
    x = gradatim.tensor(array)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, of empty means and logs
        try:
            expected = SEVERAL[name](array, axis=dim, keepdims=keepdim)
        except ValueError:  # the extreme of nothing
            with pytest.raises((IndexError, RuntimeError), match="non-zero size"):
                getattr(x, name)(dim=dim, keepdim=keepdim)
            return
    ours = getattr(x, name)(dim=dim, keepdim=keepdim)
    assert ours.shape == np.shape(expected)
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(
        getattr(x, name)(axis=dim, keepdims=keepdim).numpy(), ours.numpy()
    )


@FEW
@given(arrays_and_dims(min_side=2), st.integers(0, 1))
def test_variances_are_numpys(case: tuple, correction: int) -> None:
    array, dim, keepdim = case
    if not array.ndim:
        return
    x = gradatim.tensor(array)
    for ours, theirs in ((x.var, np.var), (x.std, np.std)):
        expected = theirs(array, axis=dim, keepdims=keepdim, ddof=correction)
        found = ours(dim, keepdim=keepdim, correction=correction)
        assert found.shape == np.shape(expected)
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9, atol=1e-9)


ONE = {
    "prod": np.prod,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "count_nonzero": np.count_nonzero,
}


@pytest.mark.parametrize("name", ONE)
@FEW
@given(case=arrays_and_dims(min_side=1))
def test_reductions_over_one_dimension_are_numpys(name: str, case: tuple) -> None:
    array, dim, _ = case
    dim = dim[0] if isinstance(dim, tuple) else dim
    array = np.round(array)
    ours = getattr(gradatim.tensor(array), name)(dim=dim)
    np.testing.assert_allclose(ours.numpy(), ONE[name](array, axis=dim), rtol=1e-9)


@FEW
@given(arrays_and_dims(min_side=1))
def test_max_along_a_dimension_reads_at_its_indices(case: tuple) -> None:
    array, dim, keepdim = case
    dim = dim[0] if isinstance(dim, tuple) else dim
    if dim is None:
        return
    x = gradatim.tensor(array)
    for answer, values in ((x.max(dim, keepdim), x.amax), (x.min(dim, keepdim), x.amin)):
        assert answer.values.equal(values(dim, keepdim))
        index = answer.indices if keepdim else answer.indices.unsqueeze(dim)
        assert x.gather(dim, index).equal(values(dim, keepdim=True))


@FEW
@given(arrays_and_dims(min_side=1))
def test_running_versions_are_numpys(case: tuple) -> None:
    array, dim, _ = case
    dim = dim[0] if isinstance(dim, tuple) else dim
    if dim is None:
        return
    x = gradatim.tensor(array)
    np.testing.assert_allclose(x.cumsum(dim).numpy(), np.cumsum(array, dim), atol=1e-9)
    np.testing.assert_allclose(x.cumprod(dim).numpy(), np.cumprod(array, dim), rtol=1e-9)
    for answer, accumulate in (
        (x.cummax(dim), np.maximum.accumulate),
        (x.cummin(dim), np.minimum.accumulate),
    ):
        np.testing.assert_array_equal(answer.values.numpy(), accumulate(array, dim))
        assert x.gather(dim, answer.indices).equal(answer.values)


@pytest.mark.parametrize("dtype", [gradatim.bool, gradatim.uint8, gradatim.int32])
def test_integers_are_counted_in_int64(dtype: gradatim.dtype) -> None:
    x = gradatim.ones(300, dtype=dtype)
    for total in (x.sum(), x.sum(0), x.prod() * 300, x.cumsum(0)[-1]):
        assert total.dtype == gradatim.int64
        assert total == 300
    assert x.sum(dtype=gradatim.float32).dtype == gradatim.float32


# -- gradients -----------------------------------------------------------------------------------

X = np.array([[0.5, -1.2, 2.0, 0.1], [1.5, 0.7, -0.3, -2.2], [-0.9, 1.1, 0.4, 1.9]])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.sum(1) ** 2,
        lambda x: x.mean((0, 1)) ** 3,
        lambda x: x.prod(1),
        lambda x: x.max(1).values ** 2,
        lambda x: x.min(0, keepdim=True)[0] ** 2,
        lambda x: x.amax((0, 1)) ** 2,
        lambda x: x.var(1).log(),
        lambda x: x.std((0, 1), correction=0) ** 2,
        lambda x: x.norm(dim=1).log(),
        lambda x: x.norm(3, dim=0),
        lambda x: x.norm(1).log(),
        lambda x: x.logsumexp(1) ** 2,
        lambda x: x.cumsum(1) ** 2,
        lambda x: x.cumprod(0),
        lambda x: x.cummax(1).values ** 2,
        lambda x: x.nanmean(1) ** 2,
    ],
)
def test_first_and_second_derivatives(f) -> None:
    x = gradatim.tensor(X, requires_grad=True)
    assert gradcheck(f, (x,))
    assert gradgradcheck(f, (x,))


@pytest.mark.parametrize("zeros", [1, 2, 3])
def test_products_with_zeros_have_exact_gradients(zeros: int) -> None:
    array = X[0].copy()
    array[:zeros] = 0
    x = gradatim.tensor(array, requires_grad=True)
    for product in (x.prod(), x.prod(0), x.cumprod(0)[-1]):
        x.grad = None
        product.backward()
        others = [np.prod(np.delete(array, i)) for i in range(4)]
        np.testing.assert_allclose(x.grad.numpy(), others, rtol=1e-12)


def test_equal_extremes_share_the_gradient_but_a_chosen_one_has_it_alone() -> None:
    x = gradatim.tensor([[1.0, 3.0, 3.0]], requires_grad=True)
    for out, expected in (
        (x.max(), [[0, 0.5, 0.5]]),
        (x.amax(1), [[0, 0.5, 0.5]]),
        (x.max(1).values, [[0, 1, 0]]),
        (gradatim.maximum(x, x * 1), [[1, 1, 1]]),
    ):
        x.grad = None
        out.sum().backward()
        assert x.grad.tolist() == expected


def test_the_gradient_at_zero_length_is_zero() -> None:
    x = gradatim.zeros(2, 3, requires_grad=True)
    (x.norm() + x.norm(dim=1).sum() + x.std(1).sum()).backward()
    assert x.grad.tolist() == [[0] * 3] * 2


# -- what results say ----------------------------------------------------------------------------


def test_several_results_have_names() -> None:
    x = gradatim.tensor([[1.0, 5.0], [7.0, 2.0]])
    values, indices = x.max(1)
    assert x.max(1)[0].equal(values)
    assert x.max(1).indices.equal(indices)
    assert repr(x.max(1)) == (
        "gradatim.return_types.max(\nvalues=tensor([5., 7.]),\nindices=tensor([1, 0]))"
    )


def test_infinities_and_nan() -> None:
    inf, nan = float("inf"), float("nan")
    assert gradatim.tensor([-inf, -inf]).logsumexp(0) == -inf
    assert gradatim.tensor([inf, 1.0]).logsumexp(0) == inf
    assert gradatim.tensor([1000.0, 1000.0]).logsumexp(0) > 1000
    x = gradatim.tensor([1.0, nan, 3.0])
    for value in (x.sum(), x.max(), x.min(0).values, x.amax(), x.median(), x.norm(), x.var()):
        assert value.isnan()
    assert x.argmax() == x.max(0).indices == 1
    assert x.nansum() == 4
    assert x.nanmean() == 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: x.sum(2), IndexError, "sum: dimension 2 is out of range.*use -2 to 1"),
        (lambda x: x.sum((0, 0)), RuntimeError, "sum: dimension given twice"),
        (lambda x: x.sum(dim=0, axis=1), TypeError, "give dim or axis, not both"),
        (lambda x: x.long().mean(), RuntimeError, r"mean: needs a floating tensor.*\.float\(\)"),
        (lambda x: x.long().var(), RuntimeError, "var: needs a floating tensor"),
        (lambda x: x[:0].max(), IndexError, r"max: .*non-zero size.*\[0, 3\]"),
        (lambda x: x[:0].amax(0), RuntimeError, "amax: .*non-zero size"),
        (lambda x: x[:, :0].argmax(1), IndexError, "argmax: .*non-zero size"),
        (lambda x: (x > 0).argmax(), RuntimeError, "argmax: does not support bool"),
        (lambda x: x.norm("nuc"), ValueError, 'norm: p must be a number or "fro"'),
        (lambda x: x[:0].norm(float("inf")), RuntimeError, "norm of order inf: .*non-zero size"),
        (lambda x: x[:, :0].norm(-1, dim=1), RuntimeError, "norm of order -1: .*non-zero size"),
        (lambda x: x.var(unbiased=True, correction=1), TypeError, "unbiased or correction"),
    ],
)
def test_a_wrong_reduction_is_refused(call, error, message: str) -> None:
    with pytest.raises(error, match=message):
        call(gradatim.ones(2, 3))


def test_the_variance_of_one_element_warns() -> None:
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0.*unbiased=False"):
        assert gradatim.ones(1).var().isnan()
    assert gradatim.ones(1).var(unbiased=False) == 0


def test_products_of_many_numbers_and_their_gradients():
    x = np.random.default_rng(0).uniform(0.99, 1.01, (2, 2501))
    t = gradatim.from_numpy(x).requires_grad_()
    np.testing.assert_allclose(t.prod().item(), x.prod(), rtol=1e-12)
    t.cumprod(1).sum().backward()
    later = np.cumprod(x, 1)[:, ::-1].cumsum(1)[:, ::-1]
    np.testing.assert_allclose(t.grad.numpy(), later / x, rtol=1e-10)
