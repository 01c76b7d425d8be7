"""What all tests share: property tests that try the same examples every time, without a clock."""

import atexit
import gc
import os
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# Collecting makes millions of objects that stay: the search for garbage takes half of its time.
gc.disable()

# Tests start hundreds of processes; without compiled files each of them would compile the library.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Some tests press Ctrl-C, which a process that a shell starts in the background is told to ignore.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Compiled programs are kept for this run of the tests, and shared by its processes.
if "PYTEST_XDIST_WORKER" not in os.environ:
    cache = tempfile.TemporaryDirectory(prefix="gradatim-tests-", ignore_cleanup_errors=True)
    atexit.register(cache.cleanup)
    os.environ["GRADATIM_CACHE_DIR"] = cache.name

settings.register_profile(
    "gradatim",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long",
    settings.get_profile("gradatim"),
    max_examples=10_000,
    derandomize=False,
    print_blob=True,
)
settings.load_profile("gradatim")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Look for examples in the package, not in helpers here: some of those need PyTorch."""
    helper = collection_path.suffix == ".py" and not collection_path.name.startswith("test_")
    return True if helper else None


# What is compiled, drawn, trained, large or a process: not for who wants an answer in a minute.
SLOW = (
    *("benchmarks", "cli", "compiler", "diagnose", "draw", "training"),
    *("autograd/test_memory.py", "data/test_workers.py", "models/test_docs_gpt.py"),
)
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whole folders and files as slow; asked once a file, for paths are compared slowly."""
    slow = {HERE / name for name in SLOW}
    known = {path: not slow.isdisjoint((path, *path.parents)) for path in {i.path for i in items}}
    for item in items:
        if known[item.path]:
            item.add_marker(pytest.mark.slow)


@given(st.none())
def first_property(_: None) -> None:
    """Nothing: Hypothesis makes its random generator for the first property that runs.

    On Python 3.14 it warns if the collector finds nothing that refers to it: it misses what is
    frozen.
    """


def pytest_collection_finish() -> None:
    """What is collected stays to the end: no search for garbage has to walk through it again."""
    first_property()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # seldom: it takes a twelfth of the time of small tests
    gc.enable()
