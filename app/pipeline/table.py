"""A file's columns as memory-mapped ``.npy`` arrays, written once and shared by every process.

This module owns where columns are kept and when they are read. Formats are `files`, conversions are `columns`; what a
coordinate means is decided above. A folder that cannot be written, or is full, costs memory and a note, never an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from app.pipeline.columns import Nature, Values, nature
from app.pipeline.errors import DataError, ParameterError, unknown
from app.pipeline.files import fingerprint, parquet_files
from app.pipeline.reader import Form, Progress, Reader, Stored, Wanted, load
from app.pipeline.sources import open_source
from app.pipeline.types import Axis, Field

__all__ = ["ColumnInfo", "Progress", "Table", "TableInfo", "describe", "fingerprint", "open_table"]

Request: TypeAlias = Axis | Field | str


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

    def __init__(self, mark: str, stored: Mapping[Wanted, Stored], notes: Sequence[str] = ()) -> None:
        self.fingerprint = mark
        self.rows = next(len(one.array) for one in stored.values() if not one.left)
        self.skipped = max(one.skipped for one in stored.values())
        self.notes = (*dict.fromkeys(note for one in stored.values() for note in one.notes), *notes)
        self._stored = dict(stored)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that are held as numbers or times."""
        return frozenset(
            one.column for one, stored in self._stored.items() if one.form == "numbers" and not stored.left
        )

    def holds(self, field: Field) -> bool:
        """Whether a field's column was asked for, and could be read."""
        stored = self._stored.get(_wanted(field))
        return stored is not None and not stored.left

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
            as float64 milliseconds since 1970 UTC, NaN for null; what is asked for as a track as uint64 marks.
        """
        return self._find(name, "numbers", "marks").array

    def codes(self, name: str | Field) -> Values:
        """Return a category column, uint8 or uint16 shape (rows,), read-only: places in `categories`."""
        return self._find(name, "codes").array

    def categories(self, name: str | Field) -> tuple[str, ...]:
        """Return what the codes mean: the field's own categories first, ``other`` and ``missing`` where they occur."""
        return self._find(name, "codes").categories

    def _find(self, name: str | Field, *forms: Form) -> Stored:
        if isinstance(name, Field):
            return _there(self._stored[_wanted(name)])
        for wanted, stored in self._stored.items():
            if wanted.column == name and wanted.form in forms:
                return _there(stored)
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
        If the file cannot be read, has no rows or lacks a column, or an axis or a track cannot be read, in one
        sentence.

    Notes
    -----
    A field that cannot be read is left out with a note, and takes nothing else with it; where nothing but such fields
    is asked for, that is an error.

    Memory stays bounded: batches are read, converted and appended. Rows are read twice where the categories of a
    column are not declared. Any number of processes may do this at once; the last to finish wins, with equal bytes.
    """
    asked = list(_requests(columns))
    wanted = list(dict.fromkeys(one for one, _ in asked))
    needed = {one for one, needs in asked if needs}
    if not wanted:
        raise ParameterError("a table needs at least one column: name some.")
    mark = fingerprint(path)
    home = folder / mark if folder else None
    stored = {one: found for one in wanted if home and (found := load(home, one))}
    missing = [one for one in wanted if one not in stored]
    note = ""
    if missing:
        made, note = _made(Reader(open_source(path), missing, needed, progress or _silent), home)
        stored |= made
        if fingerprint(path) != mark:
            raise DataError(f"{str(path)!r} changed while it was being read: try again.")
    if all(one.left for one in stored.values()):
        raise DataError(next(iter(stored.values())).left)
    return Table(mark, {one: stored[one] for one in wanted}, [note] if note else [])


def _made(read: "Reader", home: Path | None) -> tuple[dict[Wanted, Stored], str]:
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


def _requests(columns: Sequence[Request]) -> Iterator[tuple[Wanted, bool]]:
    """Yield what is to be stored for each request, and whether nothing can be drawn without."""
    for one in columns:
        yield _wanted(one), not isinstance(one, Field)
        if isinstance(one, Axis) and one.end:
            yield Wanted(one.end, "numbers"), True


def _there(stored: Stored) -> Stored:
    if stored.left:
        raise DataError(stored.left)
    return stored


def _wanted(one: Request) -> Wanted:
    if isinstance(one, str):
        return Wanted(one, "marks")
    if isinstance(one, Field) and one.kind == "category":
        return Wanted(one.column, "codes", one.categories)
    return Wanted(one.column, "numbers")


def _silent(fraction: float, message: str) -> None:
    """Report to nobody."""
