"""Every code fragment of the slides of session 1 runs: as printed, `???` filled, or corrected.

A correction is a pair (printed, corrected) with its reason; a blank is filled the same way. The
printed words must be there, so a correction that is no longer needed fails.
"""

import math
import random

import pytest

from gradatim.scalar import MLP, Value, four_samples, gradient


def run(fragment, *changes, **names):
    """Run a fragment with some of its words changed, and return the names it defines."""
    for printed, corrected in changes:
        assert printed in fragment
        fragment = fragment.replace(printed, corrected, 1)
    assert "???" not in fragment
    exec(fragment, names)  # noqa: S102  # the fragments are printed text, and written above
    return names


FIRST = """
class Value:
    def __init__(self, data):
        self.data = data
        self.grad = 0.0

    def __add__(self, other):
        out = Value(self.data + other.data)
        return out
"""

ADD = """
class Value:
    def __init__(self, data):
        self.data = data
        self.grad = 0.0
        self.backward = lambda : None

    def __add__(self, other):
        out = Value(self.data + other.data)
        def _backward():
            self.grad += ???
            other.grad += ???
        out.backward = _backward
        return out
"""

ADD_FILLED = """
class Value:
    def __init__(self, data):
        self.data = data
        self.grad = 0.0
        self.backward = lambda : None

    def __add__(self, other):
        out = Value(self.data + other.data)
        def _backward():
            self.grad += 1.0 * out.grad
            other.grad += 1.0 * out.grad
        out.backward = _backward
        return out
"""

MUL = """
class Value:
    def __init__(self, data):
        self.data = data
        self.grad = 0.0
        self.backward = lambda : None

    def __mul__(self, other):
        out = Value(self.data * other.data)
        def _backward():
            self.grad += ??? * out.grad
            other.grad += ??? * out.grad
        out.backward = _backward
        return out
"""

MUL_FILLED = """
class Value:
    def __init__(self, data):
        self.data = data
        self.grad = 0.0
        self.backward = lambda : None

    def __mul__(self, other):
        out = Value(self.data * other.data)
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out.backward = _backward
        return out
"""

TANH = """
class Value:
    def __init__(self, data):
        self.data = data
        self.grad = 0.0
        self.backward = lambda : None

    def __tanh__(self):
        out = Value(???)
        def _backward():
            self.grad += ??? * out.grad
        out.backward = _backward
        return out
"""

TANH_FILLED = """
class Value:
    def __init__(self, data):
        self.data = data
        self.grad = 0.0
        self.backward = lambda : None

    def __tanh__(self):
        t = (math.exp(2*x) - 1) / (math.exp(2*x) + 1)
        out = Value(t, (self, ), 'tanh')
        def _backward():
            self.grad += (1.0 - t**2) * out.grad
        out.backward = _backward
        return out
"""

NEURON = """
class Neuron:
    def __init__(self, nin):
        self.w = [Value(random.uniform(-1,1)) for _ in range(nin)]
        self.b = Value(random.uniform(-1,1))
    def __call__(self, x):
        # w * x + b
        act = ???
        out = act.tanh()
        return out
    def parameters(self):
        return self.w + [self.b]
"""

LOSS = """
n = MLP(3, [4, 4, 1])
ypred = [n(x) for x in xs]
loss = sum([(a-b)**2 for (a,b) in zip(ypred, ys)])
"""

# `tanh` is called by its name: `__tanh__` is not a protocol of Python, so nothing would call it.
A_METHOD = ("def __tanh__(self):", "def tanh(self):")
# `Value(t, (self,), 'tanh')` needs a constructor that takes the children and the operation.
A_CONSTRUCTOR = (
    "def __init__(self, data):",
    "def __init__(self, data, _children=(), _op='', label=''):",
)
# The printed `x` is not defined in the method.
AN_X = (
    "(math.exp(2*x) - 1) / (math.exp(2*x) + 1)",
    "(math.exp(2*self.data) - 1) / (math.exp(2*self.data) + 1)",
)


