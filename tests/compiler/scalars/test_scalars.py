"""Functions of Values as native programs: the numbers of Python, and many steps in a call."""

import itertools
import math
import random
import signal
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim
from gradatim.compiler.scalars.program import compile_scalars, touches_values
from gradatim.core.errors import ArgumentError
from gradatim.scalar import (
    Value,
    four_samples,
    ieee,
    squared_error,
)
from tests.compiler.scalars.networks import bits, network, numbers, same, training_step


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")


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

    # What this process computes is counted: a busy machine does not make it come too early.
    before = signal.signal(signal.SIGPROF, interrupt)
    began = time.process_time()
    try:
        signal.setitimer(signal.ITIMER_PROF, 0.2)
        with pytest.raises(KeyboardInterrupt):
            fast.repeat(10**12 // 8)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
    assert time.process_time() - began < 5.0
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

    program = compile_scalars(step)
    head, _, operations = program.explain().partition("-\n")
    assert head.startswith("step: 2 Values, 0 numbers given\n\nA step: 5 lines of straight-line")
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
    assert program.explain(stage="trace").splitlines() == operations.splitlines()[:5]
    assert "fmul double" in program.explain(stage="llvm")
    assert "steps:" in program.explain(stage="assembly")
    with pytest.raises(ArgumentError, match="no stage 'x'; there are trace, llvm, assembly"):
        program.explain(stage="x")
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
    assert not touches_values(lambda x: (x, four_samples()), [gradatim.tensor(1.0)])


def test_without_llvm_the_python_function_runs(monkeypatch):
    from gradatim.compiler.machine import engine

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
