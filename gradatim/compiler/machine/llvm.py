"""LLVM, loaded when there is something to translate, and what it says of this machine.

To load it takes 80 megabytes and a tenth of a second. It says the same of this processor and of
itself every time, so that is kept on disk, with the programs: who finds all of them compiled has
no LLVM in memory.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from dataclasses import asdict, dataclass
from functools import cache as once
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import cache, linking

_FLOOR = (0, 45)  # the first llvmlite whose LLVM reads what the emitter writes, such as `splat`
_PROCESSOR = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")
_ENOUGH = 1 << 14  # letters that tell of one processor: there may be hundreds


@dataclass(frozen=True)
class Said:
    """What LLVM says: of the processor, and which versions there are."""

    triple: str
    cpu: str
    features: dict[str, bool]
    versions: str


@once
def library() -> Any:
    """llvmlite's binding, ready to write code for this machine."""
    import llvmlite
    from llvmlite import binding

    found = tuple(int(n) for n in re.findall(r"\d+", llvmlite.__version__)[:2])
    if found < _FLOOR:
        raise ImportError(f"llvmlite {llvmlite.__version__} is too old, 0.45 or newer is needed")
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    binding.check_jit_execution()
    return binding


@once
def said() -> Said:
    """What it says, or said here before."""
    return _kept() or _asked()


def has_worked() -> bool:
    """Whether this LLVM is known to work on this machine."""
    return _kept() is not None


def remember() -> None:
    """Keep on disk that it works, and what it says."""
    key = _key()
    if key is not None:
        cache.store(key, {"said": json.dumps(asdict(said())).encode()})


def _asked() -> Said:
    import llvmlite

    llvm = library()
    versions = f"llvmlite {llvmlite.__version__}, LLVM {'.'.join(map(str, llvm.llvm_version_info))}"
    features = dict(llvm.get_host_cpu_features())
    return Said(llvm.get_process_triple(), llvm.get_host_cpu_name(), features, versions)


@once
def _kept() -> Said | None:
    key = _key()
    parts = None if key is None else cache.load(key)
    return None if parts is None else Said(**json.loads(parts["said"]))


def _key() -> str | None:
    """The name of what is kept: what it tells, the library's file, the system, the processor.

    None where LLVM will be wanted in any case.
    """
    file, processor = _file(), _processor()
    if not (linking.is_possible() and file and processor):
        return None
    status = file.stat()
    binary = [str(file), status.st_size, status.st_mtime_ns]
    parts = [*Said.__annotations__, *binary, platform.release(), *processor]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _file() -> Path | None:
    try:
        found = find_spec("llvmlite")
    except ValueError:  # somebody has put something else in its place
        return None
    if found is None or found.origin is None:
        return None
    file = Path(found.origin).parent / "binding" / "libllvmlite.so"
    return file if file.is_file() else None


def _processor() -> list[str]:
    """The first processor's lines that say what it can do."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            first, _, _ = file.read(_ENOUGH).partition("\n\n")
    except OSError:
        return []
    return [line for line in first.splitlines() if line.partition("\t")[0] in _PROCESSOR]
