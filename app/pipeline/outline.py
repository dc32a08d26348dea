"""What a file offers: its columns as plain types, its points as two columns of numbers, and how a batch becomes these.

This module owns the way from a file's own schema to the one that the rest sees. It refuses to read files.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

import pyarrow as pa

from app.pipeline.errors import DataError
from app.pipeline.geometry import Geometry, find_geometries
from app.pipeline.plain import extension, plain, plain_type

Item = TypeVar("Item")
Tally: TypeAlias = Counter[tuple[str, str]]
"""Rows that are no points, by column and by what they hold instead."""


class Outline:
    """A file's columns, and how they are read.

    Parameters
    ----------
    schema : pyarrow.Schema
        As the file has it, with its metadata.
    logical, heads
        As `geometry.find_geometries` takes them.

    Attributes
    ----------
    schema : pyarrow.Schema
        What is offered. A column of points is offered as its two columns of numbers, in its own place; one that is
        nested or binary is there with its type, which is all that there is to it.
    notes : tuple of str
    """

    def __init__(
        self, schema: pa.Schema, logical: Mapping[str, str] | None = None, heads: Mapping[str, pa.Array] | None = None
    ) -> None:
        seen = find_geometries(schema, logical or {}, heads or {})
        points = {one.column: one for one in seen.points}
        first = list(points)
        offered: list[tuple[pa.Field, str]] = []
        taken = set(schema.names)
        for field in schema:
            if field.name not in points:
                offered.append((_plain_field(field), field.name))
                continue
            # The primary column of points takes the place of the first.
            one = points[first.pop(0)]
            if not taken & set(one.names):
                taken |= set(one.names)
                offered += [(part, one.column) for part in one.fields]
        self._points = {name: (points[raw], name == points[raw].names[0]) for name, raw in _pairs(offered, points)}
        self._raw = {field.name: raw for field, raw in offered}
        self.schema = pa.schema([field for field, _ in offered])
        read = dict.fromkeys(raw for _, raw in _pairs(offered, points))
        self.notes = (*(points[raw].note for raw in read), *seen.notes)

    def raw(self, names: Iterable[str]) -> list[str]:
        """Return the file's own columns that those offered are read from."""
        return list(dict.fromkeys(self._raw[name] for name in names))

    def read(
        self, batch: pa.RecordBatch, names: Sequence[str], path: Path, row: int, tally: Tally | None = None
    ) -> list[pa.Array]:
        """Return columns of a batch.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            With the columns that `raw` names.
        names : sequence of str
        path : Path
            The file, for what is said.
        row : int
            Its rows before this batch.
        tally : Counter, optional
            Counts what is no point.

        Raises
        ------
        DataError
            Where values are not what their type says: the column, its first such row, and what to do.
        """
        found: dict[str, tuple[pa.Array, pa.Array]] = {}
        arrays: list[pa.Array] = []
        for name in names:
            raw = self._raw[name]
            array = batch.column(raw)
            if name not in self._points:
                arrays.append(converted(array, plain, raw, path, row))
                continue
            one, across = self._points[name]
            if raw not in found:
                found[raw] = _coordinates(one, array, path, row, tally)
            arrays.append(found[raw][0 if across else 1])
        return arrays


def converted(array: pa.Array, convert: Callable[[pa.Array], Item], name: str, path: Path, row: int) -> Item:
    """Convert a batch of a column, or raise `DataError` that names the column and the first row that fails."""
    try:
        return convert(array)
    except DataError:
        raise
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        at = row + first_failure(array, convert) + 1
        raise DataError(f"{str(path)!r}: {complaint(name, at, error)}") from error


def complaint(name: str, row: int, error: Exception) -> str:
    """Say which column cannot be read from which row, why, and what to do."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:120]
    if "utf8" in reason.lower() or "utf-8" in reason.lower():
        return f"column {name!r} is not text in UTF-8 in row {row:,}: write the file again with its text in UTF-8."
    return f"column {name!r} cannot be read from row {row:,} on ({reason}): correct or remove it."


def first_failure(array: pa.Array, convert: Callable[[pa.Array], object]) -> int:
    """Return the place of the first value that cannot be converted, by halving."""
    good, bad = 0, len(array)
    while bad - good > 1:
        middle = (good + bad) // 2
        try:
            convert(array.slice(0, middle))
            good = middle
        except (pa.ArrowException, ValueError, TypeError, OverflowError, DataError):
            bad = middle
    return good


def _coordinates(
    one: Geometry, array: pa.Array, path: Path, row: int, tally: Tally | None
) -> tuple[pa.Array, pa.Array]:
    try:
        points = one.read(array)
    except (pa.ArrowException, ValueError) as error:
        raise DataError(f"{str(path)!r}: {complaint(one.column, row + 1, error)}") from error
    if tally is not None:
        tally.update({(one.column, kind): count for kind, count in points.others.items()})
    # NaN is missing here, as null is elsewhere.
    return pa.array(points.x, from_pandas=True), pa.array(points.y, from_pandas=True)


def tally_notes(tally: Tally) -> tuple[str, ...]:
    """Say how many rows are no points, for each column."""
    notes = []
    for column in dict.fromkeys(column for column, _ in tally):
        kinds = {kind: count for (name, kind), count in tally.items() if name == column}
        many = sum(kinds.values())
        rows = f"{many:,} row{'' if many == 1 else 's'}"
        notes.append(f"{rows} of {column!r} without a point, but {' and '.join(kinds)}: left out.")
    return tuple(notes)


def candidates(schema: pa.Schema) -> list[str]:
    """Return the columns whose first values tell whether they are points: of bytes, structs, and lists of one size."""
    types = pa.types
    kinds = (types.is_binary, types.is_large_binary, types.is_binary_view, types.is_struct, types.is_fixed_size_list)
    storage = {field.name: _storage(field.type) for field in schema}
    return [name for name, kind in storage.items() if any(holds(kind) for holds in kinds)]


def _storage(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _plain_field(field: pa.Field) -> pa.Field:
    if extension(field) == "arrow.json":
        # JSON is text to Arrow where the extension is not known to the reader; it is no category.
        return pa.field(field.name, pa.json_())
    return pa.field(field.name, plain_type(field.type))


def _pairs(offered: Sequence[tuple[pa.Field, str]], points: Mapping[str, Geometry]) -> list[tuple[str, str]]:
    return [(field.name, raw) for field, raw in offered if raw in points]
