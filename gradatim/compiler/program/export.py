"""`program.export(folder)`: a forward pass as an object file for C, with its weights inside.

    model.o     machine code and weights; gcc main.c model.o -lm
    model.h     its documentation: the function, the shapes, how to call it

The loop nests are those of the program, called one after the other on the caller's thread, so the
results are the program's to the last bit. The weights do not pass through LLVM: the IR reserves
space for them, which begins with a marker, and the finished file is patched.
"""

from __future__ import annotations

import hashlib
import os
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ...core.files import write_atomically
from ..ir.graph import Var, described
from ..ir.nests import NumpyNest
from ..lower.nest.writing import Memory
from ..lower.text.emit import Function
from ..lower.text.types import I32, I64, PTR, Value, constant
from ..lower.threads.waiting import BARRIER
from ..machine import engine
from ..machine.target import Target, host, named
from ..pipeline.draft import Draft, drafted
from ..runtime.binding import Binding
from ..schedule.memory import ALIGN
from ..show.explain import Explanation
from ..trace.traced import Traced

Array = np.ndarray[Any, Any]
C_TYPES = {
    "float32": "float", "float64": "double", "int64": "int64_t", "int32": "int32_t",
    "uint8": "uint8_t", "bool": "bool",
}  # fmt: skip
_MARK = hashlib.sha512(b"the weights of a Gradatim program").digest()
_RESERVED = (
    "auto bool break case char const continue default do double else enum extern false float for "
    "goto if inline int long register restrict return short signed sizeof static struct switch "
    "true typedef union unsigned void volatile while asm bool typeof catch class delete explicit "
    "friend mutable namespace new operator private protected public template this throw try using "
    "virtual wchar_t main cos log1p sin memcpy memmove memset workspace"
)  # of C and C++, of the libraries that every program links, and of the generated file


def asked_for(folder: Any, name: Any, target: str | None) -> tuple[Path, Target]:
    """The folder and the processor to export for, checked before any work is done.

    Errors: ArgumentError for a name that is not valid in C, a path that cannot be a folder, and
    another processor family.
    """
    is_name = isinstance(name, str) and re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)
    if not is_name or name in _RESERVED.split():
        raise ArgumentError(f"export: {name!r} cannot be the name of a function in C")
    if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
        raise ArgumentError(f"export: expects the path of a folder, got {folder!r}")
    place = Path(folder)
    above = next((p for p in (place, *place.parents) if p.exists()), place)
    if above.exists() and not above.is_dir():
        raise ArgumentError(f"export: {above} is a file, not a folder to write into")
    aim = host() if target is None else named(target)
    if (aim.is_x86, aim.is_arm) != (host().is_x86, host().is_arm):
        raise ArgumentError(f"export: code for {target} is made on machines of that family only")
    return place, aim


def export(binding: Binding, function: str, place: Path, name: str, aim: Target) -> Path:
    """Write `name`.o and `name`.h into a folder, created if necessary; the header's path.

    Errors: ArgumentError for a program that draws random numbers, writes in place, leaves
    gradients, or has parts that NumPy computes; OSError if a file cannot be written.
    """
    traced = binding.traced
    _refuse(traced)
    count = traced.returned_count  # what it assigns comes after them, and C has no place for it
    returned = replace(traced.graph, outputs=traced.graph.outputs[:count])
    draft = drafted(returned, [], count, aim)
    _refuse_numpy(draft)
    exported = _Export(binding, Explanation(function, binding, (), aim), draft, name)
    place.mkdir(parents=True, exist_ok=True)
    write_atomically(place / f"{name}.o", exported.code(aim))
    write_atomically(place / f"{name}.h", exported.header(function, aim).encode())
    return place / f"{name}.h"


def _refuse(traced: Traced) -> None:
    """Refuse what a C function could not do."""
    draws = [e for e in traced.graph.equations if e.draws]
    if draws:
        raise ArgumentError(
            f"export: the function draws random numbers ({draws[0].name}{_at(draws[0].line)}); "
            "only a forward pass without any can be exported: call model.eval() first"
        )
    if traced.written or traced.grads:
        what = "writes into tensors in place" if traced.written else "leaves gradients"
        raise ArgumentError(
            f"export: the function {what}; only a forward pass can be exported, which computes "
            "its results and changes nothing: call model.eval() first, and leave out backward()"
        )
    if any(c.grad_of is not None for c in traced.captures):
        raise ArgumentError("export: the function reads .grad of a tensor, which C does not have")
    if not traced.returned_count:
        raise ArgumentError("export: the function returns no tensor that it computes")


