"""A compiled function means what the plain one means: its arguments, its results, its side effects.

Where it cannot, it says so; a wrong number is the one thing that may not happen.
"""

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler.errors import TraceError


def both(make):
    """What three calls return and leave, as written and compiled; `make()` is (function, state)."""
    found = []
    for wrapped in (lambda f: f, g.compile):
        function, arguments, state = make()
        step = wrapped(function)
        returned = [copied(step(*arguments)) for _ in range(3)]
        found.append((returned, copied(state)))
    return found


def copied(value):
    if isinstance(value, g.Tensor):
        return value.detach().numpy().tolist(), str(value.dtype)
    if isinstance(value, list | tuple):
        return [copied(v) for v in value]
    if isinstance(value, dict):
        return {k: copied(v) for k, v in value.items()}
    return value


# -- memory that is reached in two ways ----------------------------------------------------------


def overlapping_arrays():
    memory = np.zeros(10, np.float32)
    p, q = g.from_numpy(memory[:6]), g.from_numpy(memory[4:])

    def step():
        p.add_(1)
        r = q * 1
        p.mul_(2)
        return r

    return step, (), [p, q]


def argument_inside_a_captured_tensor():
    p = g.zeros(4)

    def step(x):
        before = x * 1
        p.add_(1)
        return before, x * 1

    return step, (p[1:3],), [p]


def written_argument_inside_a_captured_tensor():
    p = g.zeros(4)

    def step(x):
        before = p * 1
        x.add_(1)
        return before, p * 1

    return step, (p[1:3],), [p]


def argument_is_a_captured_tensor():
    p = g.zeros(4)

    def step(x):
        p.add_(1)
        return x * 1

    return step, (p,), [p]


def two_arguments_overlap():
    p = g.arange(6.0)

    def step(x, y):
        before = y * 1
        x.add_(1)
        return before, y * 1

    return step, (p[:4], p[2:]), [p]


def one_array_twice():
    memory = np.zeros(6, np.float32)
    p, q = g.from_numpy(memory), g.from_numpy(memory[:])

    def step(x):
        p.add_(x)
        q.add_(x)

    return step, (g.ones(6),), [p, q]


def argument_is_one_of_two_columns_that_are_written():
    memory = np.ones((4, 2), np.float32)
    p, q = g.from_numpy(memory[:, 0]), g.from_numpy(memory[:, 1])

    def step(x):
        p.add_(x)
        q.add_(x)

    return step, (g.from_numpy(memory[:, 0]),), [p, q]


ALIASES = [
    overlapping_arrays,
    one_array_twice,
    argument_is_one_of_two_columns_that_are_written,
    argument_inside_a_captured_tensor,
    written_argument_inside_a_captured_tensor,
    argument_is_a_captured_tensor,
    two_arguments_overlap,
]


@pytest.mark.parametrize("make", ALIASES)
def test_memory_that_is_written_and_reached_in_another_way(make):
    with pytest.warns(UserWarning, match=r"share memory that step writes, .* runs eagerly"):
        plain, compiled = both(make)
    assert compiled == plain


def test_repeat_of_what_overlaps_runs_as_written():
    step, _, state = overlapping_arrays()
    plain, _, expected = overlapping_arrays()
    for _ in range(3):
        last = plain()
    with pytest.warns(UserWarning, match="share memory"):
        found = g.compile(step).repeat(3)
    assert copied(state) == copied(expected)
    assert copied(found) == copied(last)


def test_repeat_with_rows_of_what_it_writes():
    p = g.zeros(3, 2)

    def step(row):
        p[1].add_(1)
        return (row * 1).sum()

    with pytest.warns(UserWarning, match="share memory"):
        assert g.compile(step).repeat(3, p).tolist() == [0.0, 4.0, 0.0]


def columns_side_by_side():
    p = g.zeros(3, 2)

    def step(x, y):
        x.add_(1)
        return y * 1

    return step, (p[:, 0], p[:, 1]), [p]


def the_same_tensor_twice():
    x = g.zeros(2)

    def step(a, b):
        before = b * 1
        a.add_(1)
        return before, b * 1, a

    return step, (x, x), [x]


def a_tensor_and_its_data():
    p = g.zeros(3, requires_grad=True)
    q, r = p.data, p.detach()

    def step():
        q.add_(1)
        return p.detach() * 1, r * 2

    return step, (), [p]


def memory_with_gaps():
    x = g.zeros(3, 4)

    def step(a, b):
        a.add_(b.sum())
        return a.sum()

    return step, (x.t()[1], g.ones(4, 6)[:, ::2]), [x]


def new_data():
    p = g.ones(3, requires_grad=True)

    def step():
        p.data = p.data * 0.5 + 1
        return p * 2

    return step, (), [p]


def a_literal_written_in_place():
    x = g.ones(2)

    def step(y):
        total, table = g.tensor(0.0), g.tensor([1.0, 2.0, 3.0])
        total += y.sum()
        table[0] = 5.0
        table[1:].mul_(2)
        x.add_(total)
        return total, table, g.zeros(2).add_(1)

    return step, (g.ones(2),), [x]


