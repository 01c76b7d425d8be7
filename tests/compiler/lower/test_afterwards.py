"""What products ask for on behalf of the update that comes after them."""

from __future__ import annotations

from typing import Any

import gradatim as g
from gradatim.compiler.lower.products.afterwards import MOST, coming
from gradatim.compiler.trace.trace import trace
from tests.compiler.running import schedule_of

ROWS = 512


def asked(inputs: int, outputs: int) -> list[list[tuple[int, ...]]]:
    """Shapes of what each product asks for, in a step of a layer with AdamW."""
    layer = g.nn.Linear(inputs, outputs, bias=False)
    optimiser = g.optim.AdamW(layer.parameters())
    x = g.randn(ROWS, inputs)

    def step() -> Any:
        optimiser.zero_grad()
        loss = layer(x).square().mean()
        loss.backward()
        optimiser.step()
        return loss

    step()
    traced = trace(step, [])
    made = schedule_of(traced.graph, traced.updates)
    outside = {*made.inputs, *made.outputs}
    found = coming(made.nests, outside, lambda v: made.in_place.get(v, v))
    return [[v.shape for v in variables] for variables in found.values()]


def test_moments_and_the_gradient_are_asked_for_and_the_weight_is_near() -> None:
    assert asked(64, 128) == [[(128, 64)] * 3]


def test_more_than_a_cache_holds_is_not_asked_for() -> None:
    side = 512
    assert 3 * 4 * side * side > MOST
    assert asked(side, side) == []
