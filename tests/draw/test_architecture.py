"""`draw.architecture`: modules as boxes, what flows between them, and what is shown once."""

from __future__ import annotations

from typing import Any

import pytest

import gradatim as g
from gradatim import draw, nn
from gradatim.core.errors import ArgumentError
from gradatim.diagnose.cures import Config, DeepMLP
from gradatim.draw.canvas import theme
from gradatim.models import bigram, gpt
from gradatim.nn import functional as F
from tests.draw.reading import fills, texts


def small_gpt(layers: int = 4, **more: Any) -> tuple[gpt.GPT, g.Tensor, g.Tensor]:
    model = gpt.GPT(gpt.Config(n_layer=layers, n_embd=8, n_head=2, block_size=5, **more))
    ids = g.tensor([[0, 1, 2, 3, 4]])
    return model, ids, ids


def test_a_gpt_shows_one_block_and_how_many_more_there_are() -> None:
    picture = draw.architecture(*small_gpt())
    shown = texts(picture)
    for name in ("X", "wte", "wpe", "blocks.0", "ln_1", "attn", "qkv", "attention", "gelu", "ln_f"):
        assert name in shown, name
    assert "blocks.1 … blocks.3" in shown
    assert "3 more alike, 2,616 parameters" in shown
    assert "216 parameters, those of wte" in shown  # tied
    assert {"1 × 5", "1 × 5 × 8", "1 × 2 × 5 × 4", "1 × 5 × 32"} <= set(shown)
    assert "blocks.1" not in shown
    assert picture.width < 500


def test_a_picture_is_the_same_each_time() -> None:
    def drawn() -> str:
        g.manual_seed(0)
        return draw.architecture(*small_gpt(dropout=0.1), depth=3).svg

    assert drawn() == drawn()


def test_windows_of_one_text_are_told_apart() -> None:
    model, _, _ = small_gpt()
    text = g.tensor([[0, 1, 2, 3, 4, 5]])
    shown = texts(draw.architecture(model, text[:, :-1], text[:, 1:]))
    assert shown.count("X") == 1
    assert "Y  1 × 5" in shown


def test_depth_says_how_many_levels_are_opened() -> None:
    model = small_gpt(2)
    assert texts(draw.architecture(*model, depth=0))[2:6] == ["Y", "1 × 5", "X", "1 × 5"]
    parts = texts(draw.architecture(*model, depth=1))
    assert {"blocks.0", "blocks.1", "head"} <= set(parts)
    assert "ln_1" not in parts
    opened = texts(draw.architecture(*model, depth=2))
    assert "attn" in opened
    assert "qkv" not in opened
    assert "qkv" in texts(draw.architecture(*model, depth=3))


def test_a_deep_network_is_one_layer_and_its_repetitions() -> None:
    picture = draw.architecture(DeepMLP(Config(norm=True, residual=True)), g.zeros(8, 64))
    shown = texts(picture)
    assert "29 more alike, 298,700 parameters" in shown
    assert {"1", "linear", "norm", "relu", "+", "2 … 30", "32"} <= set(shown)
    assert picture.height < 1000


def test_steps_that_alternate_are_collapsed_together() -> None:
    layers = [layer for _ in range(20) for layer in (nn.Linear(8, 8), nn.Tanh())]
    shown = texts(draw.architecture(nn.Sequential(*layers, nn.Linear(8, 1)), g.zeros(4, 8)))
    assert {"2 … 39", "Linear, Tanh", "19 more alike, 1,368 parameters"} <= set(shown)
    few = texts(draw.architecture(nn.Sequential(*layers[:6]), g.zeros(4, 8)))
    assert not [words for words in few if "alike" in words]


class Own(nn.Module):
    """Parameters of its own, operations instead of modules, two arguments and two results."""

    def __init__(self) -> None:
        super().__init__()
        self.W, self.b = nn.Parameter(g.ones(3, 5)), nn.Parameter(g.zeros(5))
        self.norm = nn.LayerNorm(5)

    def forward(self, x: Any, target: Any) -> Any:
        y = self.norm((x @ self.W + self.b).tanh())
        return {"y": y, "loss": F.mse_loss(y, target)}


def test_parameters_and_arguments_stand_beside_the_operations_that_take_them() -> None:
    shown = texts(draw.architecture(Own(), g.ones(7, 3), g.ones(7, 5)))
    assert {"W  3 × 5", "b  5", "target  7 × 5", "@", "+", "tanh", "norm"} <= set(shown)
    assert "30 parameters; shapes are those of one run" in shown


