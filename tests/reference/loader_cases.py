"""What PyTorch and Gradatim do alike with datasets, samplers and loaders, one function each.

`make_loader.py` stores what PyTorch gives, the tests run the same here. A case gets the library
as `g` and its `utils.data` as `d`; `run` seeds the default generator before it, and notes the
number it gives afterwards, which shows how much was drawn.
"""

from __future__ import annotations

import random
import warnings
from collections import OrderedDict, UserList, namedtuple
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

Case = Callable[[Any, Any], Any]
CASES: dict[str, Case] = {}
Point = namedtuple("Point", ["x", "y"])


def case(function: Case) -> Case:
    CASES[function.__name__] = function
    return function


def run(name: str, g: Any) -> Any:
    """The result as JSON has it, with tensors as lists and their dtypes."""
    g.manual_seed(sum(map(ord, name)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = plain(CASES[name](g, g.utils.data))
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            return {"raises": next(kind for kind in kinds if kind in BUILT_IN)}
    return {"result": result, "then": g.rand(1).item()}


BUILT_IN = ["AssertionError", "IndexError", "NotImplementedError", "TypeError", "ValueError"]
BUILT_IN += ["KeyError", "RuntimeError", "Exception"]


def plain(x: Any) -> Any:
    if isinstance(x, np.generic | np.ndarray):
        return {"numpy": x.tolist()}
    if hasattr(x, "requires_grad"):
        return {"dtype": str(x.dtype).rpartition(".")[2], "values": x.tolist()}
    if isinstance(x, dict):
        return {"type": type(x).__name__, "items": {k: plain(v) for k, v in x.items()}}
    if type(x) in (list, range, tuple) or not isinstance(x, list | tuple | UserList):
        return [plain(v) for v in x] if isinstance(x, list | tuple | range) else x
    return {"type": type(x).__name__, "items": [plain(v) for v in x]}


def table(g: Any, d: Any, n: int = 10) -> Any:
    return d.TensorDataset(g.arange(n), g.arange(2.0 * n).reshape(n, 2))


# ----------------------------------------------------------------------------------- samplers


@case
def shuffled_twice(g, d):
    loader = d.DataLoader(range(10), batch_size=3, shuffle=True)
    return [list(loader), list(loader), len(loader)]


@case
def in_order(g, d):
    return list(d.DataLoader(range(10), batch_size=4))


@case
def last_dropped(g, d):
    loader = d.DataLoader(range(10), batch_size=4, shuffle=True, drop_last=True)
    return [list(loader), len(loader)]


@case
def with_a_generator(g, d):
    generator = g.Generator().manual_seed(5)
    loader = d.DataLoader(range(10), batch_size=4, shuffle=True, generator=generator)
    return [list(loader), list(loader), g.rand(1, generator=generator)]


@case
def tables(g, d):
    loader = d.DataLoader(table(g, d), 4, True)
    return [list(loader), list(loader)]


@case
def two_loops_at_once(g, d):
    loader = d.DataLoader(table(g, d), 3, shuffle=True)
    return list(zip(loader, loader, strict=True))


@case
def parts_of_a_table(g, d):
    train, dev = d.random_split(table(g, d), [0.7, 0.3])
    half = d.Subset(train, [4, 0, 2, 6])
    return [list(d.DataLoader(part, 3, shuffle=True)) for part in (train, dev, half)]


@case
def half_of_a_loop(g, d):
    batches = iter(d.DataLoader(range(10), batch_size=2, shuffle=True))
    return [next(batches), next(batches)]


@case
def numbers_drawn_between(g, d):
    return [(x, g.rand(2)) for x in d.DataLoader(range(6), batch_size=2, shuffle=True)]


@case
def random_sampler(g, d):
    return list(d.RandomSampler(range(50)))


@case
def random_sampler_with_replacement(g, d):
    return list(d.RandomSampler(range(7), replacement=True, num_samples=70))


@case
def random_sampler_with_replacement_and_generator(g, d):
    generator = g.Generator().manual_seed(8)
    sampler = d.RandomSampler(range(7), True, 64, generator)
    return [list(sampler), g.rand(1, generator=generator)]


@case
def random_sampler_of_more_than_there_are(g, d):
    sampler = d.RandomSampler(range(5), num_samples=13)
    return [list(sampler), len(sampler)]


@case
def random_sampler_of_fewer(g, d):
    return list(d.RandomSampler(range(9), num_samples=4))


@case
def random_sampler_of_ten_billion(g, d):
    sampler = d.RandomSampler(range(1000), True, 10**10)
    indices = iter(sampler)
    return [[next(indices) for _ in range(40)], len(sampler)]


@case
def subset_random_sampler(g, d):
    sampler = d.SubsetRandomSampler([9, 7, 5, 3, 1])
    return [list(sampler), list(sampler), len(sampler)]


@case
def weighted_with_replacement(g, d):
    sampler = d.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 40)
    return [list(sampler), list(sampler), sampler.weights]


@case
def weighted_without_replacement(g, d):
    sampler = d.WeightedRandomSampler(g.tensor([1, 2, 3, 4, 5]), 4, replacement=False)
    return [list(sampler), list(d.DataLoader(range(5), 2, sampler=sampler))]


@case
def batch_sampler(g, d):
    sampler = d.BatchSampler(d.RandomSampler(range(10)), 4, False)
    return [list(d.DataLoader(table(g, d), batch_sampler=sampler)), len(sampler)]


@case
def no_batches(g, d):
    return [list(d.DataLoader(table(g, d, 4), None)), list(d.DataLoader([np.arange(2)], None))]


@case
def a_batch_at_once_from_the_dataset(g, d):
    sampler = d.BatchSampler(d.RandomSampler(range(6)), 2, False)
    return list(d.DataLoader(table(g, d, 6), batch_size=None, sampler=sampler))


@case
def keys_of_a_dict(g, d):
    return list(d.DataLoader({"a": 1, "b": 2}, 2, sampler=["b", "a", "b"]))


@case
def negative_indices(g, d):
    return list(d.DataLoader(table(g, d), 2, sampler=[-1, 3, -10]))


@case
def tensors_as_indices(g, d):
    return list(d.DataLoader(table(g, d), 2, sampler=g.tensor([1, 2, 0])))


@case
def an_index_outside(g, d):
    return list(d.DataLoader(table(g, d), 2, sampler=[3, 10]))


@case
def split_by_lengths(g, d):
    parts = d.random_split(range(10), [3, 5, 2])
    return [[list(part), part.indices] for part in parts]


@case
def split_by_fractions(g, d):
    generator = g.Generator().manual_seed(42)
    parts = d.random_split(range(31), [0.3, 0.3, 0.4], generator=generator)
    return [list(part) for part in parts]


@case
def split_with_an_empty_part(g, d):
    return [list(part) for part in d.random_split(range(2), [0.9, 0.05, 0.05])]


# ----------------------------------------------------------------------------------- datasets


@case
def stacked(g, d):
    data = d.StackDataset(range(4), table(g, d, 4))
    return [data[1], len(data), list(d.DataLoader(data, 3))]


@case
def stacked_by_name(g, d):
    data = d.StackDataset(i=range(4), x=d.Subset(table(g, d), [5, 4, 3, 2]))
    return [data[1], list(d.DataLoader(data, 3))]


@case
def concatenated(g, d):
    data = table(g, d, 3) + d.Subset(table(g, d), [9, 8])
    return [data[3], data[-1], len(data), data.cumulative_sizes, list(d.DataLoader(data, 2))]


def stream(d: Any, *numbers: float) -> Any:
    class Stream(d.IterableDataset):
        def __iter__(self):
            return iter(numbers)

        def __len__(self):
            return len(numbers)

    return Stream()


@case
def streamed(g, d):
    loader = d.DataLoader(stream(d, 1.5, 2.5, 3.5), 2)
    return [list(loader), len(loader)]


@case
def streamed_and_last_dropped(g, d):
    loader = d.DataLoader(stream(d, 1, 2, 3), 2, drop_last=True)
    return [list(loader), len(loader)]


@case
def streamed_one_by_one(g, d):
    return list(d.DataLoader(stream(d, 1, 2, 3), None))


@case
def chained(g, d):
    data = stream(d, 1, 2) + stream(d, 3)
    return [list(data), len(data), list(d.DataLoader(data, 3))]


@case
def subset_of_a_list(g, d):
    return [d.Subset("abc", [2, 0])[1], len(d.Subset("abc", [2, 0]))]


# -------------------------------------------------------------------------------- collating

SAMPLES: dict[str, Callable[[Any], Any]] = {
    "ints": lambda g: [1, 2, 3],
    "floats": lambda g: [1.5, 2],
    "an_int_first": lambda g: [1, 2.5],
    "bools": lambda g: [True, False],
    "strings": lambda g: ["a", "b"],
    "bytes": lambda g: [b"a".decode(), "b"],
    "numpy_floats": lambda g: [np.float32(1), np.float32(2)],
    "numpy_doubles": lambda g: [np.float64(1), np.float64(2)],
    "numpy_ints": lambda g: [np.int64(1), np.int64(2)],
    "arrays": lambda g: [np.arange(3), np.arange(3) + 1],
    "scalars": lambda g: [g.tensor(1.0), g.tensor(2.0)],
    "tensors": lambda g: [g.ones(2, 2), g.zeros(2, 2)],
    "tuples": lambda g: [(1, "a"), (2, "b")],
    "lists": lambda g: [[1, 2.0], [3, 4.0]],
    "dicts": lambda g: [{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 4]}],
    "ordered": lambda g: [OrderedDict(b=1, a=2.0), OrderedDict(b=3, a=4.0)],
    "named": lambda g: [Point(1, 2.0), Point(3, 4.0)],
    "user_lists": lambda g: [UserList([1, 2]), UserList([3, 4])],
    "ranges": lambda g: [range(2), range(2)],
    "nested": lambda g: [({"x": np.ones(2)}, [1, ("a", 2)])] * 2,
    "one_none": lambda g: [None],
    "a_set": lambda g: [{1}],
    "arrays_of_strings": lambda g: [np.array(["a"])],
    "unequal_lists": lambda g: [[1], [1, 2]],
    "unequal_tensors": lambda g: [g.ones(1), g.ones(2)],
    "a_missing_key": lambda g: [{"a": 1}, {"b": 1}],
}
for _name, _make in SAMPLES.items():
    CASES[f"collate_{_name}"] = lambda g, d, make=_make: d.default_collate(make(g))
    CASES[f"convert_{_name}"] = lambda g, d, make=_make: d.default_convert(make(g)[0])
