"""Comma separated values and their relatives as streams of Arrow batches, as people have such files.

This module owns the pass over the rows. Each step has its module: `unpacking`, `decoding`, `sniffing` (how the text
holds a table), `kinds` (what its columns hold), `mending` (quotes), `parsing` and `cells`. It refuses to give a file up
for a line or a value: both are left out, counted, and said.

Arrow's parser does the work, a block of lines at a time: it hands over each line that it does not take, and leaves
types, memory and order to us. Read beside it were, by their own sniffers, ten files such as are in the tests:

- DuckDB 2.0.1 takes `10,5;55,25` for three columns; with `ignore_errors`, one quotation mark that never closes leaves 1
  row of 400,000 without a word, and of a Latin-1 text nothing but its count; identifiers beyond 2**63 become 128 bits.
- polars 2.1.0 stops at the stray mark, the late word, a decimal comma, and Latin-1; where told to ignore errors it puts
  a whole tab-separated line into one column.

A file of 425 MB with 40 columns took 4.7 s of processor time and 187 MB here, all columns; DuckDB 3.5 s and 321 MB,
polars 2.0 s and 789 MB, pandas 2.8 s and 1,425 MB. Opening it (all that adding a file takes) took 0.7 s.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from app.pipeline.cells import Kind, convert
from app.pipeline.decoding import Decoded, Encoding, decode
from app.pipeline.errors import DataError
from app.pipeline.excerpts import Excerpt, excerpt
from app.pipeline.files import Part, ReadAgainError, reading
from app.pipeline.kinds import Judged, judge
from app.pipeline.mending import Mender
from app.pipeline.parsing import parse, shape, without_header
from app.pipeline.passes import Pass
from app.pipeline.sniffing import Dialect, sniff
from app.pipeline.unpacking import unpacked

__all__ = ["TextSource"]

KEPT_LOOKS = 8
"""Files of which the guess is kept, as one is opened several times in a row."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What a file is taken for after a look at pieces of it."""

    encoding: Encoding
    dialect: Dialect
    kinds: tuple[Kind, ...]
    sample: pa.Table
    notes: tuple[str, ...]
    refusal: str


class TextSource:
    """Separated text: commas, semicolons, tabs, bars or spaces, in any usual encoding, perhaps packed.

    Attributes
    ----------
    path : Path
    schema : pyarrow.Schema
        As judged by the bulk of values over a sample of the whole file.
    rows : None
        Known only once read.
    notes : tuple of str
        How the file was taken, and once a scan has ended what it left out.
    skipped : int
        Lines that were no row in the last scan that ended.

    Raises
    ------
    DataError
        If it holds no line, or its numbers can be read in two ways.

    Notes
    -----
    A pass takes time linear in the file and memory of a few blocks of 4 MiB. A second one is asked for by
    `ReadAgainError` only where late values show that whole numbers, or dates, need a wider type, for all such columns
    at once.
    """

    rows: int | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path, "CSV"):
            facts = path.stat()
            self._look = _looked(os.fspath(path), facts.st_size, facts.st_mtime_ns, facts.st_ino)
        if self._look.refusal:
            raise DataError(f"{str(path)!r}{self._look.refusal}")
        self._kinds = list(self._look.kinds)
        self.schema: pa.Schema = _schema(self._look.dialect.names, self._kinds)
        self.notes: tuple[str, ...] = self._look.notes
        self.skipped = 0

    def scan(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the columns batch by batch, in the order of the rows.

        Raises
        ------
        ReadAgainError
            Once the file has been read, if columns turned out to need a wider type; `schema` has it.
        """
        names = self._look.dialect.names
        current = Pass(self._look.dialect, [names.index(name) for name in columns], self._kinds)
        seen = Decoded()
        with reading(self.path, "CSV"), unpacked(self.path) as source:
            yield from current.batches(decode(source, self._look.encoding, seen))
        if current.widened:
            self._kinds = current.kinds
            self.schema = _schema(names, self._kinds)
            raise ReadAgainError(", ".join(names[at] for at in sorted(current.widened)))
        self.skipped = current.skipped + seen.long
        self.notes = (*self._look.notes, *current.notes(seen))

    def sample(self, rows: int) -> pa.Table:
        """Return rows from all over the file, evenly spaced."""
        sample = self._look.sample
        if len(sample) <= rows:
            return sample
        return sample.take(pa.array([at * len(sample) // rows for at in range(rows)]))


def _schema(names: Sequence[str], kinds: Sequence[Kind]) -> pa.Schema:
    return pa.schema([pa.field(name, kind.type) for name, kind in zip(names, kinds, strict=True)])


@lru_cache(maxsize=KEPT_LOOKS)
def _looked(path: str, size: int, changed: int, node: int) -> _Look:  # noqa: ARG001 - what tells a changed file
    """Look at pieces of a file; a file that has changed since is looked at anew."""
    pieces = excerpt(Path(path))
    name = Path(path).name.lower()
    dialect = sniff(pieces.head, pieces.others, tab=".tsv" in name or ".tab" in name)
    if not dialect.names:
        raise DataError(f"{path!r} has no rows: it is empty, or holds comments only.")
    texts = _texts(pieces, dialect)
    judged = judge(texts, dialect.separator)
    kinds = judged.kinds
    arrays = [one if kind.form == "text" else convert(one, kind)[0] for one, kind in zip(texts, kinds, strict=True)]
    unsure = [f"{dialect.names[at]!r} stays text, as {why}." for at, why in judged.unsure]
    commas = [repr(name) for name, kind in zip(dialect.names, kinds, strict=True) if kind.mark == ","]
    decimals = f"A comma marks the decimals of {', '.join(commas)}." if commas else ""
    notes = (*pieces.notes, pieces.encoding.note, *dialect.notes, decimals, *unsure)
    return _Look(
        pieces.encoding,
        dialect,
        kinds,
        pa.Table.from_arrays(arrays, schema=_schema(dialect.names, kinds)),
        tuple(note for note in notes if note),
        _refusal(dialect, judged),
    )


def _texts(pieces: Excerpt, dialect: Dialect) -> list[pa.Array]:
    """Return the columns of the sample as texts; what is no row of it is passed over."""
    lines = pieces.head.split(b"\n", dialect.lines)
    first = lines[-1] if len(lines) > dialect.lines else b""
    body = first if first.endswith(b"\n") or not first else first + b"\n"
    text, _ = without_header(shape(body + pieces.others, dialect), dialect.header)
    mended = Mender(dialect).mend(text, 1, last=True)
    return list(parse(mended.text, dialect, range(len(dialect.names)), {}).columns)


def _refusal(dialect: Dialect, judged: Judged) -> str:
    """Say why a file cannot be drawn, where numbers that can be read in two ways leave too few columns."""
    told = sum(kind.form not in ("text", "flag") for kind in judged.kinds)
    if told >= 2 or not judged.unsure:
        return ""
    at, why = judged.unsure[0]
    return f", column {dialect.names[at]!r}: {why}."
