"""What is not to be half done when a process forks.

A child has only the thread that forked. What another one was about to do stays as it was then, and
what it held stays held: so a fork waits for who holds this lock. It is taken last of all locks.
"""

from __future__ import annotations

import os
import threading

undivided = threading.RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=undivided.acquire,
        after_in_parent=undivided.release,
        after_in_child=undivided.release,
    )
