"""Ways in which code reads a number: each case gives a function, and a change of what it gives.

The names are looked up in different scopes, which Python's versions compile differently: since 3.12
comprehensions are a part of the function around them, since 3.14 annotations are functions.
"""

# ruff: noqa: B009, B023, C416, C417, C420, PLC3002 - the longer forms are what is tested

import functools
import sys
import types
from collections.abc import Callable
from types import SimpleNamespace

from tests.compiler.guards.watching import Bag

Case = tuple[Callable[[], float], Callable[[], object]]
CASES: dict[str, Callable[[], Case]] = {}
RATE = 2.0


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    CASES[make.__name__] = make
    return make


def attribute(read: Callable[[Bag], float]) -> Case:
    """Something reads an attribute `p`."""
    bag = Bag(p=2.0)
    return lambda: read(bag), lambda: setattr(bag, "p", 5.0)


def of_global(read: Callable[[], float]) -> Case:
    """Something reads the global RATE."""
    return read, lambda: globals().update(RATE=5.0)


READS_ATTRIBUTE = {
    "list_comprehension": lambda x: sum([x.p for _ in range(2)]),
    "set_comprehension": lambda x: sum({x.p + i for i in range(2)}),
    "dict_comprehension": lambda x: sum({i: x.p for i in range(2)}.values()),
    "key_of_a_dict_comprehension": lambda x: sum({x.p + i: 1 for i in range(2)}),
    "condition_of_a_comprehension": lambda x: float(len([i for i in range(9) if i < x.p])),
    "comprehension_in_a_comprehension": lambda x: sum([sum([x.p for _ in "ab"]) for _ in "ab"]),
    "lambda_in_a_comprehension": lambda x: sum([f() for f in [lambda: x.p * i for i in (1, 2)]]),
    "generator_expression": lambda x: sum(x.p for _ in range(2)),
    "any": lambda x: float(any(x.p > i for i in (3, 4))),
    "all": lambda x: float(all(x.p < i for i in (3, 4))),
    "tuple_of_a_generator": lambda x: tuple(x.p for _ in range(2))[1],
    "map": lambda x: sum(map(lambda i: x.p * i, range(3))),
    "sort_key": lambda x: min([1.0, 6.0], key=lambda i: abs(i - x.p)),
    "reduce": lambda x: functools.reduce(lambda a, b: a + b * x.p, [1.0, 2.0]),
    "walrus": lambda x: y if (y := x.p) else 0.0,
    "walrus_in_a_comprehension": lambda x: [last := x.p * i for i in range(3)] and last,
    "f_string": lambda x: float(f"{x.p}"),
    "f_string_with_its_expression": lambda x: float(f"{x.p=}"[4:]),
    "format_of_an_f_string": lambda x: (
        float(f"{7:{int(x.p)}}0"[int(x.p) - 2 :]) + len(f"{7:{int(x.p)}}")
    ),
    "range": lambda x: float(len(range(int(x.p)))),
    "slice": lambda x: sum([1.0, 2.0, 3.0][int(x.p) - 1 :]),
    "chained_comparison": lambda x: float(1.0 < x.p < 3.0),
    "default_of_an_inner_function": lambda x: (lambda a=x.p: a)(),
    "getattr": lambda x: getattr(x, "p"),
    "entry_of_vars": lambda x: vars(x)["p"],
}
for name, read in READS_ATTRIBUTE.items():
    CASES[name] = functools.partial(attribute, read)


@case
def global_in_a_comprehension():
    return of_global(lambda: sum([RATE for _ in range(2)]))


@case
def global_of_the_name_of_a_loop_variable():
    return of_global(lambda: sum([RATE for RATE in (1.0, 2.0)]) + RATE)


@case
def global_in_a_class_body():
    def read():
        class Inner:
            class Innermost:
                rate = RATE

        return Inner.Innermost.rate

    return of_global(read)


@case
def global_in_a_comprehension_of_a_class_body():
    def read():
        class Inner:
            rates = [RATE * i for i in range(3)]

        return Inner.rates[2]

    return of_global(read)


@case
def global_hidden_in_a_class_body():
    def read():
        class Inner:
            RATE = RATE

        return Inner.RATE

    return of_global(read)


@case
def global_default():
    def read(inner=lambda *, rate=2.0: rate * RATE):
        return inner()

    return of_global(read)


@case
def global_annotation():
    def read():
        def inner(a: RATE): ...

        return inner.__annotations__["a"]

    return of_global(read)


@case
def global_annotation_in_a_class_body():
    def read():
        class Inner:
            a: RATE

        return Inner.__annotations__["a"]

    return of_global(read)


