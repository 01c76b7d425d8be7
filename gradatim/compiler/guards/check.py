"""The check before every call of a program: one function, generated from the guards.

    v1 = k0.cell_contents
    if v1 is not k1() or v1 is None: return True         the model is another object
    v2 = v1.training
    if v2 is not k2 and differs(v2, k2): return True
    v3 = v1.weights
    if len(v3) != 53 or are_others(v3, k3): return True  some tensor is another object

It says only whether something changed; what it was is looked up afterwards. Many tensors in one
container are compared at once (`many.py`). Objects that report their changes (`core/changes.py`),
such as tensors, hooks of modules and an optimiser's state, are checked only if some change was
reported: there are two generated functions, and the shorter one leaves them out (`unreported.py`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ...core.changes import changes
from ...core.handle import Handle
from .assignments import Entry, entry_of
from .containers import Items, Keys
from .held import Absent, Tensor, Unhooked, differs
from .many import HELPERS, conditions
from .place import Place, Way
from .unreported import unreported

Looked = Sequence[tuple[Handle, np.ndarray[Any, Any]]]


class Guards:
    """What must stay unchanged for a program to be valid.

    `looked` are tensors whose values Python read during the trace, with these values.
    """

    def __init__(self, roots: Sequence[Place], looked: Looked = ()) -> None:
        self._roots = tuple(roots)
        self._names = names = _tensor_names(self._all())
        self._looked = [
            (weakref.ref(x), seen.tobytes(), seen, names.get(id(x), "a tensor"))
            for x, seen in looked
        ]
        # Both are generated at the second call: the first needs no check.
        self._check: Callable[[], bool] | None = None
        self._check_unreported = _never
        held = (p.held for p in self._all() if isinstance(p.held, Tensor | Unhooked))
        self._inside = [*{id(h.refer): h for h in held}.values()]
        self._heard = -1  # the last change reported before all was found unchanged

    def __len__(self) -> int:
        return sum(1 for _ in self._all()) + len(self._looked)

    def changed(self) -> str | None:
        """The first change, as a sentence: `model.dropout.p changed from 0.1 to 0.0`."""
        return None if self.hold() else self._culprit()

    def hold(self) -> bool:
        """Whether everything is unchanged: asked before every call."""
        latest = changes.latest
        if latest == self._heard and not self._check_unreported():
            return True
        if self._check is None:
            self._check_unreported = _generated([unreported(p) for p in self._roots], self._looked)
            self._check = _generated(self._roots, self._looked)
        if self._check() or not self._are_settled():
            return False
        self._heard = latest
        return True

    def replaced(self) -> list[Entry]:
        """The first place that changed, if it holds another tensor of the same kind."""
        found = self._changed_place()
        if found is None:
            return []
        place, above, value = found
        is_alike = isinstance(place.held, Tensor) and place.held.is_like(value)
        is_alike = is_alike and not isinstance(above, tuple)
        return [entry_of(place, above)] if is_alike else []

    def tensors(self) -> Iterator[tuple[Handle, str]]:
        """The guarded tensors, with their names."""
        for place in self._all():
            x = place.held.now() if isinstance(place.held, Tensor) else None
            if x is not None:
                yield x, self._names[id(x)]

    def paths(self) -> list[str]:
        """The guarded places, by the names under which they were found."""
        return [p.path for p in self._all()]

    def _are_settled(self) -> bool:
        return all(held.is_settled() for held in self._inside)

    def _all(self) -> Iterator[Place]:
        waiting = list(reversed(self._roots))
        while waiting:
            place = waiting.pop()
            yield place
            waiting += reversed(place.below)

    def _culprit(self) -> str | None:
        found = self._changed_place()
        if found is not None:
            place, _, value = found
            assert place.held is not None
            is_known = isinstance(place.held, Tensor) and value is place.held.now()
            path = self._names.get(id(value), place.path) if is_known else place.path
            return place.held.told(path, value)
        for refer, was, seen, path in self._looked:
            x = refer()
            if x is not None and x._value.tobytes() != was:
                return f"the numbers of {path} changed{_from_to(seen, x._value)}"
        return None

    def _changed_place(self) -> tuple[Place, Any, Any] | None:
        """The first place that changed, what it is in, and its value."""
        waiting: list[tuple[Place, Any]] = [(p, None) for p in reversed(self._roots)]
        while waiting:
            place, above = waiting.pop()
            value = place.read(above)
            if place.held is not None and not place.held.same(value):
                return place, above, value
            waiting += [(p, value) for p in reversed(place.below)]
        return None


def _tensor_names(places: Iterable[Place]) -> dict[int, str]:
    """The name of each tensor: `model.w`, not `optimizer.param_groups[0]["params"][2]`."""
    names: dict[int, str] = {}
    for place in places:
        if isinstance(place.held, Tensor):
            key = id(place.held.now())
            names[key] = min(names.get(key, place.path), place.path, key=_plainness)
    return names


def _plainness(path: str) -> tuple[int, int]:
    return path.count("["), len(path)


def _from_to(before: Any, now: Any) -> str:
    return f" from {before.item()} to {now.item()}" if before.size == now.size == 1 else ""


def _is_filled(slot: Any, x: Any) -> bool:
    return hasattr(x, slot.__name__)


def _never() -> bool:
    return False


def _generated(roots: Sequence[Place], looked: Sequence[Any]) -> Callable[[], bool]:
    writer = _Writer()
    for place in roots:
        writer.read(place, "")
    for refer, was, *_ in looked:
        writer.lines.append(f"x = {writer.name(refer)}()")
        writer.refuse(f"x is not None and x._value.tobytes() != {writer.name(was)}")
    body = "\n".join(f"        {line}" for line in writer.lines or ["pass"])
    source = (
        f"def check():\n    try:\n{body}\n    except Exception:\n        return True\n"
        "    return False\n"
    )
    exec(compile(source, "<guards>", "exec"), writer.names)  # noqa: S102
    check: Callable[[], bool] = writer.names.pop("check")
    return check


class _Writer:
    """Writes the lines of the check, and collects the constants in them."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"differs": differs, **HELPERS}
        self.known: dict[int, str] = {}
        self.lines: list[str] = []
        self.count = 0

    def name(self, constant: Any) -> str:
        """A name for a constant."""
        if id(constant) not in self.known:
            name = self.known[id(constant)] = f"k{len(self.known)}"
            self.names[name] = constant
        return self.known[id(constant)]

    def refuse(self, condition: str) -> None:
        """A line that reports a change if this condition is true."""
        self.lines.append(f"if {condition}: return True")

    def variable(self) -> str:
        """The name of a new variable."""
        self.count += 1
        return f"v{self.count}"

    def read(self, place: Place, above: str) -> None:
        """Lines that read and check a place; `above` is the variable of the place it is in."""
        if isinstance(place.held, Unhooked):
            return
        if isinstance(place.held, Absent):
            self.refuse(self._appeared(place, above))
            return
        if place.held is None and not place.below:
            return
        value = self.variable()
        self.lines.append(f"{value} = {self.expression(place, above)}")
        self.check(place, value)

    def _appeared(self, place: Place, above: str) -> str:
        if place.way is Way.SLOT:
            return f"{self.name(_is_filled)}({self.name(place.key)}, {above})"
        if place.way is Way.IN:
            return f"{place.key[1]!r} in {self.name(place.key[0])}"
        return f"{place.key!r} in d{above}"

    def check(self, place: Place, value: str) -> None:
        """Lines that check a value, and the places below it."""
        held, is_unpacked = place.held, bool(place.below) and place.below[0].way is Way.EACH
        if isinstance(held, Items) and held.teller is not None:
            self.refuse(held.teller.condition(value, self.name))
        if held is not None and not is_unpacked:
            self.refuse(held.condition(value, self.name))
        together = conditions(place, value, self.name)
        if together is not None:
            for condition in together:
                self.refuse(condition)
            return
        if any(p.way is Way.ATTRIBUTE for p in place.below):
            self.lines.append(f"d{value} = {value}.__dict__")
        if is_unpacked:
            self.unpack(place, value)
        else:
            for p in place.below:
                self.read(p, value)

    def unpack(self, place: Place, value: str) -> None:
        """Lines that read all items of a container at once and check them."""
        values = [self.variable() for _ in place.below]
        items = value
        if isinstance(place.held, Keys):
            self.refuse(place.held.other_order(value, self.name))
            items = f"{value}.values()"
        self.lines.append(f"{', '.join(values)}, = {items}")
        for p, variable in zip(place.below, values, strict=True):
            self.check(p, variable)

    def expression(self, place: Place, above: str) -> str:
        """The expression that reads a place."""
        key = place.key
        if place.way is Way.GIVEN:
            return self.name(key) + ("()" if type(key) is weakref.ref else "")
        if place.way is Way.CELL:
            return f"{self.name(key)}.cell_contents"
        if place.way is Way.IN:
            return f"{self.name(key[0])}[{key[1]!r}]"
        if place.way is Way.ATTRIBUTE:
            return f"d{above}[{key!r}]"
        if place.way is Way.SLOT:
            return f"{self.name(key.__get__)}({above})"
        if place.way is Way.FIELD:
            return f"{above}.{key}"
        return f"{above}[{self.name(key)}]"