for _name in ("a_set", "one_none"):
    del CASES[f"convert_{_name}"]  # not of JSON's types


# --------------------------------------------------------------------------------- refusals

REFUSED: dict[str, Case] = {
    "shuffle_and_sampler": lambda g, d: d.DataLoader([1], shuffle=True, sampler=[0]),
    "batch_sampler_and_size": lambda g, d: d.DataLoader([1], 2, batch_sampler=[[0]]),
    "no_batches_to_drop": lambda g, d: d.DataLoader([1], None, drop_last=True),
    "batch_size_0": lambda g, d: d.DataLoader([1], 0),
    "batch_size_half": lambda g, d: d.DataLoader([1], 0.5),
    "negative_workers": lambda g, d: d.DataLoader([1], num_workers=-1),
    "negative_timeout": lambda g, d: d.DataLoader([1], timeout=-1),
    "prefetch_without_workers": lambda g, d: d.DataLoader([1], prefetch_factor=2),
    "persistence_without_workers": lambda g, d: d.DataLoader([1], persistent_workers=True),
    "context_without_workers": lambda g, d: d.DataLoader([1], multiprocessing_context="spawn"),
    "unknown_context": lambda g, d: d.DataLoader(
        [1], num_workers=1, multiprocessing_context="thread"
    ),
    "context_of_a_wrong_type": lambda g, d: d.DataLoader(
        [1], num_workers=1, multiprocessing_context=3
    ),
    "shuffled_stream": lambda g, d: d.DataLoader(stream(d, 1), shuffle=True),
    "stream_with_a_sampler": lambda g, d: d.DataLoader(stream(d, 1), sampler=[0]),
    "stream_with_a_batch_sampler": lambda g, d: d.DataLoader(stream(d, 1), batch_sampler=[[0]]),
    "shuffled_nothing": lambda g, d: d.DataLoader([], shuffle=True),
    "batch_size_set_later": lambda g, d: setattr(d.DataLoader([1]), "batch_size", 2),
    "no_getitem": lambda g, d: d.Dataset()[0],
    "uneven_tensors": lambda g, d: d.TensorDataset(g.ones(2), g.ones(3)),
    "uneven_stack": lambda g, d: d.StackDataset([1], [1, 2]),
    "empty_stack": lambda g, d: d.StackDataset(),
    "stack_of_both_kinds": lambda g, d: d.StackDataset([1], x=[1]),
    "concatenated_nothing": lambda g, d: d.ConcatDataset([]),
    "concatenated_stream": lambda g, d: d.ConcatDataset([stream(d, 1)]),
    "concatenated_too_far_back": lambda g, d: d.ConcatDataset([[1]])[-2],
    "concatenated_too_far": lambda g, d: d.ConcatDataset([[1]])[1],
    "chained_lists": lambda g, d: list(d.ChainDataset([[1]])),
    "split_too_long": lambda g, d: d.random_split([1, 2], [2, 1]),
    "negative_fraction": lambda g, d: d.random_split([1, 2], [1.5, -0.5]),
    "replacement_not_bool": lambda g, d: d.RandomSampler([1], replacement=1),
    "no_samples": lambda g, d: d.RandomSampler([1], num_samples=0),
    "half_a_sample": lambda g, d: d.WeightedRandomSampler([1.0], 0.5),
    "weights_not_1d": lambda g, d: d.WeightedRandomSampler([[1.0]], 1),
    "drop_last_not_bool": lambda g, d: d.BatchSampler([1], 1, 1),
    "abstract_sampler": lambda g, d: iter(d.Sampler()),
}
CASES.update({f"refused_{name}": refused for name, refused in REFUSED.items()})


