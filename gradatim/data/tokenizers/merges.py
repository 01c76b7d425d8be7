"""Learn byte-pair merges: repeatedly, the most frequent pair becomes a token.

R. Sennrich, B. Haddow and A. Birch, "Neural Machine Translation of Rare Words with Subword Units",
ACL 2016, section 3.2 and algorithm 1. That algorithm recounts all pairs for each merge; here the
counts are kept, and a merge updates only those of its neighbours.
"""

from collections import defaultdict
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

import numpy as np

Pair = tuple[int, int]
NONE = -1  # marks a missing neighbour, or a symbol merged into another


def learn_merges(pieces: Mapping[bytes, int], count: int, *, first: int = 0) -> list[Pair]:
    """The `count` pairs to merge, in order; fewer if no remaining pair occurs twice.

    `pieces` maps each piece of text to its count; a byte b is the symbol `first` + b, and the k-th
    merge makes the symbol `first` + 256 + k. Pairs are merged from the left. Among equally frequent
    pairs the one with the smaller left symbol comes first, then the smaller right one, so the
    result depends on the counts alone.

    >>> learn_merges({b"abab": 2, b"bc": 1}, 2)
    [(97, 98), (256, 256)]
    """
    row = _Row(pieces, first)
    heap = [(-often, pair) for pair, often in row.often.items()]
    heapify(heap)
    merges: list[Pair] = []
    while heap and len(merges) < count:
        often, pair = heappop(heap)
        if row.often.get(pair) != -often:
            continue  # stale entry: its current count is in the heap as well
        if -often < 2:
            break
        changed = row.merge(pair, first + 256 + len(merges))
        merges.append(pair)
        for other in changed:
            if row.often[other] > 0:
                heappush(heap, (-row.often[other], other))
            else:
                del row.often[other]
                row.places.pop(other, None)
    return merges


class _Row:
    """All pieces in one row of symbols, each linked to its neighbours within its piece.

    `often` counts pairs; `places` holds positions of their left symbols, possibly stale: they are
    checked when the pair is merged.
    """

    def __init__(self, pieces: Mapping[bytes, int], first: int) -> None:
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        symbols = np.frombuffer(b"".join(pieces), np.uint8) + np.int64(first)
        weights = np.repeat(np.fromiter(pieces.values(), np.int64, len(pieces)), lengths)
        ends = np.cumsum(lengths)
        is_last = np.zeros(len(symbols), bool)
        is_last[ends[lengths > 0] - 1] = True
        after = np.where(is_last, NONE, np.arange(len(symbols)) + 1)
        is_first = np.roll(is_last, 1)
        before = np.where(is_first, NONE, np.arange(len(symbols)) - 1)
        self.symbols, self.weights = symbols.tolist(), weights.tolist()
        self.after, self.before = after.tolist(), before.tolist()
        self.often: defaultdict[Pair, int] = defaultdict(int)
        self.places: defaultdict[Pair, list[int]] = defaultdict(list)
        self._count(symbols, weights, np.flatnonzero(~is_last))

    def _count(self, symbols: np.ndarray, weights: np.ndarray, lefts: np.ndarray) -> None:
        """Count every pair initially; `lefts` are the positions that have a right neighbour."""
        size = int(symbols.max(initial=0)) + 1
        codes = symbols[lefts] * size + symbols[lefts + 1]
        lefts = lefts[np.argsort(codes, kind="stable")]
        distinct, starts = np.unique(np.sort(codes), return_index=True)
        for code, places in zip(distinct.tolist(), np.split(lefts, starts[1:]), strict=False):
            pair = divmod(code, size)
            self.often[pair] = int(weights[places].sum())
            self.places[pair] = places.tolist()

    def merge(self, pair: Pair, new: int) -> set[Pair]:
        """Replace the pair by `new`, from the left; returns the pairs whose counts changed."""
        symbols, after, before = self.symbols, self.after, self.before
        often, places = self.often, self.places
        a, b = pair
        changed: set[Pair] = set()
        for i in sorted(places.pop(pair)):
            j = after[i]
            if symbols[i] != a or j == NONE or symbols[j] != b:
                continue  # a later merge consumed one of the two
            h, k, weight = before[i], after[j], self.weights[i]
            if h != NONE:
                old, created = (symbols[h], a), (symbols[h], new)
                often[old] -= weight
                often[created] += weight
                places[created].append(h)
                changed |= {old, created}
            if k != NONE:
                old, created = (b, symbols[k]), (new, symbols[k])
                often[old] -= weight
                often[created] += weight
                places[created].append(i)
                changed |= {old, created}
                before[k] = i
            symbols[i], symbols[j], after[i] = new, NONE, k
        del often[pair]
        changed.discard(pair)
        return changed
