"""The layout keeps its promises for any graph: no overlap, forward edges, the same every time."""

import itertools
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradatim.draw.graphs.layout import Box, arrange, isotonic, topological_order

Edges = list[tuple[int, int]]
Size = tuple[float, float]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Size], Edges]:
    """Any acyclic graph: edges go from a lower to a higher number of a shuffled list."""
    count = draw(st.integers(0, 20))
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=40)) if pairs else []
    names = draw(st.permutations(range(count)))
    size = st.tuples(st.floats(10, 200), st.floats(10, 90))
    sizes = draw(st.lists(size, min_size=count, max_size=count))
    return sizes, [(names[a], names[b]) for a, b in chosen]


def apart(a: Box, b: Box) -> bool:
    return (
        a.x + a.width <= b.x
        or b.x + b.width <= a.x
        or a.y + a.height <= b.y
        or b.y + b.height <= a.y
    )


def crosses(box: Box, stretch: tuple[float, float, float]) -> bool:
    start, end, y = stretch
    return box.y < y < box.y + box.height and start < box.x + box.width and box.x < end


@settings(max_examples=40)
@given(graphs())
def test_boxes_do_not_overlap_and_lie_inside_the_picture(graph: tuple[list[Size], Edges]) -> None:
    sizes, edges = graph
    found = arrange(sizes, edges)
    assert [(box.width, box.height) for box in found.boxes] == sizes
    assert all(apart(a, b) for a, b in itertools.combinations(found.boxes, 2))
    for box in found.boxes:
        assert box.x >= -1e-6
        assert box.x + box.width <= found.width + 1e-6
        assert box.y >= -1e-6
        assert box.y + box.height <= found.height + 1e-6


@settings(max_examples=40)
@given(graphs())
def test_every_edge_leads_from_box_to_box_and_only_to_the_right(
    graph: tuple[list[Size], Edges],
) -> None:
    sizes, edges = graph
    found = arrange(sizes, edges)
    assert set(found.routes) == set(edges)
    for (source, target), route in found.routes.items():
        left, right = found.boxes[source], found.boxes[target]
        assert left.x + left.width < right.x
        places = [x for start, end, _ in route.stretches for x in (start, end)]
        assert all(b - a > -1e-9 for a, b in pairwise(places))
        assert places[0] == left.x + left.width
        assert places[-1] == right.x
        assert route.stretches[0][2] == pytest.approx(left.center_y)
        assert route.stretches[-1][2] == pytest.approx(right.center_y)


@settings(max_examples=40)
@given(graphs())
def test_lanes_pass_between_the_boxes(graph: tuple[list[Size], Edges]) -> None:
    sizes, edges = graph
    found = arrange(sizes, edges)
    for route in found.routes.values():
        for stretch in route.stretches[1:-1]:
            assert not any(crosses(box, stretch) for box in found.boxes)


@settings(max_examples=40)
@given(graphs())
def test_the_same_graph_gives_the_same_picture(graph: tuple[list[Size], Edges]) -> None:
    assert arrange(*graph) == arrange(*graph)


@given(st.integers(2, 60), st.randoms(use_true_random=False))
def test_a_tree_is_drawn_without_crossings(count: int, chance: random.Random) -> None:
    edges = [(child, chance.randrange(child)) for child in range(1, count)]
    assert arrange([(80.0, 40.0)] * count, edges).crossings == 0


def test_a_long_edge_is_level_where_nothing_is_in_its_way() -> None:
    chain = [(i, i + 1) for i in range(6)]
    found = arrange([(80.0, 40.0)] * 7, [*chain, (0, 6)])
    heights = {round(y, 3) for _, _, y in found.routes[0, 6].stretches[1:-1]}
    assert len(heights) == 1


def test_a_leaf_stands_beside_the_operation_that_uses_it() -> None:
    # 0 -> 1 -> 2 -> 3, and the parameter 4 is used by 3 only.
    found = arrange([(80.0, 40.0)] * 5, [(0, 1), (1, 2), (2, 3), (4, 3)])
    assert found.boxes[4].x == found.boxes[2].x


def test_edges_that_leave_one_box_share_their_lane() -> None:
    chain = [(i, i + 1) for i in range(5)]
    found = arrange([(80.0, 40.0)] * 6, [*chain, (0, 4), (0, 5)])
    short, long = found.routes[0, 4].stretches, found.routes[0, 5].stretches
    assert short[:-1] == long[: len(short) - 1]


def test_no_boxes_make_an_empty_picture() -> None:
    assert arrange([], []).boxes == ()


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="goes round in a circle: nodes \\[0, 1\\]"):
        arrange([(1.0, 1.0)] * 2, [(0, 1), (1, 0)])


@settings(max_examples=40)
@given(graphs())
def test_topological_order_puts_inputs_first(graph: tuple[list[Size], Edges]) -> None:
    sizes, edges = graph
    place = {node: i for i, node in enumerate(topological_order(len(sizes), edges))}
    assert sorted(place) == list(range(len(sizes)))
    assert all(place[a] < place[b] for a, b in edges)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.1, 10)), min_size=1, max_size=12))
def test_isotonic_regression_rises_and_no_small_change_is_better(
    wanted: list[tuple[float, float]],
) -> None:
    wishes, weights = [w for w, _ in wanted], [w for _, w in wanted]
    found = isotonic(wishes, weights)

    def cost(values: list[float]) -> float:
        return sum(w * (v - x) ** 2 for v, x, w in zip(values, wishes, weights, strict=True))

    assert found == sorted(found)
    for i in range(len(found)):
        for step in (-0.01, 0.01):
            # Shift the whole run of equal values that a single one could not leave.
            moved = [v + step if abs(v - found[i]) < 1e-12 else v for v in found]
            if moved == sorted(moved):
                assert cost(moved) >= cost(found) - 1e-9
