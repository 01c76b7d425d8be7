"""Whether operations are recorded: blocks, decorators, threads."""

import threading

import pytest

import gradatim
from gradatim import tensor
from gradatim.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)

OFF = [no_grad, inference_mode, lambda: inference_mode(True), lambda: set_grad_enabled(False)]
ON = [enable_grad, lambda: inference_mode(False), lambda: set_grad_enabled(True)]


@pytest.fixture(autouse=True)
def recording():
    yield
    assert is_grad_enabled(), "a test left recording off"


def leaf(value):
    return tensor(value, requires_grad=True)


@pytest.mark.parametrize("off", OFF)
def test_nothing_is_recorded_inside(off):
    x = leaf(3.0)
    with off():
        y = x * x
    assert not y.requires_grad
    assert y.is_leaf
    assert (x * x).requires_grad


@pytest.mark.parametrize("on", ON)
def test_recording_inside_a_block_that_does_not(on):
    x = leaf(3.0)
    with no_grad():
        with on():
            inner = x * x
        outer = x * x
    assert (inner.requires_grad, outer.requires_grad) == (True, False)


@pytest.mark.parametrize("off", OFF)
def test_an_exception_ends_the_block_too(off):
    with pytest.raises(ValueError, match="inside"), off():
        raise ValueError("inside")
    assert is_grad_enabled()


def test_one_mode_may_be_entered_again_within_itself():
    mode = no_grad()
    with mode:
        with mode:
            pass
        assert not is_grad_enabled()
    assert is_grad_enabled()


@pytest.mark.parametrize("mark", [no_grad, inference_mode, *(off() for off in OFF[:3])])
def test_as_decorator_with_and_without_parentheses(mark):
    @mark
    def twice(x, *, times=2):
        """Multiply."""
        assert not is_grad_enabled()
        return x * times

    assert not twice(leaf(1.0)).requires_grad
    assert twice(leaf(1.0), times=3).item() == 3.0
    assert (twice.__name__, twice.__doc__) == ("twice", "Multiply.")


@pytest.mark.parametrize("mark", [enable_grad, enable_grad()])
def test_a_function_that_records_under_no_grad(mark):
    @mark
    def twice(x):
        return x * 2

    with no_grad():
        assert twice(leaf(1.0)).requires_grad
        assert not is_grad_enabled()


def test_a_decorated_function_may_call_itself():
    @no_grad()
    def countdown(n):
        assert not is_grad_enabled()
        return n if n == 0 else countdown(n - 1)

    assert countdown(5) == 0


def test_set_grad_enabled_works_at_once():
    set_grad_enabled(False)
    assert not is_grad_enabled()
    set_grad_enabled(True)
    assert is_grad_enabled()


def test_set_grad_enabled_as_decorator_is_for_the_function_only():
    @set_grad_enabled(False)
    def inside():
        return is_grad_enabled()

    assert is_grad_enabled()
    assert inside() is False
    assert is_grad_enabled()


def test_methods_may_be_decorated():
    class Model:
        @no_grad()
        def sample(self):
            return is_grad_enabled()

    assert Model().sample() is False


# -- generators: each piece runs in its own mode ----------------------------------------------


def test_a_decorated_generator_does_not_leak_its_mode():
    @no_grad()
    def pieces():
        yield is_grad_enabled()
        yield is_grad_enabled()

    seen = [(inside, is_grad_enabled()) for inside in pieces()]
    assert seen == [(False, True), (False, True)]


def test_messages_errors_and_the_result_pass_through():
    log = []

    @no_grad()
    def talk():
        try:
            log.append((yield 1))
            yield 2
        except KeyError:
            yield "caught" if not is_grad_enabled() else "leaked"
        return "end"

    generator = talk()
    assert next(generator) == 1
    assert generator.send("hello") == 2
    assert generator.throw(KeyError()) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "end"
    assert log == ["hello"]


def test_closing_a_generator_runs_its_end_in_its_mode():
    ends = []

    @no_grad()
    def pieces():
        try:
            yield 1
        finally:
            ends.append(is_grad_enabled())

    generator = pieces()
    next(generator)
    generator.close()
    assert ends == [False]


# -- what holds inside ------------------------------------------------------------------------


def test_leaves_can_be_made_and_written_inside():
    with no_grad():
        x = leaf([1.0, 2.0])
        y = tensor([1.0]).requires_grad_()
        x += 1
    assert x.requires_grad
    assert y.requires_grad
    (x * x).sum().backward()
    assert x.grad.tolist() == [4.0, 6.0]


def test_a_parameter_update_keeps_the_parameter_a_leaf():
    x = leaf([1.0, 2.0])
    (x * x).sum().backward()
    with no_grad():
        x -= 0.5 * x.grad
    assert x.is_leaf
    assert x.tolist() == [0.0, 0.0]


# -- threads ----------------------------------------------------------------------------------


def in_a_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_each_thread_has_its_own_mode():
    with no_grad():
        assert in_a_thread(is_grad_enabled)

    def turn_off():
        set_grad_enabled(False)

    in_a_thread(turn_off)
    assert is_grad_enabled()


def test_backward_in_several_threads_at_once():
    gate = threading.Barrier(4)

    def work():
        x = leaf([1.0, 2.0])
        gate.wait()
        for _ in range(50):
            with no_grad():
                assert not (x * 2).requires_grad
            (x * x).sum().backward()
        return x.grad.tolist()

    results = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[100.0, 200.0]] * 4


def test_a_graph_may_be_walked_in_another_thread():
    x = leaf(3.0)
    y = x * x
    in_a_thread(y.backward)
    assert x.grad.item() == 6.0


def test_the_names_are_found_at_the_top_too():
    for name in ("no_grad", "enable_grad", "inference_mode", "is_grad_enabled"):
        assert hasattr(gradatim, name)
