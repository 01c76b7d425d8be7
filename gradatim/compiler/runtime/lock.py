"""The lock that is held to read or change the fields of tensors.

While a function is traced, fields of tensors from outside are changed, and restored at its end.
"""

from __future__ import annotations

import os
import threading

STATE = threading.RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=STATE.acquire, after_in_parent=STATE.release, after_in_child=STATE.release
    )
