"""LLVM, loaded only when there is something to compile, and what it reports about this machine.

Loading it takes 80 megabytes and a tenth of a second. What it reports about the processor and its
own version does not change, so that is cached on disk: a process whose programs are all cached
never loads LLVM.
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

_FLOOR = (0, 45)  # the first llvmlite whose LLVM parses the emitter's syntax, such as `splat`
_PROCESSOR = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")
_ENOUGH = 1 << 14  # characters that cover the first processor; there may be hundreds


@dataclass(frozen=True)
class HostInfo:
    """What LLVM reports: the processor, and the versions of LLVM and llvmlite."""

    triple: str
    cpu: str
    features: dict[str, bool]
    versions: str


@once
def library() -> Any:
    """llvmlite's binding, initialized to generate code for this machine."""
    import llvmlite
    from llvmlite import binding

    version = tuple(int(n) for n in re.findall(r"\d+", llvmlite.__version__)[:2])
    if version < _FLOOR:
        raise ImportError(f"llvmlite {llvmlite.__version__} is too old, 0.45 or newer is needed")
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    binding.check_jit_execution()
    return binding


@once
def know_all_processors() -> None:
    """Let LLVM write assembly for the processors of other families, too."""
    binding = library()
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()


@once
def host_info() -> HostInfo:
    """What LLVM reports about this machine, from the cache if it is there."""
    return _cached() or _queried()


def has_worked() -> bool:
    """Whether this LLVM is known to work on this machine."""
    return _cached() is not None


def remember() -> None:
    """Cache that LLVM works here, and what it reports."""
    key = _key()
    if key is not None:
        cache.store(key, {"said": json.dumps(asdict(host_info())).encode()})


def _queried() -> HostInfo:
    import llvmlite

    llvm = library()
    versions = f"llvmlite {llvmlite.__version__}, LLVM {'.'.join(map(str, llvm.llvm_version_info))}"
    features = dict(llvm.get_host_cpu_features())
    return HostInfo(llvm.get_process_triple(), llvm.get_host_cpu_name(), features, versions)


@once
def _cached() -> HostInfo | None:
    key = _key()
    parts = None if key is None else cache.load(key)
    return None if parts is None else HostInfo(**json.loads(parts["said"]))


def _key() -> str | None:
    """The cache key: the record's fields, the library's file, the system, and the processor.

    None where LLVM is needed in any case.
    """
    file, processor = _file(), _processor()
    if not (linking.is_possible() and file and processor):
        return None
    status = file.stat()
    binary = [str(file), status.st_size, status.st_mtime_ns]
    parts = [*HostInfo.__annotations__, *binary, platform.release(), *processor]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _file() -> Path | None:
    try:
        spec = find_spec("llvmlite")
    except ValueError:  # something else was put in its place
        return None
    if spec is None or spec.origin is None:
        return None
    file = Path(spec.origin).parent / "binding" / "libllvmlite.so"
    return file if file.is_file() else None


def _processor() -> list[str]:
    """The lines of /proc/cpuinfo that describe the first processor's features."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            first, _, _ = file.read(_ENOUGH).partition("\n\n")
    except OSError:
        return []
    return [line for line in first.splitlines() if line.partition("\t")[0] in _PROCESSOR]
