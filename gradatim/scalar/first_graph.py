"""lol(): the first compute graph of the course, small enough to differentiate by hand.

    x1 --.
          (*)-- e --.
    x2 --'           (+)-- d --.
                w1 --'          (*)-- L
                           w2 --'

A graph keeps the numbers of the forward pass. After a change of one of them, everything computed
from it is stale until the forward pass is run again, in `data` and in the gradients that use it:

>>> x1, x2, w1, w2 = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
>>> L = lol(x1, x2, w1, w2)
>>> w1.data = 20.0
>>> L.backward()
>>> L, w2.grad  # for the old w1; with the new one L is -28 and dL/dw2 = d = 14
(Value(data=-8.0, grad=1.0, label='L'), 4.0)
>>> w2.zero_grad()
>>> L = lol(x1, x2, w1, w2)
>>> L.backward()
>>> L, w2.grad
(Value(data=-28.0, grad=1.0, label='L'), 14.0)
"""

from .value import Number, Value

__all__ = ["lol"]


def lol(x1: Number = 2.0, x2: Number = -3.0, w1: Number = 10.0, w2: Number = -2.0) -> Value:
    """Return L = (x1 x2 + w1) w2, with all seven Values labelled, for drawing.

    >>> L = lol()
    >>> L
    Value(data=-8.0, label='L')
    >>> L.backward()
    >>> [(node.label, node.grad) for node in L.graph() if not node._children]
    [('w2', 4.0), ('w1', -2.0), ('x2', -4.0), ('x1', 6.0)]
    """
    x1, x2 = _labelled(x1, "x1"), _labelled(x2, "x2")
    w1, w2 = _labelled(w1, "w1"), _labelled(w2, "w2")
    e = _labelled(x1 * x2, "e")
    d = _labelled(e + w1, "d")
    return _labelled(d * w2, "L")


def _labelled(number: Number, label: str) -> Value:
    """Return a Value with a label; an existing label is kept."""
    value = number if isinstance(number, Value) else Value(number)
    value.label = value.label or label
    return value
