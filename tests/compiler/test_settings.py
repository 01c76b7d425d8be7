"""PyTorch's settings of `compile`: what they do, and which are refused."""

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


@pytest.mark.parametrize("settings", [{"disable": True}, {"backend": "eager"}])
def test_what_is_not_to_be_compiled_is_given_back(settings):
    model = nn.Linear(2, 1)
    assert g.compile(model, **settings) is model
    assert g.compile(**settings)(model) is model


REFUSED = {
    "dynamic=True is not supported: each shape has a program": {"dynamic": True},
    "backend='cudagraphs' is not supported: there is one compiler": {"backend": "cudagraphs"},
    "mode='fastest' is not supported: the modes are default, reduce-overhead": {"mode": "fastest"},
    "options={'shape_padding': True} is not supported": {"options": {"shape_padding": True}},
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_had_is_refused(message):
    with pytest.raises(ArgumentError) as error:
        g.compile(abs, **REFUSED[message])
    assert str(error.value).startswith(f"compile: {message}")
    assert str(error.value).endswith("; leave it out")


def test_only_what_can_be_called_is_compiled():
    with pytest.raises(TypeError, match="compile: expects a function, got int"):
        g.compile(fullgraph=True)(3)
