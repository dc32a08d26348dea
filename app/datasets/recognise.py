"""Any file as a data set: what its columns are called and hold decides how it opens, and the user can correct it.

This module owns the guesses and says each one in the data set's notes. It reads a sample, never the whole file, except
where a coordinate is constant or empty throughout the sample.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.datasets import tracks
from app.datasets.names import label, slug, stem, unique
from app.datasets.pairs import Pair, find_pairs, guess_crs
from app.datasets.registry import DECLARED
from app.datasets.sidecar import Corrections, FieldCorrection, read_sidecar
from app.pipeline.columns import KEPT, Nature, as_numbers, nature
from app.pipeline.errors import DataError, unknown
from app.pipeline.files import ReadAgainError, Source
from app.pipeline.sources import open_source
from app.pipeline.types import Axis, Bounds, Crs, Dataset, Field, FieldKind, Plot

SAMPLE_ROWS = 20_000
PADDING = {"lonlat": 0.01, "mercator": 1_000.0, "plane": 0.5}
_CRS = {"lonlat": "longitude and latitude", "mercator": "web mercator metres", "plane": "a plane of its own"}
# Names of columns that number rows rather than measure anything.
_COUNTERS = {"", "id", "index", "unnamed: 0", "row", "level_0", "__index_level_0__"}


def recognise(
    path: Path,
    *,
    name: str = "",
    title: str = "",
    x: str = "",
    y: str = "",
    crs: str = "",
    kind: str = "",
    track: str = "",
    time: str = "",
) -> Dataset:
    """Open a file as a data set.

    Parameters
    ----------
    path : Path
        A Parquet, CSV, Feather or Arrow file, or a folder of Parquet files.
    name, title, x, y, crs, kind, track, time : str
        Corrections, as in a TOML beside the file, and stronger than it.

    Returns
    -------
    Dataset
        A declared one where the file has its columns; else one plot for each coordinate pair.

    Raises
    ------
    DataMissingError
        If nothing is there.
    DataError
        If the file cannot be read or drawn, or a correction does not fit it.
    """
    flags = Corrections(name=name, title=title, x=x, y=y, crs=crs, kind=kind, track=track, time=time)
    said = flags.over(read_sidecar(path))
    source = open_source(path)
    columns: list[str] = source.schema.names
    when = "" if said.time == tracks.FILE_ORDER else said.time
    for column in (said.x, said.y, said.track, when, *said.fields):
        if column and column not in columns:
            raise DataError(f"{str(path)!r}: {unknown('column', column, columns)}")
    found = None if said.shape else _declared(path, columns)
    found = found or _Recognition(source, said).dataset()
    corrected = replace(found, plots=tuple(_corrected(plot, said) for plot in found.plots))
    own = {key: getattr(said, key) for key in ("name", "title", "description", "source", "licence")}
    return replace(corrected, **{key: value for key, value in own.items() if value})


def _declared(path: Path, columns: Sequence[str]) -> Dataset | None:
    for declaration in DECLARED:
        if declaration.matches(path, columns):
            found = declaration.open(path, columns)
            return found.noted(f"Recognised by its columns as {found.title}.")
    return None


def _corrected(plot: Plot, said: Corrections) -> Plot:
    fields = tuple(_corrected_field(one, said.fields.get(one.column, FieldCorrection())) for one in plot.fields)
    return replace(plot, fields=fields)


def _corrected_field(one: Field, said: FieldCorrection) -> Field:
    kind = cast(FieldKind, said.kind) if said.kind else one.kind
    if said.categories:
        one = replace(one, categories=said.categories, labels=said.labels, colors=said.colors)
        kind = "category"
    return replace(one, kind=kind, label=said.label or one.label, unit=said.unit or one.unit)


@dataclass
class _Column:
    name: str
    nature: Nature
    values: pa.ChunkedArray

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers, of which there are few."""
        kind = self.values.type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        return bool(pa.types.is_integer(kind) and pc.count_distinct(self.values).as_py() <= KEPT)

    def numbers(self) -> NDArray[np.float64]:
        """Return the finite values."""
        chunks = [as_numbers(chunk, self.name).astype(np.float64) for chunk in self.values.chunks]
        every = np.concatenate(chunks) if chunks else np.empty(0)
        return every[np.isfinite(every)]


