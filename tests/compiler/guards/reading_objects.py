"""What code reads a number from: each case gives a function, and a change of what it gives."""

import contextlib
import enum
import functools
import operator
import sys
import types
from argparse import Namespace
from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from tests.compiler.guards.reading_code import Case, attribute
from tests.compiler.guards.watching import Bag

# ruff: noqa: PLC3002, UP008 - the longer forms are what is tested

CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    CASES[make.__name__] = make
    return make


def changing(x: object, name: str, value: object = 5.0) -> Callable[[], None]:
    return lambda: setattr(x, name, value)


# -- dictionaries: of `table["w"]` alone only "w" counts, but of these every item ------------------

OTHER_WAYS = {
    "computed_key": lambda table, key: table[f"{key}"],
    "key_of_a_loop": lambda table, key: sum(table[k] for k in (key, "w")),
    "items_of_a_loop": lambda table, key: sum([table[k] for k in table]),
    "values": lambda table, key: sum(table.values()),
    "copy": lambda table, key: dict(table)[key],
    "union": lambda table, key: (table | {"z": 1.0})[key],
    "setdefault": lambda table, key: table.setdefault(key, 1.0),
    "get": lambda table, key: table.get(key),
    "itemgetter": lambda table, key: operator.itemgetter(key)(table),
    "unpacked": lambda table, key: {**table}[key],
    "keywords": lambda table, key: (lambda w, a: w * a)(**table),
    "another_name": lambda table, key: [other := table, other[key]][1],
}
for name, read in OTHER_WAYS.items():

    def mixed(read: Callable[[dict, str], float] = read) -> Case:
        table, key = {"w": 1.0, "a": 2.0}, "a"
        return lambda: table["w"] + read(table, key), lambda: table.update(a=9.0)

    CASES[f"dictionary_{name}"] = mixed


@case
def dictionary_with_a_new_key():
    table = {"w": 1.0}
    return lambda: table["w"] + len(table), lambda: table.update(b=3.0)


@case
def dictionary_without_a_key():
    table = {"w": 1.0}

    def read():
        try:
            return table["w"] + table["z"]
        except KeyError:
            return 0.0

    return read, lambda: table.update(z=3.0)


@case
def dictionary_in_another_order():
    table = {"a": 1.0, "b": 2.0}

    def change():
        table["a"] = table.pop("a")

    return lambda: functools.reduce(lambda a, b: a * 10 + b, table.values()), change


@case
def dictionary_in_a_dictionary():
    table = {"model": {"rate": 2.0, "size": 1}, "w": 1.0}
    return (
        lambda: table["model"]["size"] + sum(table[k]["rate"] for k in ["model"]),
        lambda: table["model"].update(rate=5.0),
    )


@case
def dictionary_under_two_names():
    table = {"w": 1.0, "a": 2.0}
    bag = Bag(other=table)
    return lambda: table["w"] + bag.other["a"], lambda: table.update(a=9.0)


@case
def dictionary_matched():
    table = {"a": 2.0, "b": 3.0}

    def read():
        match table:
            case {"z": z}:
                return z
            case {"a": a, **rest}:
                return a + sum(rest.values())

    return read, lambda: table.update(z=9.0)


@case
def dictionary_in_order():
    table = OrderedDict(a=2.0)
    return lambda: table["a"], lambda: table.update(a=5.0)


@case
def dictionary_with_defaults():
    table = defaultdict(float, a=2.0)
    return lambda: table["a"], lambda: table.update(a=5.0)


@case
def dictionary_of_counts():
    table = Counter("aab")
    return lambda: float(table["a"]), lambda: table.update("a")


@case
def dictionaries_in_a_chain():
    first, second = {"a": 1.0}, {"b": 2.0}
    chain = ChainMap(first, second)
    return lambda: chain["b"], lambda: second.update(b=5.0)


@case
def dictionary_of_the_users():
    table = UserDict(a=2.0)
    return lambda: table["a"], lambda: table.update(a=5.0)


# -- other containers ------------------------------------------------------------------------------


@case
def double_ended_queue():
    queue = deque([1.0, 2.0])
    return lambda: sum(queue), lambda: (queue.popleft(), queue.append(5.0))


@case
def set_of_objects():
    kind = enum.Enum("kind", ["A", "B"])
    chosen = {kind.A}
    return lambda: float(kind.B in chosen), lambda: chosen.add(kind.B)


@case
def starred_list():
    numbers = [1.0, 2.0]
    return lambda: max(*numbers), lambda: numbers.append(5.0)


# -- classes ---------------------------------------------------------------------------------------


