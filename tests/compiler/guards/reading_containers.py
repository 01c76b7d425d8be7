"""Containers that code reads a number from: each case gives a function, and a change."""

import enum
import functools
import operator
from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque
from collections.abc import Callable

from tests.compiler.guards.reading_code import Case
from tests.compiler.guards.watching import Bag

# ruff: noqa: PLC3002 - the longer forms are what is tested

CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    CASES[make.__name__] = make
    return make


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
