"""lol(): the numbers of the slides, for numbers and for Values."""

import pytest

from gradatim.scalar import Value, descend, gradient, lol, nudge

AT = [2.0, -3.0, 10.0, -2.0]
SLOPES = [6.0, -4.0, -2.0, 4.0]


def test_its_value():
    assert lol().data == -8.0
    assert lol(1, 2, 3, 4).data == (1 * 2 + 3) * 4


def test_each_node_has_its_label():
    labels = [node.label for node in lol().graph()]
    assert sorted(labels) == ["L", "d", "e", "w1", "w2", "x1", "x2"]


def test_numbers_and_values_may_be_mixed():
    w1 = Value(10.0)
    L = lol(w1=w1)
    L.backward()
    assert (L.data, w1.grad, w1.label) == (-8.0, -2.0, "w1")


def test_a_label_that_is_there_is_kept():
    a = Value(2.0, label="a")
    lol(x1=a)
    assert a.label == "a"


def test_nudging_and_backward_agree():
    assert nudge(lol, AT) == pytest.approx(SLOPES, abs=1e-6)
    assert gradient(lol, AT) == SLOPES


def test_one_step_on_w1_and_w2():
    path = descend(lambda w1, w2: lol(w1=w1, w2=w2), AT[2:], rate=0.01, steps=1)
    assert path[1].height == pytest.approx(-8.2008, abs=1e-12)
    assert path[1].at == pytest.approx((10.02, -2.04))


def test_the_loss_never_stops_falling():
    path = descend(lambda w1, w2: lol(w1=w1, w2=w2), AT[2:], rate=0.01, steps=300)
    heights = [step.height for step in path]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] == pytest.approx(-3524, abs=1)


def test_stale_values_when_the_forward_pass_is_not_redone():
    leaves = [Value(x) for x in AT]
    L = lol(*leaves)
    leaves[2].data = 20.0
    L.backward()
    stale = [x.grad for x in leaves]
    assert (L.data, stale) == (-8.0, SLOPES)
    assert gradient(lol, [2.0, -3.0, 20.0, -2.0]) == [6.0, -4.0, -2.0, 14.0]  # only w2's was wrong
