"""A plot's rows on its plane: coordinates in quanta, and the fields beside them.

Coordinates are projected and quantised once for a file and a coordinate pair, kept as ``.npy`` beside the table's
columns, and mapped into memory by every process. Rows that have no place on the plane are dropped, counted, and said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.canvas import Rows
from app.pipeline.errors import ParameterError
from app.pipeline.table import Table, open_table
from app.pipeline.types import Bounds, Field, Plot, PlotKind
from app.pipeline.world import World

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Where rows lie.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        In quanta of a world, or raw where there is none. Lines: vertices, NaN where a line ends.
    row : ndarray of int, shape (n,), or None
        The file's row of each; None where each row is its own.
    extent : Bounds
        Least and greatest, in the same units.
    world : World or None
    dropped : int
        Rows that have no place.
    notes : tuple of str
    """

    x: Array
    y: Array
    row: Array | None
    extent: Bounds
    world: World | None = None
    dropped: int = 0
    notes: tuple[str, ...] = ()


class Points:
    """The rows of a plot, opened in this process. Safe for threads.

    Parameters
    ----------
    plot : Plot
    at : Coordinates
    table : Table
        With the plot's category fields; others are opened at first use.
    folder : Path or None
        Where columns are kept.
    restored : bool
        Whether the coordinates were there already, and not made by this call.
    """

    def __init__(self, plot: Plot, at: Coordinates, table: Table, folder: Path | None, restored: bool) -> None:
        self.plot, self.at, self.restored = plot, at, restored
        self.rows = table.rows
        self.notes = (*table.notes, *at.notes)
        self.fingerprint = table.fingerprint
        self._table, self._folder = table, folder
        self._values: dict[str, Array] = {}
        self._lock = Lock()

    @property
    def kind(self) -> PlotKind:
        """Whether rows are points or vertices of lines."""
        return self.plot.kind

    @property
    def nbytes(self) -> int:
        """Bytes of the coordinates, mapped or in memory."""
        return int(self.at.x.nbytes + self.at.y.nbytes)

    def categories(self, field: str) -> tuple[str, ...]:
        """Return the categories of a field, in the order of its codes; none for a field of numbers."""
        one = self.plot.find_field(field)
        return self._table.categories(one) if one.kind == "category" else ()

    def values(self, field: str) -> Array:
        """Return a field's values, or codes, for each coordinate."""
        one = self.plot.find_field(field)
        with self._lock:
            if field not in self._values:
                self._values[field] = self._open(one)
            return self._values[field]

    def _open(self, field: Field) -> Array:
        if field.kind == "category":
            raw = self._table.codes(field)
        else:
            raw = open_table(self.plot.path, [field], self._folder).column(field.column)
        return np.asarray(raw) if self.at.row is None else np.asarray(raw)[self.at.row]

    def rows_of(self, aggregate: str, field: str) -> Rows:
        """Return what a canvas reads for an aggregate of a field.

        Raises
        ------
        ParameterError
            For a field that does not fit the aggregate.
        """
        if aggregate == "count":
            return Rows(self.at.x, self.at.y, self.kind)
        if not field:
            raise ParameterError(f"aggregate {aggregate!r} needs a field: choose one.")
        check_fit(self.plot.find_field(field), aggregate)
        return Rows(self.at.x, self.at.y, self.kind, self.values(field), len(self.categories(field)))


_FITS: Mapping[str, tuple[str, ...]] = {
    "number": ("sum", "min", "max", "mean", "var", "std"),
    "time": ("min", "max", "mean"),
    "category": ("by",),
}


def fits(field: Field, aggregate: str) -> bool:
    """Whether a field of that kind has such an aggregate."""
    return aggregate == "count" or aggregate in _FITS[field.kind]


def check_fit(field: Field, aggregate: str) -> None:
    """Raise `ParameterError` where a field of that kind has no such aggregate."""
    if not fits(field, aggregate):
        allowed = ", ".join(("count", *_FITS[field.kind]))
        raise ParameterError(f"field {field.name!r} is a {field.kind}: it has no {aggregate!r}. Allowed: {allowed}.")
