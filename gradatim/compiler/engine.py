"""LLVM text to machine code in memory, by llvmlite.

    text -> compile_object -> bytes (may be kept on disk) -> load -> Loaded.address(name)

Texts that call each other's functions become objects that are loaded together.

LLVM's optimiser is not run: what the emitter writes is what is translated. Everything here holds
one lock, as llvmlite does for each of its calls, and forking waits for it: a child that found LLVM
in the middle of another thread's work could never use it. (It is taken again by who has it, when a
program is freed in the middle of a compilation.)
"""

from __future__ import annotations

import ctypes
import re
import weakref
from collections.abc import Container, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

from ..core.forking import undivided
from .errors import CompileError
from .lower.target import Target, host

# Calls that LLVM itself writes for llvm.memset and llvm.memcpy resolve in the C library; a call of
# a name that is nowhere would end the process, so what the text declares is checked before.
_DECLARED = re.compile(r"^declare\s.*?@([\w.]+)\(", re.MULTILINE)
_C_LIBRARY = ("cos", "log1p", "sin")  # every process with Python has them
_FLOOR = (0, 45)  # the first llvmlite whose LLVM reads what the emitter writes, such as `splat`
# Half of the time of a translation goes into choosing other induction variables for loops that are
# written with good ones: no nest was slower without. LLVM ends the process if it does not know an
# option, so it is asked of the versions that have it.
_REDUCTION = "-disable-lsr"
_WITH_REDUCTION = range(20, 23)
_BUG = "This is a bug in Gradatim, not in your program: please report it with this message."


class Loaded:
    """Machine code in memory; it is freed with this object."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._known: dict[str, int] = {}
        weakref.finalize(self, _free, engine).atexit = False

    def address(self, name: str) -> int:
        """Where a function begins. Errors: CompileError if there is none of that name."""
        known = self._known.get(name)  # programs ask before every call
        if known is not None:
            return known
        with undivided:
            found: int = self._engine.get_function_address(name)
        if not found:
            raise CompileError(f"the machine code has no function {name!r}")
        return self._known.setdefault(name, found)


def compile_object(
    text: str,
    target: Target,
    *,
    linked: bool = False,
    quick: bool = False,
    others: Container[str] = (),
) -> bytes:
    """Translate LLVM text to an object file for a target.

    It is for `load`, or to be `linked` with others: position-independent, in the system's format.
    With `quick`, little thought is given to it: half of the time for slower code. `others` are the
    functions of the objects that it will be loaded with.

    Errors: CompileError, if the text is not LLVM's language or LLVM refuses what it says.
    """
    _refuse_strangers(text, others)
    with _module(text, target, linked=linked, quick=quick) as (module, machine):
        code: bytes = machine.emit_object(module)
    return code


def assembly(text: str, target: Target | None = None) -> str:
    """The processor's instructions for LLVM text, to be read."""
    _refuse_strangers(text)
    with _module(text, target or host()) as (module, machine):
        shown: str = machine.emit_assembly(module)
    return shown


def load(*objects: bytes) -> Loaded:
    """Put object files into memory, ready to be called; they may call each other's functions.

    >>> text = "define i64 @next(i64 %x) { %y = add i64 %x, 1  ret i64 %y }"
    >>> loaded = load(compile_object(text, host()))
    >>> ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(loaded.address("next"))(41)
    42
    """
    with undivided:
        llvm = _llvm()
        # The engine wants a module to begin with, and frees it in the end.
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _new_machine(host()))
        for code in objects:
            engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
        engine.finalize_object()
    return Loaded(engine)


@cache
def available() -> str | None:
    """None if compiled programs run here, otherwise why not. Tries it, once.

    >>> available() is None
    True
    """
    try:
        _llvm()  # says what is wrong better than what uses it
        text = "define i64 @answer() { ret i64 42 }"
        loaded = load(compile_object(text, host(), quick=True))
        answer = ctypes.CFUNCTYPE(ctypes.c_int64)(loaded.address("answer"))()
    except Exception as error:  # a library that cannot be loaded fails in its own ways
        return f"llvmlite does not work here: {type(error).__name__}: {error}"
    return None if answer == 42 else f"llvmlite does not work here: 42 came back as {answer}"


