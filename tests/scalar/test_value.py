"""Values and operators of one Value: results, reflected forms, slopes, printing, refusals."""

import math

import pytest

from gradatim.scalar import Value, gradient, nudge

OPERATIONS = {
    "a + b": (lambda a, b: a + b, [2.0, -3.0]),
    "a - b": (lambda a, b: a - b, [2.0, -3.0]),
    "a * b": (lambda a, b: a * b, [2.0, -3.0]),
    "a / b": (lambda a, b: a / b, [2.0, -3.0]),
    "a ** b": (lambda a, b: a**b, [2.0, -3.0]),
    "-a": (lambda a: -a, [2.0]),
    "a ** 2": (lambda a: a**2, [-1.5]),
    "a ** 3": (lambda a: a**3, [-1.5]),
    "a ** -1": (lambda a: a**-1, [-1.5]),
    "a ** 0.5": (lambda a: a**0.5, [1.5]),
    "a ** 0": (lambda a: a**0, [1.5]),
    "exp": (lambda a: a.exp(), [0.7]),
    "log": (lambda a: a.log(), [0.7]),
    "tanh": (lambda a: a.tanh(), [0.7]),
    "relu, on": (lambda a: a.relu(), [0.7]),
    "relu, off": (lambda a: a.relu(), [-0.7]),
    "sigmoid": (lambda a: a.sigmoid(), [0.7]),
    "sigmoid, negative": (lambda a: a.sigmoid(), [-0.7]),
    "a + 2": (lambda a: a + 2, [1.5]),
    "2 + a": (lambda a: 2 + a, [1.5]),
    "a - 2": (lambda a: a - 2, [1.5]),
    "2 - a": (lambda a: 2 - a, [1.5]),
    "a * 2": (lambda a: a * 2, [1.5]),
    "2 * a": (lambda a: 2 * a, [1.5]),
    "a / 2": (lambda a: a / 2, [1.5]),
    "2 / a": (lambda a: 2 / a, [1.5]),
    "2 ** a": (lambda a: 2**a, [1.5]),
    "a * a": (lambda a: a * a, [1.5]),
    "a ** a": (lambda a: a**a, [1.5]),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradient_agrees_with_nudging(name):
    function, at = OPERATIONS[name]
    assert gradient(function, at) == pytest.approx(nudge(function, at), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if any(c in name for c in "+-*/")])
def test_value_agrees_with_plain_numbers(name):
    function, at = OPERATIONS[name]
    assert function(*map(Value, at)).data == pytest.approx(function(*at), rel=1e-15)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exp", math.exp(0.3)),
        ("log", math.log(0.3)),
        ("tanh", math.tanh(0.3)),
        ("relu", 0.3),
        ("sigmoid", 1 / (1 + math.exp(-0.3))),
    ],
)
def test_functions_of_one_value(name, expected):
    assert getattr(Value(0.3), name)().data == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("x", [400.0, -400.0, 1000.0, -1000.0, 1e308, -1e308])
def test_tanh_and_sigmoid_do_not_overflow(x):
    v = Value(x)
    assert v.tanh().data == math.copysign(1.0, x)
    assert v.sigmoid().data == pytest.approx(1.0 if x > 0 else 0.0)
    (v.tanh() + v.sigmoid()).backward()
    assert v.grad == pytest.approx(0.0)


def test_sigmoid_keeps_its_digits_far_below_zero():
    assert Value(-50.0).sigmoid().data == pytest.approx(math.exp(-50.0), rel=1e-15)


# What PyTorch 2.13 answers in float64: (operation, inputs, result, gradients).
EDGES = [
    (lambda a: a.exp(), [1000.0], math.inf, [math.inf]),
    (lambda a: a.log(), [0.0], -math.inf, [math.inf]),
    (lambda a: a.log(), [-1.0], math.nan, [-1.0]),
    (lambda a: 1 / a, [0.0], math.inf, [-math.inf]),
    (lambda a: 1 / a, [-0.0], -math.inf, [-math.inf]),
    (lambda a, b: a / b, [0.0, 0.0], math.nan, [math.inf, math.nan]),
    (lambda a: a**0, [0.0], 1.0, [0.0]),
    (lambda a: a**1, [0.0], 0.0, [1.0]),
    (lambda a: a**-1, [0.0], math.inf, [-math.inf]),
    (lambda a: a**0.5, [0.0], 0.0, [math.inf]),
    (lambda a: a**0.5, [-1.0], math.nan, [math.nan]),
    (lambda a: a**3, [-1e300], -math.inf, [math.inf]),
    (lambda a: a**2, [1e300], math.inf, [2e300]),
    (lambda a, b: a**b, [0.0, 2.0], 0.0, [0.0, 0.0]),
    (lambda a, b: a**b, [-2.0, 3.0], -8.0, [12.0, math.nan]),
    (lambda a, b: a * b, [1e300, 1e300], math.inf, [1e300, 1e300]),
    (lambda a: a.relu(), [0.0], 0.0, [0.0]),
    (lambda a: a.relu(), [math.nan], math.nan, [1.0]),
]


