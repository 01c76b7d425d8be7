"""`draw.backward_steps`: the chain rule as a series of pictures, one for each operation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...core.errors import ArgumentError
from ..canvas import theme
from ..canvas.drawing import Drawing
from ..canvas.series import Drawings
from ..canvas.significant import grouped, significant
from ..canvas.svg import group, text
from ..canvas.text_width import text_width
from .card import Look
from .layout import Arrangement
from .picture import MARGIN, Emphasis, arrange_graph, picture
from .record import Edge, Graph
from .slopes import formulas, slopes
from .values import children, history, is_value, value_graph

MOST_STEPS = 60
_TITLE_SIZE = 15.0
_LINE_SIZE = 13.0
_LINE = 19.0
_COLUMN_GAP = 20.0
_LONGEST_SUM = 4


@dataclass(frozen=True)
class Term:
    """What one visit adds to one gradient: the result's gradient times the operation's slope."""

    child: int
    formula: str
    slope: float
    amount: float
    sum_so_far: tuple[float, ...]


@dataclass(frozen=True)
class Visit:
    """One operation of the backward pass: its index, its terms, and all gradients after it."""

    node: int
    terms: tuple[Term, ...]
    gradients: tuple[float, ...]


def backward_steps(value: Any) -> Drawings:
    """Draw `value.backward()`: a picture for each operation, from the last to the first.

    Chain rule: child.grad += node.grad * d node / d child. Each picture marks the visited operation
    and shows the terms that it adds: two for an operation with two inputs. For a value used twice,
    the second term is shown with the sum. The graph's own gradients are neither used nor changed.

    Errors: TypeError for anything but a scalar value, ArgumentError for more than 60 operations.

    >>> from gradatim.scalar import Value
    >>> a = Value(3.0, label="a")
    >>> len(backward_steps(a * a + a))  # the start, then + and *
    3
    """
    if not is_value(value):
        raise TypeError(
            f"draw.backward_steps walks the graph of a scalar Value, got {type(value).__name__}"
        )
    values = history(value)
    count = sum(bool(children(v)) for v in values)
    if count > MOST_STEPS:
        raise ArgumentError(
            f"draw.backward_steps: one picture for each of {grouped(count)} operations is more than"
            f" can be read (at most {MOST_STEPS}); take a smaller part, such as one neuron, or"
            " draw.graph for the whole"
        )
    graph = _named(value_graph(values))
    visits = _visits(values, graph)
    placed = arrange_graph(_widest(graph, visits))
    frames = [_start(graph, placed, visits[0])]
    frames += [_frame(graph, placed, visits, i) for i in range(1, len(visits))]
    width = max(frame.width for frame in frames)
    frames = [replace(frame, width=width) for frame in frames]
    return Drawings(frames, title=f"Backward through {graph.nodes[-1].label}, step by step")


def _named(graph: Graph) -> Graph:
    """Name every value so that terms can be written: v1, v2, ... for those without a label."""
    nodes, unnamed = [], 0
    for node in graph.nodes:
        if not node.label:
            unnamed += 1
            node = replace(node, label=f"v{unnamed}")
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def _visits(values: Sequence[Any], graph: Graph) -> list[Visit]:
    """The start, which sets the result's gradient to 1, then every operation backward."""
    place = {id(value): i for i, value in enumerate(values)}
    gradients = [0.0] * (len(values) - 1) + [1.0]
    received: list[list[float]] = [[] for _ in values]
    visits = [Visit(len(values) - 1, (), tuple(gradients))]
    for node in range(len(values) - 1, -1, -1):
        inputs = [place[id(child)] for child in children(values[node])]
        if not inputs:
            continue
        names = [graph.nodes[child].label for child in inputs]
        written = formulas(graph.nodes[node].operation, graph.nodes[node].label, names)
        terms = []
        for child, formula, slope in zip(inputs, written, slopes(values[node]), strict=True):
            amount = slope * gradients[node]
            gradients[child] += amount
            received[child].append(amount)
            terms.append(Term(child, formula, slope, amount, tuple(received[child])))
        visits.append(Visit(node, tuple(terms), tuple(gradients)))
    return visits


def _with_gradients(graph: Graph, gradients: Sequence[float]) -> Graph:
    nodes = (
        replace(node, rows=(node.rows[0], ("grad", significant(gradient))), details="")
        for node, gradient in zip(graph.nodes, gradients, strict=True)
    )
    return replace(graph, nodes=tuple(nodes))


