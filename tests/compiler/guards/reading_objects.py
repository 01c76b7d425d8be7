"""Classes, objects and modules that code reads a number from: a function each, and a change."""

import contextlib
import functools
import operator
import sys
import types
import weakref
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple

from tests.compiler.guards.reading_code import Case, attribute
from tests.compiler.guards.watching import Bag

# ruff: noqa: UP008 - the longer forms are what is tested

CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    CASES[make.__name__] = make
    return make


def changing(x: object, name: str, value: object = 5.0) -> Callable[[], None]:
    return lambda: setattr(x, name, value)


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
def method_of_a_named_tuple():
    rate = 2.0

    class Inner(NamedTuple):
        a: float = 2.0

        def scaled(self):
            return self.a * rate

    def change():
        nonlocal rate
        rate = 5.0

    x = Inner()
    return lambda: x.scaled(), change


@case
def constant_of_a_dictionarys_class():
    class Inner(dict):
        rate = 2.0

    x = Inner(a=1.0)
    return lambda: x["a"] * x.rate, changing(Inner, "rate")


@case
def weak_reference():
    parent = Bag(rate=2.0)
    child = Bag(parent=weakref.ref(parent))
    return lambda: child.parent().rate, lambda: setattr(parent, "rate", 5.0)


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
