"""Programs and threads: several that compile and run at once, and any number of workers."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gradatim as g
from gradatim.core.cores import usable_cores
from gradatim.nn import functional as F
from tests.compiler.small_training import losses_of, training


def test_threads_compile_and_train_models_of_their_own_at_once():
    alone = [losses_of(seed) for seed in range(4)]
    steps = [training(seed)[3] for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda step: g.compile(step).repeat(20).tolist(), steps)) == alone


def test_threads_compile_one_program_at_once():
    w = g.ones(3, requires_grad=True)
    calls = []

    @g.compile
    def f(x):
        calls.append(threading.get_ident())
        return (w * x).sum().detach()

    start = threading.Barrier(4)

    def call(k):
        start.wait()
        return [f(g.full((3,), float(k))).item() for _ in range(50)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(call, range(4))) == [[3.0 * k] * 50 for k in range(4)]
    assert f.history == ["first call"]
    assert len(calls) == 200
    assert len(set(calls)) == 1


def test_calls_of_one_program_from_several_threads_are_whole_steps():
    w, count = g.zeros(1000), g.tensor(0, dtype=g.int64)

    @g.compile
    def step():
        w.add_(1)
        count.add_(1)
        return w.max() - w.min()

    def call(_):
        return {step().item() for _ in range(200)} | set(step.repeat(20).tolist())

    with ThreadPoolExecutor(4) as pool:
        assert set().union(*pool.map(call, range(4))) == {0.0}
    assert count.item() == 4 * 220
    assert w.tolist() == [880.0] * 1000


def test_a_trace_in_one_thread_does_not_disturb_a_step_in_another():
    _, optimizer, _, step = training()
    model = training()[0]
    program = g.compile(step)
    program()
    stop, found = threading.Event(), []

    def forwards():
        k = 0
        while not stop.is_set():
            k += 1
            found.append(g.compile(lambda x: model(x))(g.ones(1 + k % 7, 4)).shape)

    thread = threading.Thread(target=forwards)
    thread.start()
    expected = training()[3]
    expected()
    try:
        for _ in range(300):
            assert program().item() == pytest.approx(expected().item(), rel=1e-3)
    finally:
        stop.set()
        thread.join()
    assert found
    assert all(p.grad is not None for group in optimizer.param_groups for p in group["params"])


def test_a_program_may_be_dropped_while_another_thread_runs_it():
    for _ in range(5):
        w = g.zeros(50_000)
        programs = [g.compile(lambda w=w: w.add_(1).sum())]
        programs[0]()

        def run(program):
            return program.repeat(3000)[-1].item()

        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(run, programs.pop())
            del w
            gc.collect()
            assert future.result() == pytest.approx(50_000 * 3001, rel=1e-3)


# -- any number of threads -----------------------------------------------------------------------

X = g.randn(3000, 130, generator=g.Generator().manual_seed(5))
Y = g.randn(130, 700, generator=g.Generator().manual_seed(6))
INDEX = g.randint(0, 40, (3000,), generator=g.Generator().manual_seed(7))
LONG = g.randn(64, 5000, generator=g.Generator().manual_seed(8))
DRAWN = g.Generator()

SHARED = {
    "elementwise": lambda: (X * 3).exp().tanh() + X.sin(),
    "total": lambda: (X * X).exp().sum(),
    "sums of rows": lambda: X.exp().tanh().sin().sum(1),
    "sums of columns": lambda: (X * 2).exp().tanh().sin().sum(0),
    "sum of a middle dimension": lambda: X.reshape(30, 100, 130).exp().sum(1),
    "largest": lambda: (X.exp().amax(1), X.amax(0), X.max()),
    "softmax": lambda: (X.softmax(1), X.log_softmax(1), LONG.softmax(1)),
    "normalised rows": lambda: (X - X.mean(1, True)) / (X.var(1, keepdim=True) + 1e-5).sqrt(),
    "moments of columns": lambda: (X.mean(0), X.var(0), X.std()),
    "product": lambda: X @ Y,
    "product with a long inner dimension": lambda: (X.T @ X, LONG @ LONG.T),
    "one row and a large matrix": lambda: (X[:, 0] @ X, X[0] @ X.T),
    "product and what follows": lambda: ((X @ Y).tanh() + 1).sum(0),
    "rows added up by index": lambda: g.zeros(40, 130).index_add(0, INDEX, X.exp().tanh()),
    "an embedding": lambda: (X[INDEX] * 2).exp().sum(0),
    "cross-entropy": lambda: F.cross_entropy(X[:, :40] * 3, INDEX),
    "draws": lambda: (g.rand(3000, 130, generator=DRAWN) * X).exp().sum(),
}


def gradients_of_a_large_step():
    g.manual_seed(0)
    table, w = g.randn(40, 64), g.randn(64, 300)
    table.requires_grad_()
    w.requires_grad_()

    def step():
        table.grad = w.grad = None
        logits = (table[INDEX] @ w).relu() @ w.T
        loss = F.cross_entropy(logits[:, :40], INDEX)
        loss.backward()
        return loss, table.grad, w.grad

    return step


def flat(value):
    parts = value if isinstance(value, tuple) else (value,)
    return [x.detach().numpy() for x in parts]


@pytest.fixture
def threads():
    yield g.set_num_threads
    g.set_num_threads(usable_cores())


@pytest.mark.parametrize("name", [*SHARED, "a step"])
def test_the_result_is_bitwise_the_same_for_any_number_of_threads(name, threads):
    function = gradients_of_a_large_step() if name == "a step" else SHARED[name]
    program = g.compile(function)
    found = []
    for number in (1, 2, 3):
        threads(number)
        found.append([flat(program()) for _ in range(4) if DRAWN.manual_seed(1)])
    (known,) = program.variants.values()
    assert known[0].compiled.shared
    first = found[0][0]
    for runs in found:
        for run in runs:
            for a, b in zip(first, run, strict=True):
                np.testing.assert_array_equal(a.view(np.uint32), b.view(np.uint32))
