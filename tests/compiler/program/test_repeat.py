"""Many steps in one call: results, Ctrl-C, and which operation made a number nan."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.compiler.errors import NotFiniteError
from gradatim.core.errors import ArgumentError, IndexOutOfRange, ShapeError


def model_and_step(rate=0.1):
    g.manual_seed(3)
    model = nn.Linear(4, 1)
    optimizer = optim.SGD(model.parameters(), lr=rate, momentum=0.9)

    def step(x):
        optimizer.zero_grad()
        loss = (model(x) - 1).square().mean() + 0 * g.rand(2).sum()
        loss.backward()
        optimizer.step()
        return loss, model.weight.detach() * 1

    return model, step


def test_repeat_is_as_many_calls():
    rows = g.randn(50, 3, 4, generator=g.Generator().manual_seed(1))
    a, plain = model_and_step()
    b, step = model_and_step()
    expected = [plain(x)[0].item() for x in rows]
    g.manual_seed(3)
    losses, weight = g.compile(step).repeat(50, rows)
    assert losses.tolist() == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert weight.tolist() == b.weight.tolist()
    assert b.weight.grad.tolist()[0] == pytest.approx(a.weight.grad.tolist()[0], abs=1e-4)
    assert not losses.requires_grad


def test_what_repeat_refuses():
    program = g.compile(lambda x: x)
    for bad in (0, -1, 1.5, True, None):
        with pytest.raises(ArgumentError, match="a whole number of steps, at least 1"):
            program.repeat(bad)
    with pytest.raises(ShapeError, match="one row for each of 3 steps, got shape"):
        program.repeat(3, g.ones(2, 2))
    with pytest.raises(TypeError, match="expects a tensor"):
        program.repeat(2, [1.0, 2.0])


# -- nan -----------------------------------------------------------------------------------------


def falling(step_of_trouble, count):
    """A step that takes the logarithm of a number that falls below 0, after so many steps."""
    x = g.tensor(float(step_of_trouble) - 0.5)
    seen = g.zeros(3)

    def step():
        seen.add_(1)
        y = x.log()
        x.sub_(1)
        return y

    return x, seen, step, count


@pytest.mark.parametrize(("first", "count"), [(1, 1), (1, 5), (2, 5), (9, 9), (77, 3000)])
def test_the_first_guilty_operation_is_named_and_the_state_is_before_its_step(first, count):
    x, seen, step, _ = falling(first - 1, count)
    program = g.compile(step)
    with pytest.raises(NotFiniteError) as error:
        program.repeat(count)
    text = str(error.value)
    assert f"repeat: step {first} returned nan; in it log made nan from finite numbers" in text
    assert "x of shape [] from -0.5 to -0.5 (test_repeat.py, line " in text
    assert "`y = x.log()`" in text
    assert text.endswith(f"the state is that before step {first}")
    assert error.value.step == first
    assert x.item() == -0.5
    assert seen.tolist() == [first - 1] * 3
    assert len(error.value.results) == first
    with g.no_grad():
        x.fill_(10.0)
    assert program.repeat(3).tolist() == pytest.approx(np.log([10, 9, 8]).tolist())


@pytest.mark.parametrize("count", [20, 5000])
def test_the_guilty_step_may_come_before_the_number_that_is_nan(count):
    """A weight overflows in an update; some steps later infinity minus infinity is nan."""
    x, y = g.tensor(1.0), g.tensor(0.0)

    def step():
        result = y - y
        y.copy_(x.exp())
        x.add_(10)
        return result

    with pytest.raises(NotFiniteError) as error:
        g.compile(step).repeat(count)
    text = str(error.value)
    assert "step 11 returned nan; step 10 was the first to fail: exp made inf" in text
    assert "`y.copy_(x.exp())`" in text
    assert (x.item(), error.value.step) == (91.0, 11)
    assert np.isfinite(y.item())


def test_a_result_may_be_infinite_long_before_one_is_nan():
    x, y = g.tensor(1.0), g.tensor(1.0)

    def step():
        loss = (x * x).sum()
        x.mul_(1e3)
        y.add_(x - x)
        return loss + 0 * y

    with pytest.raises(NotFiniteError, match=r"step 13 returned nan; step 8 was the first .* mul"):
        g.compile(step).repeat(1000)
    assert x.item() == pytest.approx(1e21, rel=1e-5)


def test_results_that_are_meant_to_be_infinite_do_not_mislead():
    bound, x = g.tensor(float("inf")), g.tensor(3.5)

    def step():
        x.sub_(1)
        return bound * 1, x.sqrt()

    with pytest.raises(NotFiniteError, match="step 4 returned nan; in it sqrt made nan"):
        g.compile(step).repeat(1000)


def test_a_training_step_that_diverges():
    model, step = model_and_step(rate=1e18)
    rows = g.ones(100, 3, 4)
    with pytest.raises(NotFiniteError, match=r"from finite|infinite or nan") as error:
        g.compile(step).repeat(100, rows)
    assert np.isfinite(model.weight.detach().numpy()).all()
    assert "test_repeat.py, line " in str(error.value)


def test_nan_in_an_input_is_found():
    x = g.tensor([1.0, 2.0, float("nan"), 4.0])
    with pytest.raises(NotFiniteError, match=r"step 3 returned nan; in it its input 0 is not fin"):
        g.compile(lambda y: y * 2).repeat(4, x)


@pytest.mark.parametrize("count", [1, 3])
def test_a_weight_that_is_nan_before_the_first_step_is_named(count):
    model, step = model_and_step()
    with g.no_grad():
        model.bias.fill_(float("nan"))
    with pytest.raises(NotFiniteError, match=r"1 returned nan; in it model\.bias was nan already"):
        g.compile(step).repeat(count, g.ones(count, 3, 4))


def test_steps_may_go_on():
    x, seen, step, _ = falling(2, 10)
    losses = g.compile(step).repeat(10, check_finite=False)
    assert np.isnan(losses.numpy()).tolist() == [False] * 2 + [True] * 8
    assert seen.tolist() == [10] * 3
    assert x.item() == -8.5


def test_infinity_that_somebody_wants_is_not_guilty():
    x = g.tensor(2.0)
    hidden = g.tensor([[False, True], [False, False]])

    def step():
        scores = (g.ones(2, 2) * x).masked_fill(hidden, -float("inf")).softmax(1)
        y = (scores.sum() - 2.0 + x).sqrt()
        x.sub_(1.5)
        return y

    with pytest.raises(NotFiniteError, match="sqrt made nan from finite numbers"):
        g.compile(step).repeat(5)


# -- other ways to stop --------------------------------------------------------------------------


def test_an_index_out_of_range_says_the_step_and_leaves_the_program_usable():
    table, count = g.arange(10.0).reshape(5, 2), g.tensor(0.0)

    @g.compile
    def step(i):
        count.add_(1)
        return table[i].sum()

    with pytest.raises(IndexOutOfRange, match=r"`return table\[i\]\.sum\(\)`") as error:
        step.repeat(4, g.tensor([[0], [1], [7], [2]]))
    assert str(error.value).startswith("index 7 is out of bounds for dimension 0 with size 5")
    assert error.value.__notes__ == ["repeat: in step 3, which is partly done"]
    with pytest.raises(IndexOutOfRange):
        step(g.tensor([-6]))
    assert step.repeat(2, g.tensor([[0], [4]])).tolist() == [1.0, 17.0]


def script(text, **environment):
    return subprocess.Popen(
        [sys.executable, "-u", "-c", textwrap.dedent(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_stops_between_two_steps(tmp_path):
    steps = tmp_path / "steps"
    steps.write_bytes(bytes(8))
    child = script(
        """
        import mmap, os
        import numpy as np
        import gradatim as g
        seen = mmap.mmap(os.open(os.environ["STEPS"], os.O_RDWR), 8)  # the parent looks on
        count = g.from_numpy(np.frombuffer(seen, np.int64).reshape(()))
        w = g.zeros(64)
        @g.compile
        def step():
            w.add_(1)
            count.add_(1)
            return w.sum()
        step.repeat(10)
        try:
            step.repeat(2_000_000_000)
        except KeyboardInterrupt as error:
            done = count.item()
            assert 10 < done < 2_000_000_000  # all of them would take minutes
            top = min(done, 2**24)
            assert w.tolist() == [float(top)] * 64, (done, w)
            assert error.__notes__[0].startswith("repeat: stopped after step "), error.__notes__
            assert step.repeat(2).shape == (2,)
            assert count.item() == done + 2
            print("well")
    """,
        STEPS=str(steps),
    )
    while child.poll() is None and int.from_bytes(steps.read_bytes(), sys.byteorder) <= 1000:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=60) == ("well\n", "")
    assert child.returncode == 0


def test_numbers_of_every_dtype_are_stacked():
    names = ("float32", "float64", "int64", "int32", "uint8", "bool")
    dtypes = [getattr(g, name) for name in names]
    inputs = g.tensor([3.0, 0.0, 7.0, 1.0])
    found = g.compile(lambda x: [x.to(d) for d in dtypes]).repeat(4, inputs)
    for stack, dtype in zip(found, dtypes, strict=True):
        assert stack.dtype == dtype
        assert stack.tolist() == inputs.to(dtype).tolist()
