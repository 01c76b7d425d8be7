"""What a fork waits for."""

import os
import threading
import time
import warnings

import pytest

from gradatim.core.forking import hold_off_forks

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def forked() -> int:
    """The exit code of a child that comes in and goes out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        child = os.fork()
    if not child:
        with hold_off_forks():
            os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_fork_waits_for_work_in_another_thread() -> None:
    begun, ended = threading.Event(), []

    def work() -> None:
        with hold_off_forks():
            begun.set()
            time.sleep(0.05)
            ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    assert (forked(), ended) == (7, [True])
    thread.join()


def test_who_forks_in_the_middle_does_not_wait_for_itself() -> None:
    with hold_off_forks(), hold_off_forks():
        assert forked() == 7
    assert forked() == 7
