"""Compiled methods: each object has programs of its own, and they are methods in all else."""

import copy
import gc
import pickle
import weakref

import pytest

import gradatim as g


class Scaled:
    """An object with a compiled method."""

    def __init__(self, scale):
        self.w = g.full((2,), scale)

    @g.compile
    def forward(self, x, *, shift=0.0):
        return self.w * x + shift

    @g.compile
    def grow(self):
        return self.w.mul_(2).sum()


def test_a_method_is_compiled_for_each_object():
    a, b = Scaled(2.0), Scaled(3.0)
    assert a.forward(g.ones(2)).tolist() == [2, 2]
    assert b.forward(g.ones(2)).tolist() == [3, 3]
    assert a.forward(g.ones(2), shift=1.0).tolist() == [3, 3]
    assert Scaled.forward(b, g.ones(2)).tolist() == [3, 3]
    assert a.grow.repeat(3).tolist() == [8, 16, 32]
    assert a.forward == a.forward != b.forward


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copied_object_has_a_program_of_its_own(twin):
    a = Scaled(2.0)
    a.forward(g.ones(2))
    b = twin(a)
    b.w = g.full((2,), 5.0)
    assert b.forward(g.ones(2)).tolist() == [5, 5]
    assert a.forward(g.ones(2)).tolist() == [2, 2]


def test_objects_are_freed_with_their_programs():
    a = Scaled(2.0)
    a.forward(g.ones(2))
    gone = weakref.ref(a)
    del a
    gc.collect()
    assert gone() is None


class Slotted:
    __slots__ = ()

    @g.compile
    def forward(self, x):
        return x


def test_a_method_of_objects_without_a_place_for_it():
    with pytest.raises(TypeError, match=r"Slotted\.forward cannot be compiled: .* no __dict__"):
        Slotted().forward(g.ones(1))


TWINS = [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]


class More(Scaled):
    """A compiled method that calls the compiled one that it takes the place of."""

    @g.compile
    def forward(self, x, *, shift=0.0):
        return super().forward(x, shift=shift) + 100


@pytest.mark.parametrize("twin", [lambda x: x, *TWINS])
def test_a_method_calls_the_one_that_it_replaces(twin):
    a = More(2.0)
    assert a.forward(g.ones(2)).tolist() == [102, 102]
    b = twin(a)
    assert super(More, b).forward(g.ones(2)).tolist() == [2, 2]
    assert b.forward(g.ones(2)).tolist() == [102, 102]
    assert super(More, b).forward == super(More, b).forward != b.forward
    assert b.forward.history == ["first call"]


class Nameless:
    up = g.compile(lambda self, x: x + 1)
    double = g.compile(lambda self, x: x * 2)


@pytest.mark.parametrize("twin", [lambda x: x, *TWINS])
def test_methods_of_one_name_are_told_apart(twin):
    a = Nameless()
    for _ in range(3):
        assert (a.up(g.ones(1)).item(), a.double(g.ones(1)).item()) == (2, 2)
        assert (a.up(g.zeros(1)).item(), a.double(g.zeros(1)).item()) == (1, 0)
    assert len(a.up.history) == len(a.double.history) == 1
    b = twin(a)
    assert (b.up(g.zeros(1)).item(), b.double(g.zeros(1)).item()) == (1, 0)


@pytest.mark.parametrize("twin", TWINS)
def test_a_copied_method_keeps_the_object_that_it_is_of(twin):
    a = Scaled(2.0)
    assert a.forward(g.ones(2)).tolist() == [2, 2]
    forward = twin(a.forward)
    gc.collect()
    assert forward(g.ones(2)).tolist() == [2, 2]
    assert (forward.function.__self__ is a) == (twin is copy.copy)


@pytest.mark.parametrize("twin", TWINS[1:])
def test_a_copied_object_goes_with_its_last_user(twin):
    a = Scaled(2.0)
    a.forward(g.ones(2))
    b = twin(a)
    b.forward(g.ones(2))
    gone = weakref.ref(b)
    gc.collect()
    gc.disable()
    try:
        del b
        assert gone() is None
    finally:
        gc.enable()


class Counted:
    factor = g.tensor(2.0)

    @classmethod
    @g.compile
    def times(cls, x):
        return x * cls.factor


class Thrice(Counted):
    factor = g.tensor(3.0)


def test_a_class_method_is_given_its_class():
    assert [c.times(g.ones(1)).item() for c in (Counted, Thrice, Counted(), Thrice())] == [2, 3] * 2
