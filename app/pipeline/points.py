"""A plot's rows on its plane, in the order of its layout: coordinates in quanta, and the fields beside them.

Coordinates are projected, quantised and put in Z-order once for a file and a coordinate pair, kept as ``.npy`` files,
and mapped into memory by every process. A rectangle of the plane reads the runs of rows that it touches, and no others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline import segments
from app.pipeline.canvas import Rows, kernel_type
from app.pipeline.compiled import compiled
from app.pipeline.errors import ParameterError
from app.pipeline.mapped import mapped
from app.pipeline.pyramid import Pyramid, Shape, States, Wanted, group_of, open_pyramid
from app.pipeline.rooms import Progress, Room, gather, replaced, silent
from app.pipeline.segments import Segments, touching
from app.pipeline.table import Table, open_table
from app.pipeline.types import Bounds, Field, Plot, PlotKind, Rect, TileAddress
from app.pipeline.world import WEB_MERCATOR, World, mercator_bounds
from app.pipeline.zorder import Runs, rows_touched

Array: TypeAlias = npt.NDArray[Any]

SCATTERED = 0.5
"""Runs that hold more than this share of the rows from the first to the last are read with all that is between."""


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
        The plane that the layout was made on.
    index : Runs, Segments or None
        Which rows, or segments of lines, a rectangle touches; None: any.
    data : Bounds or None
        Least and greatest coordinates in the file, rows beyond the plane included.
    lost, beyond : int
        Rows without coordinates, and rows that lie beyond the plane.
    notes : tuple of str
    raw : bool
        Whether x and y are as in the file, though the rows are ordered and indexed by their quanta.
    untracked, alone : int
        Of tracks: rows that tell no track or no time, and rows that no line leads to or from.
    sentinels : int
        Rows with a number such as -9999 that stands for no coordinate.
    home : Bounds or None
        Least and greatest, in the same units as the extent, of the bulk of the rows: what a first view shows.
    outside : int
        Rows that are drawn, but not there.
    """

    x: Array
    y: Array
    row: Array | None
    extent: Bounds
    world: World | None = None
    index: Runs | Segments | None = None
    data: Bounds | None = None
    lost: int = 0
    beyond: int = 0
    notes: tuple[str, ...] = ()
    raw: bool = False
    sentinels: int = 0
    untracked: int = 0
    alone: int = 0
    home: Bounds | None = None
    outside: int = 0

    @property
    def dropped(self) -> int:
        """Rows that have no place."""
        return self.lost + self.sentinels + self.beyond + self.untracked + self.alone

    def spans(self, rect: Rect) -> Array:
        """Return the rows to read for a rectangle, int64, shape (n, 2), half-open."""
        if not isinstance(self.index, Runs):
            return np.array([[0, len(self.x)]])
        found = rows_touched(self.index, rect)
        if len(found) > 1 and (found[:, 1] - found[:, 0]).sum() > SCATTERED * (found[-1, 1] - found[0, 0]):
            return np.array([[found[0, 0], found[-1, 1]]])
        return found

    def touched(self, rect: Rect) -> int:
        """Return how many rows are read for a rectangle: all of its own, and a few of its neighbours'; 0 of lines."""
        if isinstance(self.index, Segments):
            return 0
        return int(np.diff(self.spans(rect)).sum())