def _refuse_numpy(draft: Draft) -> None:
    """Refuse what NumPy computes."""
    nest = next((n for n in draft.schedule.nests if isinstance(n, NumpyNest)), None)
    if nest is not None:
        raise ArgumentError(
            f"export: NumPy computes part of the function ({nest.reason}{_at(nest.equation.line)})"
            ", and C has no NumPy"
        )


def _at(line: str) -> str:
    return f", {line}" if line else ""


@dataclass(frozen=True)
class _Parameter:
    """A pointer parameter of the C function."""

    name: str
    var: Var
    is_input: bool

    @property
    def declared(self) -> str:
        kind = C_TYPES[self.var.dtype.name]
        return f"{'const ' if self.is_input else ''}{kind} *{self.name}"

    @property
    def told(self) -> str:
        return f"{self.name}: {C_TYPES[self.var.dtype.name]}" + "".join(
            f"[{n}]" for n in self.var.shape
        )


class _Export:
    """One program to be exported."""

    def __init__(self, binding: Binding, words: Explanation, draft: Draft, name: str) -> None:
        self.draft, self.name, self.words = draft, name, words
        schedule, given = draft.schedule, binding.inputs.given
        names = _c_names([*(words.origin(i) for i in range(given))])
        inputs = [_Parameter(n, v, True) for n, v in zip(names, schedule.inputs, strict=False)]
        results = schedule.outputs
        outputs = _c_names(
            ["y"] if len(results) == 1 else [f"y{i}" for i in range(len(results))], names
        )
        self.parameters = [
            *inputs, *(_Parameter(n, v, False) for n, v in zip(outputs, results, strict=True))
        ]  # fmt: skip
        self.weights = [
            (words.origin(i), v, array)
            for i, (v, array) in enumerate(
                zip(schedule.inputs[given:], _captured(binding), strict=True), given
            )
        ]
        self.offsets, self.size = _laid_out([v for _, v, _ in self.weights])
        self.arena = draft.layout.arena.size

    # -- the object file -------------------------------------------------------------------

    def code(self, target: Target) -> bytes:
        """The object file, weights included."""
        self._write_functions()
        functions = self.draft.lowering.module.functions
        for step in (BARRIER, *(s for s in self.draft.steps if isinstance(s, str))):
            functions.pop(step, None)
        text = str(self.draft.lowering.module) + "".join(self._globals())
        public = rf"^define (?!i32 @{self.name}(_in)?\()"
        text = re.sub(public, "define internal ", text, flags=re.MULTILINE)
        return self._filled(engine.compile_object(text, target, linked=True))

    def _globals(self) -> list[str]:
        lines = []
        if self.weights:
            mark = "".join(f"\\{byte:02X}" for byte in _MARK)
            rest = self.size - len(_MARK)
            kind = f"{{ [{len(_MARK)} x i8], [{rest} x i8] }}"
            value = f'{{ [{len(_MARK)} x i8] c"{mark}", [{rest} x i8] zeroinitializer }}'
            lines.append(
                f"@{self.name}.weights = internal constant {kind} {value}, align {ALIGN}\n"
            )
        room = f"[{self.workspace} x i8] zeroinitializer, align {ALIGN}"
        return [*lines, f"@{self.name}.workspace = internal global {room}\n"]

    @property
    def workspace(self) -> int:
        """Bytes of memory that a call needs, at any alignment."""
        return self.arena + ALIGN

    def _write_functions(self) -> None:
        module = self.draft.lowering.module
        own = [f"ptr %{p.name}" for p in self.parameters]
        f = module.function(f"{self.name}_in", [*own, "ptr %workspace"], I32)
        status = f.allocate(I64, 1 + len(self.draft.lowering.refusals))
        f.store(constant(0, I64), status)
        arena = self._aligned(f)
        for call in (c for phase in self.draft.phases for c in phase.calls):
            places = [self._place(f, m, arena) for m in call.memory]
            numbers = [constant(n, I64) for n in (0, call.items, *call.numbers)]
            f.call(call.function, "void", status, *places, *numbers)
        f.end(f.new(I32, f"trunc i64 {f.load(I64, status).name} to i32"))
        f = module.function(self.name, own, I32)
        given = [Value(f"%{p.name}", PTR) for p in self.parameters]
        room = Value(f"@{self.name}.workspace", PTR)
        f.end(f.call(f"{self.name}_in", I32, *given, room))

    def _aligned(self, f: Function) -> Value:
        """The start of the arena, aligned, in a workspace of any alignment."""
        begin = f.new(I64, "ptrtoint ptr %workspace to i64")
        whole = f.binary("and", f.add(begin, ALIGN - 1), constant(-ALIGN, I64))
        return f.gep("i8", Value("%workspace", PTR), f.sub(whole, begin))

    def _place(self, f: Function, m: Memory, arena: Value) -> Value:
        for p in self.parameters:
            if p.var is m:
                return Value(f"%{p.name}", PTR)
        assert isinstance(m, Var)
        if m in self.offsets:
            return f.gep("i8", Value(f"@{self.name}.weights", PTR), self.offsets[m])
        return f.gep("i8", arena, self.draft.layout.arena.offsets[m])

    def _filled(self, code: bytes) -> bytes:
        """The object file with the weights copied into the space reserved for them."""
        if not self.weights:
            return code
        if code.count(_MARK) != 1:
            raise RuntimeError("export: the space for the weights is not found; please report this")
        content = np.zeros(self.size, np.uint8)
        for _, v, array in self.weights:
            begin = self.offsets[v]
            content[begin : begin + v.nbytes] = array.reshape(-1).view(np.uint8)
        at = code.index(_MARK)
        return code[:at] + content.tobytes() + code[at + self.size :]

    # -- the header ------------------------------------------------------------------------

    def header(self, function: str, target: Target) -> str:
        """The C header."""
        name, given = self.name, ", ".join(p.declared for p in self.parameters)
        guard = f"{name.upper()}_H"
        lines = [
            f"/* {name}.h: `{function}`, compiled by Gradatim.", "",
            *(f"     {p.told}{'' if p.is_input else '   (written)'}" for p in self.parameters), "",
            "   Elements lie row by row without gaps; what is written overlaps with nothing.", "",
            f"   {name}() works in memory of its own: one call at a time. {name}_in() is given a",
            f"   workspace of {name.upper()}_WORKSPACE bytes, wherever it begins: as many threads",
            "   may call it at once as there are workspaces.", "",
            "   They return 0, or what went wrong:" if self._errors() else "   They return 0.",
            *self._errors(), "",
            f"   To link it: gcc main.c {name}.o -lm", "",
            *self._inside(), "",
            *_needed(target), "*/", "",
            f"#ifndef {guard}", f"#define {guard}", "",
            "#include <stdbool.h>", "#include <stdint.h>", "",
            "#ifdef __cplusplus", 'extern "C" {', "#endif", "",
            f"#define {name.upper()}_WORKSPACE {self.workspace}", "",
            f"int {name}({given});", f"int {name}_in({given}, void *workspace);", "",
            "#ifdef __cplusplus", "}", "#endif", "", "#endif", "",
        ]  # fmt: skip
        return "\n".join(lines)

    def _errors(self) -> list[str]:
        numbered = enumerate(self.draft.lowering.refusals, 1)
        return [f"     {i}  {_comment(refusal.message())}" for i, refusal in numbered]

    def _inside(self) -> list[str]:
        if not self.weights:
            return ["   There are no weights in it."]
        total = sum(v.nbytes for _, v, _ in self.weights)
        lines = [f"     {_comment(name)}: {described(v.type)}" for name, v, _ in self.weights]
        return [f"   The weights are inside, as they were ({total:,} bytes):", *lines]