class _Recognition:
    """One file being looked at."""

    def __init__(self, source: Source, said: Corrections) -> None:
        self._source, self._said = source, said
        sample = self._sample = source.sample(SAMPLE_ROWS)
        if not len(sample):
            raise DataError(f"{str(source.path)!r} has no rows: nothing can be drawn.")
        self._columns = {
            field.name: _Column(field.name, nature(field.type), sample.column(field.name)) for field in source.schema
        }
        self._notes: list[str] = []

    def dataset(self) -> Dataset:
        """Return the data set, with what was recognised in its notes."""
        pairs = self._pairs()
        fields = tuple(self._fields({column for pair in pairs for column in pair}))
        plots = list(self._lines(pairs, fields) if self._said.kind == "lines" else self._points(pairs, fields))
        plots, told = tracks.proposed(self._sample, plots, self._said)
        self._notes += told
        return Dataset(
            name=slug(stem(self._source.path.name)),
            title=label(stem(self._source.path.name)),
            plots=tuple(plots),
            source=f"File {self._source.path.name}",
            licence="Not stated",
            notes=(*self._notes, *self._field_notes(fields)),
        )

    def _pairs(self) -> list[Pair]:
        if self._said.x:
            return [Pair(self._said.x, self._said.y)]
        numbers = [one.name for one in self._columns.values() if one.nature == "number"]
        return find_pairs(numbers) or [self._first_pair(numbers)]

    def _first_pair(self, numbers: list[str]) -> Pair:
        times = [one.name for one in self._columns.values() if one.nature == "time"]
        real = [name for name in numbers if name.lower() not in _COUNTERS] or numbers
        chosen = [*times[:1], *real[: 2 - len(times[:1])]]
        if not numbers or len(chosen) < 2:
            held = f"only {numbers[0]!r}" if numbers else "none"
            raise DataError(
                f"{str(self._source.path)!r} has no two columns of numbers to draw, {held}: "
                f"its columns are {', '.join(self._columns) or 'none'}."
            )
        self._notes.append(
            "No columns are called like coordinates; the first ones that hold numbers or times are drawn."
        )
        return Pair(*chosen)

    def _points(self, pairs: list[Pair], fields: tuple[Field, ...]) -> Iterator[Plot]:
        names: list[str] = []
        for pair in pairs:
            plot = self._plot(pair, fields)
            names.append(unique(plot.name, names))
            yield replace(plot, name=names[-1])

    def _lines(self, pairs: list[Pair], fields: tuple[Field, ...]) -> Iterator[Plot]:
        plot = self._plot(pairs[0], fields)
        if self._said.track or self._said.time or len(pairs) < 2:
            plot = tracks.joined(self._sample, plot, self._said)
            if not (plot.track or plot.order.column):
                raise DataError(
                    f"{str(self._source.path)!r}: lines need the column whose equal values are one track, by `track`, "
                    "or a second pair of coordinates for their ends."
                )
            yield plot
            return
        end = pairs[1]
        self._notes.append(f"Each row is a line from there to {end.x!r} and {end.y!r}.")
        x, y = replace(plot.x, end=end.x), replace(plot.y, end=end.y)
        yield replace(plot, name="lines", label="Lines", kind="lines", x=x, y=y)

    def _plot(self, pair: Pair, fields: tuple[Field, ...]) -> Plot:
        x, y = self._values(pair.x), self._values(pair.y)
        crs = cast(Crs, self._said.crs) if self._said.crs else self._guess(pair, x, y)
        unless = "" if self._said.crs else ", by name and values; set `crs` to correct it"
        self._notes.append(f"{pair.x!r} and {pair.y!r} are drawn as {_CRS[crs]}{unless}.")
        plane = f"{label(pair.x)} by {label(pair.y).lower()}"
        return Plot(
            name=slug(pair.common or (f"{pair.x}_{pair.y}" if crs == "plane" else "map")),
            label=label(pair.common) if pair.common else plane if crs == "plane" else "Map",
            path=self._source.path,
            crs=crs,
            x=self._axis(pair.x, crs),
            y=self._axis(pair.y, crs),
            fields=fields,
            view=self._padded(pair, x, y, crs),
        )

    def _guess(self, pair: Pair, x: NDArray[np.float64], y: NDArray[np.float64]) -> Crs:
        times = {self._columns[column].nature for column in pair} == {"number"}
        return guess_crs(pair, x, y) if times else "plane"

    def _axis(self, column: str, crs: Crs) -> Axis:
        if self._columns[column].nature == "time":
            return Axis(column, label(column), kind="date")
        if crs == "lonlat":
            return Axis(column, label(column), "°", kind="degrees")
        return Axis(column, label(column), "m" if crs == "mercator" else "")

    def _values(self, name: str) -> NDArray[np.float64]:
        """Return a coordinate's finite values: the sample's, or where that is constant the column's extremes."""
        found = self._columns[name].numbers()
        if len(found) and found.min() < found.max():
            return found
        low, high = _extent(self._source, name)
        if low > high:
            raise DataError(f"{str(self._source.path)!r}: column {name!r} holds no finite number: name another one.")
        return np.array([low, high])

    def _padded(self, pair: Pair, x: NDArray[np.float64], y: NDArray[np.float64], crs: Crs) -> Bounds | None:
        if x.min() < x.max() and y.min() < y.max():
            return None
        sides = []
        for column in pair:
            low, high = _extent(self._source, column)
            if low == high:
                pad = max(PADDING[crs], abs(low) * 1e-6)
                self._notes.append(f"All rows have the same {column!r}, {low:g}: the view is padded around it.")
                low, high = low - pad, high + pad
            sides += [low, high]
        return Bounds(*sides)

    def _fields(self, coordinates: set[str]) -> Iterator[Field]:
        taken: list[str] = []
        for column in self._columns.values():
            if column.name in coordinates or column.nature == "other" or not column.name:
                continue
            taken.append(unique(slug(column.name), taken))
            kind: FieldKind = "time" if column.nature == "time" else "number"
            if column.nature in ("text", "bool"):
                kind = "category"
            yield Field(taken[-1], column.name, kind, label=label(column.name))
            if kind == "number" and column.whole and column.name not in self._said.fields:
                taken.append(unique(f"{taken[-1]}-groups", taken))
                yield Field(taken[-1], column.name, "category", label=f"{label(column.name)}, each value")

    def _field_notes(self, fields: tuple[Field, ...]) -> Iterator[str]:
        for kind, what in (("category", "Categories"), ("time", "Times")):
            names = list(dict.fromkeys(repr(one.column) for one in fields if one.kind == kind))
            if names:
                yield f"{what}: {', '.join(names)}."
        left = [repr(one.name) for one in self._columns.values() if one.nature == "other"]
        if left:
            yield f"Left out, as neither numbers, times nor text: {', '.join(left)}."


def _extent(source: Source, name: str) -> tuple[float, float]:
    """Return the lowest and highest finite value of a column; the lowest is the higher where there is none."""
    while True:
        low, high = np.inf, -np.inf
        try:
            for part in source.scan([name]):
                values = as_numbers(part.batch.column(name), name).astype(np.float64)
                values = values[np.isfinite(values)]
                low, high = min(low, values.min(initial=np.inf)), max(high, values.max(initial=-np.inf))
        except ReadAgainError:
            continue
        return float(low), float(high)
