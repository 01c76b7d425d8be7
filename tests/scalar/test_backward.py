"""backward(): order, accumulation, long chains, and what is known about a gradient."""

import copy
import math

import pytest

from gradatim.scalar import SLOPES, Value


def test_a_value_used_twice_gets_both_terms():
    a = Value(3.0)
    (a + a).backward()
    assert a.grad == 2.0
    b = Value(3.0)
    (b * b).backward()
    assert b.grad == 6.0


def test_a_diamond():
    a, b = Value(-2.0), Value(3.0)
    d, e = a * b, a + b
    f = d * e
    f.backward()
    assert (d.grad, e.grad, f.grad) == (1.0, -6.0, 1.0)
    assert (a.grad, b.grad) == (-3.0, -8.0)


def test_sixty_diamonds_in_a_row_are_walked_once_each():
    x = a = Value(1.0)
    for _ in range(60):
        x = x + x
    x.backward()
    assert a.grad == 2.0**60


def test_a_node_used_at_several_depths_waits_for_all_of_them():
    a = Value(2.0)
    b = a * 3
    c = b * b + b.exp() * 0 + b
    (c * b).backward()
    assert a.grad == pytest.approx(3 * (3 * 36 + 2 * 6))


def test_a_chain_of_100_000_operations():
    x = a = Value(0.0)
    for _ in range(100_000):
        x = x + 1.0
    x.backward()
    assert (x.data, a.grad) == (100_000.0, 1.0)
    assert len(x.graph()) == 200_001
    del x  # freeing it does not recurse either


def test_a_second_backward_adds_at_the_leaves_only():
    a, b = Value(2.0), Value(-3.0)
    product = a * b
    loss = product * product
    loss.backward()
    once = (a.grad, b.grad, product.grad)
    loss.backward()
    assert (a.grad, b.grad) == (2 * once[0], 2 * once[1])
    assert product.grad == once[2]
    assert loss.grad == 1.0


def test_two_losses_on_one_graph_add_at_the_leaves_only():
    a = Value(2.0)
    shared = a * 3
    (shared * 5).backward()
    (shared * 7).backward()
    assert a.grad == 3 * 5 + 3 * 7
    assert shared.grad == 7.0


def test_backward_on_a_leaf():
    a = Value(2.0)
    a.backward()
    assert a.grad == 1.0
    a.backward()
    assert a.grad == 2.0


def test_zero_grad_forgets_the_gradient():
    a = Value(2.0)
    (a * 3).backward()
    a.zero_grad()
    assert (a.grad, a.has_grad) == (0.0, False)
    (a * 3).backward()
    assert (a.grad, a.has_grad) == (3.0, True)


def test_setting_the_gradient_by_hand_resets_it_too():
    a = Value(2.0)
    for _ in range(2):
        a.grad = 0.0
        (a * 3).backward()
    assert a.grad == 3.0


def test_not_computed_is_told_from_zero():
    a, aside = Value(2.0), Value(5.0)
    zero = a * 0.0
    loss = zero * 1.0
    assert not any(node.has_grad for node in loss.graph())
    loss.backward()
    assert (a.grad, a.has_grad) == (0.0, True)
    assert all(node.has_grad for node in loss.graph())
    assert (aside.grad, aside.has_grad) == (0.0, False)


def test_a_gradient_of_relu_that_is_off_counts_as_computed():
    a = Value(-1.0)
    a.relu().backward()
    assert (a.grad, a.has_grad) == (0.0, True)


def test_a_copy_keeps_what_is_known():
    a = Value(2.0, label="a")
    b = copy.deepcopy(a)
    assert not b.has_grad
    (b * 3).backward()
    assert (a.has_grad, copy.deepcopy(b).grad, b.label) == (False, 3.0, "a")


def test_graph_lists_each_node_once_children_first():
    a, b = Value(2.0), Value(3.0)
    shared = a * b
    loss = (shared + a) * shared.tanh()
    order = loss.graph()
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order) == 6
    assert order[-1] is loss
    for node in order:
        assert all(place[child] < place[node] for child in node._children)


def test_the_graph_of_a_leaf_is_itself():
    a = Value(1.0)
    assert a.graph() == [a]


def test_slopes_explain_each_gradient():
    a, b = Value(2.0), Value(-3.0)
    product = a * b
    loss = product.tanh() + a
    loss.backward()
    terms = dict.fromkeys(loss.graph(), 0.0)
    for node in loss.graph():
        for child, slope in zip(node._children, node.slopes(), strict=True):
            terms[child] += slope * node.grad
    assert terms[a] == pytest.approx(a.grad)
    assert terms[product] == pytest.approx(product.grad)


def test_changed_data_is_stale_until_the_forward_pass_is_done_again():
    w, x = Value(2.0), Value(5.0)
    hidden = w * x
    out = hidden * hidden
    w.data = 3.0
    out.backward()
    assert (hidden.data, out.data) == (10.0, 100.0)  # of the old w
    assert w.grad == 2 * 10.0 * 5.0  # uses the stale hidden value; 2 w x^2 would be 150
    assert x.grad == 2 * 10.0 * 3.0  # mixes the stale hidden value with the new w


def test_an_operation_of_ones_own_needs_one_line(monkeypatch):
    monkeypatch.setitem(SLOPES, "sin", lambda out, a: (math.cos(a.data),))
    a = Value(0.5)
    out = Value(math.sin(a.data), (a,), "sin")
    (out * 2).backward()
    assert a.grad == pytest.approx(2 * math.cos(0.5))


def test_an_operation_without_slopes_is_named():
    a = Value(0.5)
    out = Value(math.sin(a.data), (a,), "sin")
    message = r"no slope is known for the operation 'sin': add it to the table, SLOPES\['sin'\] ="
    with pytest.raises(LookupError, match=message):
        out.backward()
    with pytest.raises(LookupError, match=message):
        out.slopes()
