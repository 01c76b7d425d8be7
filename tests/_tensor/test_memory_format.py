"""How a tensor is to lie in memory: what PyTorch's calls take, and what can be had."""

import copy
import pickle

import pytest

import gradatim as g
from gradatim import nn
from gradatim.core.errors import ArgumentError

m = g.arange(6.0).reshape(2, 3)
FORMATS = [None, g.preserve_format, g.contiguous_format]
LIKE = [g.zeros_like, g.ones_like, g.empty_like, g.rand_like, g.randn_like]
CALLS = {
    "clone": lambda **how: m.t().clone(**how),
    "to float32": lambda **how: m.to(g.float32, **how),
    "to a copy": lambda **how: m.t().to(copy=True, **how),
    "to float64": lambda **how: m.t().to(g.float64, **how),
    "double": lambda **how: m.t().double(**how),
    "float": lambda **how: m.float(**how),
    "long": lambda **how: m.t().long(**how),
    "int": lambda **how: m.t().int(**how),
    "bool": lambda **how: m.t().bool(**how),
    "byte": lambda **how: m.t().byte(**how),
    "cpu": lambda **how: m.cpu(**how),
    "full_like": lambda **how: g.full_like(m.t(), 2.0, **how),
    "randint_like": lambda **how: g.randint_like(m.t(), 9, **how),
    **{f.__name__: lambda f=f, **how: f(m.t(), **how) for f in LIKE},
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("how", FORMATS)
def test_what_takes_a_format_gives_the_same_numbers(name, how):
    if "rand" not in name:
        assert CALLS[name](memory_format=how).tolist() == CALLS[name]().tolist()
    found = CALLS[name](memory_format=how)
    assert how is not g.contiguous_format or found.is_contiguous()


@pytest.mark.parametrize("name", [*CALLS, "contiguous", "is_contiguous", "empty"])
def test_other_formats_are_refused(name):
    more = {"contiguous": m.contiguous, "is_contiguous": m.is_contiguous}
    call = {**CALLS, **more, "empty": lambda **how: g.empty(2, **how)}[name]
    said = "memory_format=gradatim.channels_last is not supported: tensors are contiguous"
    with pytest.raises(ArgumentError, match=said):
        call(memory_format=g.channels_last)
    with pytest.raises(TypeError, match="memory_format must be a gradatim.memory_format, got str"):
        call(memory_format="contiguous_format")


def test_numbers_are_drawn_in_the_order_that_is_asked_for():
    g.manual_seed(5)
    in_order = g.rand(3, 2)
    g.manual_seed(5)
    assert g.rand_like(m.t(), memory_format=g.contiguous_format).tolist() == in_order.tolist()
    g.manual_seed(5)
    assert g.rand_like(m.t(), memory_format=g.preserve_format).t().tolist() == (
        in_order.reshape(2, 3).tolist()
    )


def test_what_fits_is_given_back_itself():
    assert m.t().to(g.float32, memory_format=g.contiguous_format).stride() == (1, 3)
    assert m.contiguous(memory_format=g.contiguous_format) is m
    assert m.is_contiguous(memory_format=g.contiguous_format)
    assert not m.t().is_contiguous(memory_format=g.contiguous_format)
    assert g.empty(2, memory_format=g.contiguous_format).shape == (2,)
    with pytest.raises(ArgumentError, match="there is nothing to preserve"):
        g.empty(2, memory_format=g.preserve_format)


@pytest.mark.parametrize("how", [g.preserve_format, None])
def test_contiguous_has_one_order_to_ask_for(how):
    with pytest.raises(ArgumentError, match="can be requested is contiguous_format"):
        m.t().contiguous(memory_format=how)


@pytest.mark.parametrize("name", ["float", "double", "int", "long", "bool", "byte", "cpu"])
def test_formats_of_conversions_are_given_by_name(name):
    with pytest.raises(TypeError, match="positional"):
        getattr(m, name)(g.contiguous_format)


def test_modules_take_formats_where_their_tensors_do():
    layer = nn.Linear(3, 2)
    assert layer.to(memory_format=g.contiguous_format) is layer
    assert layer.to(g.float64, memory_format=g.preserve_format).weight.dtype == g.float64


def test_formats_are_few_and_stay_themselves():
    assert repr(g.contiguous_format) == str(g.contiguous_format) == "gradatim.contiguous_format"
    assert isinstance(g.channels_last_3d, g.memory_format)
    for one in (copy.deepcopy(g.preserve_format), pickle.loads(pickle.dumps(g.preserve_format))):
        assert one is g.preserve_format
    with pytest.raises(TypeError):
        g.memory_format()


def test_compiled_calls_take_formats_too():
    @g.compile
    def step(x):
        x = x.t().clone(memory_format=g.contiguous_format)
        return x.contiguous(memory_format=g.contiguous_format).double().view(6)

    assert step(m).tolist() == m.t().reshape(6).tolist()
