"""Samples on disk: written whole or not at all, read row by row, however large the file."""

import os
import random
import struct
import sys
import tracemalloc
from pathlib import Path

import pytest

from gradatim.scalar import MLP, MappedSamples, train, two_moons, write_samples


@pytest.fixture
def path(tmp_path):
    return tmp_path / "samples.bin"


def test_what_was_written_is_read_back(path):
    moons = two_moons(20, rng=random.Random(0))
    write_samples(path, moons)
    with MappedSamples(path) as samples:
        assert len(samples) == 20
        assert list(samples) == moons
        assert samples[-1] == moons[-1]
        assert samples[3:7] == moons[3:7]
        with pytest.raises(IndexError, match="sample 20 of 20"):
            samples[20]


def test_samples_are_written_as_they_come(path):
    write_samples(path, (([float(i)], 1.0) for i in range(1000)))
    with MappedSamples(path) as samples:
        assert samples[999] == ([999.0], 1.0)


def test_training_from_the_file_is_training_from_memory(path):
    moons = two_moons(50, rng=random.Random(0))
    write_samples(path, moons)
    losses = []
    with MappedSamples(path) as mapped:
        for samples in (moons, mapped):
            net = MLP(2, [3, 1], rng=random.Random(1))
            run = train(net, samples, rate=0.1, steps=5, batch_size=7, rng=random.Random(2))
            losses.append(run.losses)
    assert losses[0] == losses[1]


@pytest.mark.skipif(sys.platform != "linux", reason="needs sparse files and /proc")
def test_batches_from_a_file_larger_than_memory(path):
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    rows = 2 * memory // 24
    with path.open("wb") as file:  # a hole: it takes no room on the disk
        file.write(struct.pack("<8sQ", b"GRADROWS", 3))
        try:
            file.truncate(16 + 24 * rows)
        except OSError as error:
            pytest.skip(f"this file system has no room for a hole of that size: {error}")
        file.seek(16 + 24 * (rows - 1))
        file.write(struct.pack("<3d", 0.5, 0.25, 1.0))
    before = resident()
    tracemalloc.start()
    with MappedSamples(path) as samples:
        assert len(samples) == rows
        assert samples[-1] == ([0.5, 0.25], 1.0)
        net = MLP(2, [2, 1], rng=random.Random(0))
        run = train(net, samples, rate=0.1, steps=20, batch_size=10, rng=random.Random(0))
        assert run.gradient_evaluations == 200
        assert resident() - before < 64e6  # touched pages only; the file is twice the memory
    allocated = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert allocated < 5e6
    path.unlink()


def resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_a_file_that_fails_halfway_leaves_nothing(path):
    def samples():
        yield [1.0, 2.0], 1.0
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_samples(path, samples())
    assert list(path.parent.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(path):
    write_samples(path, [([1.0], 1.0)])
    with pytest.raises(ValueError, match="sample 1 has 3 inputs, the first 2"):
        write_samples(path, [([1.0, 2.0], 1.0), ([1.0, 2.0, 3.0], 1.0)])
    with pytest.raises(ValueError, match="there are no samples to write"):
        write_samples(path, [])
    with MappedSamples(path) as samples:
        assert list(samples) == [([1.0], 1.0)]
    assert len(list(path.parent.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"a text", b"GRADROWS", b"x" * 100])
def test_another_file_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a file of samples: make one by write_samples"):
        MappedSamples(path)


@pytest.mark.parametrize("missing", [1, 8, 24, 48])
def test_a_truncated_file_is_refused(path, missing):
    write_samples(path, [([1.0, 2.0], 1.0), ([3.0, 4.0], -1.0)])
    path.write_bytes(path.read_bytes()[:-missing])
    if missing == 24:
        assert len(MappedSamples(path)) == 1  # a whole row fewer cannot be told from a shorter set
        return
    with pytest.raises(ValueError, match="is truncated or damaged"):
        MappedSamples(path)


def test_a_missing_file_is_named(path):
    with pytest.raises(FileNotFoundError, match=r"samples\.bin"):
        MappedSamples(path)
