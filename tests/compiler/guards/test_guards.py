"""Numbers and objects that a traced function read from Python are guarded, and named."""

import enum
import functools
import gc
import types
from collections import namedtuple
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pytest

from gradatim import enable_grad, nn, ones
from gradatim.compiler.guards.watch import Watch
from tests.compiler.guards.watching import Bag, guards_of, watched

# -- where numbers are read from -----------------------------------------------------------------


def test_a_number_in_a_closure():
    p = 0.1

    def step():
        return p * 2

    guards = guards_of(step)
    p = 0.2
    assert guards.changed() == "p changed from 0.1 to 0.2"
    p = 0.1
    assert guards.changed() is None


RATE = 0.5


def test_a_global_number_read_by_a_function_that_is_called(monkeypatch):
    def helper():
        return RATE

    guards = guards_of(lambda: helper() * 2)
    monkeypatch.setitem(globals(), "RATE", 0.25)
    assert guards.changed() == "RATE changed from 0.5 to 0.25"
    monkeypatch.delitem(globals(), "RATE")
    assert guards.changed() == "RATE changed from 0.5 to nothing"


def test_a_default():
    def step(scale=2.0, *, shift=1):
        return scale + shift

    guards = guards_of(step)
    step.__defaults__ = (3.0,)
    assert guards.changed() == "step.__defaults__ changed from (2.0,) to (3.0,)"
    step.__defaults__ = (2.0,)
    step.__kwdefaults__["shift"] = 2
    assert guards.changed() == 'step.__kwdefaults__["shift"] changed from 1 to 2'


def test_attributes_of_attributes():
    model = Bag(dropout=Bag(p=0.1, name="drop", other=1))
    guards = guards_of(lambda: model.dropout.p)
    model.dropout.other = 2
    assert guards.changed() is None
    model.dropout.p = 0.0
    assert guards.changed() == "model.dropout.p changed from 0.1 to 0.0"
    model.dropout = Bag(p=0.1)
    assert guards.changed() == "model.dropout is another Bag than before"


def test_self_of_a_bound_method():
    class Trainer:
        def __init__(self):
            self.scale = 2

        def step(self):
            return self.twice() + self.scale

        def twice(self):
            return 2 * self.inner

        inner = 3

    trainer = Trainer()
    guards = guards_of(trainer.step)
    trainer.scale = 4
    assert guards.changed() == "self.scale changed from 2 to 4"
    trainer.scale = 2
    Trainer.inner = 5
    assert guards.changed() == "self.inner changed from 3 to 5"
    Trainer.inner = 3
    trainer.inner = 7  # hides that of the class
    assert guards.changed() == "self.inner changed from 3 to 7"


def test_a_property_is_followed_but_not_asked():
    asked = []

    class Lazy:
        def __init__(self):
            self._p = 1.5

        @property
        def p(self):
            asked.append(self)
            return self._p

    x = Lazy()
    guards, _ = watched(lambda: x.p)
    before = len(asked)
    assert guards.changed() is None
    x._p = 2.5
    assert guards.changed() == "x._p changed from 1.5 to 2.5"
    assert len(asked) == before


def test_code_of_the_users_is_never_called_to_look():
    class Touchy:
        def __getattr__(self, name):
            raise AssertionError(name)

        def __eq__(self, other):
            raise AssertionError

        __hash__ = object.__hash__

        def __len__(self):
            raise AssertionError

        __iter__ = __repr__ = __bool__ = __len__

    x = Touchy()
    x.p = 1
    guards = guards_of(lambda: x.p)
    x.p = Touchy()
    assert guards.changed() == "x.p changed from 1 to a Touchy"


@dataclass(frozen=True)
class Config:
    width: int = 3
    bias: bool = True


@dataclass(slots=True)
class Slots:
    p: float = 0.5
    q: float = 0.5


Point = namedtuple("Point", "x y")


class Mode(enum.Enum):
    FAST = 1
    SLOW = 2