def versions() -> str:
    """Which llvmlite and LLVM write the machine code."""
    import llvmlite

    numbers = ".".join(map(str, _llvm().llvm_version_info))
    return f"llvmlite {llvmlite.__version__}, LLVM {numbers}"


@cache
def _llvm() -> Any:
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


@contextmanager
def _module(
    text: str, target: Target, *, linked: bool = False, quick: bool = False
) -> Iterator[tuple[Any, Any]]:
    """Text as LLVM's module, checked, and the machine that translates it."""
    # A context of our own: the types and constants in LLVM's global one are never freed.
    with undivided, _llvm().create_context() as context:
        machine, triple, layout = _machine(target, linked=linked, quick=quick)
        try:
            parsed = _llvm().parse_assembly(text, context)
        except RuntimeError as error:
            raise _refused(str(error), text) from None
        with parsed as module:
            module.triple, module.data_layout = triple, layout
            try:
                module.verify()
            except RuntimeError as error:
                raise _refused(str(error), str(module)) from None
            with _without_reduction():
                yield module, machine


@contextmanager
def _without_reduction() -> Iterator[None]:
    """Without LLVM's strength reduction: for us, not for others in this process that use LLVM."""
    llvm = _llvm()
    if llvm.llvm_version_info[0] not in _WITH_REDUCTION:
        yield
        return
    llvm.set_option("gradatim", f"{_REDUCTION}=true")
    try:
        yield
    finally:
        llvm.set_option("gradatim", f"{_REDUCTION}=false")


@lru_cache
def _machine(target: Target, *, linked: bool, quick: bool) -> tuple[Any, str, str]:
    """What translates, kept: learning to know a processor takes it a while; and its data layout."""
    machine = _new_machine(target, linked=linked, quick=quick)
    return machine, machine.triple, str(machine.target_data)


def _new_machine(target: Target, *, linked: bool = False, quick: bool = False) -> Any:
    # Code in memory may lie far from what it calls; a linker wants to know nothing of places.
    how: dict[str, Any] = {"reloc": "pic", "codemodel": "small"} if linked else {"jit": True}
    triple = target.triple.removesuffix("-elf") if linked else target.triple
    return (
        _llvm()
        .Target.from_triple(triple)
        .create_target_machine(
            cpu=target.cpu, features=target.features, opt=0 if quick else 2, **how
        )
    )


def _free(engine: Any) -> None:
    with undivided:
        engine.close()


def _refuse_strangers(text: str, others: Container[str] = ()) -> None:
    for name in _DECLARED.findall(text):
        if not name.startswith("llvm.") and name not in _C_LIBRARY and name not in others:
            raise CompileError(
                f"the compiler wrote a call of {name!r}, which is defined nowhere.\n{_BUG}"
            )


def _refused(message: str, text: str) -> CompileError:
    """LLVM's complaint with the name of the function it is about."""
    lines = text.splitlines()
    at = _line_of(message, lines)
    names = [m[1] for line in lines[: at + 1] if (m := re.match(r"define .*?@([\w.]+)\(", line))]
    where = f" in the function {names[-1]!r}" if at >= 0 and names else ""
    return CompileError(f"LLVM refused what the compiler wrote{where}: {message.strip()}\n{_BUG}")


def _line_of(message: str, lines: list[str]) -> int:
    """Where the text is wrong: the parser gives a line number, the verifier quotes a line."""
    if place := re.search(r"<string>:(\d+):", message):
        return int(place[1]) - 1
    quoted = {line.strip() for line in message.splitlines()[1:]}
    return next((i for i, line in enumerate(lines) if line.strip() in quoted), -1)