def local_step(names, operation, *at, seed):
    """Make a node of the fragment's own Value, give it a gradient, and run its local step."""
    leaves = [names["Value"](x) for x in at]
    out = operation(*leaves)
    out.grad = seed
    out.backward()  # on the slides: the local step, stored in the node
    return out.data, [leaf.grad for leaf in leaves]


def ours(operation, *at, seed):
    value = operation(*map(Value, at)).data
    return value, [seed * slope for slope in gradient(operation, at)]


def test_the_first_value_adds():
    value = run(FIRST)["Value"]
    out = value(2.0) + value(3.0)
    assert (out.data, out.grad) == (5.0, 0.0)


@pytest.mark.parametrize(
    ("fragment", "changes"),
    [
        (ADD, [("+= ???", "+= out.grad"), ("+= ???", "+= out.grad")]),
        (ADD_FILLED, []),
    ],
)
def test_addition(fragment, changes):
    names = run(fragment, *changes)
    step = local_step(names, lambda a, b: a + b, 2.0, -3.0, seed=0.5)
    assert step == ours(lambda a, b: a + b, 2.0, -3.0, seed=0.5) == (-1.0, [0.5, 0.5])
    assert local_step(names, lambda a: a + a, 2.0, seed=0.5) == (4.0, [1.0])


@pytest.mark.parametrize(
    ("fragment", "changes"),
    [(MUL, [("+= ???", "+= other.data"), ("+= ???", "+= self.data")]), (MUL_FILLED, [])],
)
def test_multiplication(fragment, changes):
    names = run(fragment, *changes)
    step = local_step(names, lambda a, b: a * b, 2.0, -3.0, seed=0.5)
    assert step == ours(lambda a, b: a * b, 2.0, -3.0, seed=0.5) == (-6.0, [-1.5, 1.0])
    assert local_step(names, lambda a: a * a, 3.0, seed=1.0) == (9.0, [6.0])


@pytest.mark.parametrize(
    ("fragment", "changes"),
    [
        (
            TANH,
            [A_METHOD, ("Value(???)", "Value(math.tanh(self.data))"), ("???", "(1 - out.data**2)")],
        ),
        (TANH_FILLED, [A_METHOD, A_CONSTRUCTOR, AN_X]),
    ],
)
@pytest.mark.parametrize("x", [-2.0, 0.0, 0.7, 2.0])
def test_tanh(fragment, changes, x):
    names = run(fragment, *changes, math=math)
    value, slopes = local_step(names, lambda a: a.tanh(), x, seed=0.5)
    expected, expected_slopes = ours(lambda a: a.tanh(), x, seed=0.5)
    assert value == pytest.approx(expected, abs=1e-15)
    assert slopes == pytest.approx(expected_slopes)


def test_the_formula_of_the_slide_overflows_where_the_library_does_not():
    names = run(TANH_FILLED, A_METHOD, A_CONSTRUCTOR, AN_X, math=math)
    with pytest.raises(OverflowError):
        names["Value"](400.0).tanh()
    assert Value(400.0).tanh().data == 1.0


def test_the_neuron_on_the_library_s_values():
    blank = ("???", "sum((wi * xi for wi, xi in zip(self.w, x)), self.b)")
    neuron = run(NEURON, blank, Value=Value, random=random)["Neuron"](3)
    out = neuron([1.0, -2.0, 0.5])
    w, b = [p.data for p in neuron.w], neuron.b.data
    assert out.data == pytest.approx(math.tanh(w[0] - 2 * w[1] + 0.5 * w[2] + b))
    out.backward()
    assert neuron.w[1].grad == pytest.approx(-2.0 * (1 - out.data**2))
    assert len(neuron.parameters()) == 4


def test_the_loss_of_the_four_samples():
    xs, ys = four_samples()
    names = run(LOSS, MLP=MLP, xs=xs, ys=ys)
    predictions = [y.data for y in names["ypred"]]
    assert names["loss"].data == pytest.approx(
        sum((a - b) ** 2 for a, b in zip(predictions, ys, strict=True))
    )
    names["loss"].backward()
    assert sum(p.has_grad for p in names["n"].parameters()) == 41