@case
def closure_in_a_class_body():
    rate = 2.0

    def read():
        class Inner:
            doubled = [rate * 2 for _ in range(1)]
            own = rate

        return Inner.own + Inner.doubled[0]

    def change():
        nonlocal rate
        rate = 5.0

    return read, change


@case
def closure_three_functions_in():
    rate = 2.0

    def change():
        nonlocal rate
        rate = 5.0

    return lambda: (lambda: (lambda: rate)())(), change


@case
def keyword_of_a_class():
    class Base:
        def __init_subclass__(cls, rate):
            cls.rate = rate

    def read(bag):
        class Inner(Base, rate=bag.p): ...

        return Inner.rate

    return attribute(read)


@case
def defaults():
    def read(rate=2.0, *, more=1.0):
        return rate + more

    return read, lambda: read.__kwdefaults__.update(more=3.0)


@case
def attribute_of_a_function():
    def read():
        return read.rate

    read.rate = 2.0
    return read, lambda: setattr(read, "rate", 5.0)


@case
def match_value():
    modes = SimpleNamespace(slow="s", fast="f")

    def read():
        match "f":
            case modes.slow:
                return 1.0
            case modes.fast:
                return 2.0

    return read, lambda: setattr(modes, "slow", "f")


@case
def match_class():
    class Point:
        __match_args__ = ("x",)

        def __init__(self):
            self.x, self.y = 2.0, 3.0

    point = Point()

    def read():
        match point:
            case Point(x, y=y):
                return x * y

    return read, lambda: setattr(point, "x", 5.0)


@case
def match_names_of_a_class():
    class Point:
        __match_args__ = ("x",)

        def __init__(self):
            self.x, self.y = 2.0, 3.0

    point = Point()

    def read():
        match point:
            case Point(x):
                return x

    return read, lambda: setattr(Point, "__match_args__", ("y",))


@case
def match_sequence():
    numbers = [1.0, 2.0]

    def read():
        match numbers:
            case [a, b]:
                return a * b
            case [a, *rest]:
                return a + sum(rest)

    return read, lambda: numbers.append(4.0)


@case
def match_guard():
    def read(bag):
        match [1.0]:
            case [a] if a < bag.p - 2:
                return 1.0
        return 0.0

    return attribute(read)


@case
def exception_group():
    def read(bag):
        try:
            raise ExceptionGroup("several", [ValueError(1)])
        except* ValueError:
            rate = bag.p
        return rate

    return attribute(read)


@case
def exception_class():
    bag = Bag(kind=ValueError)

    def read():
        try:
            raise ValueError
        except bag.kind:
            return 1.0
        except Exception:
            return 2.0

    return read, lambda: setattr(bag, "kind", KeyError)


@case
def generator_resumed():
    def numbers(bag):
        yield 1.0
        yield from (bag.p for _ in range(2))

    return attribute(lambda bag: sum(numbers(bag)))


@case
def coroutine():
    async def number(bag):
        return bag.p

    def read(bag):
        try:
            number(bag).send(None)
        except StopIteration as returned:
            return returned.value

    return attribute(read)


def compiled(source: str, **names: object) -> Callable[..., float]:
    """The function `read` in a source that older versions of Python cannot parse."""
    space = {**globals(), **names}
    exec(compile(source, __file__, "exec"), space)  # noqa: S102
    return space["read"]


if sys.version_info >= (3, 12):
    NEW = {
        "generic_function": "def read(x):\n def f[T](y: T) -> T: return y * x.p\n return f(2.0)",
        "generic_class": "def read(x):\n class A[T]:\n  rate = x.p\n return A.rate",
        "type_alias": "def read(x):\n type A = x.p\n return A.__value__",
        "type_alias_in_a_class": "def read(x):\n class A:\n  type B = x.p\n return A.B.__value__",
        "f_string_in_an_f_string": "def read(x): return float(f'{f'{x.p}'}')",
    }
    for name, source in NEW.items():
        CASES[name] = functools.partial(attribute, compiled(source))

if sys.version_info >= (3, 15):

    @case
    def lazy_import():
        module = types.ModuleType("module_of_a_user")
        module.rate = 2.0
        sys.modules["module_of_a_user"] = module
        source = "lazy import module_of_a_user as m\ndef read(): return m.rate"
        return compiled(source), lambda: setattr(module, "rate", 5.0)


if sys.version_info >= (3, 14):
    SOURCE = "def read(x): return t'{x.p}'.interpolations[0].value"
    CASES["t_string"] = functools.partial(attribute, compiled(SOURCE))
