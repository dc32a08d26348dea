"""Readers: Parquet (file or folder), CSV, Feather and Arrow IPC as streams of Arrow batches.

This module owns formats. It refuses to hold a file in memory: every reader yields batches of bounded size, in the
order of the rows. What readers throw becomes one plain sentence, by `files.reading`.
"""

import csv
import gzip
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from app.pipeline.arrow import ArrowSource
from app.pipeline.errors import DataError
from app.pipeline.files import ARROW, PARQUET, TEXT, Part, ReadAgainError, Source, missing, reading
from app.pipeline.parquet import ParquetSource

CSV_BLOCK = 4 * 2**20


class TextSource:
    """Comma, semicolon or tab separated text with a header line, perhaps compressed by gzip."""

    rows: int | None = None
    notes: tuple[str, ...] = ()
    skipped = 0

    def __init__(self, path: Path) -> None:
        self.path = path
        names, self._delimiter = _header(path)
        self._types: dict[str, pa.DataType] = {}
        with self._open(names) as reader:
            self.schema: pa.Schema = reader.schema

    def scan(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the columns batch by batch; raise `ReadAgainError` where a guessed type proved too narrow."""
        size = max(self.path.stat().st_size, 1)
        with self._open(columns) as reader:
            for batch in reader:
                at = reader.file.size() if reader.file.closed else reader.file.tell()
                yield Part(batch, min(at / size, 1.0))

    def sample(self, rows: int) -> pa.Table:
        """Return the first rows."""
        with self._open(self.schema.names) as reader:
            batches = list(islice(reader, 1))
        return pa.Table.from_batches(batches, schema=self.schema).slice(0, rows)

    @contextmanager
    def _open(self, columns: Sequence[str]) -> Iterator["_TextReader"]:
        with reading(self.path, "CSV"):
            try:
                yield _TextReader(self.path, self._delimiter, columns, self._types)
            except pa.ArrowInvalid as error:
                self._explain(str(error))
                raise

    def _explain(self, message: str) -> None:
        if ragged := re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)(?:: (.*))?", message):
            line, wanted, got, text = ragged.groups()
            where = f" line {line}" if line else ""
            shown = f" ({text[:60]!r})" if text else ""
            raise DataError(
                f"{str(self.path)!r}{where} has {got} values{shown} where the header names {wanted} columns: "
                "correct the file."
            )
        if narrow := re.search(r"In CSV column #(\d+):.*conversion error to ", message):
            self._widen(self.schema.names[int(narrow[1])])

    def _widen(self, name: str) -> None:
        """Widen the type that was guessed for a column, once per kind of surprise, and ask for another pass."""
        at = self.schema.get_field_index(name)
        wider = _wider(self.schema.field(at).type)
        if wider is None:
            raise DataError(f"{str(self.path)!r}: column {name!r} is not text in UTF-8; save the file as UTF-8.")
        self._types[name] = wider
        self.schema = self.schema.set(at, pa.field(name, wider))
        raise ReadAgainError(name)


class _TextReader:
    """A streaming CSV reader, and the file below it, whose position tells the progress."""

    def __init__(self, path: Path, delimiter: str, columns: Sequence[str], types: dict[str, pa.DataType]) -> None:
        self.file = pa.OSFile(str(path))
        stream = pa.CompressedInputStream(self.file, "gzip") if path.suffix == ".gz" else self.file
        self._reader = pacsv.open_csv(
            stream,
            # Without threads the parser knows the line number of what it complains about.
            read_options=pacsv.ReadOptions(use_threads=False, block_size=CSV_BLOCK),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(include_columns=list(columns), column_types=types),
        )
        self.schema = self._reader.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return iter(self._reader)


def open_source(path: Path) -> Source:
    """Open a file by its extension, or a folder of Parquet files.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Source

    Raises
    ------
    DataMissingError
        If nothing is there.
    DataError
        If the format is not supported, or the file is not what its extension says.
    """
    if not os.path.lexists(path):
        raise missing(path)
    name = path.name.lower()
    if path.is_dir() or name.endswith(PARQUET):
        source: Source = ParquetSource(path)
    elif name.endswith(TEXT):
        source = TextSource(path)
    elif name.endswith(ARROW):
        source = ArrowSource(path)
    else:
        known = ", ".join((*PARQUET, *TEXT, *ARROW))
        raise DataError(f"{str(path)!r} has no known extension: use one of {known}, or a folder of Parquet files.")
    _check_names(path, source.schema.names)
    return source


def _check_names(path: Path, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{str(path)!r} has more than one column named {twice[0]!r}: rename all but one.")
    if not names:
        raise DataError(f"{str(path)!r} has no columns.")


def _header(path: Path) -> tuple[list[str], str]:
    with reading(path, "CSV"), gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
        line = stream.readline(2**20).decode("utf-8-sig", "replace").rstrip("\r\n")
    if not line:
        raise DataError(f"{str(path)!r} has no rows: its first line is empty.")
    delimiter = "\t" if ".tsv" in path.name.lower() else max(",;\t|", key=line.count)
    names = next(csv.reader([line], delimiter=delimiter))
    if all(re.fullmatch(r"\s*[-+]?[\d.]+(e[-+]?\d+)?\s*", name, re.IGNORECASE) for name in names):
        raise DataError(f"{str(path)!r} has no header: its first line must name the columns, but it is {line[:60]!r}.")
    _check_names(path, names)
    return names, delimiter


def _wider(narrow: pa.DataType) -> pa.DataType | None:
    if pa.types.is_integer(narrow) or pa.types.is_null(narrow):
        return pa.float64()
    if pa.types.is_date(narrow) or narrow == pa.timestamp("s"):
        return pa.timestamp("ns")
    return None if pa.types.is_string(narrow) or pa.types.is_binary(narrow) else pa.string()
