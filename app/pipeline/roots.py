"""Roots: a plot of a file, what identifies it, and how its rows are opened.

A layout is published by renaming a whole folder, so no process ever reads half of one; while one process makes it, the
others wait for it.
"""

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline import bulk, line_places, lines, measuring, places, segments, systems, tracks, world, zorder
from app.pipeline.errors import DataError
from app.pipeline.keys import Plain, canonical, digest
from app.pipeline.line_places import place_lines, raw_lines
from app.pipeline.mapped import mapped
from app.pipeline.places import place_points, raw_places
from app.pipeline.points import Coordinates, Points, ordered, value_file
from app.pipeline.rooms import Progress, Room, publish, silent
from app.pipeline.segments import Segments
from app.pipeline.stage import source_digest
from app.pipeline.table import Request, Table, open_table
from app.pipeline.types import Axis, Bounds, Field, Plot
from app.pipeline.world import World
from app.pipeline.zorder import Runs

Array: TypeAlias = npt.NDArray[Any]
# Edited code must never read a layout that older code has written.
CODE = source_digest(bulk, line_places, lines, measuring, places, segments, systems, tracks, world, zorder)

_LATER = ("sentinels", "untracked", "alone", "home", "outside")
# The share of the work that is reading columns; the layout is the rest.
READING = 0.5
_CORRECTED = "corrected"
MOST_CORRECTED = 8
"""So many layouts are kept of a file's plots as users have corrected them, besides those of the plots themselves."""
SCANNED = 2_000_000
"""Rows of a figure that are read whole for each view, as fast as a layout would find those in view."""


@dataclass(frozen=True)
class PlotRoot:
    """A plot on its plane, of a file in one state.

    Parameters
    ----------
    plot : Plot
    file : str
        The file's fingerprint, from `table.fingerprint`.
    folder : Path or None
        Where columns and layouts are kept; None: in memory.
    raw : bool
        True leaves coordinates as the file has them, for exact viewports.
    progress : callable
        Called with a fraction and a message while columns and layout are made; what it raises ends that.
    scope : str
        How the keys of what is computed of it begin, where not everyone may see it.
    """

    plot: Plot
    file: str
    folder: Path | None = None
    raw: bool = False
    progress: Progress = field(default=silent, compare=False)
    scope: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """What tells this plot of these data from all others: 32 hexadecimal digits."""
        one = self.plot
        axes: Plain = [[axis.column, axis.end, axis.reverse] for axis in (one.x, one.y)]
        fields: Plain = [[each.name, each.column, each.kind, list(each.categories)] for each in one.fields]
        place: Plain = (
            [list(one.view) if one.view else None, one.aspect] if one.crs == "plane" and not self.raw else None
        )
        joined: Plain = [one.track, *astuple(one.order)]
        return digest(self.file, CODE, canonical([axes, fields, one.kind, one.crs, joined, self.raw, place]))

    @property
    def _place(self) -> str:
        """What the coordinates depend on: all but the fields."""
        return PlotRoot(_without_fields(self.plot), self.file, raw=self.raw).fingerprint

    def ready(self) -> bool:
        """Whether the layout is kept already, so that `open` reads no file."""
        home = self._home()
        return home is not None and (home / "facts.json").exists()

    def open(self) -> Points:
        """Open the rows, making what is missing.

        Raises
        ------
        DataError
            Where the file cannot be explored; one sentence.
        """
        table = open_table(self.plot.path, self._requests(), self.folder, self._reading)
        if self.raw:
            return self._raw(table)
        at, restored = self._coordinates(table)
        return Points(self.plot, at, table, self.folder, self._home() if self.ready() else None, restored)

    def _reading(self, fraction: float, message: str) -> None:
        self.progress(READING * fraction, message)

    def _requests(self) -> Sequence[Request]:
        one = self.plot
        # A text file is read whole for any of its columns, and a layout takes all fields: read them together.
        eager = str(one.path).lower().endswith((".csv", ".tsv", ".gz")) or not (self.raw or self.ready())
        fields = [each for each in one.fields if eager or each.kind == "category"]
        times = [Axis(one.order.column)] if one.order.column else []
        return [one.x, one.y, *([one.track] if one.track else []), *times, *fields]

    def _home(self) -> Path | None:
        kind = _CORRECTED if self.plot.corrected else "layout"
        return self.folder / self.file / f"{kind}-{self._place}" if self.folder else None

    def _coordinates(self, table: Table) -> tuple[Coordinates, bool]:
        home = self._home()
        place = place_lines if self.plot.kind == "lines" else place_points
        if home is None:
            return place(self.plot, table, Room(), self._placing), False
        made = False
        if not self.ready():
            try:
                made = publish(home, partial(self._make, table), self.ready, self._placing)
                _tidy(home.parent)
            except OSError as error:
                if isinstance(error, DataError):
                    raise
                return place(self.plot, table, Room(), self._placing), False
        try:
            return _load(home), not made
        except (OSError, ValueError):
            # Half of it was deleted: what is left must not be taken for whole the next time.
            with suppress(OSError):
                (home / "facts.json").unlink()
            return place(self.plot, table, Room(), self._placing), False

    def _placing(self, fraction: float, message: str) -> None:
        self.progress(READING + (1 - READING) * fraction, message)

    def _make(self, table: Table, folder: Path, report: Progress) -> None:
        """Fill a folder with a layout: coordinates in Z-order, and the plot's fields beside them."""
        place = place_lines if self.plot.kind == "lines" else place_points
        at = place(self.plot, table, Room(folder), lambda done, doing: report(0.7 * done, doing))
        if at.row is not None:
            self._gather(table, at.row, folder, report)
        facts = {name: getattr(at, name) for name in ("extent", "data", "lost", "beyond", "notes", *_LATER)}
        facts |= {"world": asdict(at.world) if at.world else None, "index": type(at.index).__name__}
        facts |= {"rows": len(at.x), "file": self.file, "place": self._place}
        (folder / "facts.json").write_text(json.dumps(facts))

    def _gather(self, table: Table, row: Array, folder: Path, report: Progress) -> None:
        """Put the fields that are read already into the layout's order, two at once."""

        def one(each: Field) -> None:
            values = table.codes(each) if each.kind == "category" else table.column(each.column)
            ordered(lambda: np.asarray(values), row, folder / value_file(each), each.kind == "time")

        fields = [each for each in self.plot.fields if table.holds(each)]
        with ThreadPoolExecutor(2) as pool:
            for done, _ in enumerate(pool.map(one, fields)):
                report(0.7 + 0.3 * done / len(fields), "putting fields in order")

    def _raw(self, table: Table) -> Points:
        """Open coordinates as they are; those of many rows in the order, and with the index, of a layout."""
        if self.plot.kind == "lines" or table.rows <= SCANNED or self.folder is None:
            places_of = raw_lines if self.plot.kind == "lines" else raw_places
            return Points(self.plot, places_of(self.plot, table), table, self.folder, None, True)
        root, at, restored = self._layout(table)
        if at.beyond:  # even a plain plane has no room for them
            return Points(self.plot, raw_places(self.plot, table), table, self.folder, None, True)
        home = root._home() if root.ready() else None
        x, y = (_axis_values(table, axis, at, home) for axis in (self.plot.x, self.plot.y))
        raw = replace(at, x=x, y=y, extent=at.data or at.extent, raw=True)
        return Points(self.plot, raw, table, self.folder, home, restored)

    def _layout(self, table: Table) -> tuple["PlotRoot", Coordinates, bool]:
        """Return the map's layout where it holds every row in the axes' order; else the layout of a plain plane."""
        root = PlotRoot(self.plot, self.file, self.folder, progress=self.progress)
        at, restored = root._coordinates(table)
        if at.beyond or (self.plot.crs == "lonlat" and at.data and (at.data.x1 > 180 or at.data.x0 < -180)):
            root = replace(root, plot=replace(self.plot, crs="plane"))
            at, restored = root._coordinates(table)
        return root, at, restored


