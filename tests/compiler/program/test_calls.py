"""Calls of compiled functions: what may be passed, what comes back, what may change in between."""

import copy
import gc
import pickle

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.compiler.errors import TraceError
from gradatim.core.errors import AutogradError, WriteError

# -- arguments -----------------------------------------------------------------------------------


def test_read_only_memory_is_read_but_not_written():
    array = np.ones(3, np.float32)
    array.flags.writeable = False
    assert g.compile(lambda x: x * 2)(g.from_numpy(array)).tolist() == [2, 2, 2]
    with pytest.raises(WriteError, match="read-only"):
        g.compile(lambda x: x.add_(1))(g.from_numpy(array))
    with pytest.raises(WriteError, match=r"share one memory location; call \.clone\(\)"):
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


# -- copies ----------------------------------------------------------------------------------------


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


def test_a_result_without_a_way_back_says_so_when_a_backward_pass_comes_to_it():
    model = nn.Linear(3, 1)

    @g.compile
    def compiled(x):
        loss = model(x).exp().sum()
        loss.backward()
        return loss

    loss = compiled(g.ones(2, 3))
    assert loss.requires_grad
    other = g.ones(1, requires_grad=True)
    for mixed in (loss, loss + other.sum()):
        with pytest.raises(AutogradError, match="compile the whole step, with backward"):
            mixed.backward()
    with pytest.raises(AutogradError, match="cannot go back through .*was already walked"):
        g.autograd.grad(compiled(g.ones(2, 3)), [model.weight])
    with g.no_grad():
        assert not g.compile(lambda x: model(x).sum())(g.ones(2, 3)).requires_grad


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

    with pytest.raises(TraceError, match=r"reached an argument .* pass x\.detach\(\)"):
        loss(w * 2)
    assert w.grad is None


# -- what Python does besides --------------------------------------------------------------------


def test_what_cannot_be_done_again_in_every_call_is_said_once():
    shapes = set()

    @g.compile
    def step(x):
        shapes.add(tuple(x.shape))
        return x

    with pytest.warns(UserWarning, match="step changes shapes, but Python runs only while a"):
        step(g.ones(1))
    step(g.ones(1))
    step(g.ones(2))
    assert shapes == {(1,), (2,)}


def test_seeding_inside_is_refused():
    @g.compile
    def draw():
        g.manual_seed(0)
        return g.rand(2)

    with pytest.raises(TraceError, match="gets or sets the state of a random generator"):
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

    with pytest.raises(TraceError, match="writes into an array that was passed to from_numpy in"):
        write(g.ones(2))


def test_hooks_run_while_tracing_and_what_they_do_is_done_in_every_call():
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
    assert calls == [1, 1, 1]


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


def test_a_compiled_function_within_another_may_be_called_on_its_own_in_between() -> None:
    inner = g.compile(lambda x: x * 2)
    outer = g.compile(lambda x: inner(x) + 1)
    for size in (2, 3, 4):
        assert outer(g.ones(2)).tolist() == [3, 3]
        inner(g.ones(size))
    assert outer.history == ["first call"]
    assert len(inner.variants) == 3
