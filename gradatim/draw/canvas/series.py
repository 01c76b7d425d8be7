"""A series of pictures: shown below each other, or saved as one file each."""

from collections.abc import Sequence
from pathlib import Path
from typing import overload

from .drawing import Drawing, beside


class Drawings(Sequence[Drawing]):
    """Several drawings in order. `steps[2]` is the third; a notebook shows all as a film strip."""

    def __init__(self, drawings: Sequence[Drawing], *, title: str) -> None:
        self._drawings = tuple(drawings)
        self.title = title

    def __len__(self) -> int:
        return len(self._drawings)

    @overload
    def __getitem__(self, index: int) -> Drawing: ...
    @overload
    def __getitem__(self, index: slice) -> "Drawings": ...
    def __getitem__(self, index: int | slice) -> "Drawing | Drawings":
        if isinstance(index, slice):
            return Drawings(self._drawings[index], title=self.title)
        return self._drawings[index]

    def scaled(self, by: float) -> "Drawings":
        """The same pictures, each `by` times as wide and high."""
        return Drawings([drawing.scaled(by) for drawing in self], title=self.title)

    def strip(self, *, columns: int = 1) -> Drawing:
        """All drawings as one, in rows of `columns`."""
        return beside(self._drawings, title=self.title, columns=columns)

    def save(self, path: str | Path, *, scale: float = 2.0) -> Path:
        """Write a film strip (`steps.svg`, `steps.png`) or, for a name without an ending, a folder.

        The folder is created if needed; it gets one SVG per step: `step-00.svg`, ...
        """
        target = Path(path)
        if target.suffix:
            return self.strip().save(target, scale=scale)
        target.mkdir(parents=True, exist_ok=True)
        for i, drawing in enumerate(self._drawings):
            drawing.save(target / f"step-{i:02d}.svg")
        return target

    def _repr_svg_(self) -> str:
        return self.strip().svg

    def _repr_html_(self) -> str:
        return self.strip()._repr_html_()

    def __repr__(self) -> str:
        return f"<Drawings: {self.title}, {len(self)} pictures>"
