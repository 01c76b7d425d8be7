"""Datasets, samplers and loaders beside PyTorch, and what they say when something is wrong."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import gradatim
from gradatim.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
)
from tests.reference.loader_cases import CASES, run

STORED = json.loads(
    (Path(__file__).parents[1] / "reference" / "loader.json").read_text(encoding="utf-8")
)
# Forking warns where other threads run, as those of the test runner; the workers use none of them.
forks = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


@forks
@pytest.mark.parametrize("name", CASES)
def test_everything_is_as_in_pytorch_for_the_same_seed(name):
    assert json.loads(json.dumps(run(name, gradatim))) == STORED[name]


# ----------------------------------------------------------------------------- batches at once


class OneByOne(TensorDataset):
    """A table that the loader reads sample by sample, as it may have been changed."""

    def __getitem__(self, index):
        return super().__getitem__(index)


@pytest.mark.parametrize("dtype", [gradatim.float64, gradatim.int64, gradatim.uint8, gradatim.bool])
@pytest.mark.parametrize("shape", [(12,), (12, 3), (12, 0, 2), (12, 2, 2)])
def test_a_batch_taken_at_once_is_the_one_of_its_samples(dtype, shape):
    x = gradatim.randint(0, 100, shape).to(dtype)
    tensors = x, x.movedim(0, -1).contiguous().movedim(-1, 0), gradatim.arange(12)
    for kind in (lambda data: data, lambda data: Subset(Subset(data, range(1, 11)), [3, 9, 1])):
        pairs = [
            DataLoader(kind(cls(*tensors)), 4, sampler=[2, 0, 1, 1, 2])
            for cls in (TensorDataset, OneByOne)
        ]
        for fast, slow in zip(*pairs, strict=True):
            assert type(fast) is type(slow) is list
            for ours, theirs in zip(fast, slow, strict=True):
                assert ours.dtype == theirs.dtype
                assert ours.shape == theirs.shape
                assert ours.is_contiguous()
                assert gradatim.equal(ours, theirs)


def test_a_batch_has_memory_of_its_own():
    x = gradatim.arange(4.0)
    for (batch,) in DataLoader(TensorDataset(x), 2):
        batch.zero_()
    assert x.tolist() == [0, 1, 2, 3]


def test_batches_of_what_requires_grad_carry_the_gradient():
    x = gradatim.arange(3.0).requires_grad_()
    for (batch,) in DataLoader(TensorDataset(x), 2):
        (batch * 2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


# ----------------------------------------------------------------------------------- messages


class Fragile(Dataset):
    """Its sample 3 cannot be read."""

    def __init__(self, error):
        self.error = error

    def __getitem__(self, index):
        if index == 3:
            raise self.error
        return index

    def __len__(self):
        return 6


def notes(error):
    return "\n".join(getattr(error, "__notes__", []))


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: Subset(data, [5, 3])])
def test_an_error_in_the_dataset_keeps_its_type_and_says_at_which_index(batch_size, wrap):
    with pytest.raises(ZeroDivisionError, match="^broken") as caught:
        list(DataLoader(wrap(Fragile(ZeroDivisionError("broken"))), batch_size))
    assert "index 3 of the Fragile" in notes(caught.value)


def test_a_dataset_that_stops_does_not_end_the_loop_silently():
    with pytest.raises(RuntimeError, match="index 3 of the Fragile raised StopIteration"):
        list(DataLoader(Fragile(StopIteration())))


def test_an_index_outside_a_table_is_named():
    with pytest.raises(IndexError) as caught:
        list(DataLoader(TensorDataset(gradatim.ones(3)), 2, sampler=[0, 7]))
    assert "index 7 of the TensorDataset" in notes(caught.value)


def test_samples_that_make_no_batch_are_named():
    data = [np.ones(2), np.ones(2), np.ones(3), np.ones(2)]
    with pytest.raises(RuntimeError, match=r"stack: tensor 1 has shape \[3\]") as caught:
        list(DataLoader(data, 2, sampler=[0, 1, 3, 2]))
    assert "the samples at 3, 2 were made a batch" in notes(caught.value)


def test_a_getitems_of_the_wrong_length_is_refused():
    class Short(Dataset):
        def __getitems__(self, indices):
            return indices[:-1]

        def __len__(self):
            return 4

    with pytest.raises(ValueError, match="__getitems__ returned 1 samples for 2 indices"):
        list(DataLoader(Short(), 2))
    with pytest.raises(ValueError, match="returned 1 samples for 2"):
        list(DataLoader(StackDataset(Short(), range(4)), 2))


def test_a_part_with_a_getitem_of_its_own_must_have_a_getitems():
    class Doubled(Subset):
        def __getitem__(self, index):
            return super().__getitem__(index) * 2

    with pytest.raises(NotImplementedError, match="Doubled has a __getitem__ of its own"):
        Doubled([1], [0])


MESSAGES = {
    "shuffle_and_sampler": "leave out shuffle",
    "batch_sampler_and_size": "leave out batch_size, shuffle, sampler and drop_last",
    "batch_size_0": "batch_size is a whole number from 1, got 0",
    "prefetch_without_workers": "prefetch_factor is about workers; give num_workers > 0",
    "shuffled_stream": "in its own order, got shuffle=True; shuffle inside the dataset",
    "batch_size_set_later": "batch_size is not to be set after the loader is made; make another",
    "uneven_tensors": "the tensors have 2, 3 rows; they must have equally many",
    "split_too_long": "the lengths sum to 3, but the dataset has 2 samples",
    "unknown_context": "is one of .*spawn.*, got 'thread'",
    "chained_lists": "chains IterableDatasets, got list; use ConcatDataset",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_refused_says_what_to_do(name):
    with pytest.raises(Exception, match=MESSAGES[name]):
        CASES[f"refused_{name}"](gradatim, gradatim.utils.data)


def test_what_pytorch_refuses_later_is_refused_at_once():
    with pytest.raises(ValueError, match="timeout is about workers; give num_workers > 0"):
        DataLoader([1], timeout=1)
    with pytest.raises(ValueError, match="prefetch_factor is 1 or more, got 0"):
        DataLoader([1], num_workers=1, prefetch_factor=0)


def test_what_cannot_be_collated_says_what_to_do():
    with pytest.raises(TypeError, match="found <class 'set'>; pass a collate_fn"):
        default_collate([{1}, {2}])
    with pytest.raises(RuntimeError, match="sample 1 of the batch has 2 elements and the first 1"):
        default_collate([[1], [1, 2]])


# ----------------------------------------------------------------------------------- warnings


class Liar(IterableDataset):
    def __iter__(self):
        return iter(range(3))

    def __len__(self):
        return 2


def test_warnings_where_pytorch_has_them():
    loader = DataLoader(Liar())
    assert len(list(loader)) == 3  # nobody asked for its length yet
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="the stream said it has 2 samples, but gave 3"):
        list(loader)
    with pytest.warns(UserWarning, match="pin_memory=True has no effect"):
        list(DataLoader([1], pin_memory=True))
    with pytest.warns(UserWarning, match="part 2 of 2 samples is empty"):
        random_split([1, 2], [0.4, 0.4, 0.2])
    with pytest.warns(UserWarning, match="1000 worker processes are more than"):
        DataLoader([1], num_workers=1000)


# --------------------------------------------------------------------------------- small things


def test_sums_of_datasets_and_subscripts():
    assert isinstance(TensorDataset(gradatim.ones(1)) + [1], ConcatDataset)
    assert Dataset[int] is not None
    assert DataLoader[int] is not None


def test_a_loop_can_be_left_and_begun_again():
    loader = DataLoader(range(5), 2)
    for batch in loader:
        assert batch.tolist() == [0, 1]
        break
    assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3], [4]]
    batches = iter(loader)
    assert iter(batches) is batches
    assert len(batches) == len(loader) == 3


def test_a_large_random_sampler_is_lazy():
    with warnings.catch_warnings():
        loader = DataLoader(
            range(10), 2, sampler=gradatim.utils.data.RandomSampler(range(10), True, 10**10)
        )
    assert len(loader) == 5 * 10**9
    assert next(iter(loader)).shape == (2,)
