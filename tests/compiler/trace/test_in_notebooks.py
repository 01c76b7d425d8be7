"""What a notebook shows of an error in a compiled function: the user's calls, and the cell."""

import sys
import traceback
from types import ModuleType, SimpleNamespace

import pytest

import gradatim as g
from gradatim import nn
from gradatim.compiler.errors import TraceError


class Undefined(nn.Module):
    @g.no_grad()
    def forward(self, x):
        return nothing_of_this_name(x)  # noqa: F821


def shown(error):
    """The functions of the calls that IPython and pytest show."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [f.f_code.co_name for f in frames if not f.f_locals.get("__tracebackhide__")]


def test_an_error_in_a_compiled_function_shows_only_the_users_calls():
    model = nn.Sequential(nn.Linear(2, 2), Undefined())

    @g.compile
    def step(x):
        return model(x)

    try:
        step(g.ones(1, 2))
    except NameError as error:
        calls = shown(error)
    assert calls == [test_an_error_in_a_compiled_function_shows_only_the_users_calls.__name__,
                     "step", "forward"]  # fmt: skip


def test_an_error_in_a_hooked_module_shows_only_the_users_calls():
    model = Undefined()
    model.register_forward_hook(lambda *_: None)
    with pytest.raises(NameError) as caught:
        model(g.ones(1))
    assert shown(caught.value)[1:] == ["forward"]


def test_the_line_of_a_notebook_is_named_by_its_cell(monkeypatch):
    def format_code_name(name):
        return ("Cell", "In[7]") if name == "/tmp/ipykernel_1/123.py" else None

    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: SimpleNamespace(
        compile=SimpleNamespace(format_code_name=format_code_name)
    )
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    cell = {"__name__": "__main__"}
    exec(compile("\ndef f(x): return float(x)", "/tmp/ipykernel_1/123.py", "exec"), cell)  # noqa: S102
    with pytest.raises(TraceError, match=r"^compile: In\[7\], line 2 asks for the value"):
        g.compile(cell["f"])(g.ones(1))
    with pytest.raises(TraceError, match=r"^compile: test_in_notebooks.py, line \d+: "):
        g.compile(lambda x: float(x))(g.ones(1))


def test_windows_that_are_cut_out_one_by_one_are_told_the_way_to_cut_them_at_once():
    data = g.arange(20)

    @g.compile
    def batch():
        ix = g.randint(10, (4,))
        return g.stack([data[i : i + 8] for i in ix])

    with pytest.raises(TraceError, match=r"begin at ix are data\[ix\[:, None\] \+ gradatim.arange"):
        batch()
