"""A compiled function means what the plain one means: its arguments, its results, its side effects.

Where it cannot, it says so; a wrong number is the one thing that may not happen.
"""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.compiler.errors import TraceError
from gradatim.core.errors import AutogradError, WriteError


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


ALIASES = [
    overlapping_arrays,
    argument_inside_a_captured_tensor,
    written_argument_inside_a_captured_tensor,
    argument_is_a_captured_tensor,
    two_arguments_overlap,
]


@pytest.mark.parametrize("make", ALIASES)
def test_memory_that_is_written_and_reached_in_another_way(make):
    with pytest.warns(UserWarning, match=r"share memory that step writes, .* as it is written"):
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
        return n * y, whole * n, double * n, n * 2 * y, m * y, whole / n, y < n

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


# -- arguments -----------------------------------------------------------------------------------


def test_read_only_memory_is_read_but_not_written():
    array = np.ones(3, np.float32)
    array.flags.writeable = False
    assert g.compile(lambda x: x * 2)(g.from_numpy(array)).tolist() == [2, 2, 2]
    with pytest.raises(WriteError, match="read-only"):
        g.compile(lambda x: x.add_(1))(g.from_numpy(array))
    with pytest.raises(WriteError, match=r"share one place in memory; call \.clone\(\)"):
        g.compile(lambda x: x.add_(1))(g.zeros(1).expand(3))


def test_all_ways_to_pass_arguments():
    @g.compile
    def f(x, *more, k=2, **named):
        return x * k + sum(more) + named.get("z", 0)

    one = g.ones(1)
    calls = [f(one), f(one, 1, 2.5), f(one, one, k=3), f(one, z=one), f(one, z=5.0), f(x=one)]
    assert [c.item() for c in calls] == [2.0, 5.5, 4.0, 3.0, 7.0, 2.0]


def test_objects_among_the_arguments_are_followed():
    class Settings:
        scale = 2.0

    settings = Settings()
    settings.scale = 2.0
    f = g.compile(lambda x, settings: x * settings.scale)
    assert f(g.ones(1), settings).item() == 2.0
    settings.scale = 3.0
    with pytest.warns(UserWarning, match=r"scale changed from 2\.0 to 3\.0"):
        assert f(g.ones(1), settings).item() == 3.0


def test_functions_among_the_arguments_are_told_apart_even_when_they_are_gone():
    f = g.compile(lambda x, act: act(x))
    for k in range(5):

        def act(x, k=k):
            return x * k

        assert f(g.ones(1), act).item() == k
        del act
        gc.collect()


def test_arrays_among_the_arguments_are_refused():
    with pytest.raises(TypeError, match=r"NumPy array as an argument, .* gradatim\.from_numpy"):
        g.compile(lambda x: x)(np.ones(2))


def test_numpys_numbers_are_numbers():
    f = g.compile(lambda x, n: x * n)
    found = [f(g.ones(1), n).item() for n in (np.float32(2), np.float64(3), np.int64(4))]
    assert found == [2.0, 3.0, 4.0]


def test_generators_and_async_functions_are_refused():
    def pieces(x):
        yield x

    async def later(x):
        return x

    with pytest.raises(TypeError, match="pieces is a generator, which runs piece by piece"):
        g.compile(pieces)
    with pytest.raises(TypeError, match="later is an async function"):
        g.compile(later)
    with pytest.raises(TypeError, match="expects a function, got int"):
        g.compile(3)


# -- methods, copies -----------------------------------------------------------------------------


class Scaled:
    """An object with a compiled method."""

    def __init__(self, scale):
        self.w = g.full((2,), scale)

    @g.compile
    def forward(self, x, *, shift=0.0):
        return self.w * x + shift

    @g.compile
    def grow(self):
        return self.w.mul_(2).sum()


def test_a_method_is_compiled_for_each_object():
    a, b = Scaled(2.0), Scaled(3.0)
    assert a.forward(g.ones(2)).tolist() == [2, 2]
    assert b.forward(g.ones(2)).tolist() == [3, 3]
    assert a.forward(g.ones(2), shift=1.0).tolist() == [3, 3]
    assert Scaled.forward(b, g.ones(2)).tolist() == [3, 3]
    assert a.grow.repeat(3).tolist() == [8, 16, 32]
    assert a.forward is a.forward


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copied_object_has_a_program_of_its_own(twin):
    a = Scaled(2.0)
    a.forward(g.ones(2))
    b = twin(a)
    b.w = g.full((2,), 5.0)
    assert b.forward(g.ones(2)).tolist() == [5, 5]
    assert a.forward(g.ones(2)).tolist() == [2, 2]


