"""Readers: Parquet (file or folder), Feather and Arrow IPC as streams of Arrow batches; CSV is read by `text`.

This module owns formats. It refuses to hold a file in memory: every reader yields batches of bounded size, in the
order of the rows. What readers throw becomes one plain sentence, by `files.reading`.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.fs as pafs
import pyarrow.ipc as paipc

from app.pipeline.errors import DataError
from app.pipeline.files import (
    ARROW,
    PARQUET,
    TEXT,
    Part,
    Source,
    ends,
    missing,
    parquet_files,
    reading,
    unknown_extension,
)
from app.pipeline.text import TextSource

BATCH_ROWS = 131_072
SAMPLE_PARTS = 8
Item = TypeVar("Item")


class ParquetSource:
    """A Parquet file, or a folder of them, hive-partitioned or not."""

    notes: tuple[str, ...] = ()
    skipped = 0

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


class ArrowSource:
    """A Feather (version 2) or Arrow IPC file, or an Arrow IPC stream, read through a memory map."""

    notes: tuple[str, ...] = ()
    skipped = 0

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
        raise unknown_extension(path)
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


def _spaced(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most that many items, evenly spaced, the first among them."""
    count = min(len(items), most)
    return [items[at * len(items) // count] for at in range(count)]
