"""A program that reads a file nobody vouches for, and writes what it holds anew as a plain Parquet file.

It runs alone, in a process that the system holds to its limits: what breaks a reader, or fills memory, ends this
process and no other. The server never parses the bytes that a user sent, only those that this wrote: numbers, times,
truth values and short texts, in small pages, under names without surprises.

Run by `inspection`, as ``python -m app.datasets.intake FILE OUT LIMITS``; prints one line of JSON.
"""

import errno
import json
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as paipc
import pyarrow.parquet as pq

from app.datasets.suspects import check_content, check_text
from app.pipeline.arrow import ArrowSource
from app.pipeline.errors import DamagedError, DataError, StageboardError
from app.pipeline.files import ARROW, PARQUET, Part, ReadAgainError, reading
from app.pipeline.outline import Outline, candidates
from app.pipeline.parquet import PEEKED, logical_geometry
from app.pipeline.text import TextSource

BATCH_ROWS = 8_192
GROUP_BYTES = 32_000_000
PAGE_BYTES = 256 * 1024
MOST_NAME = 200
TEXT_LENGTH = 200
FOOTER_BYTES = 16_000_000
SMALL_BYTES = 64_000_000
"""What any file may unpack to, however small it is."""
EXPANSION = 50
"""How many times its size a larger file may unpack to."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may hold, and what looking at it may take.

    Parameters
    ----------
    columns, rows : int
    unpacked : int
        Bytes of all values in memory.
    memory : int
        Bytes of addresses of the process.
    seconds : int
        Of processor time.
    written : int
        Bytes of the file that is made.
    """

    columns: int = 1_000
    rows: int = 2**31
    unpacked: int = 2 * 2**30
    memory: int = 2**30
    seconds: int = 120
    written: int = 2 * 2**30

    def most(self, path: Path) -> int:
        """Return how many bytes a file may unpack to, given its size."""
        return min(self.unpacked, max(SMALL_BYTES, EXPANSION * path.stat().st_size))


def obey(limits: Limits) -> None:
    """Have the system hold this process to its limits, for good."""
    for what, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_FSIZE, limits.written),
        (resource.RLIMIT_CORE, 0),
    ):
        # Where the system allows less already, less it is.
        with suppress(ValueError):
            resource.setrlimit(what, (most, most))
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def rewrite(path: Path, out: Path, limits: Limits) -> dict[str, Any]:
    """Write what a file holds anew.

    Parameters
    ----------
    path : Path
        Its extension says what it claims to be.
    out : Path
        The Parquet file to make.
    limits : Limits

    Returns
    -------
    dict
        ``rows``, ``columns``, ``unpacked`` bytes, and the names of columns ``left`` out.

    Raises
    ------
    DataError
        For a file that is not what it claims, or holds more than is allowed; one sentence.
    """
    check_content(path)
    most = limits.most(path)
    name = path.name.lower()
    if name.endswith(PARQUET):
        return _parquet(path, out, limits, most)
    if name.endswith(ARROW):
        return _arrow(path, out, limits, most)
    check_text(path, most)
    source = TextSource(path)
    while True:
        try:
            return _written(source.schema, (part.batch for part in source.scan(source.schema.names)), out, limits, most)
        except ReadAgainError:
            continue


def _parquet(path: Path, out: Path, limits: Limits, most: int) -> dict[str, Any]:
    with path.open("rb") as stream:
        stream.seek(-8, 2)
        footer = int.from_bytes(stream.read(4), "little")
    if footer > min(FOOTER_BYTES, path.stat().st_size):
        raise DataError(f"the Parquet footer claims {footer:,} bytes: the file is damaged.")
    options: dict[str, Any] = {"pre_buffer": False, "buffer_size": PAGE_BYTES, "coerce_int96_timestamp_unit": "us"}
    with reading(path, "Parquet"), pq.ParquetFile(path, **options) as file:
        said = file.metadata
        _check_columns(said.num_columns, limits)
        _check_rows(said.num_rows, limits)
        groups = [said.row_group(at) for at in range(said.num_row_groups)]
        sizes = [each.column(at).total_uncompressed_size for each in groups for at in range(each.num_columns)]
        if min(sizes, default=0) < 0 or sum(sizes) > most:
            raise _too_much(most)
        _names(file.schema_arrow)
        return _readable(_Parquet(path, file), out, limits, most)