def test_configs_slots_enums_and_named_tuples():
    box = Bag(config=Config(), slots=Slots(), mode=Mode.FAST, point=Point(1, 2), name="a")

    def step():
        fast = box.mode is Mode.FAST
        return box.config.width, box.config.bias, box.slots.p, fast, box.point.x, box.name

    guards = guards_of(step)
    box.slots.q = 1.0
    assert guards.changed() is None
    box.slots.p = 1.0
    assert guards.changed() == "box.slots.p changed from 0.5 to 1.0"
    box.slots.p = 0.5
    box.mode = Mode.SLOW
    assert guards.changed() == "box.mode is another Mode than before"
    box.mode = Mode.FAST
    box.point = Point(1, 3)
    assert guards.changed() == "box.point[1] changed from 2 to 3"
    box.point = Point(1, 2)
    box.name = "b"
    assert guards.changed() == "box.name changed from 'a' to 'b'"


def test_a_module_of_the_users(monkeypatch):
    settings = types.ModuleType("settings")
    settings.rate, settings.unread = 0.1, 1
    guards = guards_of(lambda: settings.rate)
    settings.unread = 2
    assert guards.changed() is None
    settings.rate = 0.2
    assert guards.changed() == "settings.rate changed from 0.1 to 0.2"


def test_partials_and_objects_that_are_called():
    def scaled(x, factor):
        return x * factor

    partial = functools.partial(scaled, factor=2)
    guards = guards_of(partial, 1)
    partial.keywords["factor"] = 3
    assert guards.changed() == 'partial.keywords["factor"] changed from 2 to 3'

    class Step:
        factor = 2

        def __call__(self):
            return self.factor

    step = Step()
    guards = guards_of(step)
    step.factor = 3
    assert guards.changed() == "Step.factor changed from 2 to 3"


def test_objects_given_as_arguments():
    model = Bag(scale=2)
    guards = guards_of(lambda model: model.scale, model=model)
    model.scale = 3
    assert guards.changed() == "model.scale changed from 2 to 3"


# -- numbers are compared to the bit --------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, 1.0), (1, True), (0.0, -0.0), (None, False), ("a", b"a"), ((1, 2), (1, 2.0))]
    + [(np.float32(1), np.float64(1)), (0, None), (1.5, "1.5"), (frozenset([1]), frozenset([2]))],
)
def test_another_kind_of_number_is_a_change(before, after):
    box = Bag(x=before)
    guards = guards_of(lambda: box.x)
    box.x = after
    assert guards.changed() == f"box.x changed from {before!r} to {after!r}"


@pytest.mark.parametrize(
    "make",
    [lambda: float("nan"), lambda: float("0.1"), lambda: int("1" * 20), lambda: (float("1.5"), "a")]
    + [lambda: np.float32("nan"), lambda: str(1.5)],
)
def test_an_equal_number_is_none(make):
    box = Bag(x=make())
    guards = guards_of(lambda: box.x)
    box.x = make()
    assert guards.changed() is None


# -- containers --------------------------------------------------------------------------------


def test_a_list_of_layers():
    layers = [Bag(p=1), Bag(p=2)]
    guards = guards_of(lambda: [layer.p for layer in layers])
    layers[1].p = 3
    assert guards.changed() == "layers[1].p changed from 2 to 3"
    layers[1].p = 2
    layers.append(Bag(p=1))
    assert guards.changed() == "layers changed from 2 items to 3 items"
    layers.pop()
    layers.reverse()
    assert guards.changed() == "layers[0] is another Bag than before"


def test_of_a_dictionary_the_keys_that_code_mentions_count():
    settings = {"rate": 0.1, "steps": 0}
    guards = guards_of(lambda: settings["rate"])
    settings["steps"] += 1
    settings["new"] = 1
    assert guards.changed() is None
    settings["rate"] = 0.2
    assert guards.changed() == 'settings["rate"] changed from 0.1 to 0.2'


def test_of_a_dictionary_that_is_gone_through_all_count():
    settings = {"rate": 0.1, "decay": 0.5}
    guards = guards_of(lambda: sum(x for _, x in settings.items()))
    settings["decay"] = 0.25
    assert guards.changed() == 'settings["decay"] changed from 0.5 to 0.25'
    settings["decay"] = 0.5
    settings["new"] = 1
    assert guards.changed() == "settings got 'new'"
    del settings["new"], settings["rate"]
    assert guards.changed() == "settings lost 'rate'"


