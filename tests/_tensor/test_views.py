"""Views: one memory seen in several ways, and one history, in whatever order it is written."""

import pickle
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim
from gradatim.compiler.errors import TraceError
from gradatim.core.errors import AutogradError
from tests._tensor.pytorch_programs import check, every_program_of


@every_program_of("views")
def test_views_are_as_pytorchs(program: str) -> None:
    check(program)


# -- random programs: views of views, written in any order ---------------------------------------
#
# A program keeps a list of tensors, the first of them computed from a leaf, the others views of
# earlier ones. NumPy's views behave alike, so NumPy tells the values, and finite differences of
# the NumPy program tell the gradient.

Step = tuple[Any, ...]


def _halves(x: Any, dim: int) -> Any:
    return x[(slice(None),) * dim + (slice(None, None, 2),)]


# Name of a way to view: what NumPy does, what we do.
VIEWS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "first": (lambda x: x[0, ...], lambda x: x[0]),
    "last": (lambda x: x[-1, ...], lambda x: x[-1]),
    "tail": (lambda x: x[1:], lambda x: x[1:]),
    "all": (lambda x: x[...], lambda x: x[...]),
    "even columns": (
        lambda x: _halves(x, x.ndim - 1),
        lambda x: x[..., ::2],
    ),
    "transposed": (lambda x: x.T, lambda x: x.permute(*reversed(range(x.ndim)))),
    "wider": (lambda x: x[:, None], lambda x: x.unsqueeze(1)),
    "diagonal": (
        lambda x: np.einsum("ii...->...i", x[: min(x.shape[:2]), : min(x.shape[:2])]),
        lambda x: x.diagonal(),
    ),
    "flat": (lambda x: x.reshape(-1), lambda x: x.view(-1)),
}

# Name of a way to write: what NumPy does to the array, what we do to the tensor; `w` is a number
# that the leaf gives.
WRITES: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "times 2": (lambda x, w: np.multiply(x, 2, out=x), lambda x, w: x.mul_(2)),
    "plus w": (lambda x, w: np.add(x, w, out=x), lambda x, w: x.add_(w)),
    "times w": (lambda x, w: np.multiply(x, w, out=x), lambda x, w: x.mul_(w)),
    "squared": (lambda x, w: np.multiply(x, x, out=x), lambda x, w: x.pow_(2)),
    "sine": (lambda x, w: np.sin(x, out=x), lambda x, w: x.sin_()),
    "w": (lambda x, w: x.__setitem__(..., w), lambda x, w: x.copy_(w)),
    "zero": (lambda x, w: x.__setitem__(..., 0), lambda x, w: x.zero_()),
    "first of it": (
        lambda x, w: x.__setitem__(..., x.reshape(-1)[0]),
        lambda x, w: x.copy_(x.reshape(-1)[0]),
    ),
    "detached": (lambda x, w: None, lambda x, w: x.detach()),
}


def _can_view(x: np.ndarray, way: str) -> bool:
    if way in {"first", "last", "tail", "even columns"}:
        return x.ndim > 0 and x.shape[0] > 1
    if way == "wider":
        return 0 < x.ndim < 4
    if way == "diagonal":
        return x.ndim > 1
    return way != "flat" or x.flags.c_contiguous


@st.composite
def programs(draw: st.DrawFn) -> list[Step]:
    """Steps that view an earlier tensor or write to one."""
    arrays = [np.zeros((3, 4))]
    steps: list[Step] = []
    for _ in range(draw(st.integers(2, 9))):
        place = draw(st.integers(0, len(arrays) - 1))
        if draw(st.booleans()):
            ways = [way for way in VIEWS if _can_view(arrays[place], way)]
            way = draw(st.sampled_from(ways))
            arrays.append(VIEWS[way][0](arrays[place]))
            steps.append(("view", place, way))
        else:
            steps.append(("write", place, draw(st.sampled_from(sorted(WRITES)))))
    return steps


def run(steps: list[Step], start: Any, w: Any, ours: bool) -> list[Any]:
    tensors = [start]
    for kind, place, way in steps:
        if kind == "view":
            tensors.append(VIEWS[way][ours](tensors[place]))
        else:
            WRITES[way][ours](tensors[place], w[place % 3])
    return tensors


def in_numpy(steps: list[Step], numbers: np.ndarray, weights: list[np.ndarray]) -> Any:
    leaf, w = numbers[:12].reshape(3, 4), numbers[12:]
    results = run(steps, leaf * 1.5, w, ours=False)
    total = sum((np.sum(x * k) for x, k in zip(results, weights, strict=False)), 0.0)
    return results, total


