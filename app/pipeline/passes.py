"""One pass over the records of a text: blocks of lines in, batches of Arrow columns out, and what was left out.

This module owns the order of things within a pass, and its sums: rows and lines that were left out are the lines of the
file. A value that is not what its column holds is null, counted, and the first one told.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from app.pipeline.cells import Kind, convert
from app.pipeline.decoding import Block, Decoded
from app.pipeline.files import Part
from app.pipeline.kinds import wider
from app.pipeline.mending import Mended, Mender
from app.pipeline.parsing import ConversionError, Parsed, line_of, parse, shape, without_header
from app.pipeline.sniffing import Dialect

SHOWN = 40
"""Letters of a value that are shown in a note."""
_HELD = {"date": "a date", "moment": "a time", "clock": "a time", "flag": "true or false"}


@dataclass
class _Unread:
    """Values of a column that could not be read."""

    count: int
    first: str
    line: int


class _Records(NamedTuple):
    """Whole records, and the number of their first line."""

    text: bytes
    line: int


class Pass:
    """Turns blocks of lines into batches.

    Parameters
    ----------
    dialect : Dialect
    columns : sequence of int
        The places of the columns that are wanted.
    kinds : sequence of Kind
        Of all columns.

    Attributes
    ----------
    kinds : list of Kind
        As given, and wider where that was needed.
    widened : set of int
        Columns whose kind is wider now; from then on no batch comes any more.
    skipped : int
        Lines that were no row.
    """

    def __init__(self, dialect: Dialect, columns: Sequence[int], kinds: Sequence[Kind]) -> None:
        self._dialect, self._columns = dialect, list(columns)
        self.kinds = list(kinds)
        self.widened: set[int] = set()
        self.skipped = 0
        self._mender = Mender(dialect)
        self._first_skipped = 0
        self._ragged = ""
        self._unread: dict[int, _Unread] = {}
        self._texts = {at for at in self._columns if not kinds[at].plain}

    def batches(self, blocks: Iterable[Block]) -> Iterator[Part]:
        """Yield the rows of all blocks; one block is parsed while the one before is dealt with."""
        with ThreadPoolExecutor(1) as pool:
            ahead: deque[tuple[_Records, Future[Parsed], float]] = deque()
            for records, fraction in self._records(blocks):
                ahead.append((records, pool.submit(self._parsed, records.text), fraction))
                if len(ahead) > 1:
                    yield from self._batch(*ahead.popleft())
            while ahead:
                yield from self._batch(*ahead.popleft())

    def _records(self, blocks: Iterable[Block]) -> Iterator[tuple[_Records, float]]:
        """Yield whole records, without what stands before the first row, block by block."""
        rest, line, lines = b"", 1, self._dialect.lines
        for block in blocks:
            text, line = block.text, block.line
            if line <= lines:
                text, line = _after(text, lines + 1 - line), lines + 1
            if not text:
                continue
            text = text if text.endswith(b"\n") else text + b"\n"
            text = rest + self._without_header(shape(text, self._dialect), line)
            line -= rest.count(b"\n")
            mended = self._mended(text, line, last=False)
            rest = mended.rest
            yield _Records(mended.text, line), block.fraction
            line += mended.text.count(b"\n")
        if rest:
            yield _Records(self._mended(rest, line, last=True).text, line), 1.0

    def _mended(self, text: bytes, line: int, last: bool) -> Mended:
        broken = self._mender.broken
        found = self._mender.mend(text, line, last)
        if self._mender.broken > broken:
            self._skip(self._mender.broken - broken, self._mender.first_broken, ", where a quotation mark never closes")
        return found

    def notes(self, seen: Decoded) -> tuple[str, ...]:
        """Say what was left out, or read otherwise than it is written."""
        said = []
        count = self.skipped + seen.long
        if count:
            first = min(one for one in (self._first_skipped, seen.first_long) if one)
            which = "1 line is no row and is" if count == 1 else f"{count:,} lines are no rows and are"
            where = "it is" if count == 1 else "the first is"
            said.append(f"{which} left out; {where} line {first:,}{self._ragged}.")
        for at, one in sorted(self._unread.items()):
            what = f"{one.count:,} value{'' if one.count == 1 else 's'}"
            held = _HELD.get(self.kinds[at].form, "a number")
            shown = f"{one.first[:SHOWN]!r} in line {one.line:,}"
            said.append(f"In {self._dialect.names[at]!r}, {what} cannot be read as {held}: left empty; first {shown}.")
        if count := self._mender.stray:
            lines = f"{count:,} line{'' if count == 1 else 's'}"
            first = self._mender.first_stray
            said.append(f"In {lines} a quotation mark that never closes is taken as text; first line {first:,}.")
        if seen.nothing:
            said.append(f"{seen.nothing:,} NUL byte{'s are' if seen.nothing > 1 else ' is'} left out.")
        if seen.odd:
            lines = "1 line is" if seen.odd == 1 else f"{seen.odd:,} lines are"
            said.append(f"{lines} not UTF-8 and read as Windows-1252, first line {seen.first_odd:,}.")
        return tuple(said)

    def _batch(self, records: _Records, parsing: "Future[Parsed]", fraction: float) -> Iterator[Part]:
        parsed = parsing.result()
        if parsed.ragged and (again := self._as_text(records, parsed)) is not None:
            records, parsed = again, self._parsed(again.text)
        if parsed.ragged:
            earlier = self.skipped and self._first_skipped < records.line
            at = records.line if earlier else records.line + line_of(records.text, self._dialect)
            self._skip(len(parsed.ragged), at, self._miscounted(parsed))
        arrays = [self._column(at, array, records) for at, array in zip(self._columns, parsed.columns, strict=True)]
        if parsed.rows and not self.widened:
            names = [self._dialect.names[at] for at in self._columns]
            yield Part(pa.RecordBatch.from_arrays(arrays, names=names), fraction)

    def _without_header(self, text: bytes, line: int) -> bytes:
        found, count = without_header(text, self._dialect.header)
        if count:
            at = next(at for at, one in enumerate(text.split(b"\n")) if one == self._dialect.header)
            self._skip(count, line + at, ", which repeats the header")
        return found

    def _miscounted(self, parsed: Parsed) -> str:
        first = parsed.ragged[0]
        return (
            f", with {first.values:,} value{'' if first.values == 1 else 's'} ({first.text.strip()[:SHOWN]!r}) "
            f"where there are {len(self._dialect.names):,} columns"
        )

    def _skip(self, count: int, first: int, why: str) -> None:
        if not self.skipped or first < self._first_skipped:
            self._first_skipped, self._ragged = first, why
        self.skipped += count

    def _parsed(self, text: bytes) -> Parsed:
        """Parse a block as what its columns hold; from its first value of another kind on, a column as texts."""
        while True:
            types = {at: self.kinds[at].type for at in self._columns if at not in self._texts}
            try:
                return parse(text, self._dialect, self._columns, types)
            except ConversionError as error:
                self._texts.add(error.column)

    def _as_text(self, records: _Records, parsed: Parsed) -> _Records | None:
        """Take quotation marks for text in the lines that have the right number of values only then."""
        quote = self._dialect.quote
        odd = {row.text.encode() for row in parsed.ragged if quote and quote in row.text}
        odd = {line for line in odd if b"\n" not in line and self._mender.alone(line)}
        if not odd:
            return None
        lines = records.text.split(b"\n")
        for at, line in enumerate(lines):
            if line in odd:
                lines[at] = self._mender.literal(line)
        return _Records(b"\n".join(lines), records.line)

    def _column(self, at: int, array: pa.Array, records: _Records) -> pa.Array:
        """Return a column of a block as what it holds."""
        kind = self.kinds[at]
        if kind.form == "text" or not pa.types.is_string(array.type):
            return array
        values, unread = convert(array, kind)
        bad = int(pc.sum(unread).as_py() or 0)
        if not bad:
            return values
        if found := wider(kind, array.filter(unread)):
            self.kinds[at] = found
            self.widened.add(at)
        elif at in self._unread:
            self._unread[at].count += bad
        else:
            row = pc.index(unread, True).as_py()
            line = records.line + line_of(records.text, self._dialect, record=row)
            self._unread[at] = _Unread(bad, array[row].as_py(), line)
        return values


def _after(text: bytes, lines: int) -> bytes:
    """Return what comes after that many lines."""
    start = 0
    for _ in range(lines):
        start = text.find(b"\n", start) + 1
        if not start:
            return b""
    return text[start:]
