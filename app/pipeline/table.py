"""A file's columns as memory-mapped ``.npy`` arrays, written once and shared by every process.

This module owns where columns are kept and when they are read. Formats are `files`, conversions are `columns`; what a
coordinate means is decided above. A folder that cannot be written, or is full, costs memory and a note, never an error.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import pyarrow as pa

from app.pipeline.columns import Coding, Frequencies, Nature, Values, as_marks, as_numbers, nature
from app.pipeline.errors import DataError, ParameterError, unknown
from app.pipeline.files import ReadAgainError, Source, fingerprint, parquet_files
from app.pipeline.mapped import mapped
from app.pipeline.sinks import COPY_ROWS, FileSink, MemorySink, Sink
from app.pipeline.sources import open_source
from app.pipeline.types import Axis, Field

__all__ = ["ColumnInfo", "Progress", "Table", "TableInfo", "describe", "fingerprint", "open_table"]

Progress: TypeAlias = Callable[[float, str], None]
Request: TypeAlias = Axis | Field | str
Form: TypeAlias = Literal["numbers", "codes", "marks"]

LAYOUT = "2"
"""Changed when the same request would be stored otherwise."""
ABANDONED = 86_400
"""Seconds after which a temporary folder is taken for the remains of a process that died."""


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column of a file: its name, its Arrow type, and what that holds."""

    name: str
    type: str
    nature: Nature


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What a file says of itself before its rows are read; `rows` is None for CSV."""

    rows: int | None
    columns: tuple[ColumnInfo, ...]
    bytes: int


class _Wanted(NamedTuple):
    column: str
    form: Form
    categories: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The name of the files that hold it."""
        slug = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in self.column)[:40]
        return f"{slug}-{self.form}-{sha256(json.dumps([LAYOUT, *self]).encode()).hexdigest()[:12]}"


class _Stored(NamedTuple):
    array: Values
    categories: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: int = 0


class Table:
    """The requested columns of a file.

    Attributes
    ----------
    fingerprint : str
        Identifies the file in the state in which it was read.
    rows : int
    notes : tuple of str
        Plain sentences about how the file was taken, and what was left out, folded, missing, or held in memory.
    skipped : int
        Lines of the file that are no row: with `rows`, all that it holds.
    """

    def __init__(self, mark: str, stored: Mapping[_Wanted, _Stored], notes: Sequence[str] = ()) -> None:
        self.fingerprint = mark
        self.rows = len(next(iter(stored.values())).array)
        self.notes = (*dict.fromkeys(note for one in stored.values() for note in one.notes), *notes)
        self.skipped = max(one.skipped for one in stored.values())
        self._stored = dict(stored)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that are held as numbers or times."""
        return frozenset(wanted.column for wanted in self._stored if wanted.form == "numbers")

    def column(self, name: str) -> Values:
        """Return a column of numbers, times, or of marks that tell tracks apart.

        Parameters
        ----------
        name : str
            The column's name in the file.

        Returns
        -------
        ndarray, shape (rows,)
            Read-only; floats and integers as in the file, float64 where integers have nulls, booleans as uint8, times
            as float64 milliseconds since 1970 UTC, NaN for null; text asked for as a track as uint64 hashes.
        """
        return self._find(name, "numbers", "marks").array

    def codes(self, name: str | Field) -> Values:
        """Return a category column, uint8 or uint16 shape (rows,), read-only: places in `categories`."""
        return self._find(name, "codes").array

    def categories(self, name: str | Field) -> tuple[str, ...]:
        """Return what the codes mean: the field's own categories first, ``other`` and ``missing`` where they occur."""
        return self._find(name, "codes").categories

    def _find(self, name: str | Field, *forms: Form) -> _Stored:
        if isinstance(name, Field):
            return self._stored[_wanted(name)]
        for wanted, stored in self._stored.items():
            if wanted.column == name and wanted.form in forms:
                return stored
        known = (wanted.column for wanted in self._stored if wanted.form in forms)
        raise unknown("category column" if forms == ("codes",) else "column", name, known)


