import pytest

from gradatim.training.blas_threads import blas_threads, threads_now
from gradatim.training.interfaces import Reporter
from tests.training.numpy_learner import go_on, settings, start

needs_control = pytest.mark.skipif(
    threads_now() is None, reason="this NumPy's matrix library cannot be asked"
)


@needs_control
def test_the_number_holds_in_the_block_and_is_put_back():
    before = threads_now()
    with blas_threads(2):
        assert threads_now() == 2
        with blas_threads(1):
            assert threads_now() == 1
        assert threads_now() == 2
    assert threads_now() == before


@needs_control
def test_it_is_put_back_after_an_error():
    before = threads_now()
    with pytest.raises(KeyError), blas_threads(before + 1):
        raise KeyError
    assert threads_now() == before


def test_zero_changes_nothing():
    before = threads_now()
    with blas_threads(0):
        assert threads_now() == before


@needs_control
def test_training_uses_the_number_in_its_settings(tmp_path):
    class Asking(Reporter):
        seen = 0

        def stepped(self, step, loss):
            self.seen = threads_now()

    for number in (1, 2):
        config = settings(steps=2, threads=number)
        asking = Asking()
        go_on(start(tmp_path, config, name=f"n{number}"), config, reporter=asking)
        assert asking.seen == number
