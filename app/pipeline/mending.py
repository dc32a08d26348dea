"""Quotation marks that open and never close, mended within a block of lines, so that they swallow no row.

This module owns which line breaks end a record. A mark that opens a value over several lines is left to the parser
where the value closes and the record has as many values as the header; else the mark is taken as text where its line
alone has that many, and the line is left out where it has not.
"""

import csv
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.pipeline.sniffing import Dialect

MOST_BYTES = 2**20
"""How far a value may reach over lines."""
_FEED = 10


class Mended(NamedTuple):
    """Records that a parser can take, and what is left for the next block.

    Parameters
    ----------
    text : bytes
        As many lines as before: those that were left out are empty.
    rest : bytes
        A record that is not whole, perhaps.
    """

    text: bytes
    rest: bytes


class Mender:
    """Mends the blocks of one file, one after another.

    Attributes
    ----------
    stray : int
        Lines with a quotation mark that was taken as text.
    first_stray : int
    broken : int
        Lines that were left out.
    first_broken : int
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect, self._width = dialect, len(dialect.names)
        self._separator, self._quote = dialect.separator.encode(), dialect.quote.encode()
        self.stray = self.first_stray = self.broken = self.first_broken = 0

    def mend(self, text: bytes, line: int, last: bool) -> Mended:
        """Mend a block of whole lines.

        Parameters
        ----------
        text : bytes
            Ends with a line feed.
        line : int
            The number of its first line.
        last : bool
            Whether no block follows.
        """
        if not self._quote or self._quote not in text:
            return Mended(text, b"")
        ends, odd = self._lines(text)
        if not len(odd):
            return Mended(text, b"")
        return self._walk(text, ends, odd.tolist(), line, last)

    def literal(self, line: bytes) -> bytes:
        """Write a line so that its quotation marks are text, but for values that stand in them whole."""
        mark = self._quote
        values = []
        for value in line.split(self._separator):
            whole = len(value) > 1 and value.startswith(mark) and value.endswith(mark) and mark not in value[1:-1]
            values.append(value if whole else mark + value.replace(mark, mark + mark) + mark)
        return self._separator.join(values)

    def alone(self, line: bytes) -> bool:
        """Tell whether a line is a row where quotation marks are text."""
        return line.count(self._separator) == self._width - 1

    def _lines(self, text: bytes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return where lines end, and which have an odd number of quotation marks."""
        letters = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(letters == _FEED)
        marks = np.flatnonzero(letters == self._quote[0])
        if self._dialect.escape:
            marks = marks[letters[np.maximum(marks - 1, 0)] != ord(self._dialect.escape)]
        return ends, np.flatnonzero(np.diff(np.searchsorted(marks, ends), prepend=0) & 1)

    def _walk(self, text: bytes, ends: NDArray[np.intp], odd: list[int], line: int, last: bool) -> Mended:
        """Decide of each line with an odd number of marks whether it opens a value, or is mended or left out."""
        pieces: list[bytes] = []
        copied = at = 0
        while at < len(odd):
            row = odd[at]
            start, end = int(ends[row - 1]) + 1 if row else 0, int(ends[row])
            if at + 1 < len(odd) and self._closes(text[start : int(ends[odd[at + 1]]) + 1]):
                at += 2
                continue
            if at + 1 == len(odd) and not last and len(text) - start <= MOST_BYTES:
                return Mended(b"".join((*pieces, text[copied:start])), text[start:])
            pieces += (text[copied:start], self._replaced(text[start:end], line + row))
            copied, at = end, at + 1
        return Mended(b"".join((*pieces, text[copied:])), b"")

    def _closes(self, joined: bytes) -> bool:
        """Tell whether lines are one record, and no rows of their own that share two stray marks."""
        if len(joined) > MOST_BYTES:
            return False
        lines = [f"{one}\n" for one in joined.decode("utf-8", "replace").split("\n")[:-1]]
        try:
            records = list(self._dialect.values(lines))
        except csv.Error:
            return False
        if len(records) != 1 or len(records[0]) != self._width:
            return False
        rows = all(one.count(self._dialect.separator) == self._width - 1 for one in lines[1:])
        return self._width == 1 or not rows

    def _replaced(self, one: bytes, line: int) -> bytes:
        if self.alone(one):
            self.stray, self.first_stray = self.stray + 1, self.first_stray or line
            return self.literal(one)
        self.broken, self.first_broken = self.broken + 1, self.first_broken or line
        return b""
