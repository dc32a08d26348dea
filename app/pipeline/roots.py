"""Roots: a plot of a file, and what identifies it.

Coordinates are published by renaming a whole folder, so no process ever reads half of them.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline import lines, places, world
from app.pipeline.keys import Plain, canonical, digest
from app.pipeline.places import in_memory, place_lines, place_points, raw_places
from app.pipeline.points import Coordinates, Points
from app.pipeline.stage import source_digest
from app.pipeline.table import Progress, Request, Table, open_table
from app.pipeline.types import Bounds, Plot
from app.pipeline.world import World

Array: TypeAlias = npt.NDArray[Any]
# Edited code must never read coordinates that older code has written.
CODE = source_digest(lines, places, world)

# The share of the work that is reading columns; placing rows is the rest.
READING = 0.95


def _silent(fraction: float, message: str) -> None:
    del fraction, message


@dataclass(frozen=True, slots=True)
class PlotRoot:
    """A plot on its plane, of a file in one state.

    Parameters
    ----------
    plot : Plot
    file : str
        The file's fingerprint, from `table.fingerprint`.
    folder : Path or None
        Where columns and coordinates are kept; None: in memory.
    raw : bool
        True leaves coordinates as the file has them, for exact viewports.
    progress : callable
        Called with a fraction and a message while columns are made.
    """

    plot: Plot
    file: str
    folder: Path | None = None
    raw: bool = False
    progress: Progress = field(default=_silent, compare=False)

    @property
    def fingerprint(self) -> str:
        """What tells this plot of these data from all others: 32 hexadecimal digits."""
        one = self.plot
        axes: Plain = [[axis.column, axis.end, axis.reverse] for axis in (one.x, one.y)]
        fields: Plain = [[each.name, each.column, each.kind, list(each.categories)] for each in one.fields]
        place: Plain = (
            [list(one.view) if one.view else None, one.aspect] if one.crs == "plane" and not self.raw else None
        )
        return digest(self.file, CODE, canonical([axes, fields, one.kind, one.crs, one.track, self.raw, place]))

    @property
    def _place(self) -> str:
        """What the coordinates depend on: all but the fields."""
        return PlotRoot(_without_fields(self.plot), self.file, raw=self.raw).fingerprint

    def ready(self) -> bool:
        """Whether the coordinates are kept already, so that `open` reads no file."""
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
        at, restored = self._coordinates(table)
        return Points(self.plot, at, table, self.folder, restored)

    def _reading(self, fraction: float, message: str) -> None:
        self.progress(READING * fraction, message)

    def _requests(self) -> Sequence[Request]:
        one = self.plot
        # A text file is read whole for any of its columns: take all at once.
        eager = str(one.path).lower().endswith((".csv", ".tsv", ".gz"))
        fields = [each for each in one.fields if eager or each.kind == "category"]
        return [one.x, one.y, *([one.track] if one.track else []), *fields]

    def _home(self) -> Path | None:
        return self.folder / self.file / f"places-{self._place}" if self.folder else None

    def _coordinates(self, table: Table) -> tuple[Coordinates, bool]:
        if self.raw:
            return raw_places(self.plot, table), True
        home = self._home()
        place = place_lines if self.plot.kind == "lines" else place_points
        self.progress(READING, "placing rows on the plane")
        if home is None:
            return place(self.plot, table, in_memory), False
        if not self.ready():
            try:
                self._publish(home, table)
            except OSError:
                return place(self.plot, table, in_memory), False
            return _load(home), False
        return _load(home), True

    def _publish(self, home: Path, table: Table) -> None:
        """Make the coordinates in a temporary folder, and rename it; who comes second takes the first one's."""
        home.parent.mkdir(parents=True, exist_ok=True)
        rough = Path(tempfile.mkdtemp(prefix=".places-", dir=home.parent))
        try:

            def make(name: str, dtype: Any, rows: int) -> Array:
                return np.lib.format.open_memmap(rough / f"{name}.npy", "w+", np.dtype(dtype), (rows,))

            at = (place_lines if self.plot.kind == "lines" else place_points)(self.plot, table, make)
            facts = {"extent": at.extent, "dropped": at.dropped, "notes": at.notes}
            facts |= {"world": asdict(at.world) if at.world else None, "row": at.row is not None}
            (rough / "facts.json").write_text(json.dumps(facts))
            try:
                os.replace(rough, home)
            except OSError:
                if not (home / "facts.json").exists():
                    raise
        finally:
            shutil.rmtree(rough, ignore_errors=True)


def _without_fields(plot: Plot) -> Plot:
    names = {name: getattr(plot, name) for name in ("kind", "crs", "track", "view", "aspect")}
    return Plot("places", plot.path, plot.x, plot.y, **names)


def _load(home: Path) -> Coordinates:
    facts = json.loads((home / "facts.json").read_text())
    x, y = (np.load(home / f"{name}.npy", mmap_mode="r") for name in "xy")
    row = np.load(home / "row.npy", mmap_mode="r") if facts["row"] else None
    plane = World(**facts["world"]) if facts["world"] else None
    return Coordinates(x, y, row, Bounds(*facts["extent"]), plane, facts["dropped"], tuple(facts["notes"]))
