"""Functions of Values as native programs: the numbers of the Python function, and its Values."""

import itertools
import math
import random
import signal
import threading
import time
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradatim.compiler.errors import TraceError
from gradatim.compiler.scalars import compile_scalars, touches_values
from gradatim.core.errors import ArgumentError
from gradatim.scalar import (
    MLP,
    Neuron,
    Value,
    descend,
    four_samples,
    ieee,
    lol,
    squared_error,
)

RATE = 0.01


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")


def network(activation="tanh", last=None, seed=1):
    return MLP(3, [4, 4, 1], activation, last, rng=random.Random(seed))


def training_step(net, square=lambda error: error * error):
    """The whole step of session 1."""
    samples = list(zip(*four_samples(), strict=True))

    def step():
        loss = sum(square(net(x) - y) for x, y in samples)
        net.zero_grad()
        loss.backward()
        for p in net.parameters():
            p.data -= RATE * p.grad
        return loss

    return step


def numbers(net):
    return [(p.data, p.grad) for p in net.parameters()]


def bits(numbers):
    return [x.hex() for pair in numbers for x in pair]


# -- the same numbers ----------------------------------------------------------------------


def test_a_step_of_plus_and_times_has_the_bits_of_python():
    ours, python = network("relu", "linear"), network("relu", "linear")
    fast, slow = compile_scalars(training_step(ours)), training_step(python)
    for _ in range(100):
        assert fast().data.hex() == slow().data.hex()
        assert bits(numbers(ours)) == bits(numbers(python))


def test_repeat_is_the_same_steps_in_one_call():
    ours, python = network("relu", "linear"), network("relu", "linear")
    losses = compile_scalars(training_step(ours)).repeat(100)
    slow = training_step(python)
    assert losses == [slow().data for _ in range(100)]
    assert bits(numbers(ours)) == bits(numbers(python))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_a_hundred_steps_with_functions(activation):
    ours, python = network(activation), network(activation)
    losses = compile_scalars(training_step(ours, lambda e: e**2)).repeat(100)
    slow = training_step(python, lambda e: e**2)
    assert losses == pytest.approx([slow().data for _ in range(100)], rel=1e-12)
    for a, b in zip(numbers(ours), numbers(python), strict=True):
        assert a == pytest.approx(b, rel=1e-12, abs=1e-14)


UNARY = ("exp", "log", "tanh", "relu", "sigmoid", "neg")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 1e-320, 1e200, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("name", UNARY)
def test_every_function_at_special_numbers(name):
    def f(a):
        result = -a if name == "neg" else getattr(a, name)()
        result.backward()
        return result

    fast = compile_scalars(f)
    for x in SPECIAL:
        ours, python = Value(x), Value(x)
        same(fast(ours), f(python), rel=1e-12)
        same(ours, python, rel=1e-12)


def test_powers_and_quotients_at_special_numbers():
    def f(a, b):
        results = [a**b, a / b, b**2, b**0.5, b**-1, b**3, b**0]
        for result in results:
            result.backward()
        return results

    fast = compile_scalars(f)
    for a, b in itertools.product(SPECIAL, SPECIAL):
        ours, python = (Value(a), Value(b)), (Value(a), Value(b))
        for x, y in zip((*fast(*ours), *ours), (*f(*python), *python), strict=True):
            same(x, y, rel=1e-12)


def same(ours, python, rel=0.0):
    """Equal numbers; nan is nan, and a zero has its sign."""
    for x, y in ((ours.data, python.data), (ours.grad, python.grad)):
        assert x == pytest.approx(y, rel=rel, abs=0.0, nan_ok=True)
        assert x != 0.0 or math.copysign(1.0, x) == math.copysign(1.0, y)


OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "relu": lambda a, b: a.relu(),
    "neg": lambda a, b: -a,
    "+ 0": lambda a, b: a + 0.0,
    "* 1": lambda a, b: 1.0 * a,
    "* -1": lambda a, b: a * -1.0,
    "constant": lambda a, b: Value(2.0) * b,
}
steps = st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 99), st.integers(0, 99))
plain = st.floats(allow_nan=True, width=64) | st.sampled_from([0.0, -0.0, 1.0])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(steps, min_size=1, max_size=12), st.tuples(plain, plain, plain))
def test_random_graphs_have_the_bits_of_python(graph, leaves):
    def f(*values):
        nodes = list(values)
        for name, i, j in graph:
            nodes.append(OPERATIONS[name](nodes[i % len(nodes)], nodes[j % len(nodes)]))
        nodes[-1].backward()
        for v in values:
            v.data -= 0.5 * v.grad
        return nodes[-1]

    ours, python = [[Value(x) for x in leaves] for _ in range(2)]
    same(compile_scalars(f)(*ours), f(*python))
    for x, y in zip(ours, python, strict=True):
        same(x, y)


def test_a_gradient_of_zero_has_its_sign():
    a, b = Value(-0.0), Value(1.0)

    def f():
        a.grad = b.grad = 0.0
        (a * b).backward()
        return ieee.divide(1.0, a.data), a.data - b.grad

    expected = [x.hex() for x in (-math.inf, -0.0)]
    assert [x.hex() for x in compile_scalars(f)()] == expected
    assert b.grad.hex() == (0.0).hex()


# -- what goes in and comes out ------------------------------------------------------------


def test_floats_are_inputs_and_do_not_compile_again():
    x = Value(4.0)

    def step(rate, *, pull=0.0):
        loss = x * x
        x.zero_grad()
        loss.backward()
        x.data -= rate * (x.grad + pull)

    fast = compile_scalars(step)
    fast(0.25)
    assert x.data == 2.0
    fast(0.5, pull=1.0)
    assert x.data == -0.5
    fast(0.5, pull=2.0)
    assert x.data == -1.0
    assert fast.retraced == []


def test_values_are_arguments_too():
    fast = compile_scalars(lol)
    inputs = [Value(x) for x in (2.0, -3.0, 10.0, -2.0)]
    assert fast(*inputs).data == -8.0
    others = [Value(x) for x in (1.0, 1.0, 1.0, 3.0)]
    assert fast(*others).data == 6.0
    assert [v.data for v in (*inputs, *others)] == [2.0, -3.0, 10.0, -2.0, 1.0, 1.0, 1.0, 3.0]


def test_one_value_given_twice():
    def f(a, b):
        (a * b).backward()

    fast, x = compile_scalars(f), Value(3.0)
    fast(x, x)
    assert x.grad == 6.0
    a, b = Value(3.0), Value(5.0)
    fast(a, b)
    assert (a.grad, b.grad) == (5.0, 3.0)


def test_a_value_given_that_is_also_in_the_closure():
    w = Value(2.0)

    def f(x):
        (w * x).backward()

    fast, other = compile_scalars(f), Value(5.0)
    fast(other)
    assert (w.grad, other.grad) == (5.0, 2.0)
    with pytest.warns(UserWarning, match="a Value that the function can get at by itself"):
        fast(w)
    assert w.grad == 9.0
    fast(other)
    assert (w.grad, other.grad) == (14.0, 4.0)


def test_a_network_is_a_function_of_its_inputs():
    net = network()
    fast = compile_scalars(net)
    for x in ([2.0, 3.0, -1.0], [0.5, 1.0, 1.0]):
        assert fast(x).data == pytest.approx(net(x).data, rel=1e-12)


class Pair(NamedTuple):
    loss: Value
    extra: object


