"""Values that every room shares: what a data set declares, and where on its plane a view lies.

This module owns no behaviour beyond validation: reading files is `table`, plane arithmetic is `world`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from app.pipeline.errors import ParameterError, unknown

FieldKind: TypeAlias = Literal["number", "category", "time"]
AxisKind: TypeAlias = Literal["number", "date", "clock", "degrees"]
PlotKind: TypeAlias = Literal["points", "lines"]
Crs: TypeAlias = Literal["lonlat", "mercator", "plane"]

ASPECT: Final = 1.6
"""A plane's width by height on the screen, where nothing else is declared."""
CORRECTED: Final = "~"
"""What stands before each correction behind a plot's name."""
EQUAL: Final = 0.0
"""The aspect of a plane on which a unit is as long on both axes."""


class Bounds(NamedTuple):
    """A rectangle in data units, ``x0 < x1`` and ``y0 < y1``."""

    x0: float
    x1: float
    y0: float
    y1: float


class TileAddress(NamedTuple):
    """A tile of the XYZ scheme: zoom, column from the left, row from the top."""

    z: int
    x: int
    y: int


class TileRect(NamedTuple):
    """Tiles of one zoom, half-open: columns ``x0..x1-1``, rows ``y0..y1-1``."""

    z: int
    x0: int
    x1: int
    y0: int
    y1: int

    def tiles(self) -> Iterator[TileAddress]:
        """Yield the addresses, row by row."""
        return (TileAddress(self.z, x, y) for y in range(self.y0, self.y1) for x in range(self.x0, self.x1))


class Rect(NamedTuple):
    """A rectangle of quanta, half-open: u from ``left`` to ``right - 1``, v from ``top`` to ``bottom - 1``."""

    left: int
    right: int
    top: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Field:
    """A column that can be aggregated or coloured by.

    Parameters
    ----------
    name : str
        Slug for addresses, ``[a-z0-9_-]+``.
    column : str
        The column's name in the file.
    kind : {'number', 'category', 'time'}
        Times are held as float64 milliseconds since 1970, UTC.
    label, unit : str
        For people; the label defaults to the column's name.
    categories : tuple of str
        Values in the order in which they are drawn and listed. Empty: found in the data, the most frequent first.
    labels, colors : tuple of str
        For each category; colours as ``#rrggbb``. Empty: the values themselves, and a default palette.
    """

    name: str
    column: str
    kind: FieldKind = "number"
    label: str = ""
    unit: str = ""
    categories: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The label, or the column's name where none is declared."""
        return self.label or self.column


@dataclass(frozen=True, slots=True)
class Axis:
    """A coordinate axis.

    Parameters
    ----------
    column : str
        The column's name in the file.
    label, unit : str
        For people.
    kind : {'number', 'date', 'clock', 'degrees'}
        How ticks are written; ``date`` for times, ``clock`` for minutes of the day.
    reverse : bool
        True where values grow to the left, or downward.
    end : str
        Lines only: the column of each row's second point. Empty: rows are the points of tracks.
    """

    column: str
    label: str = ""
    unit: str = ""
    kind: AxisKind = "number"
    reverse: bool = False
    end: str = ""

    @property
    def title(self) -> str:
        """The label, or the column's name where none is declared."""
        return self.label or self.column


@dataclass(frozen=True, slots=True)
class TrackOrder:
    """In which order the rows of a track are joined, and what ends a line between them.

    Parameters
    ----------
    column : str
        The column of their times. Empty: rows are joined in the file's order.
    seconds : float
        Seconds that a unit of it is; times are held in milliseconds. 0: not known.
    gap : float or None
        Seconds, or units of a column whose unit is not known, beyond which a line ends. 0: none do. None: see
        `app.pipeline.tracks`.
    jump : float or None
        Kilometres on maps, units of the axes on planes, beyond which a line ends. 0: none do. None: as `gap`.
    """

    column: str = ""
    seconds: float = 0.001
    gap: float | None = None
    jump: float | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """A way to draw a table: its coordinate pair, and how it opens.

    Parameters
    ----------
    name : str
        Slug for addresses.
    path : Path
        A Parquet, CSV or Feather file, or a folder of Parquet files.
    x, y : Axis
    fields : tuple of Field
    label : str
    kind : {'points', 'lines'}
    crs : str
        ``lonlat`` degrees are projected to web mercator; ``mercator`` metres are taken as they are; ``plane`` has no
        place on the earth. Else an EPSG code or WKT: coordinates of that system are projected to the map.
    track : str
        Lines of tracks: the column whose equal values are one track, wherever in the file they are. Without it, and
        without ends, all rows are one line.
    order : TrackOrder
        Lines of tracks: how their rows are joined.
    view : Bounds or None
        The opening view in data units; None: all rows.
    aspect : float
        A plane's width by height on the screen when the view is fitted; 0 where a unit is as long on both axes.
    aggregate, field, cmap, normalization, spreading
        How it opens, by the names that the controls use.
    """

    name: str
    path: Path
    x: Axis
    y: Axis
    fields: tuple[Field, ...] = ()
    label: str = ""
    kind: PlotKind = "points"
    crs: str = "plane"
    track: str = ""
    order: TrackOrder = TrackOrder()
    view: Bounds | None = None
    aspect: float = ASPECT
    aggregate: str = "count"
    field: str = ""
    cmap: str = "fire"
    normalization: str = "eq_hist"
    spreading: int = 0

    def __post_init__(self) -> None:
        if bool(self.x.end) != bool(self.y.end):
            raise ParameterError(f"plot {self.name!r} ends its lines on one axis only: declare `end` on both, or none.")

    @property
    def title(self) -> str:
        """The label, or the name where none is declared."""
        return self.label or self.name

    @property
    def base(self) -> str:
        """The name without the corrections of `app.datasets.readings`, which follow it."""
        return self.name.partition(CORRECTED)[0]

    @property
    def corrected(self) -> bool:
        """Whether a user has it read in another way than its file was recognised."""
        return CORRECTED in self.name

    @property
    def geographic(self) -> bool:
        """Whether the plane is the web mercator map."""
        return self.crs != "plane"

    @property
    def in_degrees(self) -> bool:
        """Whether places on its plane are told in longitude and latitude."""
        return self.crs not in ("plane", "mercator")

    @property
    def projected(self) -> bool:
        """Whether its file is in a system of its own, which is projected to longitude and latitude."""
        return self.crs not in ("plane", "mercator", "lonlat")

    def find_field(self, name: str) -> Field:
        """Return the field of that name, or raise `UnknownNameError`."""
        for one in self.fields:
            if one.name == name:
                return one
        raise unknown("field", name, (one.name for one in self.fields))


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set of the catalogue: its plots, and where it comes from.

    Parameters
    ----------
    name : str
        Slug for addresses.
    title, description : str
    plots : tuple of Plot
        The first is the one that opens.
    source, url, licence : str
        Where the data come from, a page about them, and what one may do with them.
    notes : tuple of str
        Plain sentences that the user should read: what was recognised, dropped or folded.
    """

    name: str
    title: str
    plots: tuple[Plot, ...]
    description: str = ""
    source: str = ""
    url: str = ""
    licence: str = ""
    notes: tuple[str, ...] = field(default=())

    def find_plot(self, name: str) -> Plot:
        """Return the plot of that name, or raise `UnknownNameError`."""
        for one in self.plots:
            if one.name == name:
                return one
        raise unknown("plot", name, (one.name for one in self.plots))

    def noted(self, *notes: str) -> "Dataset":
        """Return a copy with further notes."""
        return replace(self, notes=(*self.notes, *notes))