def test_objects_are_freed_with_their_programs():
    a = Scaled(2.0)
    a.forward(g.ones(2))
    gone = weakref.ref(a)
    del a
    gc.collect()
    assert gone() is None


class Slotted:
    __slots__ = ()

    @g.compile
    def forward(self, x):
        return x


def test_a_method_of_objects_without_a_place_for_it():
    with pytest.raises(TypeError, match=r"Slotted\.forward cannot be compiled: .* no __dict__"):
        Slotted().forward(g.ones(1))


@g.compile
def doubled(x):
    """Twice as much."""
    return x * 2


def test_a_program_is_pickled_by_name_and_copied_as_a_function():
    assert pickle.loads(pickle.dumps(doubled)) is doubled
    assert doubled.__doc__ == "Twice as much."
    assert copy.deepcopy(doubled)(g.ones(1)).item() == 2.0
    assert pickle.loads(pickle.dumps(g.compile(g.exp)))(g.zeros(1)).item() == 1.0


def test_a_copied_model_runs_with_its_own_parameters():
    model = nn.Linear(3, 1)
    model.run = g.compile(model.forward)
    before = model.run(g.ones(3)).item()
    twin = copy.deepcopy(model)
    with g.no_grad():
        twin.weight.zero_()
        twin.bias.zero_()
    assert twin.run(g.ones(3)).item() == 0.0
    assert model.run(g.ones(3)).item() == before


# -- results -------------------------------------------------------------------------------------


def test_what_was_there_is_returned_itself_and_twice_the_same_is_the_same():
    p, x = g.ones(2), g.zeros(2)

    def f(x):
        p.add_(1)
        y = x * 2
        return x, p, y, [y]

    same, captured, y, (again,) = g.compile(f)(x)
    assert same is x
    assert captured is p
    assert again is y


def test_a_result_without_history_says_so_when_a_backward_pass_comes_to_it():
    model = nn.Linear(3, 1)
    compiled = g.compile(lambda x: model(x).sum())
    loss = compiled(g.ones(2, 3))
    assert loss.requires_grad
    other = g.ones(1, requires_grad=True)
    for mixed in (loss, loss + other.sum()):
        with pytest.raises(AutogradError, match="compile the whole step, with backward"):
            mixed.backward()
    with pytest.raises(AutogradError, match="which keeps no history"):
        g.autograd.grad(compiled(g.ones(2, 3)), [model.weight])
    assert model.weight.grad is None
    with g.no_grad():
        assert not compiled(g.ones(2, 3)).requires_grad


def test_leaves_made_inside_are_leaves_outside():
    w = g.compile(lambda: g.ones(2, requires_grad=True))()
    assert w.is_leaf
    (w * 3).sum().backward()
    assert w.grad.tolist() == [3, 3]


def test_backward_into_a_graph_from_outside_is_refused():
    w = g.ones(2, requires_grad=True)

    @g.compile
    def loss(h):
        h.sum().backward()

    with pytest.raises(TraceError, match=r"came to an argument .* pass x\.detach\(\)"):
        loss(w * 2)
    assert w.grad is None


# -- what Python does besides --------------------------------------------------------------------


def test_what_changes_in_python_is_said_once():
    counts = [0]

    @g.compile
    def step(x):
        counts[0] += 1
        return x

    with pytest.warns(UserWarning, match=r"step changes counts\[0\], but Python runs only while"):
        step(g.ones(1))
    step(g.ones(1))
    step(g.ones(2))
    assert counts == [2]


class Keeper:
    kept = None

    def lazily(self, x):
        if self.kept is None:
            self.kept = g.zeros(2)
        self.kept.add_(x)
        return self.kept * 1

    def for_a_look(self, x):
        self.kept = x * 2
        return self.kept + 1


def test_state_made_in_the_first_call_is_refused():
    keeper = Keeper()
    keeper.kept = None
    with pytest.raises(TraceError, match="make it before the first call"):
        g.compile(keeper.lazily)(g.ones(2))


@pytest.mark.parametrize(
    "use",
    [lambda x: x + 1, lambda x: x.tolist(), lambda x: float(x.sum()), g.compile(lambda x: x + 1)],
)
def test_a_tensor_kept_for_a_look_has_no_numbers_and_says_so(use):
    keeper = Keeper()
    keeper.kept = None
    with pytest.warns(UserWarning, match=r"changes self\.kept"):
        assert g.compile(keeper.for_a_look)(g.ones(2)).tolist() == [3, 3]
    with pytest.raises(g.core.errors.GradatimError, match="made .*while .* traced"):
        use(keeper.kept)


def test_seeding_inside_is_refused():
    @g.compile
    def draw():
        g.manual_seed(0)
        return g.rand(2)

    with pytest.raises(TraceError, match="asks a random generator for its state or gives it one"):
        draw()


