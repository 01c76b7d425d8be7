"""Random programs with writes, aliases, draws and Python's control: compiled as written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gradatim as g
from gradatim.compiler.errors import TraceError
from tests.compiler.programs import COUNT, SIZES, RandomProgram, arguments, programs
from tests.compiler.seen import LAYOUTS, check_alike, laid_out, plain

Call = dict[str, Any]
CALL = st.fixed_dictionaries(
    {
        "n": st.sampled_from([SIZES[0], *SIZES]),
        "k": st.sampled_from([1, 1, 2]),
        "rate": st.sampled_from([0.5, 0.25]),
        "alias": st.sampled_from(["none", "none", "same", "view"]),
        "layout": st.sampled_from(LAYOUTS),
        "mode": st.sampled_from(["grad", "grad", "no_grad", "plain"]),
        "wanted": st.sampled_from(["all", "first", "none"]),
    }
)


def given_to(program: RandomProgram, call: Call, seed: int, nudge: float) -> list[Any]:
    """The arguments of one call, of which two may be one, or lie in one memory."""
    arrays = arguments(program.shapes, call["n"], seed, np.float64)
    made = [laid_out(a * (1 + nudge), call["layout"]) for a in arrays]
    if call["mode"] == "grad":
        made = [x.requires_grad_() if i < 2 else x for i, x in enumerate(made)]
    alike = [i for i in range(COUNT - 1) if made[i].shape == made[-1].shape]
    if call["alias"] == "same" and alike:
        made[alike[0]] = made[-1]
    if call["alias"] == "view":
        made[0] = made[-1].view(made[-1].shape) if made[-1].is_contiguous() else made[-1][...]
    return made


def one_call(function: Any, program: RandomProgram, call: Call, seed: int, nudge: float) -> Any:
    """All that can be seen of a call: results, what became of arguments, gradients, errors."""
    given = given_to(program, call, seed, nudge)
    g.manual_seed(seed)
    try:
        with g.set_grad_enabled(call["mode"] != "no_grad"):
            found, rest = function(*given, k=call["k"], rate=call["rate"])
    except TraceError:
        raise
    except Exception as error:
        return repr(error)
    seen = [plain([found, rest, given]), g.get_rng_state().tolist()]
    seen += [[i for i, x in enumerate(given) if x is y] for y in found]
    wanted = [y for y in found if y.requires_grad and y.is_floating_point()]
    wanted = {"all": wanted, "first": wanted[:1], "none": []}[call["wanted"]]
    if wanted:
        try:
            sum((y * uneven(y)).sum() for y in wanted).backward()
        except Exception as error:
            return [*seen, type(error)]
    return [*seen, plain([x.grad if x.is_leaf else None for x in given])]


def uneven(y: Any) -> Any:
    return g.tensor(np.cos(np.arange(y.numel())).reshape(y.shape))


@pytest.mark.filterwarnings("ignore:gradatim.compile")
@settings(max_examples=max(1, settings().max_examples // 20))
@given(programs(), st.lists(CALL, min_size=2, max_size=4))
def test_every_call_is_as_it_is_written(program: RandomProgram, calls: list[Call]) -> None:
    g.set_default_dtype(g.float64)
    try:
        compiled = g.compile(program)
        for seed, call in enumerate(calls):
            want = one_call(program, program, call, seed, 0.0)
            got = one_call(compiled, program, call, seed, 0.0)
            try:
                check_alike(want, got, 1e-7)
            except AssertionError:
                assume(is_steady(program, call, seed, want))
                raise
    finally:
        g.set_default_dtype(g.float32)


def is_steady(program: RandomProgram, call: Call, seed: int, want: Any) -> bool:
    """Whether numbers that are hardly others give hardly other results."""
    try:
        check_alike(want, one_call(program, program, call, seed, 1e-12), 1e-7)
    except AssertionError:
        return False
    return True