@settings(max_examples=150)
@given(programs())
def test_programs_of_views_and_writes_have_numpys_values_and_their_slopes(steps) -> None:
    numbers = np.random.default_rng(1).uniform(0.3, 1.2, 15)
    weights = [np.random.default_rng(n).uniform(0.5, 1.5, ()) for n in range(12)]
    expected, _ = in_numpy(steps, numbers, weights)

    leaf = gradatim.tensor(numbers[:12].reshape(3, 4), requires_grad=True)
    w = gradatim.tensor(numbers[12:], requires_grad=True)
    ours = run(steps, leaf * 1.5, w, ours=True)
    for x, array in zip(ours, expected, strict=True):
        np.testing.assert_allclose(x.detach().numpy(), array, rtol=1e-12, atol=1e-12)

    total = sum((x * float(k)).sum() for x, k in zip(ours, weights, strict=False))
    total.backward()
    gradient = np.concatenate([_grad(leaf).ravel(), _grad(w)])
    slopes = np.empty(15)
    for n in range(15):
        step = np.zeros(15)
        step[n] = 1e-6
        up, down = (in_numpy(steps, numbers + s, weights)[1] for s in (step, -step))
        slopes[n] = (up - down) / 2e-6
    np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-5)


def _grad(x: gradatim.Tensor) -> np.ndarray:
    return np.zeros(x.shape) if x.grad is None else x.grad.numpy()


# -- in words ------------------------------------------------------------------------------------


def test_every_view_shares_memory() -> None:
    x = gradatim.zeros(2, 3)
    views = [
        x.view(6),
        x.view_as(x),
        x.T,
        x.t(),
        x.transpose(0, 1),
        x.permute(1, 0),
        x.unsqueeze(0),
        x[None].squeeze(),
        x.flatten(),
        x.unflatten(1, (3, 1)),
        x.reshape(3, 2),
        x.expand(4, 2, 3),
        x.narrow(1, 0, 3),
        x.chunk(1)[0],
        x.split(2)[0],
        x.movedim(0, 1),
        x.detach(),
        x.data,
    ]
    x[1, 2] = 5
    for view in views:
        assert (view == 5).any(), view
    views[0][0] = 7
    assert x[0, 0] == 7


def test_a_copy_does_not() -> None:
    x = gradatim.zeros(2, 3)
    copies = [x.clone(), x.T.reshape(6), x.T.contiguous(), x * 1, x.repeat(1, 1)]
    copies += [x.flip(0), x.repeat_interleave(1, 0), x.roll(0), x.tril(2)]
    x.fill_(1)
    for copy in copies:
        assert not copy.any()


def test_a_view_of_what_is_written_later_requires_grad_then() -> None:
    x = gradatim.zeros(3)
    part = x[1:]
    w = gradatim.ones(1, requires_grad=True)
    assert not part.requires_grad
    x[2] = w * 2
    assert part.requires_grad
    part.sum().backward()
    assert w.grad.item() == 2


def test_a_detached_view_has_no_part_in_the_history() -> None:
    w = gradatim.ones(2, requires_grad=True)
    x = w * 2
    cut = x.detach()
    cut[0] = 10
    assert not cut.requires_grad
    assert x[0] == 10
    x.sum().backward()
    assert w.grad.tolist() == [2, 2]


def test_a_write_to_a_view_made_without_a_tape_is_not_lost() -> None:
    w = gradatim.ones(2, requires_grad=True)
    x = w * 2
    y = gradatim.zeros(2)
    with gradatim.no_grad():
        views = x[0], w[0], y[0]
        views[0].mul_(2)
    assert not any(view.requires_grad for view in views)
    with pytest.raises(RuntimeError, match=r"view was made under no_grad\(\)"):
        views[0].mul_(3)
    with pytest.raises(RuntimeError, match="leaf tensor that requires grad"):
        views[1].mul_(3)
    views[2].copy_(w[1])
    y.sum().backward()
    assert w.grad.tolist() == [0, 1]


def test_long_chains_of_views_and_writes() -> None:
    w = gradatim.ones(4, requires_grad=True)
    x = w * 1
    for n in range(2000):
        x[n % 4] += w[0]
    view = x
    for _ in range(50):
        view = view[:]
        view += w
    x.sum().backward()
    assert w.grad.tolist() == [2051, 51, 51, 51]


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,)])
def test_views_of_few_elements(shape: tuple[int, ...]) -> None:
    w = gradatim.ones(shape, requires_grad=True)
    x = w * 3
    x[...] *= 2
    x.view(-1).add_(1)
    x[None][0].mul_(2)
    x.sum().backward()
    assert x.tolist() == np.full(shape, 14.0).tolist()
    assert w.grad.tolist() == np.full(shape, 12.0).tolist()