def family() -> tuple[type, type, type]:
    """A class, one derived from it, and one derived from that."""

    class First:
        rate = 2.0

        def doubled(self):
            return self.rate * 2

        @property
        def tripled(self):
            return self.rate * 3

        @classmethod
        def of_class(cls):
            return cls.rate

    class Second(First): ...

    class Third(Second):
        def doubled(self):
            return super().doubled() + 1

        @property
        def tripled(self):
            return super().tripled + 1

        @classmethod
        def of_class(cls):
            return super().of_class() + 1

        def above(self):
            return super().rate

        def above_by_name(self):
            return super(Third, self).rate

    return First, Second, Third


@case
def super_method():
    third = family()[2]()
    return lambda: third.doubled(), changing(third, "rate")


@case
def super_method_replaced():
    first, _, third = family()
    return lambda: third().doubled(), changing(first, "doubled", lambda self: 5.0)


@case
def super_property():
    third = family()[2]()
    return lambda: third.tripled, changing(third, "rate")


@case
def super_class_method():
    first, _, third = family()
    return lambda: third.of_class(), changing(first, "rate")


@case
def super_attribute():
    first, _, third = family()
    return lambda: third().above(), changing(first, "rate")


@case
def super_attribute_put_between():
    _, second, third = family()
    return lambda: third().above_by_name(), changing(second, "rate")


@case
def class_attribute_put_between():
    _, second, third = family()
    x = third()
    return lambda: x.rate, changing(second, "rate")


@case
def class_attribute_of_its_own():
    _, _, third = family()
    return lambda: third.rate, changing(third, "rate")


@case
def class_attribute_uncovered():
    x = family()[0]()
    x.rate = 3.0
    return lambda: x.rate, lambda: delattr(x, "rate")


@case
def metaclass():
    class Meta(type):
        rate = 2.0

    class Inner(metaclass=Meta): ...

    return lambda: Inner.rate, changing(Meta, "rate")


@case
def attribute_that_is_asked_for():
    bag = Bag()
    return lambda: float(hasattr(bag, "q")) + getattr(bag, "r", 1.0), changing(bag, "r")


@case
def method_that_python_calls():
    rate = 2.0

    class Inner:
        def __getitem__(self, i):
            return rate * i

    def change():
        nonlocal rate
        rate = 5.0

    x = Inner()
    return lambda: x[2], change


@case
def method_that_python_calls_replaced():
    class Inner:
        def __call__(self):
            return 2.0

    x = Inner()
    return lambda: x(), changing(Inner, "__call__", lambda self: 5.0)


@case
def slots():
    @dataclass(slots=True)
    class Inner:
        rate: float = 2.0

    x = Inner()
    return lambda: x.rate, changing(x, "rate")


@case
def descriptor():
    class Reads:
        def __init__(self):
            self.rate = 2.0

        def __get__(self, owner, kind=None):
            return self.rate

    class Inner:
        p = Reads()

    x = Inner()
    return lambda: x.p, changing(vars(Inner)["p"], "rate")


@case
def simple_namespace():
    x = SimpleNamespace(rate=2.0)
    return lambda: x.rate, changing(x, "rate")


@case
def parsed_arguments():
    x = Namespace(rate=2.0)
    return lambda: x.rate, changing(x, "rate")


# -- functions of Python's that call the user's ----------------------------------------------------


@case
def context_manager():
    rate = 2.0

    @contextlib.contextmanager
    def context():
        yield rate

    def read():
        with context() as given:
            return given

    def change():
        nonlocal rate
        rate = 5.0

    return read, change


@case
def single_dispatch():
    rate = 2.0

    @functools.singledispatch
    def scaled(x):
        return 0.0

    @scaled.register
    def _(x: float):
        return x * rate

    def change():
        nonlocal rate
        rate = 5.0

    return lambda: scaled(2.0), change


@case
def partial_method():
    class Inner:
        def scaled(self, by):
            return self.rate * by

        doubled = functools.partialmethod(scaled, 2)

    x = Inner()
    x.rate = 2.0
    return lambda: x.doubled(), changing(x, "rate")


@case
def attribute_getter():
    return attribute(lambda bag: sum(map(operator.attrgetter("p"), [bag])))


@case
def attribute_getter_from_outside():
    bag = Bag(inner=Bag(p=2.0))
    getter = operator.attrgetter("inner.p")
    return lambda: getter(bag), changing(bag.inner, "p")


# -- modules ---------------------------------------------------------------------------------------


def module() -> types.ModuleType:
    made = sys.modules["module_of_a_user"] = types.ModuleType("module_of_a_user")
    made.rate = 2.0
    return made


@case
def module_imported_inside():
    def read():
        import module_of_a_user

        return module_of_a_user.rate

    return read, changing(module(), "rate")


@case
def name_imported_inside():
    def read():
        from module_of_a_user import rate

        return rate

    return read, changing(module(), "rate")
