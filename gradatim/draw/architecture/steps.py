"""What a model does, step by step: calls of its modules, and operations between them.

An opened step has steps of its own. Values flow from earlier to later steps of an opened module,
from its inputs (`IN`) and to its outputs (`OUT`). Operations that only reshape are not shown;
values flow through them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.nodes import Edge, Leaf, Node
from ...core.tape import history
from ...diagnose.calls import Call
from ..graphs.tensors import symbol
from .run import Input, Run, base, name_of

IN, OUT = -1, -2
UNSEEN = frozenset({"broadcast_to", "cast", "copy", "constant", "full", "flat", "detach"})

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Flow:
    """A value that flows from one step to a later one; its shape, if known."""

    source: int
    target: int
    shape: Shape | None


@dataclass(frozen=True)
class Beside:
    """Another input of an operation: a parameter, or an argument of the model."""

    name: str
    shape: str
    is_input: bool = False


@dataclass(eq=False)
class Step:
    """A call of a module, or an operation (with empty `kind`).

    `note` says whose parameters it uses, if not its own, or the shape of an argument. `more` counts
    the repetitions that a collapsed step stands for.
    """

    label: str
    kind: str = ""
    parameters: int = 0
    note: str = ""
    beside: list[Beside] = field(default_factory=list)
    more: int = 0
    entries: set[Edge] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    is_input: bool = False

    @property
    def is_open(self) -> bool:
        """Whether its own steps are shown."""
        return bool(self.steps)

    def rows(self) -> int:
        """How many rows it takes in a picture."""
        return 1 + sum(step.rows() for step in self.steps)


class Reader:
    """Converts a run to steps, with modules opened down to `depth` levels."""

    def __init__(self, run: Run, depth: int) -> None:
        self.run, self.depth = run, depth
        self.modules = dict(run.model.named_modules())
        self.of_leaf = run.parameters
        self.counted: dict[int, str] = {}  # the first step that has each parameter
        self.called: set[str] = set()
        self.within: dict[int, list[Edge]] = {}  # a call's own operations
        by_time = sorted((e for e in run.entries if not isinstance(e, Leaf)), key=_time)
        for entry in by_time:
            call = run.calls.around(entry.time)
            self.within.setdefault(id(call or run.root), []).append(entry)
        self.takers = {x.name: self._takers(x, by_time) for x in run.inputs}
        self.children: dict[int, list[Call]] = {}
        for call in run.calls[1:]:
            self.children.setdefault(id(self._parent(call)), []).append(call)

    def model(self) -> Step:
        """The whole model, with its arguments."""
        root = self._step(self.run.root, "", 0)
        if not root.is_open:
            root = Step(root.label, root.kind, entries=root.entries, steps=[root])
        self._add_inputs(root)
        root.flows = self._flows(root, is_root=True)
        return root

    def _parent(self, call: Call) -> Call:
        return max(
            (c for c in self.run.calls if c.begin < call.begin and call.end < c.end),
            key=lambda c: c.begin,
        )

    def _step(self, call: Call, above: str, level: int) -> Step:
        module = self.modules[call.path]
        label = call.path.removeprefix(above).removeprefix(".") or call.kind
        opened = Step(label, call.kind, sum(p.numel() for p in module.parameters()))
        opened.note = self._shared(module, call.path)
        own, children = self.within.get(id(call), []), self.children.get(id(call), [])
        parts = [(c.begin, self._step(c, call.path, level + 1)) for c in children]
        opened.entries = set(own).union(*(step.entries for _, step in parts))
        is_plain = type(module).__module__.startswith("gradatim.nn") and not children
        if level >= self.depth or is_plain:
            return opened
        parts = [part for part in parts if part[1].entries]  # without a dropout that drops nothing
        parts += [(_time(e), self._operation(e, call)) for e in own if not _is_unseen(e)]
        opened.steps = [step for _, step in sorted(parts, key=lambda part: part[0])]
        if level:
            opened.flows = self._flows(opened)
        return opened

    def _shared(self, module: Any, path: str) -> str:
        """Whose parameters these are, if earlier steps have all of them."""
        if path in self.called:
            return f"those of {path} above"
        self.called.add(path)
        ids = [id(p) for p in module.parameters()]
        before = {self.counted.get(i, path) for i in ids}
        for i in ids:
            if not any(True for _ in module.children()):
                self.counted.setdefault(i, path)
        return f"those of {before.pop()}" if len(before) == 1 and path not in before else ""

    def _operation(self, entry: Edge, call: Call) -> Step:
        beside = []
        for leaf in self._leaves(entry):
            if leaf in self.of_leaf:
                name = self.of_leaf[leaf].removeprefix(call.path).removeprefix(".")
                beside.append(Beside(name, shape_text(self.run.shapes.get(leaf))))
        return Step(symbol(name_of(entry)), entries={entry}, beside=beside)

    def _leaves(self, entry: Edge) -> Collection[Edge]:
        """The parameters and arguments that an operation takes, possibly reshaped."""
        leaves, waiting = dict[Edge, None](), list(entry.edges)
        while waiting:
            edge = waiting.pop(0)
            if isinstance(edge, Leaf):
                leaves[edge] = None
            elif edge is not None and _is_unseen(base(edge)):
                waiting += base(edge).edges
        return leaves.keys()

    # -- inputs --------------------------------------------------------------------------------

    def _add_inputs(self, root: Step) -> None:
        """Add a step per argument before the module that first takes it, or beside operations."""
        for x in reversed(self.run.inputs):
            users = [i for i, step in enumerate(root.steps) if self._takes(step, x)]
            if not users:
                continue
            shape = shape_text(tuple(x.tensor.shape)) or "a number"
            if all(not root.steps[i].kind for i in users) and users[0]:
                for i in users:
                    root.steps[i].beside.append(Beside(x.name, shape, is_input=True))
                continue
            one = Step(x.name, note=shape, is_input=True)
            one.entries = set() if x.edge is None else {x.edge}
            root.steps.insert(users[0], one)

    def _takes(self, step: Step, x: Input) -> bool:
        return not self.takers[x.name].isdisjoint(step.entries)

    def _takers(self, x: Input, by_time: Sequence[Edge]) -> set[Edge]:
        """The operations that take an argument.

        Integers are not on the tape, only among the saved values of operations. If no operation
        saved them, they went into the first number without a source, as rows of `one_hot`.
        """
        if x.edge is not None:
            return {e for e in by_time if x.edge in self._leaves(e)}
        takers = {e for e in by_time if any(x.is_(saved) for saved in _constants(e))}
        if takers:
            return takers
        given = self.run.inputs
        for e in by_time:
            kept = [saved for saved in _constants(e) if saved.numel() > 1]
            if any(not any(one.is_(saved) for one in given) for saved in kept):
                return {e}
        return set()

    # -- flows ---------------------------------------------------------------------------------

    def _flows(self, frame: Step, *, is_root: bool = False) -> list[Flow]:
        place = {e: i for i, step in enumerate(frame.steps) for e in step.entries}
        flows: dict[tuple[int, int], Flow] = {}

        def add(edge: Edge, target: int) -> None:
            for source in self._origins(place, edge):
                if source != target and not (is_root and source == IN):
                    flow = Flow(source, target, self.run.shapes.get(edge))
                    flows.setdefault((source, target), flow)

        for j, step in enumerate(frame.steps):
            for edge in _coming_in(step.entries):
                add(edge, j)
            beside = [one.name for one in step.beside]
            for x in self.run.inputs:
                if x.edge is None and self._takes(step, x) and x.name not in beside:
                    source = _place_of(x, frame)
                    flows.setdefault((source, j), Flow(source, j, tuple(x.tensor.shape)))
        for edge in self._going_out(frame):
            add(edge, OUT)
        return list(flows.values())

    def _origins(self, place: dict[Edge, int], edge: Edge) -> set[int]:
        """The steps that a value comes from, through hidden operations; none for parameters."""
        origins, waiting = set(), [edge]
        while waiting:
            entry = base(waiting.pop())
            if entry in place:
                origins.add(place[entry])
            elif _is_unseen(entry):
                waiting += [e for e in entry.edges if e is not None]
            elif entry not in self.of_leaf:
                origins.add(IN)
        return origins

    def _going_out(self, frame: Step) -> list[Edge]:
        """The values that other steps use; the model's results if there are none."""
        used = dict.fromkeys(  # in order of time, so that the picture is deterministic
            edge
            for e in self.run.entries
            if e not in frame.entries
            for edge in e.edges
            if edge is not None and base(edge) in frame.entries
        )
        given = [history(x) for x in self.run.ends]
        return [*used, *(edge for edge in given if base(edge) in frame.entries)]


def shape_text(shape: Shape | None) -> str:
    """A shape as written in pictures; empty for a scalar, or if unknown."""
    return " × ".join(map(str, shape or ()))


def _place_of(x: Input, frame: Step) -> int:
    """The position of an argument among a module's steps, or IN if it comes from outside."""
    steps = enumerate(frame.steps)
    return next((i for i, step in steps if step.is_input and step.label == x.name), IN)


def _is_unseen(entry: Edge) -> bool:
    if not isinstance(entry, Node):
        return False
    return entry.primitive.is_view or entry.primitive.name in UNSEEN


def _coming_in(entries: set[Edge]) -> Iterable[Edge]:
    for entry in sorted(entries, key=_time):
        for edge in entry.edges:
            if edge is not None and base(edge) not in entries:
                yield edge


def _constants(entry: Edge) -> list[Any]:
    """The inputs of an operation that are not on the tape, as far as it saved them."""
    if not isinstance(entry, Node):
        return []
    kept = zip(entry.plan.keeps, entry.saved or (), strict=False)
    return [tensor for place, tensor in kept if entry.edges[place] is None]


def _time(entry: Edge) -> int:
    return int(entry.time)
