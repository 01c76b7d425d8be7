"""The GPT: what it promises about time, its first weights, and what it refuses."""

import numpy as np
import pytest

import gradatim
from gradatim.data.examples import UNCOUNTED
from gradatim.models import gpt

SMALL = gpt.Config(vocab_size=11, block_size=7, n_layer=2, n_head=2, n_embd=8)


def model(config=SMALL):
    gradatim.manual_seed(3)
    return gpt.Model(config).eval()


def tokens(*shape, vocab=11, seed=0):
    rng = np.random.default_rng(seed)
    return gradatim.from_numpy(rng.integers(0, vocab, shape))


def test_logits_are_for_each_place_and_the_loss_is_the_mean_over_what_counts():
    m, X, Y = model(), tokens(3, 7), tokens(3, 7, seed=1)
    logits, loss = m(X, Y)
    assert tuple(logits.shape) == (3, 7, 11)
    log_p = logits.log_softmax(-1).detach().numpy()
    costs = -np.take_along_axis(log_p, Y.numpy()[..., None], -1)[..., 0]
    assert loss.item() == pytest.approx(costs.mean(), rel=1e-5)
    Y[1, 2:] = UNCOUNTED
    counted = Y.numpy() != UNCOUNTED
    assert m(X, Y)[1].item() == pytest.approx(costs[counted].mean(), rel=1e-5)
    assert m(X)[1] is None


@pytest.mark.parametrize("compiled", [False, True])
def test_a_later_token_changes_no_earlier_logit_by_a_bit(compiled):
    m = model()

    def logits(X):
        with gradatim.no_grad():
            return m(X)[0]

    run = gradatim.compile(logits) if compiled else logits
    X = tokens(2, 7)
    before = run(X).numpy().copy()
    for t in range(7):
        Z = X.clone()
        Z[:, t:] = (Z[:, t:] + 5) % 11
        after = run(Z).numpy()
        np.testing.assert_array_equal(after[:, :t], before[:, :t])
        assert (after[:, t] != before[:, t]).any()


def test_token_by_token_with_a_memory_gives_the_logits_of_one_pass():
    m, X = model(), tokens(3, 7)
    with gradatim.no_grad():
        whole = m(X)[0].numpy()
        cache = m.cache(3)
        read = m(X[:, :2], cache=cache)[0].numpy()
        np.testing.assert_allclose(read, whole[:, :2], rtol=1e-5, atol=1e-6)
        for t in range(2, 7):
            at = gradatim.full((3,), t, dtype=gradatim.int64)
            np.testing.assert_allclose(
                m.next(X[:, t], at, cache).numpy(), whole[:, t], rtol=1e-5, atol=1e-6
            )


def test_each_text_of_a_memory_can_stand_at_a_place_of_its_own():
    m, X = model(), tokens(2, 7)
    with gradatim.no_grad():
        whole, cache = m(X)[0].numpy(), m.cache(2)
        m(X, cache=cache)
        at = gradatim.tensor([2, 5])
        found = m.next(gradatim.stack([X[0, 2], X[1, 5]]), at, cache).numpy()
    np.testing.assert_allclose(found, [whole[0, 2], whole[1, 5]], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("B", "T"), [(0, 4), (2, 0)])
def test_no_texts_or_no_tokens_have_no_logits(B, T):
    assert model()(gradatim.zeros(B, T).long())[0].shape == (B, T, 11)


def test_it_begins_as_gpt2_does():
    m = model(gpt.Config(n_layer=8))
    for name, p in m.named_parameters():
        if name.endswith("bias"):
            assert not p.any(), name
        elif ".ln" in name or name.startswith("ln"):
            assert (p == 1).all(), name
        else:
            expected = 0.005 if name.endswith("proj.weight") else 0.02
            assert p.std().item() == pytest.approx(expected, rel=0.1), name


def test_a_tied_head_is_the_table_of_tokens_and_counts_once():
    m, free = model(), model(gpt.Config(**{**vars(SMALL), "tied": False}))
    assert m.head.weight is m.wte.weight
    sizes = [sum(p.numel() for p in each.parameters()) for each in (m, free)]
    assert sizes[1] - sizes[0] == 11 * 8


def test_dropout_is_drawn_while_training_only():
    m, X = model(gpt.Config(**{**vars(SMALL), "dropout": 0.5})), tokens(2, 7)
    assert (m(X)[0] == m(X)[0]).all()
    m.train()
    assert (m(X)[0] != m(X)[0]).any()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"n_head": 3}, "n_head must divide n_embd.*3 heads and a width of 64"),
        ({"n_layer": 0}, "n_layer must be at least 1, got 0"),
        ({"dropout": 1.0}, "dropout must be at least 0 and less than 1, got 1.0"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        gpt.Config(**sizes)


def test_tokens_that_do_not_fit_are_refused():
    m = model()
    with pytest.raises(ValueError, match="8 tokens exceed the context of 7; pass the last"):
        m(tokens(1, 8))
    with pytest.raises(RuntimeError, match=r"tokens must be \(B, T\), got shape \[7\]"):
        m(tokens(7))
    with pytest.raises(IndexError, match="token 11 is out of range: there are 11, 0 to 10"):
        m(gradatim.tensor([[0, 11]]))
    with pytest.raises(IndexError, match="token -1 is out of range"):
        m(gradatim.tensor([[-1, 1]]))