def describe(path: Path) -> TableInfo:
    """Tell what a file holds without reading its rows.

    Parameters
    ----------
    path : Path

    Returns
    -------
    TableInfo

    Raises
    ------
    DataMissingError
        If nothing is there.
    DataError
        If it cannot be read, in one sentence.
    """
    source = open_source(path)
    columns = tuple(ColumnInfo(field.name, str(field.type), nature(field.type)) for field in source.schema)
    return TableInfo(source.rows, columns, sum(file.stat().st_size for file in parquet_files(path)))


def open_table(path: Path, columns: Sequence[Request], folder: Path | None, progress: Progress | None = None) -> Table:
    """Read the columns that are not yet stored, and open all of them.

    Parameters
    ----------
    path : Path
        A file, or a folder of Parquet files.
    columns : sequence of Axis, Field or str
        An axis asks for numbers or times (and for its `end`), a field for what its kind says, a bare name for a column
        that tells tracks apart.
    folder : Path or None
        Where columns are kept. None: in memory.
    progress : callable, optional
        Called with a fraction from 0 to 1 and a message.

    Returns
    -------
    Table

    Raises
    ------
    DataMissingError
        If nothing is there.
    DataError
        If the file cannot be read, has no rows or lacks a column, in one sentence.

    Notes
    -----
    Memory stays bounded: batches are read, converted and appended. Rows are read twice where the categories of a
    column are not declared. Any number of processes may do this at once; the last to finish wins, with equal bytes.
    """
    wanted = list(dict.fromkeys(_requests(columns)))
    if not wanted:
        raise ParameterError("a table needs at least one column: name some.")
    mark = fingerprint(path)
    home = folder / mark if folder else None
    stored = {one: found for one in wanted if home and (found := _load(home, one))}
    missing = [one for one in wanted if one not in stored]
    note = ""
    if missing:
        made, note = _made(_Reading(open_source(path), missing, progress or _silent), home)
        stored |= made
        if fingerprint(path) != mark:
            raise DataError(f"{str(path)!r} changed while it was being read: try again.")
    return Table(mark, {one: stored[one] for one in wanted}, [note] if note else [])


def _made(read: "_Reading", home: Path | None) -> tuple[dict[_Wanted, _Stored], str]:
    """Read columns into their folder, or into memory with a note that says why."""
    if home is None:
        return read.into_memory(), "No cache folder is set: the columns are held in memory."
    try:
        return read.into_folder(home), ""
    except DataError:
        raise
    except OSError as error:
        note = f"Cache folder {str(home.parent)!r} cannot be written ({error.strerror}): columns stay in memory."
        return read.into_memory(), note


