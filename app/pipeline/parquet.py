"""Parquet: a file, or a folder of files that need not agree on their columns and types.

This module owns how the files of a folder become one table. It refuses to hold a file in memory: batches of bounded
size, in the order of the rows.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from json import loads
from pathlib import Path
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from app.pipeline.errors import DataError
from app.pipeline.files import Part, ends, reading
from app.pipeline.folders import Contents, list_folder, listed
from app.pipeline.outline import Outline, candidates, converted, tally_notes
from app.pipeline.plain import common_type, nature, widened

BATCH_ROWS = 131_072
SAMPLE_PARTS = 8
PEEKED = 100
"""First rows of columns that may be points that are looked at."""
OPENERS = 4
Item = TypeVar("Item")
# Row groups are decoded page by page: buffering whole ones would make memory depend on how a file was written.
_OPTIONS: Final = pads.ParquetFragmentScanOptions(use_buffered_stream=True, pre_buffer=False)
# Old writers' times of 96 bits reach further than nanoseconds in 64 do: those before 1677 would wrap into our days.
_FORMAT: Final = pads.ParquetFileFormat(read_options=pads.ParquetReadOptions(coerce_int96_timestamp_unit="us"))


@dataclass(frozen=True)
class _Member:
    """A file of a folder, or the one file."""

    path: Path
    fragment: pads.ParquetFileFragment
    keys: Mapping[str, str | None]
    outline: Outline

    @property
    def rows(self) -> int:
        return int(self.fragment.metadata.num_rows)

    def read(
        self, fragment: pads.ParquetFileFragment, names: Sequence[str], size: int, ahead: int = 4
    ) -> Iterator[pa.RecordBatch]:
        """Yield the file's own batches with what the columns offered are read from."""
        with reading(self.path, "Parquet"):
            yield from fragment.to_batches(
                schema=fragment.physical_schema,
                columns=self.outline.raw(names),
                batch_size=size,
                batch_readahead=ahead,
                fragment_readahead=1,
                fragment_scan_options=_OPTIONS,
            )


class ParquetSource:
    """A Parquet file, or a folder of them: hive-partitioned, a Delta table, or plain.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DataError
        If there is no file that can be read.

    Notes
    -----
    A folder has the columns of all its files, each of the type that holds all its values; rows of files without a
    column have none. Partitions are columns; where the files hold them as well, the files' values count.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path, "Parquet"):
            contents = list_folder(path)
        self._members, lost = _opened(path, contents)
        types, notes = _unified(self._members, contents.types)
        self._key_types = contents.types
        self.schema = pa.schema(types.values())
        self.rows: int | None = sum(one.rows for one in self._members)
        said = dict.fromkeys(note for one in self._members for note in one.outline.notes)
        self._opening = (*said, *contents.notes, *lost, *notes)
        self.notes: tuple[str, ...] = self._opening
        self.skipped = 0

    def scan(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the columns batch by batch, in the order of the rows; files in natural order of their names."""
        read, tally = 0, Counter[tuple[str, str]]()
        schema = pa.schema([self.schema.field(name) for name in columns])
        for member in self._members:
            own, row = [name for name in columns if name in member.outline.schema.names], 0
            for batch in member.read(member.fragment, own, BATCH_ROWS):
                arrays = dict(zip(own, member.outline.read(batch, own, member.path, row, tally), strict=True))
                row += len(batch)
                read += len(batch)
                whole = [self._column(member, name, arrays.get(name), len(batch), row) for name in columns]
                yield Part(pa.RecordBatch.from_arrays(whole, schema=schema), read / max(self.rows or 0, 1))
        self.notes = (*self._opening, *tally_notes(tally))

    def sample(self, rows: int) -> pa.Table:
        """Return the first rows of up to eight row groups, evenly spaced over all files; what fails in it is null."""
        groups = [
            (member, member.fragment.subset(row_group_ids=[group.id]))
            for member in spaced(self._members, SAMPLE_PARTS)
            for group in spaced(member.fragment.row_groups, SAMPLE_PARTS)
            if group.num_rows
        ]
        chosen = spaced(groups, SAMPLE_PARTS)
        each = -(-rows // max(len(chosen), 1))
        heads = [self._head(member, group, each) for member, group in chosen]
        return pa.concat_tables([self.schema.empty_table(), *heads])

    def _head(self, member: _Member, group: pads.ParquetFileFragment, rows: int) -> pa.Table:
        """Return the first rows of a row group."""
        # What is nested or binary has no use but its type, and may be large.
        own = [field.name for field in member.outline.schema if nature(field.type) != "other"]
        try:
            found = self._first(member, group, own, rows)
        except DataError:
            found = {}
            for name in own:
                try:
                    found |= self._first(member, group, [name], rows)
                except DataError:
                    continue
        count = min(rows, group.metadata.num_rows if len(group.row_groups) != 1 else group.row_groups[0].num_rows)
        whole = [self._column(member, name, found.get(name), count, 0) for name in self.schema.names]
        return pa.Table.from_arrays(whole, schema=self.schema)

    def _first(
        self, member: _Member, group: pads.ParquetFileFragment, names: Sequence[str], rows: int
    ) -> dict[str, pa.Array]:
        batch = next(member.read(group, names, rows, 0))
        return dict(zip(names, member.outline.read(batch, names, member.path, 0), strict=True))

    def _column(self, member: _Member, name: str, array: pa.Array | None, count: int, row: int) -> pa.Array:
        """Return a column as the whole folder has it: the file's own, that of its place, or nothing."""
        wanted = self.schema.field(name).type
        if array is not None:
            return converted(array, partial(widened, wanted=wanted), name, member.path, row - count)
        value = member.keys.get(name)
        if value is None:
            return pa.nulls(count, wanted)
        own = pa.scalar(value).cast(self._key_types[name])
        return widened(pa.repeat(own, count), wanted)


def _opened(path: Path, contents: Contents) -> tuple[list[_Member], list[str]]:
    """Open the files that can be read; of a folder's others, say which and why. A file alone must be readable."""
    if len(contents.files) == 1:
        found = [_fragment(contents.files[0])]
    else:
        with ThreadPoolExecutor(OPENERS) as pool:
            found = list(pool.map(_fragment, contents.files))
    members: list[_Member] = []
    lost: dict[str, DataError] = {}
    heads: dict[str, pa.Array] = {}
    for file, keys, fragment in zip(contents.files, contents.keys, found, strict=True):
        try:
            if isinstance(fragment, DataError):
                raise fragment
            members.append(_Member(file, fragment, keys, _outline(file, fragment, heads)))
        except DataError as error:
            lost[file.relative_to(path).as_posix() if file != path else file.name] = error
    if not members:
        raise next(iter(lost.values()))
    if not lost:
        return members, []
    reason = str(next(iter(lost.values())))
    return members, [f"Left out, as they cannot be read: {listed(list(lost))}. The first: {reason}"]


def _fragment(file: Path) -> pads.ParquetFileFragment | DataError:
    try:
        with reading(file, "Parquet"):
            first, last = ends(file)
            if first != b"PAR1" or last[-4:] != b"PAR1" or len(last) < 8:
                state = "empty" if not first else "cut short" if first == b"PAR1" else "in another format"
                raise DataError(f"{str(file)!r} is not a whole Parquet file; it is {state}: copy or write it again.")
            system = pafs.SubTreeFileSystem(str(file.parent), pafs.LocalFileSystem())
            fragment = _FORMAT.make_fragment(file.name, system)
            fragment.ensure_complete_metadata()
            return fragment
    except DataError as error:
        return error


def _outline(file: Path, fragment: pads.ParquetFileFragment, heads: dict[str, pa.Array]) -> Outline:
    """Return what a file offers; the first values of what may be points are those of the first file that has them."""
    schema = fragment.physical_schema
    names = schema.names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"{str(file)!r} has more than one column named {twice[0]!r}: rename all but one.")
    unseen = [name for name in candidates(schema) if name not in heads]
    if unseen and fragment.metadata.num_rows:
        with reading(file, "Parquet"):
            table = fragment.head(PEEKED, columns=unseen, batch_size=PEEKED, fragment_scan_options=_OPTIONS)
        heads |= {name: _joined(table.column(name)) for name in unseen}
    return Outline(schema, logical_geometry(fragment.metadata), heads)


