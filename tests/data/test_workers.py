"""`DataLoader` with worker processes: errors, ends, and what is left behind."""

import gc
import multiprocessing
import os

import numpy as np
import pytest

import gradatim
from gradatim.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info

pytestmark = [
    pytest.mark.skipif(
        "fork" not in multiprocessing.get_all_start_methods(),
        reason="these datasets are made inside tests, and only a forked worker has them",
    ),
    # Forking warns where other threads run, as those of the test runner; workers use none of them.
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*worker processes are more than:UserWarning"),
]


FORK = multiprocessing.get_context("fork") if hasattr(os, "fork") else multiprocessing


@pytest.fixture(autouse=True)
def _no_workers_of_other_tests():
    """An error that was caught keeps its loop, and so the workers, until it is collected."""
    gc.collect()


def loader(dataset, batch_size=2, num_workers=2, **options):
    return DataLoader(
        dataset, batch_size, num_workers=num_workers, multiprocessing_context="fork", **options
    )


def children():
    return {process.pid for process in multiprocessing.active_children()}


class Calling(Dataset):
    """What a function gives for each index."""

    def __init__(self, function, size=8):
        self.function, self.size = function, size

    def __getitem__(self, index):
        return self.function(index)

    def __len__(self):
        return self.size


def test_the_batches_are_those_of_one_process():
    gradatim.manual_seed(3)
    alone = [b.tolist() for b in DataLoader(range(31), 4, shuffle=True)]
    for options in ({}, {"prefetch_factor": 1}, {"prefetch_factor": 5}, {"num_workers": 3}):
        gradatim.manual_seed(3)
        assert [b.tolist() for b in loader(range(31), 4, shuffle=True, **options)] == alone


def late(event):
    """The first batch is made only after the event."""

    def sample(i):
        if i == 0:
            assert event.wait(60)
        return i

    return Calling(sample)


def test_a_slow_worker_keeps_its_place_unless_order_is_given_up():
    other_is_done = FORK.Event()
    waiting = late(other_is_done)
    samples = Calling(lambda i: (i == 7 and other_is_done.set(), waiting[i])[1])
    assert [b.tolist() for b in loader(samples)] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    arrived = FORK.Event()
    batches = iter(loader(late(arrived), in_order=False))
    early = [next(batches).tolist()]
    arrived.set()
    early += [b.tolist() for b in batches]
    assert early[0] == [2, 3]
    assert sorted(early) == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_batches_larger_than_a_pipe_arrive_whole():
    x = gradatim.arange(600_000).reshape(4, 150_000)
    batches = list(loader(TensorDataset(x), 1, prefetch_factor=3))
    assert gradatim.equal(gradatim.cat([b for (b,) in batches]), x)


def test_index_lists_larger_than_a_pipe_do_not_block():
    big = list(range(60_000))
    found = list(loader(Calling(lambda i: i, 60_000), 1, 1, batch_sampler=[big] * 6))
    assert [b.shape[0] for b in found] == [60_000] * 6


def divide(i):
    return 1 // (i - 5)


def test_an_error_has_its_type_the_worker_the_traceback_and_the_index():
    batches = iter(loader(Calling(divide)))
    assert [next(batches).tolist(), next(batches).tolist()] == [[-1, -1], [-1, -1]]
    with pytest.raises(ZeroDivisionError) as caught:
        next(batches)
    text = str(caught.value)
    assert text.startswith("Caught ZeroDivisionError in DataLoader worker process 0.\nOriginal")
    assert "return 1 // (i - 5)" in text
    assert "index 5 of the Calling" in text
    assert next(batches).tolist() == [1, 0]  # as in PyTorch one may go on


def fail(error):
    raise error


class Choosy(Exception):
    def __init__(self, code, reason):
        super().__init__(f"{code}: {reason}")


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (KeyError("x"), KeyError, "KeyError: 'x'\n"),
        (Choosy(3, "no"), RuntimeError, "Choosy: 3: no"),  # cannot be made from a text alone
        (StopIteration(), RuntimeError, "index 0 of the Calling raised StopIteration"),
    ],
)
def test_errors_of_unusual_types(error, kind, told):
    with pytest.raises(kind) as caught:
        list(loader(Calling(lambda i: fail(error))))
    assert told in str(caught.value)


def test_a_sample_that_cannot_be_sent_is_an_error():
    with pytest.raises(RuntimeError, match=r"worker process 0.*\n(.*\n)*.*(pickle|local object)"):
        next(iter(loader(Calling(lambda i: lambda: i), None)))