def test_an_array_adopted_inside_is_read_live_but_not_written():
    array = np.ones(2, np.float32)

    @g.compile
    def read(x):
        return x + g.from_numpy(array)

    assert read(g.ones(2)).tolist() == [2, 2]
    array += 1
    with pytest.warns(UserWarning, match="the numbers in the NumPy array array changed"):
        assert read(g.ones(2)).tolist() == [3, 3]

    @g.compile
    def write(x):
        return g.from_numpy(np.zeros(2, np.float32)).add_(x)

    with pytest.raises(TraceError, match="writes into an array that from_numpy was given inside"):
        write(g.ones(2))


def test_hooks_run_while_tracing_and_their_work_in_every_call():
    calls = []
    p = g.ones(2, requires_grad=True)
    p.register_hook(lambda grad: (calls.append(1), grad * 2)[1])

    @g.compile
    def step():
        p.grad = None
        (p * 3).sum().backward()

    for _ in range(3):
        step()
    assert p.grad.tolist() == [6, 6]
    assert calls == [1]


def test_where_operations_are_watched_functions_run_as_written():
    p = g.zeros(1, requires_grad=True)

    @g.compile
    def step():
        p.grad = None
        (p.sqrt() * 0).sum().backward()

    step()
    with (
        g.autograd.detect_anomaly(),
        pytest.raises(AutogradError, match="SqrtBackward0 returned nan"),
    ):
        step()
    with g.autograd.stop_at_non_finite(), pytest.raises(g.autograd.NonFiniteError):
        step()


def test_a_program_inside_another_one_becomes_part_of_it():
    scale = [2.0]
    inner = g.compile(lambda x: x * scale[0])
    outer = g.compile(lambda x: inner(x) + 1)
    assert outer(g.ones(1)).item() == 3.0
    scale[0] = 5.0
    with pytest.warns(UserWarning, match=r"changed from 2\.0 to 5\.0"):
        assert outer(g.ones(1)).item() == 6.0
    with pytest.raises(TraceError, match=r"\.repeat\(\) is called in a function that is traced"):
        g.compile(lambda: inner.repeat(2, g.ones(2)))()


# -- what may change between calls ---------------------------------------------------------------


def test_memory_dtype_and_wishes_of_parameters_may_change():
    p = g.zeros(3, requires_grad=True)
    f = g.compile(lambda: p * 2)
    f()
    p.data = g.ones(3)
    with pytest.warns(UserWarning, match="p has other memory than before"):
        assert f().tolist() == [2, 2, 2]
    p.data = g.ones(5, dtype=g.float64)
    assert (f().dtype, f().shape) == (g.float64, (5,))
    with g.no_grad():
        assert not f().requires_grad
    p.requires_grad_(False)
    assert not f().requires_grad


def test_the_default_dtype_counts():
    f = g.compile(lambda: g.ones(2) * 0.5)
    assert f().dtype == g.float32
    g.set_default_dtype(g.float64)
    try:
        assert f().dtype == g.float64
    finally:
        g.set_default_dtype(g.float32)


def training():
    g.manual_seed(1)
    model = nn.Linear(3, 2)
    optimizer = optim.AdamW(model.parameters(), lr=0.01)

    @g.compile
    def step(x):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return model, optimizer, step


def test_a_training_step_is_traced_once_and_a_loaded_state_is_no_change():
    model, optimizer, step = training()
    before = copy.deepcopy([model.state_dict(), optimizer.state_dict()])
    first = [step(g.ones(1, 3)).item() for _ in range(4)]
    model.load_state_dict(before[0])
    optimizer.load_state_dict(before[1])
    assert [step(g.ones(1, 3)).item() for _ in range(4)] == first
    assert step.history == ["first call"]


def test_a_parameter_given_to_the_optimiser_later_is_trained():
    p, q = g.ones(2, requires_grad=True), g.ones(2, requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)

    @g.compile
    def step():
        optimizer.zero_grad()
        q.grad = None
        (p * q).sum().backward()
        optimizer.step()

    step()
    assert q.tolist() == [1, 1]
    optimizer.add_param_group({"params": [q]})
    with pytest.warns(UserWarning, match="is traced again"):
        step()
    assert q.tolist() == pytest.approx([1 - 0.1 * 0.9] * 2)


def test_parameters_frozen_later_stay():
    p, q = g.ones(2, requires_grad=True), g.ones(2, requires_grad=True)

    @g.compile
    def step():
        p.grad = q.grad = None
        (p * q).sum().backward()

    step()
    q.requires_grad_(False)
    with pytest.warns(UserWarning, match=r"q\.requires_grad changed from True to False"):
        step()
    assert (p.grad.tolist(), q.grad) == ([1, 1], None)