def test_an_argument_beside_parameters_has_a_box_of_its_own() -> None:
    picture = draw.architecture(nn.MultiheadAttention(4, 2), *[g.ones(3, 2, 4)] * 3)
    assert {"in_proj_weight  12 × 4", "key  3 × 2 × 4", "value  3 × 2 × 4"} <= set(texts(picture))
    boxes = fills(picture)
    assert (boxes.count(theme.PARAMETER), boxes.count(theme.INPUT)) == (3, 3)  # with the query


def test_a_write_in_place_is_shown_as_one_writes_it() -> None:
    class Writes(nn.Module):
        def forward(self, x: Any) -> Any:
            y = x * 2
            y[0] = 0.0
            return y

    assert "[ ] =" in texts(draw.architecture(Writes(), g.ones(3, 2)))


class Twice(nn.Module):
    """A cell used again and again, and two results."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.a, self.b = nn.Linear(6, 4), nn.Linear(4, 1), nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        h = g.zeros(len(x), 4)
        for t in range(x.shape[1]):
            h = self.cell(g.cat([x[:, t], h], 1)).tanh()
        return self.a(h), self.b(h)


def test_a_cell_that_is_used_again_counts_once() -> None:
    shown = texts(draw.architecture(Twice(), g.ones(2, 12, 2)))
    assert "11 more alike, those of cell above" in shown
    assert "2 × 1, 2 × 2" in shown


def test_views_are_not_shown_but_modules_that_make_them_are() -> None:
    model = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2), nn.ReLU(inplace=True))
    shown = texts(draw.architecture(model, g.ones(4, 3, 2, 2)))
    assert {"BatchNorm2d", "Flatten", "Linear", "ReLU", "4 × 12"} <= set(shown)
    assert not {"reshape", "copy", "slice", "permute"} & set(shown)


def test_frozen_parts_are_shown_and_nothing_is_changed() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 1))
    model[0].requires_grad_(False)
    before = {name: x.clone() for name, x in model.state_dict().items()}
    state = g.get_rng_state()
    shown = texts(draw.architecture(model, g.arange(15.0).reshape(5, 3)))
    assert {"Linear", "BatchNorm1d", "Dropout"} <= set(shown)
    assert all(g.equal(x, before[name]) for name, x in model.state_dict().items())
    assert [p.requires_grad for p in model.parameters()] == [False, False, *[True] * 4]
    assert g.equal(g.get_rng_state(), state)
    assert model[0].weight.grad is None


def test_a_frozen_block_is_drawn_as_one_that_learns() -> None:
    def made(frozen: bool) -> str:
        model, ids, _ = small_gpt(1)
        model.requires_grad_(not frozen)
        model.head.weight = nn.Parameter(g.zeros(27, 8))
        return draw.architecture(model, ids, title="a").svg

    assert made(True) == made(False)


def test_whole_numbers_that_no_operation_keeps_are_shown_where_they_go() -> None:
    ids = g.tensor([[1], [2]])
    shown = texts(draw.architecture(bigram.Model(bigram.Config()), ids, ids[:, 0]))
    assert {"X", "2 × 1", "W  27 × 27", "Y  2"} <= set(shown)


def test_what_has_no_picture_is_refused() -> None:
    with pytest.raises(TypeError, match=r"draw\.architecture: expects a Module, got function"):
        draw.architecture(lambda x: x, g.ones(2))
    with pytest.raises(TypeError, match=r"depth must be a whole number, got 1\.5"):
        draw.architecture(nn.Linear(1, 1), g.ones(2, 1), depth=1.5)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="depth counts levels from 0, got -1"):
        draw.architecture(nn.Linear(1, 1), g.ones(2, 1), depth=-1)

    class Constant(nn.Module):
        def forward(self, x: Any) -> Any:
            return g.ones(3)

    with pytest.raises(ArgumentError, match="Constant gives nothing that was computed from its"):
        draw.architecture(Constant(), g.ones(2))

    class Long(nn.Module):
        def forward(self, x: Any) -> Any:
            for i in range(2000):
                x = (g.sin, g.cos, g.tanh, g.sigmoid)[(i * i // 7 + i // 3) % 4](x)
            return x

    with pytest.raises(ArgumentError, match="rows are too many to read; open fewer levels with a"):
        draw.architecture(Long(), g.ones(2), depth=1)
