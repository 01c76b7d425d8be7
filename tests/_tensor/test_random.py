"""Random tensors: PyTorch's numbers and errors, generators, states, and what draws do to tapes."""

import copy
import pickle

import numpy as np
import pytest

import gradatim
from tests._tensor.pytorch_answers import check
from tests.reference.face_cases import expressions


@pytest.mark.parametrize("expression", expressions("random"))
def test_answers_as_pytorch_does(expression: str) -> None:
    # Logarithms and cosines differ in the last bit between mathematical libraries.
    smooth = any(word in expression for word in ("normal", "randn", "exponential"))
    check(expression, rel=3e-7 if smooth else 0)


def seeded(seed: int = 0) -> gradatim.Generator:
    return gradatim.Generator().manual_seed(seed)


def test_a_generator_of_ones_own_leaves_the_default_alone() -> None:
    gradatim.manual_seed(1)
    expected = gradatim.rand(3)
    gradatim.manual_seed(1)
    gradatim.rand(3, generator=seeded())
    assert gradatim.equal(gradatim.rand(3), expected)


def test_the_state_can_be_kept_and_put_back() -> None:
    gradatim.manual_seed(2)
    state = gradatim.get_rng_state()
    first = gradatim.randn(3)
    gradatim.set_rng_state(state)
    assert gradatim.equal(gradatim.randn(3), first)
    other = gradatim.Generator().set_state(state)
    assert gradatim.equal(gradatim.randn(3, generator=other), first)
    assert gradatim.default_generator.initial_seed() == 2


def test_a_state_that_is_none_is_refused() -> None:
    with pytest.raises(RuntimeError, match="5056 bytes"):
        gradatim.set_rng_state(gradatim.zeros(3, dtype=gradatim.uint8))
    with pytest.raises(TypeError, match="array of bytes"):
        gradatim.set_rng_state(gradatim.zeros(5056))


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_generators_are_copied_with_their_place_in_the_stream(twin) -> None:
    g = seeded()
    gradatim.randn(1, generator=g)
    h = twin(g)
    again = g.clone_state()
    expected = gradatim.randn(5, generator=g)
    assert gradatim.equal(gradatim.randn(5, generator=h), expected)
    assert gradatim.equal(gradatim.randn(5, generator=again), expected)


def test_seed_gives_other_numbers_each_time() -> None:
    assert gradatim.seed() != gradatim.seed()
    assert gradatim.seed() == gradatim.initial_seed()


def test_in_place_draws_reach_views_and_arrays() -> None:
    array = np.zeros((2, 3), np.float32)
    x = gradatim.from_numpy(array)
    assert x[1].uniform_(1, 2) is not None
    assert (array[0] == 0).all()
    assert (array[1] >= 1).all()


def test_in_place_draws_need_no_grad_on_a_leaf() -> None:
    w = gradatim.zeros(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf tensor that requires grad"):
        w.normal_()
    with gradatim.no_grad():
        w.normal_()
    assert w.requires_grad
    assert w.abs().sum() > 0


def test_gradients_do_not_pass_a_draw() -> None:
    p = gradatim.full((3,), 0.5, requires_grad=True)
    assert not gradatim.bernoulli(p).requires_grad
    assert not gradatim.normal(p, 1.0).requires_grad
    assert not gradatim.multinomial(p, 1).requires_grad
    mean = gradatim.zeros(3, requires_grad=True)
    (mean + 2 * gradatim.randn_like(mean)).sum().backward()
    assert mean.grad.tolist() == [1, 1, 1]


def test_like_functions_keep_shape_and_dtype() -> None:
    x = gradatim.zeros(2, 3, dtype=gradatim.float64)
    for draw in (gradatim.rand_like, gradatim.randn_like):
        assert draw(x).dtype == gradatim.float64
        assert draw(x).shape == (2, 3)
        assert draw(x, dtype=gradatim.float32).dtype == gradatim.float32
        with pytest.raises(TypeError, match="expects a tensor, got list"):
            draw([1.0])


def test_a_seed_is_no_generator() -> None:
    with pytest.raises(TypeError, match=r"Generator\(\).manual_seed"):
        gradatim.rand(2, generator=42)


def test_what_has_no_weight_is_drawn_last_and_by_its_index() -> None:
    gradatim.manual_seed(58)
    assert gradatim.multinomial(gradatim.tensor([0.0, 0.0, 0.1, 0.0]), 3).tolist() == [2, 0, 1]


def test_a_fork_of_the_generator_leaves_it_where_it_was():
    gradatim.manual_seed(3)
    expected = [gradatim.rand(2).tolist() for _ in range(2)]
    gradatim.manual_seed(3)
    with gradatim.random.fork_rng():
        gradatim.manual_seed(8)
        gradatim.rand(100)
    first = gradatim.rand(2).tolist()
    with pytest.raises(RuntimeError), gradatim.random.fork_rng():
        gradatim.rand(5) @ gradatim.rand(4)
    assert [first, gradatim.rand(2).tolist()] == expected
    with gradatim.random.fork_rng(enabled=False):
        gradatim.rand(1)
    assert gradatim.rand(1).item() != expected[1][0]