def test_results_keep_their_form():
    a = Value(3.0, label="a")

    def f(x):
        b = a * x
        b.label = "b"
        b.backward()
        return Pair(b, {"slope": a.grad, "same": [a], "word": "yes", "number": 7})

    fast = compile_scalars(f)
    b, rest = fast(2.0)
    assert (b.data, b.grad, b.label) == (6.0, 1.0, "b")
    assert rest == {"slope": 2.0, "same": [a], "word": "yes", "number": 7}
    assert rest["same"][0] is a
    assert fast(2.0)[0] is not b
    a.zero_grad()
    columns = fast.repeat(2, [5.0, 6.0])
    assert columns == Pair(
        [15.0, 18.0], {"slope": [5.0, 11.0], "same": [[3.0] * 2], "word": "yes", "number": 7}
    )


def test_a_gradient_that_was_not_computed_stays_so():
    used, unused = Value(1.0), Value(2.0)

    def f(also_reset):
        used.zero_grad()
        (used * 3.0).backward()
        if also_reset:
            used.zero_grad()
        return used * unused

    fast = compile_scalars(f)
    assert not fast(False).has_grad
    assert (used.grad, used.has_grad, unused.has_grad) == (3.0, True, False)
    fast(True)
    assert (used.grad, used.has_grad) == (0.0, False)


def test_gradients_that_are_not_reset_add_up_over_the_steps():
    x = Value(2.0)
    fast = compile_scalars(lambda: (x * 3.0).backward())
    assert fast.repeat(4) is None
    assert x.grad == 12.0


def test_descend_from_arguments():
    def path(a, b):
        return [p.height for p in descend(lambda x, y: x * x + y * y, [a, b], rate=0.1, steps=5)]

    assert compile_scalars(path)(1.0, 2.0) == path(1.0, 2.0)


def test_an_optimiser_written_in_plain_python():
    def adam(p, state, rate=0.1):
        state["m"].data = 0.9 * state["m"].data + 0.1 * p.grad
        state["v"].data = 0.999 * state["v"].data + 0.001 * p.grad**2
        p.data -= rate * state["m"].data / (state["v"].data ** 0.5 + 1e-8)

    def make():
        p, state = Value(3.0), {"m": Value(0.0), "v": Value(0.0)}

        def step():
            loss = (p - 1.0) * (p - 1.0)
            p.zero_grad()
            loss.backward()
            adam(p, state)
            return loss.data

        return step

    slow = make()
    assert compile_scalars(make()).repeat(50) == pytest.approx([slow() for _ in range(50)])


def test_comparisons_count_as_numbers_and_choose():
    def f(x):
        big = (x > 1.0) & ~(x >= 3.0)
        return big * x, ieee.where(big | (x == -1.0), abs(x), 0.0), (x != x) + 0.0

    fast = compile_scalars(f)
    for x in (0.5, 2.0, 3.0, -1.0):
        big = 1.0 < x < 3.0
        assert fast(x) == (big * x, abs(x) if big or x == -1.0 else 0.0, 0.0)
    larger = compile_scalars(lambda x: x > 1.0)
    assert larger(2.0) is True
    assert larger.repeat(2, [0.0, 2.0]) == [False, True]
    assert fast(math.nan)[2] == 1.0


def test_a_value_of_an_unknown_kind_of_operation():
    from gradatim.scalar import SLOPES

    def cube(v):
        return Value(v.data * v.data * v.data, (v,), "cube")

    SLOPES["cube"] = lambda out, a: (3.0 * a.data * a.data,)
    try:
        x = Value(2.0)
        compile_scalars(lambda: cube(x).backward())()
        assert x.grad == 12.0
    finally:
        del SLOPES["cube"]


# -- what is read from Python --------------------------------------------------------------


def test_a_changed_number_compiles_again_and_says_so_once():
    x, settings = Value(1.0), {"rate": 0.5}

    def step():
        x.data -= settings["rate"]

    fast = compile_scalars(step)
    fast()
    settings["rate"] = 0.25
    message = r"settings\[.rate.\] changed from 0.5 to 0.25, so step is traced again"
    with pytest.warns(UserWarning, match=message):
        fast()
    settings["rate"] = 1.0
    fast()
    assert x.data == 1.0 - 0.5 - 0.25 - 1.0
    assert len(fast.retraced) == 2