class _Parquet:
    """An opened Parquet file, read by one thread: where memory is short, others could not begin, and all would wait."""

    def __init__(self, path: Path, file: pq.ParquetFile) -> None:
        self._path, self._file = path, file
        names = candidates(file.schema_arrow)
        first = next(file.iter_batches(PEEKED, columns=names, use_threads=False), None) if names else None
        heads = {name: first.column(name) for name in names} if first is not None else {}
        self._outline = Outline(file.schema_arrow, logical_geometry(file.metadata), heads)
        self.schema = self._outline.schema

    def scan(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the columns batch by batch."""
        row = 0
        for batch in self._file.iter_batches(BATCH_ROWS, columns=self._outline.raw(columns), use_threads=False):
            arrays = self._outline.read(batch, columns, self._path, row)
            row += len(batch)
            schema = pa.schema([self.schema.field(name) for name in columns])
            yield Part(pa.RecordBatch.from_arrays(arrays, schema=schema), 0.0)


def _arrow(path: Path, out: Path, limits: Limits, most: int) -> dict[str, Any]:
    with reading(path, "Arrow IPC"), pa.memory_map(str(path)) as stream:
        schema = (paipc.open_file if stream.read(4) == b"ARRO" else _open_stream)(stream).schema
        _check_columns(len(schema), limits)
        _names(schema)
    return _readable(ArrowSource(path, checked=True), out, limits, most)


def _open_stream(stream: Any) -> Any:
    stream.seek(0)
    return paipc.open_stream(stream)


def _readable(source: _Parquet | ArrowSource, out: Path, limits: Limits, most: int) -> dict[str, Any]:
    """Write what can be read: a column that cannot be, though its file is sound otherwise, is left out."""
    names = _names(source.schema)
    try:
        # Without a name to keep, its rows are looked for all the same, to say what is missing.
        return _written(source.schema, _batches(source, names or source.schema.names[:1]), out, limits, most)
    except DamagedError:
        raise
    except (DataError, pa.ArrowException):
        sound = [name for name in names if _sound(source, name)]
        if not sound or sound == names:
            raise
    schema = pa.schema([source.schema.field(name) for name in sound])
    said = _written(schema, _batches(source, sound), out, limits, most)
    left = [name for name in source.schema.names if name not in sound]
    return said | {"left": left[:20]}


def _sound(source: _Parquet | ArrowSource, name: str) -> bool:
    kept = pa.schema([pa.field(name, _plain(source.schema.field(name).type))])
    try:
        return all(_cleaned(batch, kept) is not None for batch in _batches(source, [name]))
    except (DataError, pa.ArrowException):
        return False


def _batches(source: _Parquet | ArrowSource, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for batch, _ in source.scan(names):
        for start in range(0, len(batch), BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)


def _written(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], out: Path, limits: Limits, most: int
) -> dict[str, Any]:
    _check_columns(len(schema), limits)
    names = _names(schema)
    if not names:
        missing = "column of numbers, times or text" if any(len(one) for one in batches) else "rows"
        raise DataError(f"the file has no {missing}: nothing can be drawn.")
    kept = pa.schema([pa.field(name, _plain(schema.field(name).type)) for name in names])
    rows = unpacked = 0
    writing: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "data_page_size": PAGE_BYTES}
    with pq.ParquetWriter(out, kept, **writing) as writer:
        held: list[pa.RecordBatch] = []
        for batch in batches:
            rows, unpacked = rows + len(batch), unpacked + batch.nbytes
            _check_rows(rows, limits)
            if unpacked > most:
                raise _too_much(most)
            held.append(_cleaned(batch, kept))
            if sum(one.nbytes for one in held) > GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(held), row_group_size=rows)
                held = []
        if held:
            writer.write_table(pa.Table.from_batches(held), row_group_size=rows)
    if not rows:
        raise DataError("the file has no rows: nothing can be drawn.")
    left = [name for name in schema.names if name not in names]
    return {"rows": rows, "columns": len(names), "unpacked": unpacked, "left": left[:20]}


def _cleaned(batch: pa.RecordBatch, kept: pa.Schema) -> pa.RecordBatch:
    arrays = []
    for field in kept:
        array = batch.column(batch.schema.get_field_index(field.name))
        array = array.storage if isinstance(array, pa.ExtensionArray) else array
        if pa.types.is_dictionary(array.type):
            short = pa.DictionaryArray.from_arrays(array.indices, _short(array.dictionary))
            array = short.dictionary_decode()
        arrays.append(_short(array).cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=kept)


def _short(array: pa.Array) -> pa.Array:
    """Cut texts: what a category is called ends there in any case."""
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return pc.utf8_slice_codeunits(array, 0, TEXT_LENGTH)
    return array


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type that a column is written as; null for what is neither numbers, times nor text."""
    types = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(kind.storage_type)
    if types.is_dictionary(kind):
        return _plain(kind.value_type)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pa.string()
    if types.is_float16(kind):
        return pa.float32()
    simple = (types.is_boolean, types.is_integer, types.is_floating, types.is_decimal, types.is_duration)
    whens = (types.is_timestamp, types.is_date, types.is_time)
    return kind if any(holds(kind) for holds in (*simple, *whens)) else pa.null()


def _names(schema: pa.Schema) -> list[str]:
    """Return the columns that are kept, or raise for names that nobody can work with."""
    names: Sequence[str] = schema.names
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise DataError(f"more than one column is named {twice[:MOST_NAME]!r}: rename all but one.")
    for name in names:
        if len(name) > MOST_NAME or not name.isprintable():
            raise DataError(f"a column is named {name[:60]!r}: use at most {MOST_NAME} letters, digits and signs.")
    return [field.name for field in schema if not pa.types.is_null(_plain(field.type))]


def _check_columns(count: int, limits: Limits) -> None:
    if count > limits.columns:
        raise DataError(f"the file has {count:,} columns: at most {limits.columns:,} are allowed.")


def _check_rows(count: int, limits: Limits) -> None:
    if not 0 <= count <= limits.rows:
        raise DataError(f"the file has {count:,} rows: at most {limits.rows:,} are allowed.")


def _too_much(most: int) -> DataError:
    return DataError(f"the file unpacks to more than {most:,} bytes: that is more than is allowed for its size.")


def main(words: Sequence[str]) -> None:
    """Rewrite one file, and print what it holds, or why it is refused."""
    path, out, given = words
    limits = Limits(**json.loads(given))
    obey(limits)
    try:
        said = rewrite(Path(path), Path(out), limits)
    except (StageboardError, MemoryError, OSError, pa.ArrowException) as error:
        said = {"error": _sentence(error, limits)}
    print(json.dumps(said))  # noqa: T201 - this is what the parent reads


def _sentence(error: Exception, limits: Limits) -> str:
    cause = error.__cause__ or error
    if isinstance(cause, MemoryError):
        return f"looking at the file takes more than {limits.memory:,} bytes of memory: send it in smaller batches."
    if isinstance(cause, OSError) and cause.errno == errno.EFBIG:
        return f"what the file holds takes more than the {limits.written:,} bytes that are left: delete an upload."
    return str(error) if isinstance(error, StageboardError) else f"the file cannot be read: {cause}."


if __name__ == "__main__":
    main(sys.argv[1:])
