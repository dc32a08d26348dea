"""Feather (version 2) and Arrow IPC: files and streams, read through a memory map.

This module owns that format. Batches of any size become batches of bounded size, in the order of the rows.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as paipc

from app.pipeline.errors import DamagedError, DataError
from app.pipeline.files import Part, ends, reading
from app.pipeline.outline import Outline, candidates, tally_notes
from app.pipeline.parquet import BATCH_ROWS, PEEKED, SAMPLE_PARTS, spaced
from app.pipeline.plain import nature


class ArrowSource:
    """A Feather or Arrow IPC file, or an Arrow IPC stream.

    Parameters
    ----------
    path : Path
    checked : bool
        Whether every batch is validated before its values are touched: of a file that nobody vouches for, offsets may
        point out of it.

    Raises
    ------
    DataError
        If it cannot be read.
    """

    def __init__(self, path: Path, *, checked: bool = False) -> None:
        self.path, self._checked = path, checked
        with reading(path, "Arrow IPC"):
            magic = ends(path)[0]
            if magic == b"FEA1":
                raise DataError(
                    f"{str(path)!r} is a Feather file of version 1, which is no longer supported: "
                    "write it again as Parquet or Feather version 2."
                )
            self._file = magic == b"ARRO"
            self._own: pa.Schema = self._reader(None).schema
            self.rows: int | None = sum(len(batch) for batch in self._batches(self._own.names[:1]))
            self._outline = Outline(self._own, heads=self._heads())
        self.schema = self._outline.schema
        self.notes: tuple[str, ...] = self._outline.notes
        self.skipped = 0

    def scan(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the columns batch by batch, in the order of the rows."""
        read, tally = 0, Counter[tuple[str, str]]()
        schema = pa.schema([self.schema.field(name) for name in columns])
        with reading(self.path, "Arrow IPC"):
            for whole in self._batches(self._outline.raw(columns)):
                for start in range(0, len(whole), BATCH_ROWS):
                    batch = whole.slice(start, BATCH_ROWS)
                    arrays = self._outline.read(batch, columns, self.path, read, tally)
                    read += len(batch)
                    yield Part(pa.RecordBatch.from_arrays(arrays, schema=schema), read / max(self.rows or 0, 1))
        self.notes = (*self._outline.notes, *tally_notes(tally))

    def sample(self, rows: int) -> pa.Table:
        """Return the first rows of up to eight batches, evenly spaced; of a stream, its first; what fails is null."""
        names = [field.name for field in self.schema if nature(field.type) != "other"]
        try:
            found = self._sampled(names, rows)
        except DataError:
            found = {}
            for name in names:
                try:
                    found |= self._sampled([name], rows)
                except DataError:
                    continue
        count = max((len(column) for column in found.values()), default=0)
        columns = [found.get(field.name, pa.nulls(count, field.type)) for field in self.schema]
        return pa.Table.from_arrays(columns, schema=self.schema)

    def _sampled(self, names: Sequence[str], rows: int) -> dict[str, pa.ChunkedArray]:
        with reading(self.path, "Arrow IPC"):
            raw = self._outline.raw(names)
            if self._file:
                reader = self._reader(raw)
                batches = [reader.get_batch(at) for at in spaced(range(reader.num_record_batches), SAMPLE_PARTS)]
            else:
                batches = list(islice(self._batches(raw), 1))
            each = -(-rows // max(len(batches), 1))
            read = [self._outline.read(batch.slice(0, each), names, self.path, 0) for batch in batches]
        kinds = [self.schema.field(name).type for name in names]
        return {name: pa.chunked_array([one[at] for one in read], kinds[at]) for at, name in enumerate(names)}

    def _heads(self) -> dict[str, pa.Array]:
        """Return the first values of what may be points."""
        names = candidates(self._own)
        first = next(iter(self._batches(names)), None) if names else None
        if first is None:
            return {}
        heads = {name: first.column(name).slice(0, PEEKED) for name in names}
        return {name: one.storage if isinstance(one, pa.ExtensionArray) else one for name, one in heads.items()}

    def _reader(self, columns: Sequence[str] | None) -> pa.RecordBatchReader:
        wanted = None if columns is None else [self._own.get_field_index(name) for name in columns]
        options = paipc.IpcReadOptions(included_fields=wanted)
        source = pa.memory_map(str(self.path))
        return (paipc.open_file if self._file else paipc.open_stream)(source, options=options)

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        reader = self._reader(columns)
        batches = (reader.get_batch(at) for at in range(reader.num_record_batches)) if self._file else iter(reader)
        for batch in batches:
            if self._checked:
                self._check(batch)
            yield batch

    def _check(self, batch: pa.RecordBatch) -> None:
        try:
            batch.validate(full=True)
        except pa.ArrowInvalid as error:
            # Bytes that are no text harm one column; an offset or an index that points elsewhere was put there.
            if "UTF8" in str(error):
                raise
            raise DamagedError(f"{str(self.path)!r} is damaged: {error}. Write it again.") from error
