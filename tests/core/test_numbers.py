"""Python looks at a tensor's numbers through the executor, and nowhere else.

The first executor below counts who asks; the second answers with types alone, as a tracer does:
there the tensors from outside still have arrays, and looking at these would go unnoticed.
"""

import copy
import pickle

import numpy as np
import pytest

import gradatim as g
from gradatim.core.backend import Eager
from gradatim.core.context import using
from gradatim.core.errors import GradatimError, UnknownShape
from gradatim.core.storage import ArrayType


class Counting(Eager):
    """NumPy, counting the looks at numbers."""

    def __init__(self):
        self.asked = 0

    def numbers(self, x):
        self.asked += 1
        return super().numbers(x)


class NotKnownError(Exception):
    pass


class Types:
    """Every result is a type; who looks at numbers is refused."""

    def execute(self, primitive, inputs, params):
        return primitive.shape(*[x._type for x in inputs], **params)

    def write(self, target, source):
        pass

    def update(self, update, rows, params):
        pass

    def numbers(self, x):
        raise NotKnownError

    def touch(self, x, what=""):
        pass


one, two, flags = g.tensor([2.0]), g.tensor([1.0, 2.0]), g.tensor([True, False])
place, counts, scalar = g.tensor(1), g.tensor([0, 2]), g.tensor(1.5)

LOOKS = {
    "item": lambda: one.item(),
    "tolist": lambda: two.tolist(),
    "float": lambda: float(one),
    "int": lambda: int(one),
    "complex": lambda: complex(one),
    "bool": lambda: bool(one),
    "if": lambda: 1 if one > 1 else 2,
    "index of a list": lambda: [1, 2, 3][place],
    "range": lambda: range(place),
    "format": lambda: f"{scalar:.2f}",
    "format of several": lambda: f"{two}",
    "str": lambda: str(two),
    "in": lambda: 1.0 in two,
    "equal": lambda: two.equal(two),
    "allclose": lambda: two.allclose(two),
    "is_nonzero": lambda: one.is_nonzero(),
    "numpy": lambda: two.numpy(),
    "asarray": lambda: np.asarray(two),
    "a function of NumPy": lambda: np.exp(two),
    "dlpack": lambda: np.from_dlpack(two),
    "address": lambda: two.data_ptr(),
    "tensor of tensors": lambda: g.tensor([scalar, scalar]),
    "a size": lambda: g.zeros(place),
    "a shape": lambda: two.reshape(place, 2),
    "a dimension": lambda: g.zeros(2, 2).transpose(0, place),
    "the end of a range": lambda: g.arange(place),
    "fill value": lambda: g.full((2,), scalar),
    "slice": lambda: two[:place],
    "bincount": lambda: counts.bincount(),
    "histc": lambda: two.histc(3),
    "copy": lambda: copy.deepcopy(two),
    "pickle": lambda: pickle.dumps(two),
    "state of a generator": lambda: g.Generator().set_state(state),
}
state = g.Generator().get_state()


@pytest.mark.parametrize("name", LOOKS)
def test_who_looks_at_numbers_asks_the_executor(name):
    with using(Counting()) as counting:
        LOOKS[name]()
    assert counting.asked
    with using(Types()), pytest.raises(NotKnownError):
        LOOKS[name]()


COMPUTES = {
    "sum": lambda: two.sum(),
    "where": lambda: g.where(two > 1, two, 0),
    "masked_fill": lambda: two.masked_fill(flags, 0),
    "a mask": lambda: two.__setitem__(flags, 0),
    "a row by a tensor": lambda: two[place],
    "rows by a tensor": lambda: two[counts - 1],
    "whole division": lambda: counts // g.tensor([1, 1]),
    "normal": lambda: g.normal(two, two),
    "index_select": lambda: two.index_select(0, place.reshape(1)),
    "index_fill": lambda: two.index_fill(0, place.reshape(1), 0.0),
    "shallow copy": lambda: copy.copy(two),
    "shape": lambda: (two.shape, len(two), two.dtype, two.stride(), two.numel()),
    "layout": lambda: (two.is_contiguous(), two.contiguous()),
    "unbind": lambda: list(two),
    "clone": lambda: g.tensor(two),
    "detach": lambda: two.detach().view(2, 1),
    "repr": lambda: repr([two]),
}


@pytest.mark.parametrize("name", COMPUTES)
def test_what_only_computes_does_not(name):
    with using(Types()):
        COMPUTES[name]()


def test_a_check_looks_only_where_it_is_executed_at_once():
    with pytest.raises(ZeroDivisionError):
        counts // g.tensor([1, 0])
    with pytest.raises(RuntimeError, match="std"):
        g.normal(two, -two)
    with using(Types()):
        assert (counts // g.tensor([1, 0])).shape == (2,)
        assert g.normal(two, -two).shape == (2,)


@pytest.mark.parametrize(
    "make",
    [
        lambda: two[flags],
        lambda: two.masked_select(flags),
        lambda: two.nonzero(),
        lambda: two.unique(),
    ],
    ids=["mask", "masked_select", "nonzero", "unique"],
)
def test_a_shape_that_depends_on_numbers_is_refused(make):
    with using(Types()), pytest.raises(UnknownShape, match="depends on the numbers"):
        make()


def test_a_tensor_that_outlived_its_trace_says_so():
    with using(Types()):
        x = two + 1
    assert isinstance(x._value, ArrayType)
    with pytest.raises(GradatimError) as error:
        x.tolist()
    assert str(error.value) == (
        "this tensor has no numbers: it was made while a function was traced, and only its shape "
        "[2] and dtype float32 are known; return it from the compiled function instead of keeping "
        "it"
    )
    assert repr(x) == "tensor(..., size=(2,), dtype=gradatim.float32)"
    with pytest.raises(GradatimError, match="traced"):
        print(x)
