"""Random graphs: backward() against dual numbers, which go through the same graph forwards."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradatim.scalar import Value


@dataclass(frozen=True)
class Dual:
    """A number and its slope in one chosen input; the rules are those of a school book."""

    x: float
    dx: float

    def __add__(self, o):
        return Dual(self.x + o.x, self.dx + o.dx)

    def __sub__(self, o):
        return Dual(self.x - o.x, self.dx - o.dx)

    def __mul__(self, o):
        return Dual(self.x * o.x, self.dx * o.x + self.x * o.dx)

    def __truediv__(self, o):
        return Dual(self.x / o.x, (self.dx * o.x - self.x * o.dx) / (o.x * o.x))

    def __pow__(self, n):
        if isinstance(n, Dual):
            return (Dual(math.log(self.x), self.dx / self.x) * n).exp()
        return Dual(self.x**n, n * self.x ** (n - 1) * self.dx)

    def __neg__(self):
        return Dual(-self.x, -self.dx)

    def exp(self):
        return Dual(math.exp(self.x), math.exp(self.x) * self.dx)

    def log(self):
        return Dual(math.log(self.x), self.dx / self.x)

    def tanh(self):
        return Dual(math.tanh(self.x), self.dx / math.cosh(self.x) ** 2)

    def relu(self):
        return Dual(max(self.x, 0.0), self.dx if self.x > 0 else 0.0)

    def sigmoid(self):
        return Dual(1 / (1 + math.exp(-self.x)), self.dx / (2 + 2 * math.cosh(self.x)))


# Each step takes two earlier results and stays in a range where every operation is smooth.
STEPS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a.tanh() * b.tanh(),
    "div": lambda a, b: a.tanh() / b.sigmoid(),
    "pow": lambda a, b: a.sigmoid() ** b.tanh(),
    "square": lambda a, b: a.tanh() ** 2,
    "cube": lambda a, b: (-a).tanh() ** 3,
    "root": lambda a, b: b.sigmoid() ** 0.5,
    "neg": lambda a, b: -b,
    "exp": lambda a, b: b.tanh().exp(),
    "log": lambda a, b: a.sigmoid().log(),
    "relu": lambda a, b: (a.tanh().exp() - b.tanh().exp()).relu(),
}
INPUTS = [0.7, -1.3, 0.4]

programs = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=25,
)


def run(program, inputs):
    """Run a program: each step works on two of the results so far."""
    results = list(inputs)
    for name, i, j in program:
        results.append(STEPS[name](results[i % len(results)], results[j % len(results)]))
    return results[-1]


@settings(deadline=None, derandomize=True, max_examples=200)
@given(programs)
def test_backward_agrees_with_dual_numbers(program):
    values = [Value(x) for x in INPUTS]
    out = run(program, values)
    out.backward()
    for i, value in enumerate(values):
        dual = run(program, [Dual(x, float(j == i)) for j, x in enumerate(INPUTS)])
        assert out.data == pytest.approx(dual.x, rel=1e-12, abs=1e-12)
        assert value.grad == pytest.approx(dual.dx, rel=1e-9, abs=1e-12)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(programs)
def test_graph_is_a_topological_order(program):
    out = run(program, [Value(x) for x in INPUTS])
    order = out.graph()
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is out
    assert all(place[c] < place[node] for node in order for c in node._children)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(programs)
def test_a_second_backward_doubles_the_leaves_and_nothing_else(program):
    out = run(program, [Value(x) for x in INPUTS])
    out.backward()
    first = {node: node.grad for node in out.graph()}
    out.backward()
    for node, grad in first.items():
        assert node.grad == (grad if node._children else pytest.approx(2 * grad, rel=1e-12))