def test_a_chain_of_100_000_views_of_views() -> None:
    x = gradatim.zeros(2, 3)
    view = x
    for _ in range(100_000):
        view = view.t()
    view[0, 1] = 5.0
    assert x.tolist() == [[0, 5, 0], [0, 0, 0]]
    assert pickle.loads(pickle.dumps(view)).tolist() == x.tolist()
    assert deepcopy(view).tolist() == x.tolist()
    del view  # and with it all steps, one after the other
    x[0, 0] = 1.0
    assert x.sum() == 6


def test_copies_of_what_is_transposed_are_in_order_unless_they_are_drawn():
    x = gradatim.ones(2, 3).t()
    for copy in (x.clone(), gradatim.zeros_like(x), gradatim.empty_like(x)):
        assert copy.is_contiguous()
    assert gradatim.rand_like(x).stride() == x.stride()


# -- the same bytes as numbers of another dtype ----------------------------------------------------


def test_memory_seen_as_another_dtype() -> None:
    x = gradatim.tensor([[1.0, -2.0], [0.0, 3.0]])
    bits = x.view(gradatim.int32)
    assert bits.tolist() == [[0x3F800000, -0x40000000], [0, 0x40400000]]
    assert x.view(dtype=gradatim.uint8).shape == (2, 8)
    assert x.view(gradatim.float64).shape == (2, 1)
    assert gradatim.zeros(0).view(gradatim.float64).shape == (0,)
    assert x.T.view(gradatim.int32).tolist() == bits.T.tolist()
    bits[0, 0] = 0x40000000
    assert x[0, 0] == 2
    x.zero_()
    assert not bits.any()


def test_it_has_no_history_but_writes_to_it_are_noticed() -> None:
    x = gradatim.ones(3, requires_grad=True)
    y = x * 2
    loss = (y * y).sum()
    bits = y.view(gradatim.int32)
    assert not y.view(gradatim.float32).requires_grad
    bits.zero_()
    assert y.requires_grad
    with pytest.raises(AutogradError, match="but it was overwritten in place since"):
        loss.backward()


def test_copies_of_it_share_memory_as_it_does() -> None:
    for copied in (deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))):
        x = gradatim.ones(3)
        y, bits = copied((x, x.view(gradatim.int32)))
        bits.zero_()
        assert (x.tolist(), y.tolist()) == ([1, 1, 1], [0, 0, 0])


def test_a_program_is_given_it_but_does_not_make_it() -> None:
    x = gradatim.ones(3)
    assert gradatim.compile(lambda bits: bits + 1)(x.view(gradatim.int32))[0] == 0x3F800001
    with pytest.raises(TraceError, match=r"call view\(dtype\) there and pass a clone\(\)"):
        gradatim.compile(lambda x: x.view(gradatim.int32) + 1)(x)


@pytest.mark.parametrize(
    ("view", "dtype", "message"),
    [
        (lambda x: x[0, 0], gradatim.uint8, "a 0-d tensor cannot be seen in another size"),
        (lambda x: x.T, gradatim.uint8, "but their stride is 4; use x.contiguous"),
        (lambda x: x[:, ::2], gradatim.float64, "but their stride is 2"),
        (lambda x: x[:, :3], gradatim.float64, "must be divisible by 2, but it is 3"),
        (lambda x: x[:, 1:3], gradatim.float64, "is at 1 and strides are"),
        (lambda x: x.view(4, 3)[:, :2], gradatim.float64, r"strides are \[3\]; use x.clone"),
    ],
)
def test_numbers_of_another_size_must_fit(
    view: Callable[[Any], Any], dtype: Any, message: str
) -> None:
    with pytest.raises(RuntimeError, match=message):
        view(gradatim.ones(3, 4)).view(dtype)


def test_a_shape_and_a_dtype_are_two_views() -> None:
    for wrong in (
        lambda x: x.view(2, gradatim.int32),
        lambda x: x.view(2, dtype=gradatim.int32),
        lambda x: x.view(gradatim.int32, dtype=gradatim.int32),
    ):
        with pytest.raises(TypeError, match="view: give a shape or a dtype, not both"):
            wrong(gradatim.ones(2))
