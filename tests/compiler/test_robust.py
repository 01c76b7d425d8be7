"""Threads, processes, caches, failures and memory: what can go wrong around a compiled program."""

import gc
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.compiler.machine.cache import folder
from gradatim.nn import functional as F

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def training(seed=0, width=8, dropout=0.2):
    """A model, its optimiser, and one step on a batch that is drawn inside."""
    g.manual_seed(seed)
    generator = g.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, width), nn.Tanh(), nn.Linear(width, 1))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    data = g.randn(32, 4)

    def step():
        batch = data[g.randint(32, (5,), generator=generator)]
        optimizer.zero_grad()
        loss = (model(batch) - 1).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return model, optimizer, generator, step


def losses_of(seed=0, steps=20):
    return g.compile(training(seed)[3]).repeat(steps).tolist()


# -- threads -------------------------------------------------------------------------------------


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

    with ThreadPoolExecutor(4) as pool, pytest.warns(UserWarning, match="changes calls"):
        assert list(pool.map(call, range(4))) == [[3.0 * k] * 50 for k in range(4)]
    assert len(calls) == 1


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
    g.set_num_threads(CORES)


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


# -- processes -----------------------------------------------------------------------------------


def train_in_a_pool(seed):
    return losses_of(seed)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_compile_and_train(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    here = [losses_of(seed) for seed in range(2)]
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(train_in_a_pool, range(2)) == here


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_in_the_middle_of_another_threads_run():
    w = g.zeros(1000)
    step = g.compile(lambda: w.add_(g.rand(1000)).sum())
    step()
    stop = threading.Event()

    def run():
        while not stop.is_set():
            step.repeat(20_000)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for _ in range(5):
            time.sleep(0.02)
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    step()
                    code = 0 if g.compile(lambda x: x + 1)(g.ones(1)).item() == 2 else 2
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        thread.join()


def python(text, **environment):
    """What a new process prints; its errors are ours."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


PLAIN = """
    import gradatim as g
    w = g.ones(3)
    @g.compile
    def step(x):
        w.add_(x)
        return w.sum()
    print(step(g.ones(3)).item(), step.repeat(3, g.ones(3, 3)).tolist())
"""
EXPECTED = "6.0 [9.0, 12.0, 15.0]\n"


def test_a_home_that_cannot_be_written(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o500)
    plain = {"HOME": str(home), "XDG_CACHE_HOME": "", "LOCALAPPDATA": "", "GRADATIM_CACHE_DIR": ""}
    without = "import os; os.environ.pop('GRADATIM_CACHE_DIR'); os.environ.pop('XDG_CACHE_HOME')"
    try:
        assert python(without + textwrap.dedent(PLAIN), **plain) == EXPECTED
    finally:
        home.chmod(0o700)


def test_no_home_at_all():
    without = "import os; [os.environ.pop(k, 0) for k in ('HOME', 'XDG_CACHE_HOME', 'USERPROFILE')]"
    gone = f"{without}; os.environ.pop('GRADATIM_CACHE_DIR', 0)\n"
    assert python(gone + textwrap.dedent(PLAIN)) == EXPECTED


DAMAGED = """
    random.seed(0)
    from pathlib import Path
    for damage in (
        lambda data: b"",
        lambda data: random.randbytes(len(data)),
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1] + bytes(last ^ 1 for last in data[-1:]),
        lambda data: data.replace(b"gradatim", b"gradatam"),
    ):
        for file in Path(os.environ["GRADATIM_CACHE_DIR"]).rglob("*.program"):
            file.write_bytes(damage(file.read_bytes()))
        run()
