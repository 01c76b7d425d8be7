"""Linear regions in exact fractions: slow, without a tolerance, and written another way."""

from fractions import Fraction
from itertools import pairwise


def _exact(layers):
    return [
        ([[Fraction(w) for w in row] for row in W], [Fraction(v) for v in b]) for W, b in layers
    ]


def line_patterns(layers, low, high):
    """How many activation patterns, and how many straight pieces, a network (W, b), ... has."""
    *hidden, (last_W, _) = _exact(layers)
    # Stretches (start, end, slope and offset of each unit of the layer before).
    stretches = [(Fraction(low), Fraction(high), [(Fraction(1), Fraction(0))])]
    for W, b in hidden:
        stretches = [part for stretch in stretches for part in _cut(stretch, W, b)]
    slopes = [
        tuple(sum(w * a for w, (a, _) in zip(row, units, strict=True)) for row in last_W)
        for _, _, units in stretches
    ]
    bends = sum(a != b for a, b in pairwise(slopes))
    return len(stretches), bends + 1


def _through(units, W, b):
    """The coefficients of each unit of the next layer, of those of the one before; offset last."""
    found = []
    for row, v in zip(W, b, strict=True):
        terms = [[w * c for c in unit] for w, unit in zip(row, units, strict=True)]
        *slope, offset = map(sum, zip(*terms, strict=True))
        found.append((*slope, offset + v))
    return found


def _cut(stretch, W, b):
    start, end, units = stretch
    units = _through(units, W, b)
    roots = {-offset / slope for slope, offset in units if slope}
    places = [start, *sorted(x for x in roots if start < x < end), end]
    for left, right in pairwise(places):
        middle = (left + right) / 2
        on = [slope * middle + offset > 0 for slope, offset in units]
        yield left, right, [u if active else (0, 0) for u, active in zip(units, on, strict=True)]


def plane_patterns(layers, low, high):
    """How many activation patterns a network with two inputs has in a square."""
    low, high = Fraction(low), Fraction(high)
    square = [(low, low), (high, low), (high, high), (low, high)]
    one, zero = Fraction(1), Fraction(0)
    cells = [(square, [(one, zero, zero), (zero, one, zero)])]
    *hidden, _ = _exact(layers)
    for W, b in hidden:
        cells = [part for cell in cells for part in _cut_cell(cell, W, b)]
    return len(cells)


def _cut_cell(cell, W, b):
    corners, units = cell
    units = _through(units, W, b)
    parts = [corners]
    for unit in units:
        parts = [half for part in parts for half in _halves(part, unit)]
    for part in parts:
        middle = tuple(sum(c[i] for c in part) / len(part) for i in range(2))
        yield part, [u if _height(u, middle) > 0 else (0, 0, 0) for u in units]


def _height(unit, place):
    return unit[0] * place[0] + unit[1] * place[1] + unit[2]


def _halves(corners, unit):
    z = [_height(unit, corner) for corner in corners]
    if not (max(z) > 0 > min(z)):
        return [corners]
    above, below = [], []
    for i, (corner, height) in enumerate(zip(corners, z, strict=True)):
        if height >= 0:
            above.append(corner)
        if height <= 0:
            below.append(corner)
        after, following = z[(i + 1) % len(z)], corners[(i + 1) % len(z)]
        if height * after < 0:
            t = height / (height - after)
            crossing = tuple(p + t * (q - p) for p, q in zip(corner, following, strict=True))
            above.append(crossing)
            below.append(crossing)
    return [above, below]