def test_a_dictionary_with_other_keys_and_a_set():
    table, chosen = {1: 0.5, (1, 2): 0.25}, {1, 2}
    guards = guards_of(lambda: [table[k] for k in table if k in chosen])
    table[1, 2] = 1.0
    assert guards.changed() == "table[(1, 2)] changed from 0.25 to 1.0"
    table[1, 2] = 0.25
    chosen.add(3)
    assert guards.changed() == "chosen changed from {1, 2} to {1, 2, 3}"
    chosen.remove(3)
    table[2] = table.pop(1)
    assert guards.changed() == "table has other keys"


def test_a_function_of_the_library_is_no_mention_of_an_attribute_with_its_name():
    """A trainer's lists of numbers are called `history`, `steps`, `record`, as functions here."""
    layer = nn.Linear(2, 1)
    trainer = Bag(history=[], steps=0, record=[], clock=0.0, training=True)

    def step():
        with enable_grad():
            loss = layer(ones(3, 2)).square().mean()
        loss.backward()
        layer.zero_grad()
        return loss if trainer.training else None

    step()
    guards = guards_of(step)
    trainer.history.append(1.0)
    trainer.record.append(1.0)
    trainer.steps = trainer.clock = 1
    assert guards.changed() is None
    trainer.training = False
    assert guards.changed() == "trainer.training changed from True to False"


def test_objects_that_seem_to_have_attributes_and_have_none():
    """Since Python 3.12 a TypeVar says so."""
    T = TypeVar("T")
    box = Bag(kind=T)
    guards = guards_of(lambda: box.kind)
    box.kind = TypeVar("T")
    assert guards.changed() == "box.kind is another TypeVar than before"


def test_cycles_and_depth_end():
    a = Bag(p=1)
    a.next, a.items = Bag(next=a, p=2), [a]
    a.items.append(a.items)
    chain = Bag(p=0)
    for _ in range(5000):
        chain = Bag(next=chain, p=0)

    def step():
        return a.next.p, a.items, chain.next.p

    guards = guards_of(step)
    a.next.p = 3
    assert guards.changed() == "a.next.p changed from 2 to 3"


def test_a_long_list_counts_by_its_length():
    words = [str(i) for i in range(100_000)]
    guards = guards_of(lambda: len(words))
    assert len(guards) < 10
    words.append("x")
    assert guards.changed() == "words changed from 100000 items to 100001 items"


def test_small_arrays_count_by_their_numbers():
    table, large = np.arange(3), np.zeros(100_000)
    guards = guards_of(lambda: (table + 1, large + 1))
    large[0] = 1  # too many to compare before every call
    assert guards.changed() is None
    table[0] = 5
    assert guards.changed() == "the numbers in the NumPy array table changed"
    table = np.arange(3)
    assert guards.changed() == "table is another ndarray than before"


# -- what the function changes itself ------------------------------------------------------------


def test_what_the_trace_changes_is_left_out_and_named():
    box = Bag(n=0, log=[], last=None, scale=2.0)

    def step():
        box.n += 1
        box.log.append(box.n)
        box.last = box.n
        return box.scale

    guards, changed = watched(step)
    assert changed == ["box.n", "box.log", "box.last"]
    step()
    assert guards.changed() is None
    box.scale = 3.0
    assert guards.changed() == "box.scale changed from 2.0 to 3.0"


def test_a_changed_item_leaves_its_neighbours_guarded():
    counts = [0, 7]

    def step():
        counts[0] += 1
        return counts[1]

    guards, changed = watched(step)
    assert changed == ["counts[0]"]
    step()
    assert guards.changed() is None
    counts[1] = 8
    assert guards.changed() == "counts[1] changed from 7 to 8"


collections = 0


def test_what_python_calls_while_it_collects_garbage_is_no_part_of_the_function():
    def count(phase, info):
        global collections  # noqa: PLW0603
        collections += 1

    gc.callbacks.append(count)
    try:
        with Watch(gc.collect) as watch:
            gc.collect()
    finally:
        gc.callbacks.remove(count)
    watch.guards()
    assert collections == 2
    assert watch.changed_by_trace == []