def _widest(graph: Graph, visits: Sequence[Visit]) -> Graph:
    """The graph with the longest gradient of the series on each card, so that nothing moves."""
    longest = [
        max(column, key=lambda gradient: len(significant(gradient)))
        for column in zip(*(visit.gradients for visit in visits), strict=True)
    ]
    return _with_gradients(graph, longest)


def _start(graph: Graph, placed: Arrangement, visit: Visit) -> Drawing:
    root = graph.nodes[-1].label
    lines = [
        (f"{root}.grad = 1.000", f"because d{root}/d{root} = 1", ""),
        ("all others = 0.000", "terms will be added on the way back", ""),
    ]
    return _captioned(graph, placed, visit, f"Start at {root}", lines, frozenset())


def _frame(graph: Graph, placed: Arrangement, visits: Sequence[Visit], step: int) -> Drawing:
    visit = visits[step]
    node = graph.nodes[visit.node]
    incoming = significant(visit.gradients[visit.node])
    equation = f"{_equation(graph, visit)}, {node.label}.grad = {incoming}"
    title = f"Step {step} of {len(visits) - 1}: {equation}"
    lines = []
    for term in visit.terms:
        child = graph.nodes[term.child].label
        product = f"= {incoming} * {significant(term.slope)} = {significant(term.amount)}"
        rule = f"{child}.grad += {node.label}.grad * {term.formula}"
        lines.append((rule, product, _sum(child, term)))
    edges = frozenset((term.child, visit.node) for term in visit.terms)
    return _captioned(graph, placed, visit, title, lines, edges)


def _equation(graph: Graph, visit: Visit) -> str:
    node = graph.nodes[visit.node]
    names = [graph.nodes[term.child].label for term in visit.terms]
    if len(names) == 2:
        return f"{node.label} = {names[0]} {node.operation} {names[1]}"
    if node.operation.startswith("**"):
        return f"{node.label} = {names[0]}{node.operation}"
    return f"{node.label} = {node.operation}({', '.join(names)})"


def _sum(child: str, term: Term) -> str:
    """The gradient as the sum of its terms so far, from the second on."""
    amounts = term.sum_so_far
    if len(amounts) < 2:
        return ""
    total = significant(sum(amounts))
    if len(amounts) > _LONGEST_SUM:
        return f"{child}.grad is now {total}, a sum of {len(amounts)} terms"
    return f"{child}.grad = {' + '.join(map(_signed, amounts))} = {total}"


def _signed(amount: float) -> str:
    return f"({significant(amount)})" if amount < 0 else significant(amount)


def _captioned(
    graph: Graph,
    placed: Arrangement,
    visit: Visit,
    title: str,
    lines: Sequence[tuple[str, str, str]],
    edges: frozenset[Edge],
) -> Drawing:
    """The graph with its current gradients, under a title and the terms."""
    looks = {child: Look(marked_row="grad") for child, _ in edges}
    looks[visit.node] = Look(outline=theme.ACCENT, marked_row="" if edges else "grad")
    emphasis = Emphasis(looks, edges)
    drawn = picture(_with_gradients(graph, visit.gradients), placed, emphasis, key=False)
    table, table_width = _table(lines)
    top = MARGIN + _TITLE_SIZE + 2 * _LINE + 18
    return Drawing(
        width=max(
            drawn.width,
            table_width + 2 * MARGIN,
            text_width(title, _TITLE_SIZE, bold=True) + 2 * MARGIN,
        ),
        height=drawn.height + top,
        elements=(
            text((MARGIN, MARGIN + 12), title, size=_TITLE_SIZE, bold=True),
            group(table, shift=(MARGIN, MARGIN + _TITLE_SIZE + _LINE + 2)),
            group(drawn.elements, shift=(0.0, top)),
        ),
        title=title,
        description="; ".join(" ".join(line).strip() for line in lines),
    )


def _table(lines: Sequence[tuple[str, ...]]) -> tuple[list[str], float]:
    """Lines of text in columns, and their total width."""
    elements, x = [], 0.0
    for i, column in enumerate(zip(*lines, strict=True)):
        colour = theme.INK if i else theme.ACCENT
        for row, cell in enumerate(column):
            place = (x, row * _LINE)
            elements.append(text(place, cell, size=_LINE_SIZE, fill=colour, mono=True))
        widest = max(text_width(cell, _LINE_SIZE, mono=True) for cell in column)
        x += widest + _COLUMN_GAP if widest else 0.0
    return elements, max(x - _COLUMN_GAP, 0.0)