def gradients_that_add_up():
    p = g.tensor([1.0, 2.0], requires_grad=True)

    def step():
        (p * p).sum().backward()
        return p.grad * 1

    return step, (), [p, p.grad]


def gradients_forgotten_at_the_end():
    p = g.tensor([1.0, 2.0], requires_grad=True)
    p.grad = g.tensor([10.0, 10.0])
    left = []

    def step():
        (p * p).sum().backward()
        with g.no_grad():
            p.sub_(0.1 * p.grad)
        p.grad = None
        return p.detach() * 1

    return step, (), [p, left]


def the_gradient_of_an_argument():
    x = g.tensor([1.0, 2.0], requires_grad=True)

    def step(a):
        (a**3).sum().backward()
        return a.grad * 1

    return step, (x,), [x]


def no_elements_and_no_dimensions():
    def step(x, y, n):
        return x * 2, x.sum(), x.reshape(0, 3), y * n, (y + n).reshape(1)

    return step, (g.zeros(0), g.tensor(2.0), 3.0), []


def floats_weigh_nothing_in_dtypes():
    y, whole, double = g.tensor(2.0), g.arange(3), g.ones(2, dtype=g.float64)

    def step(n, m):
        return n * y, whole * n, double * n, n * 2 * y, (n + m) * y, whole / n, y < n

    return step, (3.0, 0.1), []


def everything_that_can_be_returned():
    p = g.ones(2)

    def step(x):
        y = x + 1
        return {"a": [x, y, (None, 3, "s", 2.5, {"b": y})], "c": p, "d": (y.shape, y * 1)}

    return step, (g.ones(2),), [p]


def second_gradients():
    p = g.tensor([2.0, 3.0], requires_grad=True)

    def step(x):
        y = ((p * x) ** 3).sum()
        (first,) = g.autograd.grad(y, [p], create_graph=True)
        (second,) = g.autograd.grad(first.sum(), [p], retain_graph=True)
        with g.no_grad():
            c = p * 2
        p.grad = None
        (first * c).sum().backward(retain_graph=True)
        return first, second, p.grad

    return step, (g.tensor([1.0, 0.5]),), [p]


MEANINGS = [
    columns_side_by_side,
    the_same_tensor_twice,
    a_tensor_and_its_data,
    memory_with_gaps,
    new_data,
    a_literal_written_in_place,
    gradients_that_add_up,
    gradients_forgotten_at_the_end,
    the_gradient_of_an_argument,
    no_elements_and_no_dimensions,
    floats_weigh_nothing_in_dtypes,
    everything_that_can_be_returned,
    second_gradients,
]


@pytest.mark.parametrize("make", MEANINGS)
def test_three_calls_are_three_plain_calls(make):
    plain, compiled = both(make)
    assert repr(compiled) == repr(plain)


def test_views_of_numpy_stay_valid_when_data_is_replaced():
    p = g.ones(3, requires_grad=True)
    seen = p.detach().numpy()

    @g.compile
    def step():
        p.data = p.data * 2

    step()
    assert seen.tolist() == [2, 2, 2]
    assert p.requires_grad


@pytest.mark.parametrize("change", ["p.data = g.ones(5)", "p.data = q", "x.data = q * 1"])
def test_other_memory_that_cannot_be_written_back_is_refused(change):
    p, q = g.ones(3), g.ones(3)

    @g.compile
    def step(x):
        exec(change, {"g": g, "p": p, "q": q, "x": x})  # noqa: S102

    with pytest.raises(TraceError, match=r"other\s+memory"):
        step(g.ones(3))
    assert p.tolist() == [1, 1, 1]


def test_numbers_are_drawn_into_and_like_what_the_function_made() -> None:
    def noisy(x: g.Tensor) -> tuple[g.Tensor, ...]:
        y = x * 2
        return (
            g.rand_like(y),
            g.randn_like(y),
            y.clone().normal_(),
            y.clone().uniform_(-1, 1),
            g.randint_like(y, 9),
            g.zeros(6).bernoulli_(0.4),
        )

    x = g.ones(3, 4)
    g.manual_seed(5)
    expected = noisy(x)
    g.manual_seed(5)
    found = g.compile(noisy)(x)
    for a, b in zip(expected, found, strict=True):
        assert np.array_equal(a.numpy(), b.numpy())


def test_integers_to_a_float_power_are_floats() -> None:
    x = g.arange(4)
    assert (x**2.0).dtype == g.float32
    assert (x**2).dtype == g.int64
    found = g.compile(lambda x, power: x**power)(x, 2.0)
    assert found.dtype == g.float32
    assert found.tolist() == (x**2.0).tolist()


def test_a_half_as_the_exponent_is_a_root() -> None:
    x = g.tensor([4.0, -float("inf"), -0.0, -2.0])
    with np.errstate(invalid="ignore"):
        expected = (x**0.5).numpy()
    found = g.compile(lambda x: x**0.5)(x).numpy()
    assert np.array_equal(expected, found, equal_nan=True)
    assert np.signbit(found[2])