def test_a_model_that_is_replaced_or_grows_is_found():
    net = {"now": [Neuron(1, rng=random.Random(0))]}

    def predict():
        return sum(n([1.0]) for n in net["now"])

    fast = compile_scalars(predict)
    fast()
    net["now"].append(Neuron(1, rng=random.Random(1)))
    with pytest.warns(UserWarning, match="so predict is traced again"):
        assert fast().data == pytest.approx(predict().data)
    net["now"] = [Neuron(1, rng=random.Random(2))]
    assert fast().data == pytest.approx(predict().data)


class Hidden:
    """An object that hides its Value where nobody looks."""

    def __init__(self, value):
        places[id(self)] = value

    def __call__(self):
        return places[id(self)]


places = {}


def test_values_that_are_found_only_while_the_function_runs():
    weight = Hidden(Value(2.0))
    fetch = getattr  # a way that reading the code does not show

    def step():
        loss = fetch(weight, "__call__")() * 3.0
        loss.backward()
        return loss

    fast = compile_scalars(step)
    assert fast().data == 6.0
    weight().data = 5.0
    assert fast().data == 15.0
    assert weight().grad == 6.0


# -- what cannot be traced -----------------------------------------------------------------


def branch(v):
    return v if v.data > 0.0 else -v


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (branch, r"test_scalars.py, line \d+: `return v if v.data > 0.0 else -v`: this decision"),
        (lambda v: math.exp(v.data), r"`\(lambda v: math.exp\(v.data\).*real number, not Traced"),
        (lambda v: int(v.data), "known only when the compiled program runs"),
        (lambda v: f"{v.data:.3f}", "such as printing, outside"),
        (lambda v: max(v.data, 0.0), "ieee.where"),
        (lambda v: v**v.data, "a Value holds one number, got a Traced"),
        (lambda v: v * random.random(), "draws from Python's `random`"),
    ],
)
def test_what_needs_a_number_now_is_refused_by_line_with_the_way_out(function, message):
    v = Value(2.0, label="v")
    state = random.getstate()
    with pytest.raises(TraceError, match=message):
        compile_scalars(function)(v)
    assert (v.data, v.has_grad) == (2.0, False)
    assert random.getstate() == state


def test_a_trace_that_raises_leaves_every_value_as_it_was():
    net = network()
    before = numbers(net)

    def step():
        loss = net([1.0, 2.0, 3.0])
        loss.backward()
        for p in net.parameters():
            p.data -= p.grad
        raise KeyError("in the middle")

    with pytest.raises(KeyError, match="in the middle"):
        compile_scalars(step)()
    assert numbers(net) == before
    assert not any(p.has_grad for p in net.parameters())


def test_what_is_kept_outside_is_refused():
    history, x = [], Value(1.0)

    def step():
        history.append(x.data * 2.0)

    with pytest.raises(TraceError, match="into a list that outlives it"):
        compile_scalars(step)()
    assert x.data == 1.0


def test_other_errors_are_the_functions_own():
    def wrong(v):
        return v + "1"

    with pytest.raises(TypeError, match="a Value holds one number, got the text '1'"):
        compile_scalars(wrong)(Value(1.0))


# -- repeat, explain, threads --------------------------------------------------------------


def test_repeat_gives_each_step_its_arguments():
    def make():
        net = network()

        def step(x, y, rate):
            loss = (net(x) - y) * (net(x) - y)
            net.zero_grad()
            loss.backward()
            for p in net.parameters():
                p.data -= rate * p.grad
            return loss.data, rate

        return step

    rng = random.Random(0)
    xs = [[rng.random() for _ in range(3)] for _ in range(20)]
    ys, rates = [rng.random() for _ in xs], [0.1 / i for i in range(1, 21)]
    slow = make()
    losses, seen = compile_scalars(make()).repeat(20, xs, ys, rates)
    expected = [slow(*row)[0] for row in zip(xs, ys, rates, strict=True)]
    assert losses == pytest.approx(expected, rel=1e-12)
    assert seen == rates