def _joined(column: pa.ChunkedArray) -> pa.Array:
    kind = column.type
    column = column.cast(kind.storage_type) if isinstance(kind, pa.BaseExtensionType) else column
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def logical_geometry(metadata: pq.FileMetaData) -> dict[str, str]:
    """Return the columns of Parquet's own types for geometry, and their systems as written; empty for the default."""
    schema = metadata.schema
    found = {}
    for at in range(len(schema)):
        column: Any = schema.column(at)
        if column.logical_type.type in ("GEOMETRY", "GEOGRAPHY"):
            said = loads(column.logical_type.to_json()).get("crs", "")
            found[column.path] = _system(said, metadata.metadata or {})
    return found


def _system(said: str, metadata: Mapping[bytes, bytes]) -> str:
    """Return a system as its text: Parquet may name the key of the file's metadata that holds it, or an identifier."""
    scheme, _, rest = said.partition(":")
    if scheme == "projjson":
        return metadata.get(rest.encode(), rest.encode()).decode(errors="replace")
    return f"EPSG:{rest}" if scheme == "srid" else said


def _unified(members: Sequence[_Member], keys: Mapping[str, pa.DataType]) -> tuple[dict[str, pa.Field], list[str]]:
    """Return the columns of all files, each of the type that holds all its values, and what there is to say of them."""
    fields: dict[str, pa.Field] = {}
    seen: Counter[str] = Counter()
    mixed: dict[str, str] = {}
    for member in members:
        for field in member.outline.schema:
            seen[field.name] += 1
            before = fields.setdefault(field.name, field)
            kind = common_type(before.type, field.type)
            if {nature(before.type), nature(field.type)} - {nature(kind)} and not _empty(before, field):
                mixed.setdefault(field.name, f"{before.type} in some files, {field.type} in {member.path.name!r}")
            fields[field.name] = before.with_type(kind)
    for name, kind in keys.items():
        # A file that lacks a key which others hold has it from its place: the types must agree there, too.
        if name not in fields:
            fields[name] = pa.field(name, kind)
        elif seen[name] < len(members):
            fields[name] = fields[name].with_type(common_type(fields[name].type, kind))
    notes = [f"{name!r} is {how}: taken as {_said(fields[name].type)}." for name, how in mixed.items()]
    some = [name for name, count in seen.items() if count < len(members) and name not in keys]
    if some:
        each = "; ".join(f"{name!r} ({seen[name]:,} of {len(members):,} files)" for name in some[:5])
        more = f"; and {len(some) - 5:,} more" if len(some) > 5 else ""
        notes.append(f"Columns that only some files have, and the rows of the others lack: {each}{more}.")
    return fields, notes


def _empty(*fields: pa.Field) -> bool:
    return any(pa.types.is_null(field.type) for field in fields)


def _said(kind: pa.DataType) -> str:
    return "text" if nature(kind) == "text" else str(kind)


def spaced(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most that many items, evenly spaced, the first among them."""
    count = min(len(items), most)
    return [items[at * len(items) // count] for at in range(count)]