class _Reading:
    """One reading of a file's columns into sinks."""

    def __init__(self, source: Source, wanted: Sequence[_Wanted], progress: Progress) -> None:
        self._source, self._wanted, self._progress = source, wanted, progress
        for one in wanted:
            if one.column not in source.schema.names:
                raise DataError(f"{str(source.path)!r}: {unknown('column', one.column, source.schema.names)}")

    def into_memory(self) -> dict[_Wanted, _Stored]:
        """Read into arrays."""
        return self._read(lambda _: MemorySink())

    def into_folder(self, home: Path) -> dict[_Wanted, _Stored]:
        """Read into a temporary folder, and move each column to its place when all are whole."""
        home.mkdir(parents=True, exist_ok=True)
        with _temporary(home) as scratch:
            # The arrays are mapped before they move, so that they live on even if the folder is deleted meanwhile.
            stored = self._read(lambda one: FileSink(scratch / f"{one.stem}.npy"))
            for one, found in stored.items():
                facts = {"column": one.column, "rows": len(found.array), "layout": LAYOUT}
                facts |= {"categories": found.categories, "notes": found.notes, "skipped": found.skipped}
                (scratch / f"{one.stem}.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
                for suffix in (".npy", ".json"):
                    os.replace(scratch / f"{one.stem}{suffix}", home / f"{one.stem}{suffix}")
        return stored

    def _read(self, sink: Callable[[_Wanted], Sink]) -> dict[_Wanted, _Stored]:
        while True:
            try:
                return self._pass(sink)
            except ReadAgainError:
                continue

    def _pass(self, sink: Callable[[_Wanted], Sink]) -> dict[_Wanted, _Stored]:
        codings, start = self._codings()
        with ExitStack() as stack:
            sinks = {one: stack.enter_context(closing(sink(one))) for one in self._wanted}
            for batch in self._batches([one.column for one in self._wanted], start, "Reading"):
                for one, target in sinks.items():
                    target.append(_convert(one, batch.column(one.column), codings))
            stored = {one: _Stored(target.finish()) for one, target in sinks.items()}
        if not any(len(found.array) for found in stored.values()):
            raise DataError(f"{str(self._source.path)!r} has no rows: nothing can be drawn.")
        for one, coding in codings.items():
            if coding.shifts:
                stored[one] = _Stored(_shifted(sink(one), stored[one].array, coding))
            stored[one] = _Stored(stored[one].array, coding.categories, coding.notes)
        told, skipped = self._source.notes, self._source.skipped
        stored = {one: found._replace(notes=(*told, *found.notes), skipped=skipped) for one, found in stored.items()}
        self._progress(1.0, f"Read {self._source.path.name}")
        return stored

    def _codings(self) -> tuple[dict[_Wanted, Coding], float]:
        """Return how to code each category column, and the fraction of the work that finding out took."""
        codes = [one for one in self._wanted if one.form == "codes"]
        counts = {one: Frequencies() for one in codes if not one.categories}
        if counts:
            for batch in self._batches([one.column for one in counts], 0.0, "Counting values of", 0.5):
                for one, frequencies in counts.items():
                    frequencies.add(batch.column(one.column))
        found = {one: Coding(one.column, one.categories) for one in codes if one.categories}
        found |= {one: Coding(one.column, many.top(), many.note(one.column)) for one, many in counts.items()}
        return found, 0.5 if counts else 0.0

    def _batches(self, columns: list[str], start: float, doing: str, end: float = 1.0) -> Iterator[pa.RecordBatch]:
        message = f"{doing} {self._source.path.name}"
        self._progress(start, message)
        for batch, fraction in self._source.scan(list(dict.fromkeys(columns))):
            yield batch
            self._progress(start + (end - start) * min(fraction, 1.0), message)


def _convert(one: _Wanted, array: pa.Array, codings: Mapping[_Wanted, Coding]) -> Values:
    if one.form == "codes":
        return codings[one].code(array)
    return as_marks(array) if one.form == "marks" else as_numbers(array, one.column)


def _shifted(target: Sink, codes: Values, coding: Coding) -> Values:
    for start in range(0, len(codes), COPY_ROWS):
        target.append(coding.shift(codes[start : start + COPY_ROWS]))
    return target.finish()


def _requests(columns: Sequence[Request]) -> Iterator[_Wanted]:
    for one in columns:
        yield _wanted(one)
        if isinstance(one, Axis) and one.end:
            yield _Wanted(one.end, "numbers")


def _wanted(one: Request) -> _Wanted:
    if isinstance(one, str):
        return _Wanted(one, "marks")
    if isinstance(one, Field) and one.kind == "category":
        return _Wanted(one.column, "codes", one.categories)
    return _Wanted(one.column, "numbers")


def _load(home: Path, one: _Wanted) -> _Stored | None:
    """Open a stored column; None where it is not there, or damaged."""
    try:
        facts = json.loads((home / f"{one.stem}.json").read_text(encoding="utf-8"))
        array = mapped(home / f"{one.stem}.npy")
        if len(array) != facts["rows"]:
            return None
        return _Stored(array, tuple(facts["categories"]), tuple(facts["notes"]), int(facts["skipped"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def _temporary(home: Path) -> Iterator[Path]:
    for old in home.glob(".new-*"):
        if time.time() - old.stat().st_mtime > ABANDONED:
            shutil.rmtree(old, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _silent(fraction: float, message: str) -> None:
    """Report to nobody."""
