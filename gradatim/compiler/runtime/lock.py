"""The lock of those who look at the fields of tensors, or change them.

While a function is traced, tensors from outside are not what they seem.
"""

from __future__ import annotations

import os
import threading

STATE = threading.RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=STATE.acquire, after_in_parent=STATE.release, after_in_child=STATE.release
    )