def test_an_error_in_worker_init_fn_arrives():
    with pytest.raises(ValueError, match="Caught ValueError in DataLoader worker process 0"):
        next(iter(loader(range(8), worker_init_fn=lambda i: fail(ValueError("not today")))))


def test_a_worker_that_dies_is_noticed():
    with pytest.raises(
        RuntimeError, match=r"worker \(pid.*\) exited unexpectedly, with exit code 7"
    ):
        list(loader(Calling(lambda i: os._exit(7) if i == 3 else i)))


def test_a_worker_that_takes_too_long_is_noticed():
    asked_enough = FORK.Event()
    batches = iter(loader(late(asked_enough), timeout=0.1, num_workers=1))
    with pytest.raises(RuntimeError, match="timed out after 0.1 seconds"):
        next(batches)
    asked_enough.set()


def test_init_and_info_in_each_worker():
    info = Calling(lambda i: (get_worker_info().id, get_worker_info().num_workers, os.getpid()))
    told = []
    batches = list(loader(info, worker_init_fn=lambda i: told.append(i)))
    assert [b[0].tolist() for b in batches] == [[0, 0], [1, 1], [0, 0], [1, 1]]
    assert all(b[1].tolist() == [2, 2] for b in batches)
    assert os.getpid() not in {pid for b in batches for pid in b[2].tolist()}
    assert get_worker_info() is None


def test_worker_init_fn_can_change_the_dataset():
    def begin(i):
        get_worker_info().dataset.function = lambda index: 100 * i + index

    found = [b.tolist() for b in loader(Calling(None, 4), worker_init_fn=begin)]
    assert found == [[0, 1], [102, 103]]


class Shares(IterableDataset):
    """0 to `size`, each worker its share; the shares are of unequal length."""

    def __iter__(self):
        return iter(range(3)) if get_worker_info().id else iter(range(10, 20))


def test_a_stream_ends_when_all_workers_are_through():
    assert [b.tolist() for b in loader(Shares())] == [
        *([10, 11], [0, 1], [12, 13], [2], [14, 15], [16, 17], [18, 19])
    ]
    assert sorted(loader(Shares(), None, in_order=False)) == [
        *(0, 1, 2),
        *range(10, 20),
    ]


def test_persistent_workers_stay_and_a_stream_begins_again():
    kept = loader(Shares(), persistent_workers=True)
    first = [b.tolist() for b in kept]
    here = children()
    assert len(here) == 2
    next(iter(kept))  # left at once
    assert [b.tolist() for b in kept] == first
    assert children() == here
    del kept
    assert children() == set()


def test_no_process_is_left_behind():
    list(loader(range(8)))
    assert children() == set()
    half = iter(loader(range(80)))
    next(half)
    assert len(children()) == 2
    del half
    assert children() == set()


def test_two_loops_at_once_end_without_waiting_for_each_other(monkeypatch):
    ended = []  # by force, as a worker that does not see its end for 5 s
    kind = multiprocessing.process.BaseProcess
    by_force = kind.terminate
    monkeypatch.setattr(kind, "terminate", lambda p: (ended.append(p), by_force(p)))
    outer = loader(range(4), persistent_workers=True)
    pairs = [(a.tolist(), b.tolist()) for a in outer for b in loader(range(4))]
    del outer
    assert len(pairs) == 4
    assert ended == []


def test_an_exhausted_iterator_stays_exhausted():
    batches = iter(loader(range(2)))
    assert len(list(batches)) == 1
    assert list(batches) == []


def test_samples_are_what_their_own_process_gives():
    arrays = list(loader(Calling(lambda i: {"x": np.full(2, i), "name": str(i)}, 2)))
    assert arrays[0]["x"].tolist() == [[0, 0], [1, 1]]
    assert arrays[0]["name"] == ["0", "1"]


@pytest.mark.parametrize("given", [{"dataset": Calling(lambda i: i)}, {"collate_fn": lambda x: x}])
def test_what_cannot_be_sent_to_a_worker_is_refused_with_a_way_out(given):
    batches = DataLoader(
        **{"dataset": range(4), **given}, num_workers=1, multiprocessing_context="spawn"
    )
    with pytest.raises(Exception, match=r"(?s)lambda.*top level of a file.*context=\"fork\""):
        next(iter(batches))


def test_workers_that_are_started_afresh_get_the_dataset_sent():
    data = TensorDataset(gradatim.arange(6))
    batches = DataLoader(data, 2, num_workers=1, multiprocessing_context="spawn")
    assert [b.tolist() for (b,) in batches] == [[0, 1], [2, 3], [4, 5]]
