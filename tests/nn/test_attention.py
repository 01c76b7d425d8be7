"""Attention: PyTorch's numbers, what a mask hides, and what is refused."""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest

import gradatim
from gradatim import nn
from gradatim.nn import functional as F
from tests.reference.attention_cases import FUNCTIONS, evaluate
from tests.reference.nn_cases import lines

FILE = Path(__file__).parents[1] / "reference" / "attention.json"
ANSWERS = json.loads(FILE.read_text(encoding="utf-8"))["functions"]
A = F.scaled_dot_product_attention


def same(ours, theirs, rtol, atol):
    np.testing.assert_allclose(ours, np.array(theirs, float), rtol=rtol, atol=atol)


@pytest.mark.parametrize("expression", lines(FUNCTIONS))
def test_values_and_gradients_of_both_orders_are_pytorchs(expression):
    theirs = ANSWERS[expression]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = evaluate(expression, gradatim)
    assert ours["dtype"] == theirs["dtype"]
    same(ours["value"], theirs["value"], 4e-6, 4e-7)
    leaves = len(theirs.get("first", []))
    # Of second gradients, in which large numbers cancel, both are off from the exact ones by 4e-5.
    for order, (rtol, atol) in {"first": (2e-5, 2e-6), "second": (5e-5, 5e-5)}.items():
        # Where there is no gradient, None and zeros say the same.
        both = [side.get(order) or [None] * leaves for side in (ours, theirs)]
        for mine, other in zip(*both, strict=True):
            same(*(0.0 if g is None else g for g in (mine, other)), rtol, atol)


def heads(*shape, seed=0):
    return [gradatim.randn(*shape, generator=gradatim.Generator().manual_seed(seed + i))
            for i in range(3)]  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("size", [1, 3, 16, 37])
def test_a_later_token_changes_no_earlier_output_by_a_bit(size, compiled):
    def attend(q, k, v):
        return A(q, k, v, is_causal=True)

    run = gradatim.compile(attend) if compiled else attend
    q, k, v = heads(2, 3, size, 8)
    before = run(q, k, v).numpy().copy()
    for t in range(size):
        for x in (q, k, v):
            x[..., t, :] = 100.0
        after = run(q, k, v).numpy()
        np.testing.assert_array_equal(after[..., :t, :], before[..., :t, :])
        q, k, v = heads(2, 3, size, 8)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("size", [4, 70])
@pytest.mark.parametrize("key", [1e30, math.inf, -math.inf, math.nan])
def test_what_a_mask_hides_has_no_weight_whatever_it_is(key, size, compiled):
    run = gradatim.compile(A) if compiled else A
    q, k, v = heads(1, size, 8)
    mask = gradatim.arange(size) != 2
    masked = run(q, k, v, attn_mask=mask).numpy().copy()
    causal = run(q, k, v, is_causal=True).numpy().copy()
    k[:, 2] = key
    v[:, 2] = -7.0
    np.testing.assert_array_equal(run(q, k, v, attn_mask=mask).numpy(), masked)
    np.testing.assert_array_equal(run(q, k, v, is_causal=True).numpy()[:, :2], causal[:, :2])


def test_a_query_that_may_look_nowhere_gets_zeros_and_passes_no_gradient():
    q, k, v = (x.requires_grad_() for x in heads(3, 4))
    mask = gradatim.ones(3, 3).bool().tril(-1)
    out = A(q, k, v, attn_mask=mask)
    out.sum().backward()
    assert out[0].tolist() == [0.0] * 4
    assert q.grad[0].tolist() == [0.0] * 4
    assert not k.grad.isnan().any()


def test_compiled_attention_and_its_gradients_are_those_of_numpy():
    def slopes(q, k, v):
        leaves = [x.detach().requires_grad_() for x in (q, k, v)]
        out = A(*leaves, is_causal=True)
        return out, *gradatim.autograd.grad((out * out).sum(), leaves)

    given = heads(2, 4, 13, 8)
    for ours, theirs in zip(gradatim.compile(slopes)(*given), slopes(*given), strict=True):
        np.testing.assert_allclose(ours.detach(), theirs.detach(), rtol=2e-5, atol=2e-6)


