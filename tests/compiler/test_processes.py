"""Programs in other processes: forks, homes that cannot be written, damaged caches, no LLVM."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import gradatim as g
from gradatim.compiler.machine.cache import folder
from tests.compiler.small_training import losses_of


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