def taken(values: Array, spans: Array) -> Array:
    """Return the rows of some spans: of one as a view, of several as a copy."""
    parts = [values[start:stop] for start, stop in spans.tolist()]
    return parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else values[:0]


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
    home : Path or None
        Where the layout is kept, and fields in its order are.
    restored : bool
        Whether the coordinates were there already, and not made by this call.
    """

    def __init__(
        self, plot: Plot, at: Coordinates, table: Table, folder: Path | None, home: Path | None, restored: bool
    ) -> None:
        self.plot, self.at, self.home, self.restored = plot, at, home, restored
        self.rows = table.rows
        self.unreadable = int(getattr(table, "skipped", 0))
        self.notes = (*table.notes, *at.notes)
        self.fingerprint = table.fingerprint
        self._table, self._folder = table, folder
        self._values: dict[str, Array] = {}
        self._lock = Lock()
        self._pyramids: dict[tuple[str, str], Pyramid] = {}
        self._building: dict[tuple[str, str], Lock] = {}
        self._shapes: dict[int, Shape] = {}
        self._gap: dict[str, bool] = {}

    def wanted(self, aggregate: str, field: str) -> Wanted:
        """Return which states a pyramid of an aggregate of a field holds."""
        group = group_of(aggregate)
        if group == "count":
            return Wanted(group)
        rows = self.rows_of(aggregate, field)
        if group == "by":
            return Wanted(group, (max(rows.categories, 1),))
        return Wanted(group, (), bool(kernel_type(rows) == np.float32), not self._gaps(field))

    def _gaps(self, field: str) -> bool:
        """Whether a field has rows without a value."""
        with self._lock:
            known = self._gap.get(field)
        if known is None:
            values = self.values(field)
            known = values.dtype.kind == "f" and bool(np.isnan(np.min(values)))
            with self._lock:
                self._gap[field] = known
        return known

    def shape(self, aggregate: str, field: str) -> Shape:
        """Return which tiles hold so many rows that the pyramid of an aggregate answers for them."""
        dense = self.wanted(aggregate, field).dense
        with self._lock:
            if dense not in self._shapes:
                indexed = isinstance(self.at.index, Runs) and not self.at.raw
                self._shapes[dense] = Shape(self.at.touched if indexed else lambda _: 0, dense)
            return self._shapes[dense]

    def pyramid(self, aggregate: str, field: str, progress: Progress = silent) -> Pyramid:
        """Return the pyramid of an aggregate of a field, building it where it is not kept yet."""
        key = group_of(aggregate), "" if aggregate == "count" else field
        with self._lock:
            building = self._building.setdefault(key, Lock())
        with building:
            if key not in self._pyramids:
                self._pyramids[key] = self._opened_pyramid(aggregate, *key, progress)
            return self._pyramids[key]

    def _opened_pyramid(self, aggregate: str, group: str, field: str, progress: Progress) -> Pyramid:
        of = f"-{Path(value_file(self.plot.find_field(field))).stem}" if field else ""
        home = self.home / f"pyramid-{group}{of}" if self.home else None
        shape, wanted = self.shape(aggregate, field), self.wanted(aggregate, field)
        return open_pyramid(shape, wanted, partial(self.rows_in, aggregate, field), home, progress)

    def states(self, tile: TileAddress, aggregate: str, field: str) -> States:
        """Return the states of a dense tile with its apron."""
        found = self.pyramid(aggregate, field).cut(tile)
        if group_of(aggregate) == "sums" and "n" not in found:
            found["n"] = self.pyramid("count", "").cut(tile)["count"]
        return found

    def deepen(self, progress: Progress = silent) -> None:
        """Build the pyramids of the means, or categories, of all fields; others are built at their first use."""
        wanted = [("count", ""), *((_COMMONEST[field.kind], field.name) for field in self.plot.fields)]
        for done, (aggregate, field) in enumerate(wanted if self.shape("count", "").dense else ()):
            self.pyramid(aggregate, field, partial(_within, progress, done, len(wanted)))

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
        if self.at.row is None:
            return self._raw(field)
        kept = self.home / value_file(field) if self.home else None
        return ordered(lambda: self._raw(field), self.at.row, kept, field.kind == "time")

    def _raw(self, field: Field) -> Array:
        if field.kind == "category":
            return np.asarray(self._table.codes(field))
        if field.column in self._table.columns:
            return np.asarray(self._table.column(field.column))
        return np.asarray(open_table(self.plot.path, [field], self._folder).column(field.column))

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

    def rows_in(self, aggregate: str, field: str, rect: Rect) -> Rows:
        """Return what a canvas reads for an aggregate over a rectangle: all rows in it, and some around it."""
        rows = self.rows_of(aggregate, field)
        if isinstance(self.at.index, Segments):
            return _lines(rows, touching(self.at.index, *map(float, rect)))
        spans = self.at.spans(rect)
        value = None if rows.value is None else taken(rows.value, spans)
        return rows._replace(x=taken(rows.x, spans), y=taken(rows.y, spans), value=value)

    def rows_seen(self, aggregate: str, field: str, shown: Bounds) -> Rows:
        """Return what a canvas reads for an aggregate over a viewport in the axes' own units."""
        if isinstance(self.at.index, Segments):
            return _lines(self.rows_of(aggregate, field), touching(self.at.index, *shown))
        if self.at.index is None or self.at.world is None:
            return self.rows_of(aggregate, field)
        degrees = self.plot.crs == "lonlat" and self.at.world == WEB_MERCATOR
        return self.rows_in(aggregate, field, self.at.world.around(mercator_bounds(shown) if degrees else shown))


def _lines(rows: Rows, chosen: Array | None) -> Rows:
    """Return the vertices that draw some segments; all where they are not told apart."""
    if chosen is None:
        return rows
    vertices = segments.select(chosen)
    x, y = (segments.taken(axis, vertices) for axis in (rows.x, rows.y))
    # What a break takes as its value is never drawn.
    return rows._replace(x=x, y=y, value=None if rows.value is None else np.asarray(rows.value)[vertices])


def value_file(field: Field) -> str:
    """Return the name of the file that holds a field in a layout's order."""
    text = repr((field.column, field.kind, field.categories))
    return f"value-{sha256(text.encode()).hexdigest()[:16]}.npy"


def _mapped(path: Path, rows: int) -> Array | None:
    try:
        found = mapped(path)
    except (OSError, ValueError):
        return None
    return found if len(found) == rows else None


def ordered(read: Callable[[], Array], row: Array, kept: Path | None, time: bool = False) -> Array:
    """Return a column's values in the order of a layout: as they are kept, or read, put in order and kept.

    Parameters
    ----------
    read : callable
        Returns the values in the file's order, shape (m,).
    row : ndarray of int, shape (n,)
    kept : Path or None
        The file that holds them, or is to; where there is no room for one they stay in memory.
    time : bool
        Whether whole milliseconds are to be int64.
    """
    if kept and (found := _mapped(kept, len(row))) is not None:
        return found
    values = read()
    kind = np.dtype(np.int64) if time and values.dtype.kind == "f" and _whole(values) else values.dtype
    try:
        if kept:
            return replaced(kept, lambda room, name: gather(values, row, room.sink(name), kind))
    except OSError:
        pass  # a full volume costs memory, not an answer
    return gather(values, row, Room().sink(""), kind)


@compiled
def _whole(values: Array) -> bool:
    """Whether all values are whole numbers; NaN is none."""
    for i in range(values.size):  # noqa: SIM110 - numba compiles no generators
        if values[i] != np.rint(values[i]):
            return False
    return True


def _within(progress: Progress, done: int, parts: int, fraction: float, message: str) -> None:
    """Report the progress of one of several parts."""
    progress((done + fraction) / parts, message)


_COMMONEST: Mapping[str, str] = {"number": "mean", "time": "mean", "category": "by"}
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
