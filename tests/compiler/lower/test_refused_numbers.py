"""Numbers that a compiled function meets and cannot use: said in the words of NumPy's run."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import gradatim as g
from gradatim import nn
from gradatim.core.errors import DTypeError, IndexOutOfRange

F = nn.functional
PLACES = g.tensor([0, 1, 5, 2])
ROWS = g.randn(4, 3)

OUTSIDE: dict[str, Callable[[Any, Any], Any]] = {
    "cross_entropy": F.cross_entropy,
    "nll_loss": F.nll_loss,
    "one_hot": lambda x, y: F.one_hot(y, 3),
    "embedding": lambda x, y: F.embedding(y, x),
    "gather": lambda x, y: x.gather(1, y.reshape(4, 1)),
    "scatter": lambda x, y: x.scatter(0, y.reshape(4, 1), 1.0),
    "index_select": lambda x, y: x.index_select(0, y),
    "index_add": lambda x, y: x.index_add(0, y, g.ones(4, 3)),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_index_outside_is_named_as_without_the_compiler(name: str) -> None:
    with pytest.raises(IndexOutOfRange) as eager:
        OUTSIDE[name](ROWS, PLACES)
    with pytest.raises(IndexOutOfRange) as compiled:
        g.compile(OUTSIDE[name])(ROWS, PLACES)
    assert str(compiled.value).startswith(str(eager.value))
    assert "test_refused_numbers.py, line " in str(compiled.value)


def test_the_first_index_outside_is_named_far_behind_the_first_vector() -> None:
    target = g.randint(0, 3, (1000,))
    target[700], target[701] = 9, 8
    program: Any = g.compile(lambda x, y: F.cross_entropy(x, y))
    with pytest.raises(IndexOutOfRange, match=r"target 9 is out of range: there are 3 classes"):
        program(g.randn(1000, 3), target)
    target[700], target[701] = -2, 0
    with pytest.raises(IndexOutOfRange, match=r"target -2 is out of range"):
        program(g.randn(1000, 3), target)
    target[700] = 2
    assert program(g.randn(1000, 3), target).isfinite().item()


def test_several_indices_name_the_one_that_is_outside() -> None:
    program: Any = g.compile(lambda x, i, j: x[i, j])
    with pytest.raises(IndexOutOfRange, match="index -5 is out of bounds for a dimension of size"):
        program(ROWS, g.tensor([1, -5]), g.tensor([0, 0]))


@pytest.mark.parametrize("dtype", [g.int64, g.int32, g.uint8])
@pytest.mark.parametrize("size", [3, 1001])
def test_an_integer_divided_by_a_0_in_a_tensor_is_refused(dtype: Any, size: int) -> None:
    x, y = g.arange(size).to(dtype), g.ones(size, dtype=dtype)
    divisions: list[Callable[[Any, Any], Any]] = [
        lambda x, y: x // y,
        lambda x, y: x % y,
        lambda x, y: x.div(y, rounding_mode="trunc"),
        lambda x, y: (x.reshape(-1, 1) // y[-1]).sum(0),
    ]
    for function in divisions:
        program: Any = g.compile(function)
        assert program(x, y).tolist() == function(x, y).tolist()
        y[-1] = 0
        with pytest.raises(ZeroDivisionError, match="integer division by zero") as eager:
            function(x, y)
        with pytest.raises(ZeroDivisionError) as compiled:
            program(x, y)
        y[-1] = 1
        assert str(compiled.value).startswith(str(eager.value))
        assert program(x, y).tolist() == function(x, y).tolist()


def test_a_0_that_divides_nothing_is_not_refused() -> None:
    x, y = g.zeros(0, 3, dtype=g.int64), g.zeros(3, dtype=g.int64)
    for function in (lambda x, y: x // y, lambda x, y: x % y, lambda x, y: x % 0):
        assert function(x, y).shape == g.compile(function)(x, y).shape == (0, 3)


def test_a_0_in_a_row_that_nobody_looks_up_divides_nothing() -> None:
    table, places = g.tensor([[2, 4], [0, 1]]), g.zeros(9, dtype=g.int64)
    program: Any = g.compile(lambda i: 8 // table[i])
    assert program(places).tolist() == [[4, 2]] * 9
    places[3] = 1
    with pytest.raises(ZeroDivisionError):
        program(places)


def test_repeat_says_in_which_step_an_integer_was_divided_by_0() -> None:
    step: Any = g.compile(lambda n: (12 // n).sum())
    with pytest.raises(ZeroDivisionError) as error:
        step.repeat(4, g.tensor([[1], [2], [0], [3]]))
    assert error.value.__notes__ == ["repeat: in step 3, which is partly done"]


def _trained() -> tuple[Any, Callable[[], list[Any]]]:
    """A compiled training step of tokens and their targets, and what it must not lose."""
    g.manual_seed(0)
    model = nn.Sequential(nn.Embedding(50, 64), nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 9))
    optimizer = g.optim.AdamW(model.parameters(), lr=0.01)

    def step(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    def kept() -> list[Any]:
        moments = [x for s in optimizer.state_dict()["state"].values() for x in s.values()]
        return [x.tolist() for x in (*model.parameters(), *moments)]

    return g.compile(step), kept


@pytest.fixture(params=[1, 2])
def workers(request: Any) -> Iterator[None]:
    before = g.get_num_threads()
    g.set_num_threads(request.param)
    yield
    g.set_num_threads(before)


@pytest.mark.parametrize(("token", "target"), [(50, 0), (-1, 0), (0, 9), (0, -2)])
def test_a_batch_with_an_index_outside_costs_no_parameter_and_no_moment(
    token: int, target: int, workers: None
) -> None:
    step, kept = _trained()
    x, y = g.randint(0, 50, (512,)), g.randint(0, 9, (512,))
    step(x, y)
    before = kept()
    first, last = x[0].item(), y[-1].item()
    x[0], y[-1] = token, target
    with pytest.raises(IndexOutOfRange):
        step(x, y)
    assert kept() == before
    x[0], y[-1] = first, last
    assert step(x, y).isfinite()


def test_repeat_keeps_the_steps_before_a_batch_with_an_index_outside(workers: None) -> None:
    x, y = g.randint(0, 50, (5, 512)), g.randint(0, 9, (5, 512))
    step, kept = _trained()
    step.repeat(3, x[:3], y[:3])
    three = kept()
    x[3, 100] = 50
    again, kept = _trained()
    with pytest.raises(IndexOutOfRange, match="index 50 is out of range"):
        again.repeat(5, x, y)
    assert kept() == three


def test_a_kept_program_names_the_line_of_the_program_that_runs(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADATIM_CACHE_DIR", str(tmp_path))
    here = [
        g.compile(lambda x, y: x[y] * 17.25),  # one
        g.compile(lambda x, y: x[y] * 17.25),  # two
    ]
    for program, mark in zip(here, ("# one", "# two"), strict=True):
        with pytest.raises(IndexOutOfRange, match=mark):
            program(ROWS, PLACES)


@pytest.mark.parametrize("number", [2**64, -(2**70), 10**400])
def test_an_integer_of_more_than_64_bits_is_refused_in_both(number: int) -> None:
    functions: list[Callable[[Any], Any]] = [
        lambda x: x + number,
        lambda x: x == number,
        lambda x: x.clamp(max=number),
        lambda x: g.where(x > 0, x, number),
    ]
    for function in functions:
        for run in (function, g.compile(function)):
            with pytest.raises(DTypeError, match="without overflow"):
                run(g.tensor([1]))


def test_integers_to_negative_powers_are_0_but_of_1_and_minus_1() -> None:
    x, y = g.tensor([1, -1, -1, 2, 0, 3]), g.tensor([-3, -3, -2, -1, -1, 2])
    assert (x**y).tolist() == [1, -1, 1, 0, 0, 9]
    assert g.compile(lambda x, y: x**y)(x, y).tolist() == [1, -1, 1, 0, 0, 9]
