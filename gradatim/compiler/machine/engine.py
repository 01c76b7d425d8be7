"""LLVM IR to machine code in memory, by llvmlite.

    text -> compile_object -> bytes (may be cached on disk) -> load -> Loaded.address(name)

Modules that call each other's functions become objects that are loaded together.

LLVM's optimization passes are not run: the emitted text goes straight to the code generator.
Several threads compile at once, each with its own LLVM context and target machine. Forks wait until
all work here is done: a child forked while another thread is inside LLVM could never use it.
"""

from __future__ import annotations

import ctypes
import re
import weakref
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from ...core.forking import fork_lock, hold_off_forks
from ..errors import CompileError
from . import llvm
from .linking import link
from .target import Target, host

# Calls that LLVM generates for llvm.memset and llvm.memcpy resolve to the C library. An unresolved
# name would abort the process, so the declarations of a text are checked first.
_DECLARED = re.compile(r".*?@([\w.]+)\(")
_C_LIBRARY = ("cos", "log1p", "sin")  # every process with Python has them
# Loop strength reduction takes half of the compile time, to replace induction variables that are
# already good: no nest is slower without it. LLVM aborts the process at an option it does not know,
# so only versions known to have it are asked.
_REDUCTION = "-disable-lsr"
_WITH_REDUCTION = range(20, 23)
_BUG = "This is a bug in Gradatim, not in your program: please report it with this message."


class Loaded:
    """Machine code in memory; freed with this object."""

    def __init__(self, find: Callable[[str], int | None], free: Callable[[], None]) -> None:
        self._find = find
        self._known: dict[str, int] = {}
        weakref.finalize(self, _free, free).atexit = False

    def address(self, name: str) -> int:
        """The address of a function. Errors: CompileError if there is none of that name."""
        known = self._known.get(name)  # the fast path: looked up before every call
        if known is not None:
            return known
        with fork_lock:
            address = self._find(name)
        if not address:
            raise CompileError(f"the machine code has no function {name!r}")
        return self._known.setdefault(name, address)


def compile_object(
    text: str,
    target: Target,
    *,
    linked: bool = False,
    quick: bool = False,
    others: Container[str] = (),
) -> bytes:
    """Compile LLVM IR to an object file for a target.

    The object is for `load`; or, if `linked`, for a linker: position-independent, in the system's
    format. `quick` compiles with little optimization: half the time for slower code. `others` are
    the functions of objects that it will be loaded with.

    Errors: CompileError if LLVM cannot parse or verify the text.
    """
    _refuse_strangers(text, others)
    with _module(text, target, linked=linked, quick=quick) as (module, machine):
        return _emitted(module, machine)


def assembly(text: str, target: Target | None = None) -> str:
    """The assembly of LLVM IR, for reading."""
    _refuse_strangers(text)
    target = target or host()
    if (target.is_x86, target.is_arm) != (host().is_x86, host().is_arm):
        llvm.know_all_processors()
    with _module(text, target) as (module, machine):
        shown: str = machine.emit_assembly(module)
    return shown


def load(*objects: bytes) -> Loaded:
    """Load object files into memory; they may call each other's functions.

    Errors: Damaged for one that is truncated or altered; where LLVM loads them, nothing is checked.

    >>> text = "define i64 @next(i64 %x) { %y = add i64 %x, 1  ret i64 %y }"
    >>> loaded = load(compile_object(text, host()))
    >>> ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(loaded.address("next"))(41)
    42
    """
    with fork_lock:
        linked = link(objects)
        if linked is not None:
            return Loaded(linked.addresses.get, linked.free)
        return _loaded_by_llvm(objects)