def test_repeat_of_nonsense():
    x = Value(1.0)
    fast = compile_scalars(lambda y: x * y)
    for n in (0, -1, 1.5, "3", True):
        with pytest.raises(ArgumentError, match="repeat: expects a whole number of steps, at le"):
            fast.repeat(n, [1.0])
    with pytest.raises(ArgumentError, match="input 0 has one argument for each of 3 steps, got 2"):
        fast.repeat(3, [1.0, 2.0])
    with pytest.raises(ArgumentError, match="input 0 has one argument for each of 3 steps, got 2"):
        fast.repeat(3, 2)
    with pytest.raises(ArgumentError, match="arguments of step 1 differ from those of step 0"):
        fast.repeat(2, [1.0, 2])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals on this system")
def test_an_interrupt_ends_a_repeat_between_two_steps():
    count, half = Value(0.0), Value(0.0)

    def step():
        count.data += 1.0
        half.data += 0.5

    fast = compile_scalars(step)
    fast()

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    began = time.perf_counter()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            fast.repeat(10**12 // 8)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert time.perf_counter() - began < 5.0
    assert count.data > 1000.0
    assert half.data == count.data / 2


def test_explain_shows_operations_results_and_text():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")

    def step():
        loss = a * b
        a.zero_grad()
        loss.backward()
        a.data -= 0.5 * a.grad
        return loss

    shown = compile_scalars(step).explain()
    operations, _, text = shown.partition("\n\ndefine")
    assert operations.splitlines() == [
        "v3 = a.data * b.data",
        "v6 = 0.0 + b.data",
        "v7 = b.grad + a.data",
        "v9 = 0.5 * v6",
        "v10 = a.data - v9",
        "",
        "a.data = v10",
        "a.grad = v6",
        "b.grad = v7",
        "result.grad = 1.0",
        "return v3",
    ]
    assert "fmul double" in text
    assert (a.data, b.data, a.has_grad) == (2.0, 3.0, False)


def test_two_threads_train_two_networks():
    nets = [network(seed=seed) for seed in (1, 2)]
    alone = [compile_scalars(training_step(network(seed=seed))).repeat(2000) for seed in (1, 2)]
    together = {}

    def train(i):
        together[i] = compile_scalars(training_step(nets[i])).repeat(2000)

    threads = [threading.Thread(target=train, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[0], together[1]] == alone


def test_a_compiled_function_inside_another():
    x = Value(3.0)
    inner = compile_scalars(lambda v: v * v)
    outer = compile_scalars(lambda: inner(x) + 1.0)
    assert outer().data == 10.0
    x.data = 4.0
    assert outer().data == 17.0


def test_which_functions_are_about_values():
    net = network()
    assert touches_values(lambda: net)
    assert touches_values(net)
    assert touches_values(net.parameters)
    assert touches_values(training_step(net))
    assert touches_values(lambda x: Value(x))
    assert touches_values(lambda x: x, [[Value(1.0)]])
    assert not touches_values(lambda x: math.exp(x), [1.0, [2.0]])


def test_without_llvm_the_python_function_runs(monkeypatch):
    from gradatim.compiler import engine

    monkeypatch.setattr(engine, "available", lambda: "not here")
    ours, python = network(), network()
    fast, slow = compile_scalars(training_step(ours)), training_step(python)
    assert fast().data == slow().data
    assert fast.repeat(3) == [slow().data for _ in range(3)]
    assert numbers(ours) == numbers(python)


def test_squared_error_of_the_course():
    net, samples = network(), list(zip(*four_samples(), strict=True))
    fast = compile_scalars(lambda: squared_error(net, samples))
    assert fast().data == pytest.approx(squared_error(net, samples).data, rel=1e-12)
