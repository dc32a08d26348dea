"""A block of whole records as Arrow columns, by Arrow's own parser; lines with too few or too many values are counted.

This module owns the call of the parser, and what is written otherwise than it expects. It refuses to know the file.
"""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.csv as pacsv

from app.pipeline.cells import WRITTEN
from app.pipeline.sniffing import Dialect

_COLUMN: Final = re.compile(r"In CSV column #(\d+):.* conversion error", re.DOTALL)
_COMMENT: Final = re.compile(rb"^#.*$", re.MULTILINE)
_SPACES: Final = re.compile(rb"[ \t]+")
_EDGES: Final = re.compile(rb"^ | $", re.MULTILINE)


class Ragged(NamedTuple):
    """A line that has not as many values as the header: what it is, and how many it has."""

    text: str
    values: int


class Parsed(NamedTuple):
    """The columns of a block, and the lines that are no row of it."""

    columns: tuple[pa.Array, ...]
    rows: int
    ragged: tuple[Ragged, ...]


class ConversionError(ValueError):
    """A value is not what its column holds: parse that column as text.

    Parameters
    ----------
    column : int
        Its place.
    """

    def __init__(self, column: int) -> None:
        super().__init__(f"column {column} holds a value of another kind")
        self.column = column


def shape(text: bytes, dialect: Dialect) -> bytes:
    """Write lines as the parser expects them: without comments, runs of spaces, and spaces before quotes.

    The number of lines stays.
    """
    if dialect.comments and b"#" in text:
        separators = max(len(dialect.names) - 1, 1)
        mark = dialect.separator.encode()
        text = _COMMENT.sub(lambda line: line[0] if line[0].count(mark) == separators else b"", text)
    if dialect.separator == " ":
        text = _EDGES.sub(b"", _SPACES.sub(b" ", text))
    if dialect.padded:
        mark = dialect.quote.encode()
        text = re.sub(re.escape(dialect.separator.encode()) + b" +" + mark, dialect.separator.encode() + mark, text)
    return text


def without_header(text: bytes, header: bytes) -> tuple[bytes, int]:
    """Empty the lines that repeat the header, as in files that were put together, and count them."""
    if not header or header not in text:
        return text, 0
    return re.subn(rb"^" + re.escape(header) + rb"$", b"", text, flags=re.MULTILINE)


def parse(text: bytes, dialect: Dialect, columns: Sequence[int], types: Mapping[int, pa.DataType]) -> Parsed:
    """Parse a block.

    Parameters
    ----------
    text : bytes
        Whole records in UTF-8.
    dialect : Dialect
    columns : sequence of int
        The places of the columns that are wanted.
    types : mapping of int to pyarrow.DataType
        What they are parsed as; text where not said.

    Raises
    ------
    ConversionError
        If a value does not fit its type.
    pyarrow.ArrowInvalid
        If the parser gives up.
    """
    ragged: list[Ragged] = []

    def leave_out(row: Any) -> str:
        if row.text.strip():
            ragged.append(Ragged(row.text, row.actual_columns))
        return "skip"

    if not text or text.isspace():
        return Parsed(tuple(pa.array([], types.get(at, pa.string())) for at in columns), 0, ())
    # The count of rows needs a column, even where none is wanted.
    wanted = [str(at) for at in columns] or ["0"]
    try:
        table = pacsv.read_csv(
            pa.py_buffer(text),
            read_options=pacsv.ReadOptions(
                use_threads=False,
                block_size=max(len(text) + 1, 1024),
                column_names=[str(at) for at in range(len(dialect.names))],
            ),
            parse_options=_splitting(dialect, leave_out),
            convert_options=pacsv.ConvertOptions(
                check_utf8=False,  # what is not has been decoded before
                include_columns=wanted,
                column_types={name: types.get(int(name), pa.string()) for name in wanted},
                null_values=WRITTEN,
            ),
        )
    except pa.ArrowInvalid as error:
        if found := _COLUMN.search(str(error)):
            raise ConversionError(int(found[1])) from error
        raise
    whole = table.combine_chunks()
    arrays = [pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type) for column in whole]
    return Parsed(tuple(arrays[: len(columns)]), table.num_rows, tuple(ragged))


def _splitting(dialect: Dialect, leave_out: Callable[[Any], str]) -> pacsv.ParseOptions:
    """Return how lines become values; a line with another number of them than the header is given to a function."""
    return pacsv.ParseOptions(
        delimiter=dialect.separator,
        quote_char=dialect.quote or False,
        escape_char=dialect.escape or False,
        newlines_in_values=bool(dialect.quote),
        invalid_row_handler=leave_out,
    )


def line_of(text: bytes, dialect: Dialect, *, record: int | None = None) -> int:
    """Return on which line of a block a record begins, counted from 0: that of a row, or the first that is no row.

    Parameters
    ----------
    text : bytes
    dialect : Dialect
    record : int, optional
        The row, counted from 0; not given: the first line with another number of values than the header.
    """
    lines = [f"{line}\n" for line in text.decode("utf-8", "replace").split("\n")]
    rows = before = 0
    try:
        for line, values in dialect.records(lines):
            if len(values) == len(dialect.names):
                if rows == record:
                    return before
                rows += 1
            elif record is None and any(value.strip() for value in values):
                return before
            before = line
    except csv.Error:
        pass
    return before
