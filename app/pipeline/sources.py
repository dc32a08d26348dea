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
from typing import TypeVar

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
import pyarrow.fs as pafs
import pyarrow.ipc as paipc

from app.pipeline.errors import DataError
from app.pipeline.files import ARROW, PARQUET, TEXT, Part, ReadAgainError, Source, ends, missing, parquet_files, reading

BATCH_ROWS = 131_072
CSV_BLOCK = 4 * 2**20
SAMPLE_PARTS = 8
Item = TypeVar("Item")


class ParquetSource:
    """A Parquet file, or a folder of them, hive-partitioned or not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        folder = path if path.is_dir() else path.parent
        files = parquet_files(path)
        for file in files:
            _check_parquet(file)
        names = [file.relative_to(folder).as_posix() for file in files]
        with reading(path, "Parquet"):
            self._dataset = pads.dataset(
                names,
                format="parquet",
                filesystem=pafs.SubTreeFileSystem(str(folder), pafs.LocalFileSystem()),
                partitioning=pads.partitioning(flavor="hive") if path.is_dir() else None,
            )
            self.schema: pa.Schema = self._dataset.schema
            self.rows: int | None = self._dataset.count_rows()
        # Row groups are decoded page by page: buffering whole ones would make memory depend on how a file was written.
        self._options = pads.ParquetFragmentScanOptions(use_buffered_stream=True, pre_buffer=False)

    def scan(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the columns batch by batch, in the order of the rows; files in natural order of their names."""
        read = 0
        with reading(self.path, "Parquet"):
            for batch in self._dataset.to_batches(
                columns=list(columns),
                batch_size=BATCH_ROWS,
                batch_readahead=4,
                fragment_readahead=1,
                fragment_scan_options=self._options,
            ):
                read += len(batch)
                yield Part(batch, read / max(self.rows or 0, 1))

    def sample(self, rows: int) -> pa.Table:
        """Return the first rows of up to eight row groups, evenly spaced over all files."""
        with reading(self.path, "Parquet"):
            groups = [
                fragment.subset(row_group_ids=[group.id])
                for fragment in _spaced(list(self._dataset.get_fragments()), SAMPLE_PARTS)
                for group in _spaced(fragment.row_groups, SAMPLE_PARTS)
            ]
            chosen = _spaced(groups, SAMPLE_PARTS)
            each = -(-rows // max(len(chosen), 1))
            options = {"schema": self.schema, "batch_size": each, "fragment_scan_options": self._options}
            heads = [group.scanner(**options).head(each) for group in chosen]
            return pa.concat_tables(heads) if heads else self.schema.empty_table()


class TextSource:
    """Comma, semicolon or tab separated text with a header line, perhaps compressed by gzip."""

    rows: int | None = None

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


class ArrowSource:
    """A Feather (version 2) or Arrow IPC file, or an Arrow IPC stream, read through a memory map."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path, "Arrow IPC"):
            magic = ends(path)[0]
            if magic == b"FEA1":
                raise DataError(
                    f"{str(path)!r} is a Feather file of version 1, which is no longer supported: "
                    "write it again as Parquet or Feather version 2."
                )
            self._file = magic == b"ARRO"
            self.schema: pa.Schema = self._reader(None).schema
            self.rows: int | None = sum(len(batch) for batch in self._batches(self.schema.names[:1]))

    def scan(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the columns batch by batch, in the order of the rows."""
        read = 0
        with reading(self.path, "Arrow IPC"):
            for whole in self._batches(columns):
                for start in range(0, len(whole), BATCH_ROWS):
                    batch = whole.slice(start, BATCH_ROWS)
                    read += len(batch)
                    yield Part(batch.select(list(columns)), read / max(self.rows or 0, 1))

    def sample(self, rows: int) -> pa.Table:
        """Return the first rows of up to eight batches, evenly spaced; of a stream, its first rows."""
        with reading(self.path, "Arrow IPC"):
            if not self._file:
                batches = list(islice(self._batches(self.schema.names), 1))
            else:
                reader = self._reader(None)
                batches = [reader.get_batch(at) for at in _spaced(range(reader.num_record_batches), SAMPLE_PARTS)]
            each = -(-rows // max(len(batches), 1))
            return pa.Table.from_batches([batch.slice(0, each) for batch in batches], schema=self.schema)

    def _reader(self, columns: Sequence[str] | None) -> pa.RecordBatchReader:
        wanted = None if columns is None else [self.schema.get_field_index(name) for name in columns]
        options = paipc.IpcReadOptions(included_fields=wanted)
        source = pa.memory_map(str(self.path))
        return (paipc.open_file if self._file else paipc.open_stream)(source, options=options)

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        reader = self._reader(columns)
        if self._file:
            return (reader.get_batch(at) for at in range(reader.num_record_batches))
        return iter(reader)


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


def _check_parquet(file: Path) -> None:
    with reading(file, "Parquet"):
        first, last = ends(file)
    if first != b"PAR1" or last[-4:] != b"PAR1":
        state = "empty" if not first else "cut short" if first == b"PAR1" else "in another format"
        raise DataError(f"{str(file)!r} is not a whole Parquet file; it is {state}: copy or write it again.")


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


def _spaced(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most that many items, evenly spaced, the first among them."""
    count = min(len(items), most)
    return [items[at * len(items) // count] for at in range(count)]