def _captured(binding: Binding) -> list[Array]:
    """The arrays that the function captured, as they are now."""
    return [np.ascontiguousarray(c.storage.value) for c in binding.traced.captures]


def _laid_out(variables: Sequence[Var]) -> tuple[dict[Var, int], int]:
    """The offset of each array, cache-line aligned, and the size of all."""
    offsets, size = {}, 0
    for v in variables:
        offsets[v] = size
        size += -(-v.nbytes // ALIGN) * ALIGN
    return offsets, max(size, len(_MARK))


def _c_names(names: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """Valid C names, all different.

    >>> _c_names(["x", "pair[0]", "x", "int"])
    ['x', 'pair_0', 'x_1', 'int_1']
    """
    unique: list[str] = []
    for name in names:
        plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "a"
        plain = f"a{plain}" if plain[0].isdigit() else plain
        new, count = plain, 0
        while new in (*unique, *taken) or new in _RESERVED.split():
            count += 1
            new = f"{plain}_{count}"
        unique.append(new)
    return unique


def _comment(text: str) -> str:
    """Text that is safe inside a C comment."""
    return text.replace("*/", "* /").encode("ascii", "replace").decode()


def _needed(target: Target) -> list[str]:
    """A paragraph on the processors that can run it: those with the features LLVM may use."""
    features = [f[1:] for f in target.features.split(",") if f.startswith("+")]
    text = f"It is for {target.triple} and needs a processor with {' '.join(features)}."
    return textwrap.wrap(text, 96, initial_indent="   ", subsequent_indent="     ")
