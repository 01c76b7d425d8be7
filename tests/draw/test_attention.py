"""`draw.attention`: every weight where it belongs, tokens that can be read, what is refused."""

import re
from itertools import pairwise

import pytest

import gradatim
from gradatim import draw, nn
from gradatim.draw.canvas.text_width import text_width
from gradatim.models import gpt


@pytest.fixture(scope="module")
def model():
    gradatim.manual_seed(2)
    made = gpt.Model(gpt.Config(n_layer=2, n_head=3, n_embd=12)).eval()
    with gradatim.no_grad():
        for p in made.parameters():
            p.mul_(20)
    return made


def test_every_weight_that_can_be_seen_is_drawn_with_its_tokens(model):
    ids = [0, 5, 13, 13, 1]
    svg = draw.attention(model, ids, ".emma").svg
    with gradatim.no_grad():
        weights = model.attention(gradatim.tensor([ids]))[:, 0]  # (layers, heads, T, T)
    assert svg.count("→") == int((weights >= 0.005).sum())
    assert f"e → .: {weights[0, 0, 1, 0]:.2f}" in svg
    for name in ("layer 1", "layer 2", "head 1", "head 3"):
        assert f">{name}<" in svg


def test_the_maps_are_the_weights_that_the_model_uses(model):
    ids = gradatim.tensor([[0, 5, 13, 13, 1]])
    with gradatim.no_grad():
        maps = model.attention(ids)
        first = model.blocks[0]
        x = first.ln_1(model.wte(ids) + model.wpe(gradatim.arange(5)))
        v = first.attn.qkv(x).split(12, -1)[2].view(1, 5, 3, 4).transpose(1, 2)
        mixed = (maps[0] @ v).transpose(1, 2).flatten(2)
        assert gradatim.allclose(first.attn.proj(mixed), first.attn(x), atol=1e-5)
    assert maps.sum(-1).allclose(gradatim.ones(2, 1, 3, 5))
    assert not maps.triu(1).any()


def test_spaces_and_line_ends_can_be_seen_and_long_texts_have_no_names(model):
    assert "␣cat" in draw.attention(model, [1, 2, 3], ["the", " cat", "\n"]).svg
    long = gpt.Model(gpt.Config(n_layer=1, block_size=40))
    svg = draw.attention(long, [3] * 40, ["word"] * 40, title="long").svg
    assert "word" not in svg
    assert ">long<" in svg


def test_weights_alone_are_drawn_whatever_made_them():
    gradatim.manual_seed(0)
    weights = gradatim.randn(3, 4, 4, requires_grad=True).tril().softmax(-1)
    svg = draw.attention(weights, labels="emma").svg
    assert svg.count("→") == 3 * 16  # a softmax without a mask: they look ahead, which is shown
    assert f"e → m: {weights[0, 0, 1]:.2f}" in svg
    assert "head 3" in svg
    assert draw.attention(weights, "emma").svg == svg
    assert draw.attention(weights[None].numpy(force=True), "emma").svg == svg
    one = draw.attention(gradatim.eye(3), title="one head")
    assert one.svg.count("→") == 3


def test_what_is_no_attention_is_refused():
    for wrong in (gradatim.ones(3, 4), gradatim.ones(3), gradatim.ones(2, 2, 2, 3, 3)):
        with pytest.raises(ValueError, match=r"weights are \(T, T\)"):
            draw.attention(wrong)
    with pytest.raises(ValueError, match="2 labels for 3 tokens"):
        draw.attention(gradatim.eye(3), labels="ab")
    with pytest.raises(ValueError, match="give the weights themselves"):
        draw.attention(nn.Linear(1, 1), [1, 2])
    with pytest.raises(ValueError, match="needs tokens"):
        draw.attention(gpt.Model(gpt.Config(n_layer=1)))


def test_a_model_in_training_stays_so():
    model = gpt.Model(gpt.Config(n_layer=1, dropout=0.5))
    assert draw.attention(model, [1, 2]).svg == draw.attention(model, [1, 2]).svg
    assert model.training


def test_what_cannot_be_drawn_is_refused(model):
    with pytest.raises(ValueError, match="Linear has no method attention"):
        draw.attention(nn.Linear(2, 2), [1])
    with pytest.raises(ValueError, match="shows 1 to 128 tokens, got 0"):
        draw.attention(model, [])
    with pytest.raises(ValueError, match="2 labels for 3 tokens"):
        draw.attention(model, [1, 2, 3], "ab")


def test_headings_of_a_single_token_stand_side_by_side(model):
    drawn = draw.attention(model, [0]).svg
    places = [float(x) for x in re.findall(r'<text x="([\d.]+)"[^>]*>head \d', drawn)]
    assert len(places) > 1
    assert all(b - a > text_width("head 1", 11, bold=True) for a, b in pairwise(places))