# ---------------------------------------------------------------------------------- workers


class Drawing:
    """A dataset whose samples are random numbers of the worker that reads them."""

    def __init__(self, g: Any) -> None:
        self.library = g.__name__  # a module cannot be sent to a worker

    def __getitem__(self, i: int) -> Any:
        g = import_module(self.library)
        return i, g.rand(1), g.initial_seed(), random.random(), np.random.rand()  # noqa: NPY002

    def __len__(self) -> int:
        return 12


def sharded(library: str) -> Any:
    d = import_module(library)

    class Sharded(d.IterableDataset):
        def __iter__(self):
            info = d.get_worker_info()
            return iter(range(info.id, 11, info.num_workers))

        def __reduce__(self):  # a class made in a function cannot be sent, but made again
            return sharded, (library,)

    return Sharded()


@case
def workers_draw_their_own_numbers(g, d):
    loader = d.DataLoader(Drawing(g), 2, shuffle=True, num_workers=2)
    return [list(loader), list(loader)]


@case
def persistent_workers_go_on(g, d):
    loader = d.DataLoader(Drawing(g), 2, shuffle=True, num_workers=2, persistent_workers=True)
    return [list(loader), list(loader)]


@case
def workers_in_order(g, d):
    return list(d.DataLoader(table(g, d, 50), 3, shuffle=True, num_workers=2))


@case
def workers_share_a_stream(g, d):
    return list(d.DataLoader(sharded(d.__name__), 2, num_workers=2))


@case
def workers_ahead(g, d):
    class Drawn(d.Sampler):
        def __iter__(self):
            for _ in range(8):
                yield g.randint(0, 12, (1,)).item()

    batches = iter(d.DataLoader(range(12), sampler=Drawn(), num_workers=2, prefetch_factor=1))
    return [(next(batches), g.rand(1)) for _ in range(3)]
