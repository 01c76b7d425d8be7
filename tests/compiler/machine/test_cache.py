"""The cache of compiled programs: what is stored is found, and only what this user stored."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradatim as g
from gradatim.compiler.machine import cache, linking
from gradatim.compiler.machine.cache_key import cache_key
from gradatim.compiler.machine.target import host
from gradatim.scalar import Value

KEY = "a" * 64
PARTS = {"plan": b'{"buffers": 3}', "object": bytes(range(256)) * 4, "empty": b""}
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "cache"
    monkeypatch.setenv("GRADATIM_CACHE_DIR", str(path))
    return path


@pytest.fixture
def file(folder):
    """The one file of a cache with one program."""
    assert cache.store(KEY, PARTS)
    (path,) = folder.iterdir()
    return path


def test_what_is_stored_is_found(folder):
    assert cache.load(KEY) is None
    assert cache.store(KEY, PARTS)
    assert cache.load(KEY) == PARTS
    assert list(cache.load(KEY)) == list(PARTS)
    assert cache.state() is None


def test_a_second_store_replaces_the_first(file):
    assert cache.store(KEY, {"plan": b"new"})
    assert cache.load(KEY) == {"plan": b"new"}


@given(st.dictionaries(st.text(max_size=8), st.binary(max_size=64), max_size=5))
def test_any_bytes_under_any_names_come_back(tmp_path_factory, parts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADATIM_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "any"))
        assert cache.store(KEY, parts)
        assert cache.load(KEY) == parts


def test_a_truncated_file_is_not_there_whatever_is_left(file):
    whole = file.read_bytes()
    for length in [*range(200), *range(200, len(whole), 61), len(whole) - 1]:
        file.write_bytes(whole[:length])
        assert cache.load(KEY) is None
    file.write_bytes(whole)
    assert cache.load(KEY) == PARTS


def test_a_damaged_byte_anywhere_is_noticed(file):
    whole = file.read_bytes()
    for place in [*range(0, 240, 7), *range(240, len(whole), 97)]:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert cache.load(KEY) is None


@pytest.mark.parametrize("rest", [b"", b"{}", b"[]\n", b"null\n", b'{"key": 1}\n', b"\xff\n"])
def test_a_foreign_file_with_a_good_checksum_is_not_there(file, rest):
    file.write_bytes(b"gradatim 1 " + hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    assert cache.load(KEY) is None


def test_a_file_under_another_name_is_not_there(file):
    file.rename(file.with_name(file.name.replace("a", "b")))
    assert cache.load("b" * 64) is None


def test_a_damaged_file_is_replaced(file):
    file.write_bytes(b"garbage")
    assert cache.store(KEY, PARTS)
    assert cache.load(KEY) == PARTS


def test_other_things_in_the_folder_are_left_alone(folder, file, monkeypatch):
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "more").mkdir()
    monkeypatch.setattr(cache, "LIMIT", 0)
    assert not cache.store("b" * 64, PARTS)
    monkeypatch.setattr(cache, "LIMIT", 1500)
    assert cache.store("b" * 64, PARTS)
    assert {path.name[:2] for path in folder.iterdir()} == {"no", "mo", "bb"}


def test_a_folder_in_the_place_of_a_file_is_not_there(file):
    file.unlink()
    file.mkdir()
    assert cache.load(KEY) is None
    assert not cache.store(KEY, PARTS)


# ---------------------------------------------------------------------------------------- size


def test_the_least_recently_used_goes_first(folder, monkeypatch):
    monkeypatch.setattr(cache, "LIMIT", 5000)
    keys = [letter * 64 for letter in "abcd"]
    for age, key in enumerate(keys[:3]):
        assert cache.store(key, {"object": bytes(1000)})
        os.utime(folder / f"{key}.program", (0, time.time() - 100 + age))
    assert cache.load(keys[0])  # used just now
    assert cache.store(keys[3], {"object": bytes(2500)})
    assert [cache.load(key) is not None for key in keys] == [True, False, False, True]


def test_what_is_larger_than_the_cache_is_not_stored(folder, monkeypatch):
    monkeypatch.setattr(cache, "LIMIT", 500)
    assert not cache.store(KEY, PARTS)
    assert cache.load(KEY) is None


def test_what_a_killed_writer_left_goes_after_an_hour(folder, file, monkeypatch):
    monkeypatch.setattr(cache, "LIMIT", 5000)  # looked through whenever a 64th of it is written
    old, new = folder / ".tmp-old.program", folder / ".tmp-new.program"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, time.time() - 4000))
    assert cache.store(KEY, PARTS)
    assert (old.exists(), new.exists()) == (False, True)


# --------------------------------------------------------------------------------------- rights


@posix
def test_files_and_folder_are_the_users_alone(folder, file):
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_to_is_not_used(folder, file, mode):
    folder.chmod(mode)
    assert cache.load(KEY) is None
    assert not cache.store(KEY, PARTS)
    assert cache.state() == (
        f"the cache folder {folder} is not used: others can write to it "
        "(chmod go-w makes it yours alone)"
    )
    folder.chmod(0o755)
    assert cache.load(KEY) == PARTS


@posix
def test_a_file_that_others_can_write_to_is_not_there(file):
    file.chmod(0o620)
    assert cache.load(KEY) is None


@posix
def test_a_link_or_a_pipe_in_the_place_of_a_file_is_not_there(file, tmp_path):
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert cache.load(KEY) is None
    file.unlink()
    os.mkfifo(file, 0o600)
    assert cache.load(KEY) is None


@posix
@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")
def test_what_belongs_to_another_user_is_not_used(folder, file):
    os.chown(file, 12345, 12345)
    assert cache.load(KEY) is None
    os.chown(file, 0, 0)
    os.chown(folder, 12345, 12345)
    assert cache.load(KEY) is None
    assert cache.state().endswith("it belongs to another user")


@posix
def test_a_read_only_folder_is_read(monkeypatch):
    """In a process without the rights of root, for whom no folder is read-only."""
    code = (
        "import os, sys\n"
        "from gradatim.compiler.machine import cache\n"
        "if os.geteuid() == 0: os.setuid(12345)\n"
        "print(cache.load(sys.argv[1]) is not None, cache.store(sys.argv[1], {}), cache.state())"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        monkeypatch.setenv("GRADATIM_CACHE_DIR", name)
        assert cache.store(KEY, PARTS)
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                os.chown(path, 12345, 12345)
        folder.chmod(0o500)
        printed = subprocess.check_output([sys.executable, "-c", code, KEY], text=True)
        folder.chmod(0o700)
    assert printed.strip() == f"True False the cache folder {folder} cannot be written"


# ------------------------------------------------------------------------------------ the folder


def test_an_empty_variable_switches_the_cache_off(monkeypatch):
    monkeypatch.setenv("GRADATIM_CACHE_DIR", "")
    assert cache.folder() is None
    assert not cache.store(KEY, PARTS)
    assert cache.load(KEY) is None
    assert cache.state().startswith("there is no cache folder")


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("GRADATIM_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert not cache.store(KEY, PARTS)
    assert cache.load(KEY) is None
    assert "cannot be used" in cache.state()


@pytest.mark.skipif(sys.platform != "linux", reason="the other systems have other places")
def test_the_folder_is_where_the_system_has_caches(monkeypatch):
    monkeypatch.delenv("GRADATIM_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", "/of/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/quick")
    assert cache.folder() == Path("/var/quick/gradatim")
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert cache.folder() == Path("/of/somebody/.cache/gradatim")


def test_no_home_is_no_error(monkeypatch):
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("GRADATIM_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert cache.folder() is None
    assert cache.load(KEY) is None


# -------------------------------------------------------------------------------- keys, processes


def test_keys_tell_graphs_and_machines_apart():
    keys = {cache_key("a", host()), cache_key("b", host()), cache_key("a", host().narrow(16))}
    assert len(keys) == (3 if host().vector_bytes > 16 else 2)
    assert cache_key("a", host()) in keys
    assert all(len(key) == 64 for key in keys)


def tensors():
    return g.compile(lambda x: x.exp() * 3)(g.arange(5.0)).tolist()


def values():
    x = Value(2.0)
    return g.compile(lambda: x * 3 + 1)().data


@pytest.mark.skipif(not linking.is_possible(), reason="LLVM's loader takes objects for whole")
@pytest.mark.parametrize(("ask", "names"), [(tensors, ["plan", "code 0"]), (values, ["code"])])
def test_a_program_with_a_damaged_object_is_compiled_anew(folder, ask, names):
    want = ask()
    found = {path.stem: cache.load(path.stem) for path in folder.iterdir()}
    ((key, kept),) = ((key, parts) for key, parts in found.items() if [*parts] == names)
    for size in (0, 40, -1):
        assert cache.store(key, {**kept, names[-1]: kept[names[-1]][:size]})
        assert ask() == want
        assert cache.load(key) == kept


@pytest.mark.parametrize("size", [8, 65])
def test_where_memory_happens_to_begin_makes_no_other_program(folder, size):
    room, found = np.ones(size * size + 12, np.float32), []
    for begin in range(0, 64, 16):
        weight = room[begin // 4 :][: size * size].reshape(size, size)
        assert np.all(g.compile(g.matmul)(g.ones(3, size), g.from_numpy(weight)).numpy() == size)
        found.append({path.name for path in folder.iterdir()})
    assert found[0]
    assert found == found[:1] * 4


def test_a_program_is_compiled_anew_if_an_operation_is_made_of_other_parts(tmp_path):
    package = Path(g.__file__).parent
    left_out = shutil.ignore_patterns("__pycache__", "names", "digits")
    shutil.copytree(package, tmp_path / "gradatim", ignore=left_out)
    ask = (
        "from gradatim.compiler.machine.cache_key import cache_key; "
        "from gradatim.compiler.machine.target import host; "
        "print(cache_key('a', host()))"
    )

    def key():
        command = [sys.executable, "-c", ask]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout

    before = key()
    with (tmp_path / "gradatim/ops/smooth.py").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert key() != before


TWICE = """
import sys
import gradatim
from gradatim.core.primitive import Composite
from gradatim.ops.elementwise import like, mul, same
k = float(sys.argv[1])
times = Composite("times(x)", lambda x: mul(x, like(x, k)), same, x=lambda d: mul(d, like(d, k)))
print(gradatim.compile(times)(gradatim.ones(())).item())
"""


def test_an_operation_of_the_users_own_is_known_by_what_it_does(folder):
    for factor in ("2.0", "3.0"):
        command = [sys.executable, "-c", TWICE, factor]
        found = subprocess.run(command, capture_output=True, check=True, text=True)
        assert found.stdout.strip() == factor
    assert len([*folder.iterdir()]) >= 2


WRITER = """
import sys
from gradatim.compiler.machine import cache
cache.LIMIT = 40_000
for turn in range(60):
    key = f"{turn % 6:064x}"
    assert cache.store(key, {"object": bytes([turn % 6]) * 9_000})
    found = cache.load(f"{(turn + 3) % 6:064x}")
    assert found is None or found["object"] == bytes([(turn + 3) % 6]) * 9_000
"""


def test_processes_store_and_read_at_once(folder):
    processes = [subprocess.Popen([sys.executable, "-c", WRITER]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert 0 < sum(path.stat().st_size for path in folder.iterdir()) <= 40_000