@pytest.mark.parametrize(("function", "at", "result", "slopes"), EDGES)
def test_nothing_raises_and_the_edges_are_those_of_pytorch(function, at, result, slopes):
    assert function(*map(Value, at)).data == pytest.approx(result, nan_ok=True)
    assert gradient(function, at) == pytest.approx(slopes, nan_ok=True)


def test_a_diverging_computation_goes_on():
    x = Value(2.0)
    for _ in range(20):
        x = x**2
    assert x.data == math.inf
    assert math.isnan((x - x).data)


def test_sum_of_values_starts_at_zero_like_that_of_numbers():
    values = [Value(1.0), Value(2.0), Value(3.0)]
    assert sum(values).data == 6.0


def test_label_can_be_given_and_changed():
    a = Value(2.0, label="a")
    assert (a.label, (a + a).label) == ("a", "")
    a.label = "b"
    assert a.label == "b"


def test_the_constructor_of_the_slides():
    a = Value(0.5)
    t = Value(math.tanh(a.data), (a,), "tanh")
    t.backward()
    assert a.grad == pytest.approx(1 - t.data**2)


def test_float_of_a_value_is_its_data():
    assert float(Value(2.5)) == 2.5
    assert f"{float(Value(2.5) * 2):.2f}" == "5.00"


def test_integers_become_floats():
    assert repr(Value(2).data) == "2.0"
    assert (Value(2) ** 1000).data == 2.0**1000
    assert Value(True).data == 1.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Value(2), "Value(data=2.0)"),
        (Value(-8.2008000000000001, label="L"), "Value(data=-8.2008, label='L')"),
        (Value(1 / 3), "Value(data=0.333333)"),
        (Value(math.inf), "Value(data=inf)"),
    ],
)
def test_printing(value, text):
    assert repr(value) == text


def test_printing_shows_the_gradient_once_there_is_one():
    a = Value(2.0, label="a")
    (a * 3).backward()
    assert repr(a) == "Value(data=2.0, grad=3.0, label='a')"


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (lambda a: a + 1, "+"),
        (lambda a: a - 1, "-"),
        (lambda a: a * 2, "*"),
        (lambda a: a / 2, "/"),
        (lambda a: a**2, "**2"),
        (lambda a: a**-0.5, "**-0.5"),
        (lambda a: a ** Value(2.0), "**"),
        (lambda a: -a, "neg"),
        (lambda a: a.exp(), "exp"),
        (lambda a: a.log(), "log"),
        (lambda a: a.tanh(), "tanh"),
        (lambda a: a.relu(), "relu"),
        (lambda a: a.sigmoid(), "sigmoid"),
        (lambda a: a, ""),
    ],
)
def test_every_node_names_its_operation(operation, name):
    assert operation(Value(3.0))._op == name


@pytest.mark.parametrize("n", [2, 0, -1, 0.1, 1 / 3, 1e-300, 1e22, 2.5, math.inf])
def test_the_exponent_of_a_power_can_be_read_back_exactly(n):
    assert (Value(3.0) ** n).exponent == n


def test_other_operations_have_no_exponent():
    a = Value(3.0)
    assert [v.exponent for v in (a, a * 2, a**a, a.exp())] == [None] * 4


def test_a_plain_number_becomes_a_child_in_the_order_written():
    assert [child.data for child in (2 - Value(3.0))._children] == [2.0, 3.0]
    assert [child.data for child in (Value(3.0) / 2)._children] == [3.0, 2.0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("2", "a Value holds one number, got the text '2'"),
        (None, "a Value holds one number, got a NoneType: None"),
        ([1.0], r"a Value holds one number, got a list: \[1.0\]"),
        (1j, "a Value holds one number, got a complex: 1j"),
    ],
)
def test_what_is_not_a_number_is_refused(wrong, message):
    with pytest.raises(TypeError, match=message):
        Value(wrong)
    with pytest.raises(TypeError, match=message):
        Value(1.0) + wrong
    with pytest.raises(TypeError, match=message):
        Value(1.0) ** wrong


def test_a_value_of_a_value_is_refused_because_it_would_cut_the_graph():
    with pytest.raises(TypeError, match=r"cut the graph here: write v\.data"):
        Value(Value(1.0))