"""


def test_a_cache_full_of_garbage(tmp_path):
    """What a process reads there is read anew for each program that it makes; but for the code by
    which workers wait, which the last process finds damaged."""
    place = tmp_path / "cache"
    program = textwrap.indent(textwrap.dedent(PLAIN), "    ")
    text = f"import os, random\ndef run():\n{program}\nrun()\n{textwrap.dedent(DAMAGED)}"
    assert python(text, GRADATIM_CACHE_DIR=str(place)) == 6 * EXPECTED
    assert python(PLAIN, GRADATIM_CACHE_DIR=str(place)) == EXPECTED
    assert list(place.rglob("*.program"))


def test_a_file_in_the_place_of_the_cache(tmp_path):
    (tmp_path / "cache").write_text("not a folder", encoding="utf-8")
    assert python(PLAIN, GRADATIM_CACHE_DIR=str(tmp_path / "cache")) == EXPECTED


def test_without_llvmlite_everything_runs_as_it_is_written():
    said = python(f"""
        import sys, warnings
        sys.modules["llvmlite"] = None
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            {textwrap.indent(textwrap.dedent(PLAIN), " " * 12).strip()}
            class A:
                @g.compile
                def twice(self, x):
                    return x * 2
            print(A().twice(g.ones(1)).item())
            p = g.ones(2, requires_grad=True)
            loss = g.compile(lambda: (p * p).sum())()
            loss.backward()
            print(p.grad.tolist())
            from gradatim.scalar import Value
            x = Value(3.0)
            square = g.compile(lambda: x * x)
            print(square().data, square.repeat(2))
        for w in found: print(w.category.__name__, w.message)
    """)
    lines = said.splitlines()
    assert lines[:4] == [EXPECTED.strip(), "2.0", "[2.0, 2.0]", "9.0 [9.0, 9.0]"]
    assert len(lines) == 5
    assert lines[4].startswith("UserWarning gradatim.compile: llvmlite does not work here")
    assert lines[4].endswith("functions run eagerly, in NumPy")


def test_the_cache_of_the_tests_is_not_the_users():
    assert folder() is None or "pytest" in str(folder()) or "GRADATIM_CACHE_DIR" in os.environ


# -- memory --------------------------------------------------------------------------------------


def resident():
    """Bytes of this process that are in memory."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pytest.skip("no /proc on this system")


def test_programs_are_freed_with_their_machine_code_and_their_tensors():
    def made_and_called():
        w = g.zeros(1000)
        program = g.compile(lambda x: w.add_(x).sum())
        program(g.ones(1000))
        ((known,),) = program.variants.values()
        parts = program, known, known.compiled.loaded, known.arena, w.numpy()
        return [weakref.ref(part) for part in parts]

    gone = made_and_called()
    gc.collect()
    assert [r() for r in gone] == [None] * 5


@pytest.mark.filterwarnings("ignore:gradatim.compile")
def test_many_traces_leave_little_behind(monkeypatch):
    """Other shapes, other settings, and other programs; tests of hundreds are among the proofs."""
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")
    scale = [0.0]

    @g.compile
    def f(x):
        return (x * scale[0]).sum()

    def traces(count):
        for k in range(count):
            scale[0] += 1.0
            assert f(g.ones(3 + k % 5)).item() == scale[0] * (3 + k % 5)
            g.compile(lambda x, k=k: x + k)(g.ones(2))

    traces(60)
    gc.collect()
    before = resident()
    traces(60)
    gc.collect()
    assert resident() - before < 8e6
    assert sum(map(len, f.variants.values())) <= 5 * 8


def test_kinds_of_arguments_are_kept_within_bounds(monkeypatch):
    monkeypatch.setattr("gradatim.compiler.program.variants.KINDS", 4)
    f = g.compile(lambda x: x + 1)
    for n in [1, *range(2, 8), 1]:
        f(g.ones(1))
        assert f(g.ones(n)).shape == (n,)
    assert len(f.variants) == 4
    assert f.history.count("first call") == 1
    assert len(f.history) == 7  # the one in use was kept


def test_many_steps_do_not_grow():
    _, _, _, step = training()
    program = g.compile(step)
    program.repeat(1000)
    for _ in range(200):
        program()
    gc.collect()
    before = resident()
    program.repeat(20_000)
    for _ in range(2000):
        program()
    gc.collect()
    assert resident() - before < 2e6