def _axis_values(table: Table, axis: Axis, at: Coordinates, home: Path | None) -> Array:
    """Return an axis's values as the file has them, in a layout's order."""
    kept = home / value_file(Field("raw", axis.column)) if home else None
    return (
        np.asarray(table.column(axis.column))
        if at.row is None
        else ordered(lambda: np.asarray(table.column(axis.column)), at.row, kept)
    )


def _tidy(folder: Path) -> None:
    """Delete the oldest layouts of corrected plots: whoever looks at a page can ask for ever more of them."""
    made = []
    for facts in folder.glob(f"{_CORRECTED}-*/facts.json"):
        with suppress(OSError):
            made.append((facts.stat().st_mtime, facts))
    for _, facts in sorted(made)[:-MOST_CORRECTED]:
        with suppress(OSError):
            facts.unlink()
            shutil.rmtree(facts.parent)


def _without_fields(plot: Plot) -> Plot:
    names = {name: getattr(plot, name) for name in ("kind", "crs", "track", "order", "view", "aspect")}
    return Plot("places", plot.path, plot.x, plot.y, **names)


def _load(home: Path) -> Coordinates:
    facts = json.loads((home / "facts.json").read_text())
    x, y, row = (mapped(home / f"{name}.npy") for name in ("x", "y", "row"))
    kind = {one.__name__: one for one in (Runs, Segments)}[facts["index"]]
    index = kind(*(mapped(home / f"{name}.npy") for name in kind._fields))
    return Coordinates(
        x,
        y,
        row,
        Bounds(*facts["extent"]),
        World(**facts["world"]) if facts["world"] else None,
        index,
        Bounds(*facts["data"]) if facts["data"] else None,
        facts["lost"],
        facts["beyond"],
        tuple(facts["notes"]),
        sentinels=facts["sentinels"],
        untracked=facts["untracked"],
        alone=facts["alone"],
        home=Bounds(*facts["home"]) if facts["home"] else None,
        outside=facts["outside"],
    )
