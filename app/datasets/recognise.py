"""Any file as a data set: what its columns are called and hold decides how it opens, and the user can correct it.

This module owns the guesses and says each one in the data set's notes. It reads a sample of the whole file; the file
itself is read where it is small, or where a coordinate is constant or empty throughout the sample.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from app.datasets import tracks
from app.datasets.declared import Declaration
from app.datasets.faults import confined
from app.datasets.judging import alike, in_sky, judge
from app.datasets.names import label, slug, stem, title, unique
from app.datasets.pairs import Pair, find_pairs, pair_of
from app.datasets.registry import DECLARED
from app.datasets.seen import Column
from app.datasets.sidecar import Corrections, FieldCorrection, read_sidecar
from app.pipeline.columns import as_numbers, nature
from app.pipeline.errors import DataError, unknown
from app.pipeline.files import ReadAgainError, Source
from app.pipeline.sources import open_source
from app.pipeline.systems import known_system, parse
from app.pipeline.types import ASPECT, EQUAL, Axis, Bounds, Dataset, Field, FieldKind, Plot

SAMPLE_ROWS = 20_000
READ_ROWS = 1_000_000
"""Files of so many rows are sampled row by row, not by runs of rows."""
PADDING = {"lonlat": 0.01, "mercator": 1_000.0, "plane": 0.5}
_CRS = {"lonlat": "longitude and latitude", "mercator": "web mercator metres", "plane": "a plane of its own"}


def recognise(
    path: Path,
    **said: Any,
) -> Dataset:
    """Open a file as a data set.

    Parameters
    ----------
    path : Path
        A Parquet, CSV, Feather or Arrow file, or a folder of Parquet files.
    **said
        What `Corrections` holds, as in a TOML beside the file, and stronger than it.

    Returns
    -------
    Dataset
        A declared one where the file has its columns and values as it has; else one plot for each coordinate pair.

    Raises
    ------
    DataMissingError
        If nothing is there.
    DataError
        If the file cannot be read or drawn, or a correction does not fit it.
    """
    with confined(path):
        return _recognised(path, Corrections(**said).over(read_sidecar(path)))


def _recognised(path: Path, said: Corrections) -> Dataset:
    source = open_source(path)
    columns: list[str] = source.schema.names
    when = "" if said.time == tracks.FILE_ORDER else said.time
    for column in (said.x, said.y, said.track, when, *said.fields):
        if column and column not in columns:
            raise DataError(f"{str(path)!r}: {unknown('column', column, columns)}")
    found = _Recognition(source, said).dataset()
    corrected = replace(found, plots=tuple(_corrected(plot, said) for plot in found.plots))
    own = {key: getattr(said, key) for key in ("name", "title", "description", "source", "licence")}
    return replace(corrected, **{key: value for key, value in own.items() if value})


def _corrected(plot: Plot, said: Corrections) -> Plot:
    fields = tuple(_corrected_field(one, said.fields.get(one.column, FieldCorrection())) for one in plot.fields)
    return replace(plot, fields=fields)


def _corrected_field(one: Field, said: FieldCorrection) -> Field:
    kind = cast(FieldKind, said.kind) if said.kind else one.kind
    if said.categories:
        one = replace(one, categories=said.categories, labels=said.labels, colors=said.colors)
        kind = "category"
    return replace(one, kind=kind, label=said.label or one.label, unit=said.unit or one.unit)


class _Recognition:
    """One file being looked at."""

    def __init__(self, source: Source, said: Corrections) -> None:
        self._source, self._said = source, said
        sample = self._sample = source.sample(SAMPLE_ROWS)
        if not len(sample):
            raise DataError(f"{str(source.path)!r} has no rows: nothing can be drawn.")
        self._columns = {
            field.name: Column(field.name, nature(field.type), sample.column(field.name)) for field in source.schema
        }
        self._notes: list[str] = []

    def dataset(self) -> Dataset:
        """Return the data set, with what was recognised in its notes."""
        known = None if self._said.shape else self._known()
        if known:
            return self._declared(known)
        pairs = self._pairs()
        fields = tuple(self._fields({column for pair in pairs for column in pair[:2]}))
        plots = list(self._lines(pairs, fields) if self._said.kind == "lines" else self._points(pairs, fields))
        plots, told = tracks.proposed(self._sample, plots, self._said)
        self._notes += told
        return Dataset(
            name=slug(stem(self._source.path.name)),
            title=title(self._source.path.name),
            plots=tuple(plots),
            source=f"File {self._source.path.name}",
            licence="Not stated",
            notes=(*self._source.notes, *self._notes, *self._field_notes(fields)),
        )

    def _known(self) -> Declaration | None:
        """Return the declaration that the file fits by its columns and their values."""
        for one in DECLARED:
            if one.matches(self._source.path, self._columns) and one.plausible(
                lambda name: self._columns[name].numbers()
            ):
                return one
        return None

    def _declared(self, known: Declaration) -> Dataset:
        """Return a declared data set, with the fields that it has beyond what is declared."""
        found = known.open(self._source.path, self._columns)
        drawn = {axis.column for plot in found.plots for axis in (plot.x, plot.y)}
        told = drawn | {field.column for plot in found.plots for field in plot.fields}
        taken = [field.name for plot in found.plots for field in plot.fields]
        more = tuple(one for one in self._fields(told) if one.name not in taken)
        plots = tuple(replace(plot, fields=(*plot.fields, *more)) for plot in found.plots)
        return replace(found, plots=plots).noted(f"Recognised by its columns as {found.title}.", *self._notes)

    def _pairs(self) -> list[Pair]:
        if self._said.x:
            return [pair_of(self._said.x, self._said.y)]
        numbers = [one.name for one in self._columns.values() if one.nature == "number" and not one.fault]
        found = find_pairs(numbers)
        held = [pair for pair in found if self._holds_any(pair)]
        for pair in found if held else ():
            if pair not in held:
                self._notes.append(f"{pair.x!r} and {pair.y!r} hold no row with both: they are not drawn.")
        return held or found or [self._first_pair(numbers)]

    def _holds_any(self, pair: Pair) -> bool:
        x, y = (self._columns[name].numbers() for name in pair[:2])
        return bool((np.isfinite(x) & np.isfinite(y)).any())

    def _first_pair(self, numbers: list[str]) -> Pair:
        usable = [one for one in self._columns.values() if not one.fault]
        times = [one.name for one in usable if one.nature == "time"]
        # What numbers rows is drawn only where there is nothing else.
        real = sorted(numbers, key=lambda name: self._columns[name].is_identifier)
        chosen = [*times[:1], *real[: 2 - len(times[:1])]]
        if not numbers or len(chosen) < 2:
            held = f"only {numbers[0]!r}" if numbers else "none"
            told = "".join(f" {one}" for one in self._source.notes)
            raise DataError(
                f"{str(self._source.path)!r} has no two columns of numbers to draw, {held}: "
                f"its columns are {', '.join(self._columns) or 'none'}.{told}"
            )
        self._notes.append(
            "No columns are called like coordinates; the first ones that hold numbers or times are drawn."
        )
        return Pair(chosen[0], chosen[1])

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
        x, y = self._values(pair)
        crs = self._crs(pair, x, y)
        sky = pair.family == "sky" and crs == "plane" and in_sky(x, y)
        plane = f"{label(pair.x)} by {label(pair.y).lower()}"
        across, up = self._axes(pair, crs, sky)
        return Plot(
            name=slug(pair.common or (f"{pair.x}_{pair.y}" if crs == "plane" else "map")),
            label=label(pair.common) if pair.common else plane if crs == "plane" else "Map",
            path=self._source.path,
            crs=crs,
            x=across,
            y=up,
            fields=fields,
            view=self._padded(pair, x, y, crs),
            aspect=EQUAL if crs == "plane" and self._of_one_unit(pair, x, y) else ASPECT,
        )

    def _crs(self, pair: Pair, x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
        if self._said.crs:
            crs = known_system(self._said.crs)
            self._notes.append(f"{pair.x!r} and {pair.y!r} are drawn as {_CRS.get(crs) or parse(crs).name}.")
            return crs
        numbers = {self._columns[column].nature for column in pair[:2]} == {"number"}
        verdict = judge(pair if numbers else Pair(pair.x, pair.y), x, y, self._source.path.name)
        how = "angles in the sky" if pair.family == "sky" and in_sky(x, y) else _CRS[verdict.crs]
        by = "their values" if not pair.family else "name and values"
        self._notes.append(f"{pair.x!r} and {pair.y!r} are drawn as {how}, by {by}; set `crs` to correct it.")
        if verdict.remark:
            self._notes.append(f"{pair.x!r} and {pair.y!r}: {verdict.remark[0].lower()}{verdict.remark[1:]}")
        return verdict.crs

    def _axes(self, pair: Pair, crs: str, sky: bool) -> tuple[Axis, Axis]:
        turned = self._said.reverse or ("x" if sky else "y" if pair.family == "pixels" else "none")
        if crs != "plane":
            turned = "none"
        elif not self._said.reverse and turned != "none":
            self._notes.append(f"{turned} grows to the left, as seen from the earth." if sky else "y grows downward.")
        return tuple(  # type: ignore[return-value]
            replace(self._axis(column, crs, sky), reverse=name in turned and turned != "none")
            for name, column in zip("xy", pair[:2], strict=True)
        )

    def _of_one_unit(self, pair: Pair, x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
        """Whether a unit should be as long on both axes."""
        return self._said.scales == "equal" or (not self._said.scales and bool(pair.family) and alike(x, y))

    def _axis(self, column: str, crs: str, sky: bool) -> Axis:
        if self._columns[column].nature == "time":
            return Axis(column, label(column), kind="date")
        if crs == "lonlat" or sky:
            return Axis(column, label(column), "°", kind="degrees")
        if crs in _CRS:
            return Axis(column, label(column), "m" if crs == "mercator" else "")
        return Axis(column, label(column), parse(crs).unit)

    def _values(self, pair: Pair) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return rows of a pair, from all over the file; a column's extremes where the sample of it is constant."""
        x, y = (self._columns[name].numbers() for name in pair[:2])
        rows = self._source.rows
        if rows is not None and len(x) < rows <= READ_ROWS:
            x, y = _every(self._source, pair, rows)
        found = [self._varied(name, values) for name, values in zip(pair[:2], (x, y), strict=True)]
        return (found[0], found[1]) if len(found[0]) == len(found[1]) else (found[0][:2], found[1][:2])

    def _varied(self, name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        finite = values[np.isfinite(values)]
        if len(finite) and finite.min() < finite.max():
            return values
        low, high = _extent(self._source, name)
        if low > high:
            raise DataError(f"{str(self._source.path)!r}: column {name!r} holds no finite number: name another one.")
        return np.array([low, high])

    def _padded(self, pair: Pair, x: NDArray[np.float64], y: NDArray[np.float64], crs: str) -> Bounds | None:
        if crs not in _CRS or (np.nanmin(x) < np.nanmax(x) and np.nanmin(y) < np.nanmax(y)):
            return None
        sides = []
        for column in pair[:2]:
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
            if column.name in coordinates or column.nature == "other" or not column.name or column.fault:
                continue
            kind: FieldKind = "time" if column.nature == "time" else "number"
            if column.nature in ("text", "bool"):
                kind = "category"
                if column.nature == "text" and column.no_category and column.name not in self._said.fields:
                    continue
            taken.append(unique(slug(column.name), taken))
            yield Field(taken[-1], column.name, kind, label=label(column.name))
            if kind == "number" and column.has_groups and column.name not in self._said.fields:
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
        used = {one.column for one in fields} | set(self._said.fields)
        whys: dict[str, list[str]] = {}
        for one in self._columns.values():
            if one.nature == "text" and not one.fault and one.name not in used and (why := one.no_category):
                whys.setdefault(why, []).append(repr(one.name))
        for why, names in whys.items():
            yield f"Left out, as {'its' if len(names) == 1 else 'their'} texts {why}: {', '.join(names)}."
        for one in self._columns.values():
            if one.fault:
                yield f"Left out, as it cannot be read: {one.name!r} ({one.fault})."


def _every(source: Source, pair: Pair, rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return evenly spaced rows of a pair, read from the whole file."""
    step = max(rows // SAMPLE_ROWS, 1)
    while True:
        parts: list[Sequence[NDArray[np.float64]]] = []
        skip = 0
        try:
            for batch, _ in source.scan(list(pair[:2])):
                taken = batch.take(np.arange(skip, len(batch), step)) if step > 1 else batch
                skip = (skip - len(batch)) % step
                parts.append([as_numbers(taken.column(name), name).astype(np.float64) for name in pair[:2]])
        except ReadAgainError:
            continue
        x, y = (np.concatenate(side) for side in zip(*parts, strict=True))
        return x, y


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
