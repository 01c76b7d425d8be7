"""PyTorch's settings of `compile`: what they do, and which are refused."""

import inspect
from functools import partial

import pytest

import gradatim as g
from gradatim import nn
from gradatim.core.errors import ArgumentError


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"fullgraph": True},
        {"dynamic": False, "backend": "inductor", "options": {}},
        {"mode": "max-autotune"},
        {"mode": "reduce-overhead", "fullgraph": False},
    ],
)
def test_settings_alone_make_a_decorator(settings):
    @g.compile(**settings)
    def double(x):
        return x * 2

    assert double(g.ones(2)).tolist() == [2.0, 2.0]
    assert "mul" in double.explain()
    assert g.compile(model=double.function, **settings)(g.ones(1)).item() == 2.0


NONE = [{"disable": True}, {"backend": "eager"}, {"disable": True, "mode": "max-autotune"}]


@pytest.mark.parametrize("settings", NONE)
def test_what_is_not_to_be_compiled_is_given_back(settings):
    model = nn.Linear(2, 1)
    assert g.compile(model, **settings) is model
    assert g.compile(**settings)(model) is model


@pytest.mark.parametrize("settings", NONE)
def test_a_module_is_as_it_is_written_again(settings):
    model, x = nn.Linear(2, 1), g.ones(3, 2)
    model.compile(**settings)
    assert not hasattr(model, "variants")
    keys, before = [*vars(model)], model(x)
    model.compile(fullgraph=True, dynamic=False, backend="inductor", mode="default", options=None)
    assert model(x).tolist() == before.tolist()
    assert len(model.variants) == 1
    model.compile(**settings)
    assert not hasattr(model, "variants")
    assert [*vars(model)] == keys
    assert model(x).tolist() == before.tolist()


def test_the_compiled_form_of_a_module_stays_one():
    model = g.compile(nn.Linear(2, 1))
    with pytest.raises(ArgumentError, match="CompiledLinear is the compiled form of a"):
        model.compile(disable=True)
    model.compile()
    assert len(model(g.ones(3, 2))) == 3


def test_modules_have_the_same_settings():
    def settings_of(method):
        taken = inspect.signature(method).parameters.values()
        return [(p.name, p.default, p.kind) for p in taken if p.name not in ("self", "model")]

    assert settings_of(nn.Module.compile) == settings_of(g.compile)


REFUSED = {
    "dynamic=True is not supported: each shape has a program": {"dynamic": True},
    "backend='cudagraphs' is not supported: there is one compiler": {"backend": "cudagraphs"},
    "mode='fastest' is not supported: the modes are default, lite, reduce-overhead": {
        "mode": "fastest"
    },
    "options={'shape_padding': True} is not supported": {"options": {"shape_padding": True}},
}


@pytest.mark.parametrize("compile", [partial(g.compile, abs), nn.Linear(1, 1).compile])
@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_had_is_refused(message, compile):
    with pytest.raises(ArgumentError) as error:
        compile(**REFUSED[message])
    assert str(error.value).startswith(f"compile: {message}")
    assert str(error.value).endswith("; leave it out")


def test_only_what_can_be_called_is_compiled():
    with pytest.raises(TypeError, match="compile: expects a function, got int"):
        g.compile(fullgraph=True)(3)
