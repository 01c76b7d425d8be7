"""Tensors to print, made by the same line in PyTorch and here: `make(g)`, `g` the library.

`make_printing.py` stores what PyTorch prints for each, the tests compare.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

NAN, INF = math.nan, math.inf


class Case(NamedTuple):
    """A tensor and the options it is printed with."""

    name: str
    make: Callable[[Any], Any]
    options: dict[str, Any]


def cases() -> Iterator[Case]:
    """All of them; a name says what is printed and how."""
    for group in (_numbers, _layouts, _dtypes, _options, _graphs):
        for name, (make, options) in group().items():
            yield Case(f"{group.__name__[1:]}: {name}", make, options)


def _plain(data: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    return (lambda g: g.tensor(data, **kwargs)), {}


def _wave(count: int, *shape: int, scale: float = 1.0) -> Callable[[Any], Any]:
    """Numbers of both signs that no two neighbours share, exact in float32."""
    data = [((i * 37) % 101 - 50) / 64 * scale for i in range(count)]
    return lambda g: g.tensor(data).reshape(shape or (count,))


def _numbers() -> dict[str, Any]:
    rows = {
        "zero": [0.0],
        "minus zero": [-0.0, 1.5],
        "zeros": [0.0, 0.0, 0.0],
        "one": [1.0],
        "whole": [1.0, 2.0, 3.0],
        "whole, negative": [-1.0, 20.0, 300.0],
        "whole, large": [99999999.0, 1.0e5],
        "whole, over the limit": [123456792.0],
        "whole, at the limit": [1.0e8, 1.0e8],
        "whole, far apart": [1.0, 5000.0],
        "whole, thousandfold": [1.0, 1000.0],
        "halves": [1.5, 2.5],
        "digits": [math.pi, math.e, math.sqrt(2)],
        "rounded up": [0.99999],
        "rounded up to ten": [9.99999, 1.5],
        "negative": [-0.5, 0.25],
        "small": [0.0001, 0.0002],
        "too small": [0.00009, 0.00002],
        "one too small": [0.5, 0.00005],
        "thousandfold": [0.001, 1.0],
        "more than thousandfold": [0.001, 1.5],
        "far apart": [1e-5, 1.0, 1e5],
        "huge": [1e20, 2e20],
        "largest": [3.4028234663852886e38],
        "smallest": [1e-45],
        "nan": [NAN],
        "inf": [INF, -INF],
        "nan among whole": [1.0, NAN, 3.0],
        "nan among halves": [1.5, NAN],
        "inf among whole": [1.0, INF, -INF],
        "inf among halves": [1.5, -INF, INF],
        "inf among far apart": [1e-5, INF, 1e5, NAN],
        "nan and zero": [NAN, 0.0],
        "only nan and inf": [NAN, INF],
        "zero among small": [0.0, 1e-6],
        "one third": [1 / 3, 2 / 3],
        "probabilities": [0.9, 0.05, 0.05],
        "losses": [2.4543, 2.3171, 2.1999],
        "row over the width": [i / 8 for i in range(40)],
        "whole over the width": [float(i) for i in range(60)],
        "integers over the width": list(range(100)),
        "far apart over the width": [10.0 ** (i % 9 - 4) for i in range(20)],
        "integers": [1, -20, 300],
        "integer": [7],
        "largest integers": [2**63 - 1, -(2**63)],
        "bools": [True, False],
        "only true": [True, True],
    }
    return {name: _plain(row) for name, row in rows.items()}


def _layouts() -> dict[str, Any]:
    return {
        "number": _plain(3.5),
        "whole number": _plain(3.0),
        "integer number": _plain(7),
        "bool number": _plain(True),
        "nan number": _plain(NAN),
        "tiny number": _plain(1e-9),
        "empty": _plain([]),
        "empty rows": ((lambda g: g.zeros(0, 3)), {}),
        "empty columns": ((lambda g: g.zeros(3, 0)), {}),
        "empty deep": ((lambda g: g.zeros(2, 0, 4)), {}),
        "empty integers": ((lambda g: g.zeros(0, dtype=g.int64)), {}),
        "empty integer rows": ((lambda g: g.zeros(0, 2, dtype=g.int64)), {}),
        "empty bools": ((lambda g: g.zeros(0, dtype=g.bool)), {}),
        "empty doubles": ((lambda g: g.zeros(0, 1, dtype=g.float64)), {}),
        "matrix": (_wave(6, 2, 3), {}),
        "column": (_wave(5, 5, 1), {}),
        "row": (_wave(5, 1, 5), {}),
        "wide matrix": (_wave(60, 3, 20), {}),
        "very wide matrix": (_wave(200, 2, 100), {}),
        "cube": (_wave(24, 2, 3, 4), {}),
        "wide cube": (_wave(96, 2, 2, 24), {}),
        "four dimensions": (_wave(24, 2, 2, 3, 2), {}),
        "five dimensions": (_wave(8, 2, 1, 2, 1, 2), {}),
        "ones everywhere": ((lambda g: g.ones(1, 1, 1, 1)), {}),
        "transposed": ((lambda g: _wave(6, 2, 3)(g).t()), {}),
        "expanded": ((lambda g: g.tensor([1.5, 2.0]).expand(3, 2)), {}),
        "integer matrix": ((lambda g: g.arange(12).reshape(3, 4) * 50), {}),
        "bool matrix": ((lambda g: g.arange(6).reshape(2, 3) > 2), {}),
        "a thousand": (_wave(1000), {}),
        "over a thousand": (_wave(1001), {}),
        "over a thousand integers": ((lambda g: g.arange(5000)), {}),
        "over a thousand in few columns": (_wave(1200, 300, 4), {}),
        "over a thousand in six columns": (_wave(1200, 200, 6), {}),
        "over a thousand in seven columns": (_wave(1400, 200, 7), {}),
        "over a thousand in few rows": (_wave(1200, 4, 300), {}),
        "large matrix": (_wave(10000, 100, 100), {}),
        "large cube": (_wave(8000, 20, 20, 20), {}),
        "large cube of few": (_wave(1500, 3, 5, 100), {}),
        "large, far apart in the middle": (
            (lambda g: g.tensor([1.0] * 600 + [1e9] + [2.0] * 600)),
            {},
        ),
        "large, halves in the middle": (
            (lambda g: g.tensor([1.0] * 600 + [0.5] + [2.0] * 600)),
            {},
        ),
        "large bools": ((lambda g: (g.arange(2000) % 3) == 0), {}),
    }


def _dtypes() -> dict[str, Any]:
    found = {}
    for name in ("float64", "int32", "uint8", "int64", "bool", "float32"):
        found[name] = (lambda g, n=name: g.tensor([1, 0, 3], dtype=getattr(g, n))), {}
        found[f"{name} number"] = (lambda g, n=name: g.tensor(1, dtype=getattr(g, n))), {}
    found["float64 digits"] = (
        (lambda g: g.tensor([math.pi, 1e-3, -2.0], dtype=g.float64)),
        {},
    )
    found["float64 matrix"] = (lambda g: _wave(12, 3, 4)(g).double()), {}
    found["float64 with exponents"] = (
        (lambda g: g.tensor([1e-300, 1.0, 1e300], dtype=g.float64)),
        {},
    )
    found["int32 matrix"] = (lambda g: g.arange(6).reshape(2, 3).int()), {}
    return found


def _options() -> dict[str, Any]:
    digits = [math.pi, 100.0, -0.5]
    line = [i / 8 for i in range(20)]
    found: dict[str, Any] = {}
    for precision in (0, 1, 2, 6, 10):
        found[f"precision {precision}"] = _with(digits, precision=precision)
        found[f"precision {precision}, whole"] = _with([1.0, 2.0], precision=precision)
        found[f"precision {precision}, exponents"] = _with([1e-6, 1.0], precision=precision)
    for width in (1, 20, 40, 79, 81, 120, 1000):
        found[f"linewidth {width}"] = _with(line, linewidth=width)
    for edges in (0, 1, 2, 5):
        found[f"edgeitems {edges}"] = (_wave(2000, 20, 100), {"edgeitems": edges})
        found[f"edgeitems {edges}, row"] = (_wave(2000), {"edgeitems": edges})
    found["threshold 0"] = _with(line, threshold=0)
    found["threshold 19"] = _with(line, threshold=19)
    found["threshold 20"] = _with(line, threshold=20)
    found["threshold 5, cube"] = (_wave(1000, 10, 10, 10), {"threshold": 5})
    found["threshold infinite"] = (_wave(1500, 15, 100), {"threshold": INF})
    found["sci_mode on"] = _with(digits, sci_mode=True)
    found["sci_mode on, whole"] = _with([1.0, 2.0], sci_mode=True)
    found["sci_mode on, with inf"] = _with([1.0, INF, NAN], sci_mode=True)
    found["sci_mode off"] = _with([1e-9, 1.0, 1e9], sci_mode=False)
    found["sci_mode on, integers"] = _with([1, 2], sci_mode=True)
    for profile in ("default", "short", "full"):
        found[f"profile {profile}"] = (_wave(1100, 11, 100), {"profile": profile})
        found[f"profile {profile}, row"] = _with(digits, profile=profile)
    found["profile short, precision 3"] = _with(digits, profile="short", precision=3)
    return found


def _with(data: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
    return (lambda g: g.tensor(data)), options


def _graphs() -> dict[str, Any]:
    def leaf(g: Any, *shape: int) -> Any:
        return _wave(math.prod(shape), *shape)(g).requires_grad_()

    def written(g: Any, write: Callable[[Any], Any]) -> Any:
        x = leaf(g, 2, 3) * 1
        write(x)
        return x

    makers: dict[str, Callable[[Any], Any]] = {
        "leaf": lambda g: leaf(g, 3),
        "leaf, number": lambda g: g.tensor(2.0, requires_grad=True),
        "leaf, float64": lambda g: g.tensor([1.0], dtype=g.float64, requires_grad=True),
        "leaf, wide": lambda g: leaf(g, 2, 20),
        "leaf, line just full": lambda g: g.ones(12, requires_grad=True),
        "leaf, line over": lambda g: g.ones(13, requires_grad=True),
        "leaf, line over by one": lambda g: g.ones(14, requires_grad=True),
        "leaf, empty": lambda g: g.zeros(0, 2, requires_grad=True),
        "leaf, large": lambda g: leaf(g, 60, 40),
        "add": lambda g: leaf(g, 3) + 1,
        "sub": lambda g: leaf(g, 3) - leaf(g, 3),
        "mul": lambda g: leaf(g, 3) * 2,
        "div": lambda g: leaf(g, 3) / 2,
        "neg": lambda g: -leaf(g, 3),
        "pow": lambda g: leaf(g, 3) ** 2,
        "cube": lambda g: leaf(g, 3) ** 3,
        "exp": lambda g: leaf(g, 3).exp(),
        "log": lambda g: leaf(g, 3).exp().log(),
        "sqrt": lambda g: leaf(g, 3).exp().sqrt(),
        "tanh": lambda g: (leaf(g, 3) * 0).tanh(),
        "sigmoid": lambda g: (leaf(g, 3) * 0).sigmoid(),
        "relu": lambda g: leaf(g, 3).relu(),
        "abs": lambda g: leaf(g, 3).abs(),
        "sum": lambda g: leaf(g, 3).sum(),
        "sum of columns": lambda g: leaf(g, 2, 3).sum(0),
        "mean": lambda g: leaf(g, 4).mean(),
        "mean of rows": lambda g: leaf(g, 2, 4).mean(1),
        "max": lambda g: leaf(g, 3).max(),
        "std": lambda g: leaf(g, 4).std(),
        "cumsum": lambda g: leaf(g, 4).cumsum(0),
        "softmax": lambda g: leaf(g, 2, 3).softmax(1),
        "log_softmax": lambda g: leaf(g, 2, 3).log_softmax(1),
        "gather": lambda g: leaf(g, 2, 3).gather(1, g.tensor([[0], [2]])),
        "matrix product": lambda g: leaf(g, 2, 3) @ g.ones(3, 2),
        "matrix times vector": lambda g: leaf(g, 2, 3) @ g.ones(3),
        "view": lambda g: leaf(g, 2, 3).view(3, 2),
        "unsqueeze": lambda g: leaf(g, 2).unsqueeze(0),
        "squeeze": lambda g: leaf(g, 2, 1, 1).squeeze(),
        "T": lambda g: leaf(g, 2, 3).T,
        "transpose of three": lambda g: leaf(g, 2, 3, 1).transpose(0, 1),
        "permute": lambda g: leaf(g, 2, 3, 1).permute(2, 0, 1),
        "expand": lambda g: leaf(g, 2, 1).expand(2, 2),
        "select": lambda g: leaf(g, 2, 3)[1],
        "column": lambda g: leaf(g, 2, 3)[:, 1],
        "slice": lambda g: leaf(g, 2, 3)[:, 1:],
        "new dimension": lambda g: leaf(g, 2)[:, None],
        "index": lambda g: leaf(g, 3, 2)[g.tensor([2, 0])],
        "mask": lambda g: leaf(g, 3)[g.tensor([True, False, True])],
        "cat": lambda g: g.cat([leaf(g, 2), leaf(g, 2)]),
        "stack": lambda g: g.stack([leaf(g, 2), leaf(g, 2)]),
        "where": lambda g: g.where(g.tensor([True, False]), leaf(g, 2), leaf(g, 2)),
        "clone": lambda g: leaf(g, 3).clone(),
        "double": lambda g: leaf(g, 3).double(),
        "added in place": lambda g: written(g, lambda x: x.add_(1)),
        "row multiplied in place": lambda g: written(g, lambda x: x[0].mul_(2)),
        "assigned by index": lambda g: written(g, lambda x: x.__setitem__(0, 1.0)),
        "written by index": lambda g: written(g, lambda x: x.__setitem__(g.tensor([0]), 1.0)),
        "copied": lambda g: written(g, lambda x: x[0].copy_(leaf(g, 3))),
        "wide result": lambda g: leaf(g, 20) * 2,
        "wide result, name on its own line": lambda g: leaf(g, 9) * 2,
        "detached": lambda g: (leaf(g, 3) * 2).detach(),
        "parts of a graph, large": lambda g: leaf(g, 30, 50) * 2,
    }
    return {name: (make, {}) for name, make in makers.items()}
