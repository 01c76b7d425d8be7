"""Updates: an optimiser's in-place step on its parameters, many of them at once.

NumPy needs a dozen calls per parameter, so small parameters are concatenated and updated together.
A compiled kernel needs one pass over each parameter, and one call for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .cut import Form, N, are_contiguous
from .kernels import MIN_ELEMENTS, Kernels, are_kernels_enabled
from .primitive import Composite

Array = np.ndarray[Any, Any]
Params = dict[str, Any]
Row = Sequence[Array]


@dataclass(frozen=True)
class Sweep:
    """An update in the form from which a kernel is compiled: one elementwise pass over its arrays.

    `factors(*numbers, dtype)` precomputes scalars from the update's numbers (learning rate, step
    count, ...): it returns them as arrays of `dtype`, and the new values of numbers it replaces.
    `expand(*arrays, *factors)` computes the new arrays in library operations. They are also passed
    the static parameters named in `factor_params` and `expand_params`. For a parameter in both,
    `expand` gets only whether it is nonzero, so that a change of its value needs no new kernel.
    """

    expand: Callable[..., Any]
    factors: Callable[..., tuple[tuple[Array, ...], tuple[float, ...]]]
    expand_params: tuple[str, ...] = ()
    factor_params: tuple[str, ...] = ()


class Update(Composite):
    """A composite whose outputs replace the inputs of the same name.

    `in_place` is its NumPy implementation, which writes into the arrays of those inputs. Updates
    are never recorded on the tape.

    Parameters of at most `small` elements, where NumPy's call overhead exceeds the arithmetic, are
    concatenated and updated together. Apart from the 0-d inputs named in `numbers`, all inputs
    then have one shape.
    """

    def __init__(
        self,
        signature: str,
        expand: Callable[..., Any],
        in_place: Callable[..., None],
        *,
        replaces: tuple[str, ...],
        numbers: tuple[str, ...] = (),
        small: int = 0,
        sweep: Sweep | None = None,
    ) -> None:
        super().__init__(
            signature,
            expand,
            self._types,
            value=self._value,
            outputs=replaces,
            differentiable=False,
        )
        self.in_place = in_place
        self.replaces = tuple(self.inputs.index(name) for name in replaces)
        self.numbers = tuple(self.inputs.index(name) for name in numbers)
        self.moving = tuple(i for i in self.numbers if i in self.replaces)
        self.steady = tuple(i for i in self.numbers if i not in self.replaces)
        self.arrays = tuple(i for i in range(len(self.inputs)) if i not in self.numbers)
        self.small = small
        self.sweep = sweep
        self._kernels = Kernels(f"{self.name} sweep", sweep.expand) if sweep is not None else None

    def _types(self, *types: Any, **_: Any) -> Any:
        outputs = tuple(types[i] for i in self.replaces)
        return outputs if len(outputs) > 1 else outputs[0]

    def _value(self, *arrays: Any, **params: Any) -> Any:
        new = [a.copy() if i in self.replaces else a for i, a in enumerate(arrays)]
        self.in_place(*new, **params)
        outputs = tuple(new[i] for i in self.replaces)
        return outputs if len(outputs) > 1 else outputs[0]

    def run(self, rows: Sequence[Row], params: Params) -> None:
        """Update each row of arrays in place, with the same result as one after the other."""
        if (len(rows) == 1 and self.sweep is None) or self._are_shared(rows):
            for row in rows:
                self.in_place(*row, **params)
            return
        if self.sweep is not None and are_kernels_enabled():
            size = sum([row[0].size for row in rows])
            rows = self._swept(rows, params) if size >= MIN_ELEMENTS else rows
        small = []
        for row in rows:
            if self.small and row[0].size <= self.small:
                small.append(row)
            else:
                self.in_place(*row, **params)
        for group in self._alike(small):
            self._side_by_side(list(zip(*group, strict=True)), params)

    def _are_shared(self, rows: Sequence[Row]) -> bool:
        """Whether two rows write the same array, such as a state shared by two parameters."""
        columns = tuple(zip(*rows, strict=True))
        return any(len(set(map(id, columns[i]))) < len(rows) for i in self.replaces if columns)

    def _alike(self, rows: Iterable[Row]) -> list[list[Row]]:
        """The rows, grouped by dtype and values of their numbers."""
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            # Numbers that are not replaced, such as the learning rate, are shared by the rows.
            key = [row[i].item() for i in self.moving], [id(row[i]) for i in self.steady]
            groups.setdefault((row[0].dtype.num, *key[0], *key[1]), []).append(row)
        return list(groups.values())

    # -- in NumPy ------------------------------------------------------------------------------

    def _side_by_side(self, columns: Sequence[Sequence[Any]], params: Params) -> None:
        """Run once on concatenated arrays; a column holds one input's arrays of all rows."""
        joined = [np.concatenate(arrays, None) for arrays in columns]
        for i in self.numbers:
            joined[i] = columns[i][0].copy()
        self.in_place(*joined, **params)
        for i in self.replaces:
            start, updated = 0, joined[i]
            for array in columns[i]:
                if i in self.numbers:
                    array[...] = updated
                else:
                    stop = start + array.size
                    array[...] = updated[start:stop].reshape(array.shape)
                    start = stop

    # -- by machine code -------------------------------------------------------------------------

    def _swept(self, rows: Sequence[Row], params: Params) -> list[Row]:
        """Update the rows of contiguous arrays with kernels; return the other rows."""
        arrays = self.arrays
        fitting = [row for row in rows if are_contiguous([row[i] for i in arrays])]
        groups = self._alike(fitting)
        left = [row for group in groups if not self._sweep(group, params) for row in group]
        if len(fitting) < len(rows):
            swept = set(map(id, fitting))
            left += [row for row in rows if id(row) not in swept]
        return left

    def _sweep(self, rows: Sequence[Row], params: Params) -> bool:
        """Update rows with equal numbers in one kernel call; False if there is no kernel."""
        sweep, first, arrays = self.sweep, rows[0], self.arrays
        assert sweep is not None
        assert self._kernels is not None
        dtype, count = first[0].dtype, len(arrays)
        numbers = [first[i] for i in self.numbers]
        given = {k: params[k] for k in sweep.factor_params}
        factors, new = sweep.factors(*numbers, dtype=dtype, **given)
        shapes = ((N,),) * count + ((),) * len(factors)
        places = tuple(k for k, i in enumerate(arrays) if i in self.replaces)
        names = sweep.expand_params
        static = tuple([(k, bool(params[k]) if k in given else params[k]) for k in names])
        kernel = self._kernels.of(Form(shapes, (dtype,) * len(shapes), static, places))
        if kernel is None:
            return False
        kernel.run_all([([row[i] for i in arrays], row[0].size) for row in rows], factors)
        for i, number in zip(self.moving, new, strict=True):
            for row in rows:
                row[i][...] = number
        return True