Z = gradatim.zeros
REFUSED = {
    "last dimensions of query and key must be equal, they are 4 and 3": (Z(2, 4), Z(2, 3), Z(2, 4)),
    "one value for each key, got 2 keys and 3 values": (Z(2, 4), Z(2, 4), Z(3, 4)),
    "at least 2 dimensions": (Z(4), Z(4), Z(4)),
    "one floating dtype": (Z(2, 4), Z(2, 4).double(), Z(2, 4)),
    r"shape \[4, 2\] must broadcast|do not broadcast": (Z(2, 4), Z(2, 4), Z(2, 4), Z(4, 2).bool()),
    "attn_mask must be boolean or": (Z(2, 4), Z(2, 4), Z(2, 4), Z(2, 2).long()),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_does_not_fit_is_refused_by_name(message):
    with pytest.raises((RuntimeError, TypeError, ValueError), match=message):
        A(*REFUSED[message])


def test_heads_and_probabilities_that_make_no_sense_are_refused():
    q, k = Z(3, 2, 4), Z(2, 2, 4)
    with pytest.raises(RuntimeError, match="3 heads of query cannot share 2 heads of key"):
        A(q, k, k, enable_gqa=True)
    with pytest.raises(ValueError, match="must divide embed_dim.*embed_dim=8 and num_heads=3"):
        nn.MultiheadAttention(8, 3)
    for p in (-1.0, 1.5):
        with pytest.raises(ValueError, match=f"between 0 and 1, but got {p}"):
            A(q, q, q, dropout_p=p)
    with pytest.raises(RuntimeError, match="attn_mask should not be set when is_causal=True; comb"):
        A(q, q, q, gradatim.ones(2, 2).bool(), is_causal=True)


def test_a_learned_row_is_looked_at_and_learns():
    layer, x = nn.MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True), heads(3, 2, 8)[0]
    out, weights = layer(x, x, x)
    assert weights.shape == (2, 3, 5)
    np.testing.assert_allclose(weights.sum(-1).detach(), 1.0, rtol=1e-6)
    out.square().sum().backward()
    assert layer.bias_k.grad.any()
    assert layer.bias_v.grad.any()
    assert {"bias_k", "bias_v"} < set(layer.state_dict())


def test_the_mask_counts_whatever_is_causal_hints():
    layer, x = nn.MultiheadAttention(8, 2), heads(3, 2, 8)[0]
    all_seen = gradatim.zeros(3, 3).bool()
    hinted = layer(x, x, x, attn_mask=all_seen, is_causal=True, need_weights=False)[0]
    assert gradatim.allclose(hinted, layer(x, x, x)[0], atol=1e-6)


def test_a_layer_says_which_inputs_and_masks_it_wants():
    layer, x = nn.MultiheadAttention(8, 2), Z(3, 2, 8)
    with pytest.raises(RuntimeError, match="the last be 8, 8 and 8; got"):
        layer(x, x, Z(3, 2, 7))
    with pytest.raises(RuntimeError, match=r"attn_mask must have shape \[3, 3\] or \[4, 3, 3\]"):
        layer(x, x, x, attn_mask=Z(2, 3))
    with pytest.raises(RuntimeError, match=r"key_padding_mask must have shape \[2, 3\]"):
        layer(x, x, x, key_padding_mask=Z(3, 2))
    with pytest.raises(ValueError, match="pass the mask too"):
        layer(x, x, x, is_causal=True)


def test_results_lie_in_memory_as_the_queries_do():
    rows = gradatim.randn(2, 5, 12, requires_grad=True)
    q, k, v = (x.view(2, 5, 2, 2).transpose(1, 2) for x in rows.split(4, -1))
    out = A(q, k, v, is_causal=True)
    assert out.transpose(1, 2).is_contiguous()
    assert A(*(x.contiguous() for x in (q, k, v)), is_causal=True).is_contiguous()


def test_the_result_may_be_overwritten():
    q, k, v = (x.requires_grad_() for x in heads(2, 3, 4))
    A(q, k, v).sum().backward()
    expected = [x.grad.clone() for x in (q, k, v)]
    for x in (q, k, v):
        x.grad = None
    out = A(q, k, v)
    out += 1
    out.sum().backward()
    for x, g in zip((q, k, v), expected, strict=True):
        assert x.grad.tolist() == g.tolist()


def test_a_batch_of_nothing_may_have_a_mask_for_each_head():
    layer, x = nn.MultiheadAttention(6, 3, batch_first=True), gradatim.zeros(0, 2, 6)
    out, weights = layer(x, x, x, attn_mask=gradatim.zeros(0, 2, 2, dtype=gradatim.bool))
    assert out.shape == (0, 2, 6)
    assert weights.shape == (0, 2, 2)
