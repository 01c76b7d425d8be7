"""Value: a number that remembers how it was made, so that it can be differentiated.

Read this file first. It has three parts:

1. `Value`. Every operation on Values returns a new Value that holds its result (`data`), its
   operands (`_children`) and the operation (`_op`): computing a loss builds a graph.
2. `Value.backward`, the chain rule. It walks the graph from the loss back to the inputs and adds,
   to the gradient of every operand, the slope of the operation times the gradient of its result.
3. `SLOPES`, a table: for each operation, how fast its result changes with each of its operands.

The slides store a small function in every node; here the graph is data and the rules are a table.
The line is the same, `child.grad += slope * node.grad`, but it is written only once, a drawing can
show each of its terms, and a training step takes half the time.

Left out: arrays (a Value is one number) and gradients of gradients. That is `gradatim.tensor`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import SupportsFloat

from . import ieee

__all__ = ["SLOPES", "Number", "Value"]

# A zero that no computation returns: a gradient that still *is* this object was never written to.
# (Every float that Python computes is a new object, so even `grad += 0.0` replaces it.)
NOT_COMPUTED = float("0.0")


class Value:
    """One number in a computation, with its gradient once `backward()` has been called.

    Arithmetic is that of the processor, as in NumPy and PyTorch: nothing raises in the middle of a
    computation, too large results are inf and undefined ones nan.

    >>> a = Value(2.0, label="a")
    >>> b = Value(-3.0, label="b")
    >>> loss = a * b + a**2
    >>> loss
    Value(data=-2.0)
    >>> loss.backward()
    >>> a, b  # d loss / da = b + 2a = 1, d loss / db = a = 2
    (Value(data=2.0, grad=1.0, label='a'), Value(data=-3.0, grad=2.0, label='b'))
    """

    __slots__ = ("_children", "_op", "data", "grad", "label")

    def __init__(
        self, data: float, _children: tuple[Value, ...] = (), _op: str = "", label: str = ""
    ) -> None:
        self.data = data if type(data) is float else _as_number(data)
        self.grad = NOT_COMPUTED
        self.label = label
        self._children = _children
        self._op = _op

    # --- The operations. A plain number as an operand becomes a Value. ---

    def __add__(self, other: Number) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), "+")

    def __sub__(self, other: Number) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data - other.data, (self, other), "-")

    def __mul__(self, other: Number) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), "*")

    def __truediv__(self, other: Number) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(ieee.divide(self.data, other.data), (self, other), "/")

    def __pow__(self, exponent: Number) -> Value:
        """Raise to a power; a plain number becomes part of the operation: `_op` is "**2".

        >>> x, n = Value(3.0), Value(2.0)
        >>> (x**2)._op, (x**n)._op, (2**x).data
        ('**2', '**', 8.0)
        """
        if isinstance(exponent, Value):
            return Value(ieee.power(self.data, exponent.data), (self, exponent), "**")
        n = _as_float(exponent)
        return Value(ieee.power(self.data, n), (self,), f"**{n!r}".removesuffix(".0"))

    def __neg__(self) -> Value:
        return Value(-self.data, (self,), "neg")

    def exp(self) -> Value:
        """Return e to this power; inf from 710 on."""
        return Value(ieee.exp(self.data), (self,), "exp")

    def log(self) -> Value:
        """Return the natural logarithm; -inf at 0, nan below."""
        return Value(ieee.log(self.data), (self,), "log")

    def tanh(self) -> Value:
        """Return (e^2x - 1) / (e^2x + 1), between -1 and 1."""
        return Value(ieee.tanh(self.data), (self,), "tanh")

    def relu(self) -> Value:
        """Return max(0, self); the slope at 0 is defined as 0."""
        return Value(ieee.where(self.data < 0.0, 0.0, self.data), (self,), "relu")

    def sigmoid(self) -> Value:
        """Return 1 / (1 + e^-x), between 0 and 1."""
        return Value(ieee.sigmoid(self.data), (self,), "sigmoid")

    # The reflected operators: Python evaluates `2 + a` as `a.__radd__(2)`.

    def __radd__(self, other: float) -> Value:
        return Value(other) + self

    def __rsub__(self, other: float) -> Value:
        return Value(other) - self

    def __rmul__(self, other: float) -> Value:
        return Value(other) * self

    def __rtruediv__(self, other: float) -> Value:
        return Value(other) / self

    def __rpow__(self, base: float) -> Value:
        return Value(base) ** self

    # --- The graph and the chain rule. ---

    def graph(self) -> list[Value]:
        """Return every Value that this one was computed from, children first, itself last.

        The walk keeps its own stack, so a chain of 100,000 operations is no problem. `None` on the
        stack means that all descendants of the Value below it have been listed.

        >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
        >>> [node.label or node._op for node in (a * b + a).graph()]
        ['a', 'b', '*', '+']
        """
        order: list[Value] = []
        seen = set()
        stack: list[Value | None] = [self]
        while stack:
            node = stack.pop()
            if node is None:
                order.append(stack.pop())  # type: ignore[arg-type]  # a Value is below each None
            elif node not in seen:
                seen.add(node)
                if node._children:
                    stack.append(node)
                    stack.append(None)
                    stack.extend(node._children)
                else:
                    order.append(node)
        return order

    def slopes(self) -> tuple[float, ...]:
        """Return d self / d child for each child, at the current numbers of the graph.

        >>> a, b = Value(2.0), Value(-3.0)
        >>> (a * b).slopes(), (a - b).slopes(), (b**2).slopes(), a.slopes()
        ((-3.0, 2.0), (1.0, -1.0), (-6.0,), ())
        """
        return _rule(self._op)(self, *self._children) if self._children else ()

    def backward(self) -> None:
        """Compute d self / d node for every node of the graph, into `node.grad`.

        Chain rule: grad(child) = sum over the nodes that use it of d node / d child * grad(node).
        Results are visited before their operands, so a gradient is complete when it is used. As in
        PyTorch, a second call adds to the leaves (reset them with `zero_grad`); inner nodes hold
        the gradients of the last call.

        >>> a = Value(3.0)
        >>> (a + a).backward()
        >>> a.grad
        2.0
        """
        operations = [node for node in self.graph() if node._children]
        for node in operations:
            node.grad = 0.0
        self.grad += 1.0
        for node in reversed(operations):
            try:
                rule = SLOPES[node._op]
            except KeyError:  # "**n"
                rule = _rule(node._op)
            grad, children = node.grad, node._children
            if len(children) == 2:  # unrolled: a loop over zip() would take twice as long
                a, b = children
                slope_a, slope_b = rule(node, a, b)
                a.grad += slope_a * grad
                b.grad += slope_b * grad
            else:
                (a,) = children
                (slope_a,) = rule(node, a)
                a.grad += slope_a * grad

    @property
    def has_grad(self) -> bool:
        """Whether a gradient was computed; a computed 0.0 is distinguished from the initial 0.0.

        >>> a = Value(1.0)
        >>> a.grad, a.has_grad
        (0.0, False)
        >>> (a * 0.0).backward()
        >>> a.grad, a.has_grad
        (0.0, True)
        """
        return self.grad is not NOT_COMPUTED

    def zero_grad(self) -> None:
        """Reset the gradient to 0.0, with `has_grad` False."""
        self.grad = NOT_COMPUTED

    @property
    def exponent(self) -> float | None:
        """The exact number n of `a**n`; None for every other operation, including `a**b`.

        >>> (Value(3.0) ** 0.1).exponent, (Value(3.0) * 2).exponent
        (0.1, None)
        """
        return float(self._op[2:]) if self._op.startswith("**") and self._op != "**" else None

    def __float__(self) -> float:
        return self.data

    def __repr__(self) -> str:
        grad = f", grad={_short(self.grad)}" if self.has_grad else ""
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={_short(self.data)}{grad}{label})"


Number = Value | float


def _power_slope(x: float, n: float) -> float:
    """Return d x**n / d x; x**0 is 1 everywhere, so its slope is 0 at x = 0 too."""
    return ieee.where(n == 0.0, 0.0, n * ieee.power(x, n - 1.0))


def _exponent_slope(out: Value, a: Value, n: Value) -> float:
    """Return d a**n / d n = a**n log a; 0 at a = 0, where 0**n is flat although log 0 is -inf."""
    flat = (a.data == 0.0) & (n.data >= 0.0)
    return ieee.where(flat, 0.0, out.data * ieee.log(a.data))


# For each operation: the slope of its result `out` with respect to each operand. A new operation
# needs a line here and `Value(result, (its one or two operands), "its name")`.
SLOPES: dict[str, Callable[..., tuple[float, ...]]] = {
    "+": lambda out, a, b: (1.0, 1.0),
    "-": lambda out, a, b: (1.0, -1.0),
    "*": lambda out, a, b: (b.data, a.data),
    "/": lambda out, a, b: (ieee.divide(1.0, b.data), ieee.divide(-out.data, b.data)),
    "**": lambda out, a, n: (_power_slope(a.data, n.data), _exponent_slope(out, a, n)),
    "neg": lambda out, a: (-1.0,),
    "exp": lambda out, a: (out.data,),
    "log": lambda out, a: (ieee.divide(1.0, a.data),),
    "tanh": lambda out, a: (1.0 - out.data * out.data,),
    "relu": lambda out, a: (ieee.where(out.data <= 0.0, 0.0, 1.0),),
    "sigmoid": lambda out, a: (out.data * (1.0 - out.data),),
}


def _rule(op: str) -> Callable[..., tuple[float, ...]]:
    """Return the slope function of an operation; "**n", for a number n, is not in the table."""
    if op in SLOPES:
        return SLOPES[op]
    if op.startswith("**"):
        return _power_rule(float(op[2:]))
    raise LookupError(
        f"no slope is known for the operation {op!r}: "
        f"add it to the table, SLOPES[{op!r}] = lambda out, a: (d_out_d_a,)"
    ) from None


@functools.lru_cache
def _power_rule(n: float) -> Callable[..., tuple[float, ...]]:
    return lambda out, a: (_power_slope(a.data, n),)


def _as_number(number: SupportsFloat) -> float:
    """Return the number as a float, unless it is a `StandIn` for one."""
    return number if isinstance(number, ieee.StandIn) else _as_float(number)  # type: ignore[return-value]


def _as_float(number: SupportsFloat) -> float:
    """Return the number as a float; refuse Values and strings."""
    if isinstance(number, Value):
        raise TypeError(
            "a Value holds a number, not another Value, which would cut the graph here: "
            "write v.data if that is what you want"
        )
    if isinstance(number, str | bytes):
        raise TypeError(f"a Value holds one number, got the text {number!r}")
    try:
        return float(number)
    except TypeError:
        kind = type(number).__name__
        raise TypeError(f"a Value holds one number, got a {kind}: {number!r}") from None


def _short(number: float) -> str:
    """Return the number with at most six digits, as Python would write it."""
    return repr(float(f"{number:.6g}"))