def _loaded_by_llvm(objects: Sequence[bytes]) -> Loaded:
    binding = llvm.library()
    # The engine needs an initial module, and would compile it with the full pass pipeline, which
    # takes longer than all the rest: so it is removed again. The machine compiles nothing, so it is
    # not given the processor, whose description would take a while to set up.
    machine = binding.Target.from_triple(host().triple).create_target_machine(jit=True)
    with binding.parse_assembly("") as nothing:
        engine = binding.create_mcjit_compiler(nothing, machine)
        engine.remove_module(nothing)
    for code in objects:
        engine.add_object_file(binding.object_file.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Loaded(engine.get_function_address, engine.close)


@cache
def available() -> str | None:
    """None if compiled programs run here, otherwise why not. Tries it, unless the cache knows.

    >>> available() is None
    True
    """
    if llvm.has_worked():
        return None
    try:
        llvm.library()  # its errors are clearer than those of its first use
        text = "define i64 @answer() { ret i64 42 }"
        loaded = load(compile_object(text, host(), quick=True))
        answer = ctypes.CFUNCTYPE(ctypes.c_int64)(loaded.address("answer"))()
    except Exception as error:  # a library that cannot be loaded may raise anything
        return f"llvmlite does not work here: {type(error).__name__}: {error}"
    if answer != 42:
        return f"llvmlite does not work here: 42 came back as {answer}"
    llvm.remember()
    return None


@contextmanager
def _module(
    text: str, target: Target, *, linked: bool = False, quick: bool = False
) -> Iterator[tuple[Any, Any]]:
    """The text as a verified LLVM module, and the machine that compiles it."""
    # A context of its own: types and constants in LLVM's global context are never freed.
    with (
        hold_off_forks(),
        _machine(target, linked=linked, quick=quick) as (machine, triple, layout),
        llvm.library().create_context() as context,
    ):
        try:
            parsed = llvm.library().parse_assembly(text, context)
        except RuntimeError as error:
            raise _refused(str(error), text) from None
        with parsed as module:
            module.triple, module.data_layout = triple, layout
            try:
                module.verify()
            except RuntimeError as error:
                raise _refused(str(error), str(module)) from None
            with _without_reduction:
                yield module, machine


def _emitted(module: Any, machine: Any) -> bytes:
    """The object file of a module; other threads may use LLVM meanwhile."""
    library = llvm.library().ffi.lib
    error = llvm.library().ffi.OutputString()
    with error as message:
        buffer = _emit()(machine, module, 1, message)
        if not buffer:
            raise CompileError(f"LLVM cannot write the machine code: {error}\n{_BUG}")
    try:
        size = library.LLVMPY_GetBufferSize(buffer)
        return ctypes.string_at(library.LLVMPY_GetBufferStart(buffer), size)
    finally:
        library.LLVMPY_DisposeMemoryBuffer(buffer)


@cache
def _emit() -> Any:
    """llvmlite's function that emits machine code, without llvmlite's global lock around it.

    With the lock, if a future llvmlite does not tell where its library is.
    """
    library = llvm.library().ffi.lib
    locked = library.LLVMPY_TargetMachineEmitToMemory
    try:
        function = ctypes.CDLL(library._name).LLVMPY_TargetMachineEmitToMemory
    except (AttributeError, OSError):
        return locked
    function.argtypes, function.restype = locked.argtypes, locked.restype
    return function


class _Reduction:
    """Switches LLVM's loop strength reduction off while compiling: others may use LLVM here too."""

    def __init__(self) -> None:
        self.users = 0

    def __enter__(self) -> None:
        with fork_lock:
            self.users += 1
            self._set("true")

    def __exit__(self, *_: object) -> None:
        with fork_lock:
            self.users -= 1
            if not self.users:
                self._set("false")

    def _set(self, off: str) -> None:
        if llvm.library().llvm_version_info[0] in _WITH_REDUCTION:
            llvm.library().set_option("gradatim", f"{_REDUCTION}={off}")


_without_reduction = _Reduction()
_machines: dict[Any, list[tuple[Any, str, str]]] = {}


@contextmanager
def _machine(target: Target, *, linked: bool, quick: bool) -> Iterator[tuple[Any, str, str]]:
    """A target machine and its data layout, pooled: setting one up for a processor is slow."""
    free = _machines.setdefault((target, linked, quick), [])
    try:
        known = free.pop()
    except IndexError:
        machine = _new_machine(target, linked=linked, quick=quick)
        known = machine, machine.triple, str(machine.target_data)
    yield known
    free.append(known)


def _new_machine(target: Target, *, linked: bool = False, quick: bool = False) -> Any:
    # JIT code may lie far from what it calls; linked code must be position-independent.
    how: dict[str, Any] = {"reloc": "pic", "codemodel": "small"} if linked else {"jit": True}
    triple = target.triple.removesuffix("-elf") if linked else target.triple
    return (
        llvm.library()
        .Target.from_triple(triple)
        .create_target_machine(
            cpu=target.cpu, features=target.features, opt=0 if quick else 2, **how
        )
    )


def _free(free: Callable[[], None]) -> None:
    with fork_lock:
        free()


def _refuse_strangers(text: str, others: Container[str] = ()) -> None:
    # Split at declarations: a regular expression tried at each line takes six times as long.
    for rest in f"\n{text}".split("\ndeclare ")[1:]:
        declared = _DECLARED.match(rest)
        name = declared[1] if declared else "llvm."  # LLVM reports a malformed declaration itself
        if not name.startswith("llvm.") and name not in _C_LIBRARY and name not in others:
            raise CompileError(
                f"the compiler emitted a call of {name!r}, which is not defined.\n{_BUG}"
            )


def _refused(message: str, text: str) -> CompileError:
    """LLVM's error message, with the name of the function it is about."""
    lines = text.splitlines()
    at = _line_of(message, lines)
    names = [m[1] for line in lines[: at + 1] if (m := re.match(r"define .*?@([\w.]+)\(", line))]
    where = f" in the function {names[-1]!r}" if at >= 0 and names else ""
    return CompileError(f"LLVM refused what the compiler wrote{where}: {message.strip()}\n{_BUG}")


def _line_of(message: str, lines: list[str]) -> int:
    """The index of the faulty line: the parser gives a line number, the verifier quotes a line."""
    if place := re.search(r"<string>:(\d+):", message):
        return int(place[1]) - 1
    quoted = {line.strip() for line in message.splitlines()[1:]}
    return next((i for i, line in enumerate(lines) if line.strip() in quoted), -1)
