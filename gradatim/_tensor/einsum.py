"""Einstein summation: products and sums over dimensions named by letters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from string import ascii_letters
from typing import TYPE_CHECKING, Any

from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.handle import check_tensor
from ..ops import matmul as ops
from ..ops.broadcast import reduce_sum, reshape_to
from ..ops.elementwise import mul
from ..ops.movement import permute

if TYPE_CHECKING:
    from .tensor import Tensor

Name = str | int  # a letter, or for a dimension of `...` its (negative) position from the right
Names = tuple[Name, ...]
Named = tuple[Any, Names]  # a tensor, and its dimensions


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """The sum of products described by an equation: "ik,kj->ij" is the product of two matrices.

    Each operand's dimensions are named by letters; equal letters must have equal sizes (or 1, which
    broadcasts). The letters after `->` are the dimensions of the result; all others are summed.
    Without `->` the result has the letters that occur once, in alphabetical order. A letter twice
    in one operand takes its diagonal, and `...` stands for any dimensions, broadcast. Operands are
    multiplied from left to right, and a letter is summed as soon as no later operand has it.

    Errors: ArgumentError for a malformed equation or a wrong number of operands; ShapeError for
    shapes that do not fit it; DTypeError for operands of different dtypes.

    >>> import gradatim
    >>> x = gradatim.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> einsum("ij->i", x), einsum("ii", x), einsum("ik,jk->ij", x, x)
    (tensor([3., 7.]), tensor(5.), tensor([[ 5., 11.],
            [11., 25.]]))
    """
    given = _operands(operands)
    terms, result = _parsed(equation, len(given))
    named = [
        _diagonals(x, _names(term, x, i), i)
        for i, (term, x) in enumerate(zip(terms, given, strict=True))
    ]
    sizes = _sizes(named)
    dots = sorted({n for _, names in named for n in names if isinstance(n, int)})
    wanted = _result(result, terms, dots)
    current, *rest = [_unstretched(x, names, sizes) for x, names in named]
    while rest:
        following, *rest = rest
        needed = {*wanted, *(name for _, names in rest for name in names)}
        current = _product(current, following, needed)
    x, names = _summed(*current, set(wanted))
    if any(x is operand for operand in given):  # return a view, not the operand, as in PyTorch
        return permute(x, order=tuple([names.index(name) for name in wanted]))
    return _ordered(x, names, wanted)


# -- the equation --------------------------------------------------------------------------


def _operands(given: tuple[Any, ...]) -> list[Any]:
    listed = len(given) == 1 and isinstance(given[0], (list, tuple))
    operands = list(given[0] if listed else given)
    for i, x in enumerate(operands):
        check_tensor("einsum", x, f"operand {i}")
    for x in operands[1:]:
        if x.dtype != operands[0].dtype:
            raise DTypeError(
                f"einsum: all operands need one dtype, got {operands[0].dtype} and {x.dtype}; use "
                ".to(dtype)"
            )
    return operands


@lru_cache(maxsize=256)
def _parsed(equation: Any, count: int) -> tuple[Sequence[str], str | None]:
    """The names of each operand's dimensions, and of the result's if given."""
    if not isinstance(equation, str):
        raise TypeError(
            f'einsum: needs an equation such as "ij,jk->ik" first, got {type(equation).__name__}'
        )
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    for term in (*terms, right):
        wrong = [c for c in term.replace("...", "", 1) if c not in ascii_letters]
        if wrong:
            raise ArgumentError(
                f"einsum: {wrong[0]!r} in {equation!r} is not the name of a dimension; use "
                "letters, and ... at most once in each operand"
            )
    if len(terms) != count:
        raise ArgumentError(
            f"einsum: {equation!r} describes {len(terms)} operands, but {count} are given"
        )
    return terms, right if arrow else None


def _names(term: str, x: Any, i: int) -> Names:
    before, dots, after = term.partition("...")
    rest = x.ndim - len(before) - len(after)
    if rest < 0 or (rest and not dots):
        raise ShapeError(
            f"einsum: operand {i} has {x.ndim} dimensions, of shape {list(x.shape)}, and "
            f"{term!r} names {len(before) + len(after)}"
            + ("" if dots else "; ... stands for any others")
        )
    return (*before, *range(-rest, 0), *after)


def _result(result: str | None, terms: Sequence[str], dots: list[int]) -> Names:
    """The dimensions of the result."""
    letters = Counter(c for term in terms for c in term if c != ".")
    if result is None:
        return (*dots, *sorted(c for c, n in letters.items() if n == 1))
    before, has_dots, after = result.partition("...")
    for c, n in Counter(before + after).items():
        if n > 1:
            raise ArgumentError(f"einsum: the result {result!r} has {c!r} more than once")
        if c not in letters:
            raise ArgumentError(f"einsum: the result {result!r} has {c!r}, which no operand has")
    return (*before, *(dots if has_dots else ()), *after)


# -- one operand ---------------------------------------------------------------------------


def _diagonals(x: Any, names: Names, i: int) -> Named:
    """The operand with each repeated name replaced by a diagonal."""
    for name in dict.fromkeys(names) if len({*names}) < len(names) else ():
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            if x.shape[first] != x.shape[second]:
                raise ShapeError(
                    f"einsum: {name!r} occurs twice in operand {i}, with sizes {x.shape[first]} "
                    f"and {x.shape[second]}; only equal sizes have a diagonal"
                )
            x = x.diagonal(0, first, second)  # becomes the last dimension
            names = (*(n for k, n in enumerate(names) if k not in (first, second)), name)
    return x, names


def _sizes(named: Iterable[Named]) -> dict[Name, int]:
    sizes: dict[Name, int] = {}
    for i, (x, names) in enumerate(named):
        for name, n in zip(names, x.shape, strict=True):
            before = sizes.setdefault(name, n)
            if before == 1:
                sizes[name] = n
            elif n not in (1, before):
                what = repr(name) if isinstance(name, str) else f"dimension {name} of ..."
                raise ShapeError(
                    f"einsum: {what} is {n} in operand {i}, of shape {list(x.shape)}, and {before} "
                    "in one before it; sizes must be equal or 1"
                )
    return sizes


def _unstretched(x: Any, names: Names, sizes: dict[Name, int]) -> Named:
    """Drop dimensions of size 1 that would broadcast; the product does not need them."""
    small = [k for k, name in enumerate(names) if x.shape[k] == 1 != sizes[name]]
    if not small:
        return x, names
    left = tuple(name for k, name in enumerate(names) if k not in small)
    return x.reshape([n for k, n in enumerate(x.shape) if k not in small]), left


def _summed(x: Any, names: Names, needed: set[Name]) -> Named:
    """Sum over all dimensions that are not needed."""
    dims = [k for k, name in enumerate(names) if name not in needed]
    if not dims:
        return x, names
    left = tuple(name for name in names if name in needed)
    return reduce_sum(x, dims=tuple(dims), keepdim=False), left


def _ordered(x: Any, names: Names, wanted: Names) -> Any:
    """Permute the dimensions into the order of these names."""
    return x if names == wanted else permute(x, order=tuple([names.index(n) for n in wanted]))


# -- two operands --------------------------------------------------------------------------


def _product(first: Named, second: Named, needed: set[Name]) -> Named:
    """The product of two operands, summed over dimensions no longer needed."""
    (x, a), (y, b) = _summed(*first, needed | {*second[1]}), _summed(*second, needed | {*first[1]})
    both = [name for name in a if name in b]
    batch, inner = [n for n in both if n in needed], [n for n in both if n not in needed]
    left, right = [n for n in a if n not in b], [n for n in b if n not in a]
    x, y = _ordered(x, a, (*batch, *left, *inner)), _ordered(y, b, (*batch, *inner, *right))
    i, j, m = len(batch), len(batch) + len(left), len(batch) + len(inner)
    n, rows, k = math.prod(x.shape[:i]), math.prod(x.shape[i:j]), math.prod(x.shape[j:])
    columns = math.prod(y.shape[m:])
    if not inner:
        each = reshape_to(x, (n, rows, 1)) * reshape_to(y, (n, 1, columns))
    elif not left and not right:
        each = mul(reshape_to(x, (n, k)), reshape_to(y, (n, k)))
        each = reduce_sum(each, dims=(1,), keepdim=False)
    else:
        lead = (n,) if batch else ()
        each = ops.matmul(reshape_to(x, (*lead, rows, k)), reshape_to(y, (*lead, k, columns)))
    return reshape_to(each, (*x.shape[:j], *y.shape[m:])), (*batch, *left, *right)
