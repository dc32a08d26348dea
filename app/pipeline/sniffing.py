"""How a text holds a table, guessed from pieces of the whole file: separator, quotes, header, units, comments.

This module owns that guess. It refuses to read rows (that is `text`), or to judge what columns hold (that is `kinds`),
except to tell a header and a line of units from rows. The guess is that which gives most lines as many values as the
header has names.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from app.pipeline.cells import NOTHING

SEPARATORS: Final = (",", ";", "\t", "|")
NO_SEPARATOR: Final = "\x1f"
MOST_LINES = 2_000
"""Lines of the sample that are looked at."""
PREAMBLE = 60
"""Lines among which a header is looked for."""
_SAID: Final = re.compile(rb"\A\s*\"?sep=(.)\"?[ \t]*(?:\n|\Z)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?(\d[\d.,' \u00a0\u202f]*|[.,]\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_TIME: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?|\d{1,2}:\d\d(:\d\d(\.\d+)?)?")
_YEAR: Final = re.compile(r"(1[5-9]|2[01])\d\d")

csv.field_size_limit(2**24)  # a value over many lines is a value; what it may take is bounded by `mending`


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text holds a table.

    Parameters
    ----------
    separator : str
        One character; a space stands for any run of spaces and tabs.
    quote : str
        What values may stand in; nothing where quotation marks are part of values.
    escape : str
        What stands before a quotation mark within quotes, where it is not doubled.
    padded : bool
        Whether spaces after separators come before quotation marks.
    comments : bool
        Whether lines that begin with # are comments, unless they have as many values as a row.
    names : tuple of str
        The columns, all different.
    lines : int
        Lines before the first row.
    header : bytes
        The line of names as it stands; nothing where it is a comment, or takes several lines.
    notes : tuple of str
        What a reader should know.
    """

    separator: str = ","
    quote: str = '"'
    escape: str = ""
    padded: bool = False
    comments: bool = False
    names: tuple[str, ...] = ()
    lines: int = 0
    header: bytes = b""
    notes: tuple[str, ...] = ()

    def values(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Yield the values of each record, of an empty line none."""
        return (values for _, values in self.records(lines))

    def records(self, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield the place of each record's last line, counted from 1, and its values."""
        reader = csv.reader(
            lines,
            delimiter=self.separator,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            quotechar=self.quote or None,
            escapechar=self.escape or None,
            doublequote=not self.escape,
            skipinitialspace=self.padded,
        )
        for values in reader:
            yield reader.line_num, values


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well a dialect fits."""

    dialect: Dialect
    width: int = 1
    share: float = 0.0
    headed: bool = False
    plausible: float = 0.0

    @property
    def rank(self) -> tuple[float, ...]:
        share = round(self.share, 2)
        return (self.width > 1, share * self.plausible + 0.3 * self.headed, self.plausible, self.width)


def sniff(head: bytes, others: bytes, tab: bool = False) -> Dialect:
    """Guess how a text holds a table.

    Parameters
    ----------
    head : bytes
        The first whole lines in UTF-8, each ended by a line feed.
    others : bytes
        Whole lines from all over the rest of the file.
    tab : bool
        Whether the file is named for tabs, which decides between two that fit alike.

    Returns
    -------
    Dialect
        Without names where there is no line.
    """
    said = _SAID.match(head)
    start = 1 if said else 0
    lines = head.decode("utf-8", "replace").split("\n")
    # Further down, a value may begin so.
    comments = next((line for line in lines[start:] if line.strip()), "").startswith("#")
    skipped = [at for at, line in enumerate(lines) if _blank(line, comments)]
    body = [line for at, line in enumerate(lines) if at >= start and not _blank(line, comments)]
    if not body:
        return Dialect()
    far = [line for line in others.decode("utf-8", "replace").split("\n") if not _blank(line, comments)]
    separators = [said[1].decode()] if said else ["\t", ",", ";", "|"] if tab else list(SEPARATORS)
    dialect, width = _best(body[:MOST_LINES] + _spread(far), separators, comments)
    return _Headed(dialect, lines, start, set(skipped), width).found()


def _best(lines: list[str], separators: list[str], comments: bool) -> tuple[Dialect, int]:
    fits = [_fit(lines, one) for separator in separators for one in _dialects(lines, separator)]
    best = max(fits, key=lambda fit: fit.rank)
    if best.width == 1 or best.share < 0.5:
        spaced = _fit([" ".join(line.split()) for line in lines], Dialect(" "))
        if spaced.width > 1 and spaced.share > 0.9 and spaced.headed:
            best = spaced
    if best.width == 1:
        best = _Fit(Dialect(NO_SEPARATOR), 1)
    return replace(best.dialect, comments=comments), best.width


def _dialects(lines: list[str], separator: str) -> Iterator[Dialect]:
    """Yield the ways to quote that are worth a try, the usual one first."""
    text = "\n".join(lines)
    single = '"' not in text and re.search(f"(^|{re.escape(separator)})'[^'\n]*'({re.escape(separator)}|$)", text, re.M)
    quote = "'" if single else '"'
    if quote not in text:
        yield Dialect(separator)
        return
    spaced = separator != "\t" and f"{separator} {quote}" in text and f"{separator}{quote}" not in text
    wrapped, stray = _quotes(lines, separator, quote)
    with_quotes = [Dialect(separator, quote, padded=spaced)]
    if f"\\{quote}" in text:
        with_quotes.append(Dialect(separator, quote, "\\", padded=spaced))
    if stray >= wrapped and quote == '"':
        best = max(_fit(lines, one).share for one in with_quotes)
        bare = Dialect(separator, "")
        if _fit(lines, bare).share >= best:
            yield bare
            return
    yield from with_quotes


def _quotes(lines: list[str], separator: str, quote: str) -> tuple[int, int]:
    """Count the values that stand in quotes, and those that only begin with one."""
    wrapped = stray = 0
    for line in lines:
        if quote in line:
            for value in line.split(separator):
                value = value.strip()
                if value.startswith(quote):
                    closed = len(value) > 1 and value.endswith(quote)
                    wrapped, stray = wrapped + closed, stray + (not closed)
    return wrapped, stray


def _fit(lines: list[str], dialect: Dialect) -> _Fit:
    try:
        read = list(dialect.records(f"{line}\n" for line in lines))
    except csv.Error:
        return _Fit(dialect)
    records = [values for _, values in read if values]
    widths = Counter(len(values) for values in records)
    width, _ = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
    good = [values for values in records if len(values) == width]
    # A value over several lines speaks for all of them.
    spans = [(line - before, len(values)) for (before, _), (line, values) in zip([(0, []), *read], read, strict=False)]
    share = sum(span for span, count in spans if count == width) / max(len(lines), 1)
    cells = [value.strip() for values in islice(good, 0, None, max(len(good) // 200, 1)) for value in values]
    odd = sum(any(mark in cell for mark in ";\t|" if mark != dialect.separator) for cell in cells)
    # Decimal commas make a comma look like a separator, but leave semicolons within values.
    plausible = 1 - odd / max(len(cells), 1)
    return _Fit(dialect, width, share, len(records[0]) == width, plausible)


class _Headed:
    """The header, and what stands before the first row."""

    def __init__(self, dialect: Dialect, lines: list[str], start: int, skipped: set[int], width: int) -> None:
        self._dialect, self._lines, self._width = dialect, lines, width
        kept = [line if at >= start and at not in skipped else "" for at, line in enumerate(lines)]
        if dialect.separator == " ":
            kept = [" ".join(line.split()) for line in kept]
        found = islice(dialect.records([f"{line}\n" for line in kept]), PREAMBLE + 200)
        self._records = [(at, [value.strip() for value in values]) for at, values in found if any(values)]
        self._notes: list[str] = []

    def found(self) -> Dialect:
        """Return the dialect with its names and the place of its first row."""
        if not self._records:
            return self._dialect
        at = self._header()
        line, names = self._records[at] if at is not None else (self._before(), self._commented())
        rows = [values for _, values in self._records[0 if at is None else at + 1 :] if len(values) == self._width]
        if at is not None and (unit := self._units(at, rows)):
            line = unit
        names = self._fitted(names, rows)
        distinct = _distinct(names)
        if twice := [name for name, kept in zip(names, distinct, strict=True) if name and name != kept]:
            self._notes.append(f"More than one column is called {twice[0]!r}: the later ones are numbered.")
        header = b"" if at is None else self._line_of_names(at)
        return replace(self._dialect, names=tuple(distinct), lines=line, header=header, notes=tuple(self._notes))

    def _line_of_names(self, at: int) -> bytes:
        """Return the header as it stands; nothing where it takes several lines."""
        line, names = self._records[at]
        alone = next(iter(self._dialect.values([self._lines[line - 1]])), [])
        return self._lines[line - 1].encode() if [name.strip() for name in alone] == names else b""

    def _before(self) -> int:
        """Return how many lines stand before the first record."""
        return self._records[0][0] - 1

    def _header(self) -> int | None:
        """Return which record names the columns; None where the first one is a row."""
        first = self._records[0][1]
        if len(first) == self._width:
            if not _is_row(first, [values for _, values in self._records[1:]]):
                return 0
            if not self._commented():
                self._notes.append(
                    f"The first line names no columns ({', '.join(first)[:60]!r}): they are called 'column 1' and on."
                )
            return None
        if len(first) == self._width - 1 and not self._names_at(1):
            return 0
        for at, (line, values) in enumerate(self._records[:PREAMBLE]):
            if len(values) == self._width and _names_only(values):
                self._notes.append(f"The first {line - 1:,} lines are no table and are left out.")
                return at
        return 0

    def _names_at(self, at: int) -> bool:
        """Tell whether a record could name the columns of the one below it."""
        here, below = [values for _, values in self._records[at : at + 2]] if len(self._records) > at + 1 else ([], [])
        return len(here) == len(below) == self._width and _names_only(here) and not _names_only(below)

    def _commented(self) -> list[str]:
        """Return the names in the last comment before the first row, where it has as many as rows have values."""
        comments = [line.lstrip("# \t") for line in self._lines[: self._before()] if line.startswith("#")]
        for line in comments[-1:]:
            line = " ".join(line.split()) if self._dialect.separator == " " else line
            names = next(iter(self._dialect.values([line])), [])
            if len(names) == self._width and _names_only([name.strip() for name in names]):
                return [name.strip() for name in names]
        return []

    def _units(self, at: int, rows: list[list[str]]) -> int:
        """Return the line of units under the header, or 0."""
        line, values = self._records[at + 1] if at + 1 < len(self._records) else (0, [])
        if len(values) != self._width or len(rows) < 2:
            return 0
        told = [value for value in values if value]
        numbers = [_share(one) > 0.5 for one in zip(*rows[1:], strict=True)]
        measured = [value for value, is_number in zip(values, numbers, strict=True) if is_number]
        if not any(measured) or any(_is_value(value) or value.lower() in NOTHING - {""} for value in measured):
            return 0
        if sum(1 for value in measured if value) < 2 and len(measured) > 1 and len(rows) < 10:
            return 0
        self._notes.append(f"Line {line:,} holds units, not a row: {', '.join(told)[:60]!r}.")
        return line

    def _fitted(self, names: list[str], rows: list[list[str]]) -> list[str]:
        """Return as many names as rows have values."""
        if not names:
            return [f"column {at + 1}" for at in range(self._width)]
        if len(names) == self._width - 1:
            trailing = rows and all(not values[-1] for values in rows)
            return [*names, ""] if trailing else ["", *names]
        if len(names) != self._width:
            self._notes.append(f"The header has {len(names):,} names, but most lines have {self._width:,} values.")
        return [*names[: self._width], *(f"column {at + 1}" for at in range(len(names), self._width))]


def _is_row(first: list[str], rows: Sequence[list[str]]) -> bool:
    """Tell whether the first line is a row: where its values look like those below, and numbers are no years."""
    told = [(at, value) for at, value in enumerate(first) if value]
    if not told:
        return False
    if all(_is_value(value) for _, value in told):
        counted = [value for _, value in told] == [str(at) for at in range(len(told))]
        return not counted and not all(_YEAR.fullmatch(value) for _, value in told)
    numbers = [at for at, value in told if _NUMBER.fullmatch(value) and not _YEAR.fullmatch(value)]
    if len(numbers) < 2 or len(first) > 100:
        return False
    below = [row for row in rows[:50] if len(row) == len(first)]
    # A name stands over numbers; a word in a row stands over words.
    words = (at for at, value in told if not _is_value(value) and value.lower() not in NOTHING)
    named = any(_share([row[at] for row in below]) > 0.9 for at in words)
    return bool(below) and not named and all(_share([row[at] for row in below]) > 0.9 for at in numbers)


def _names_only(values: Sequence[str]) -> bool:
    return not any(_NUMBER.fullmatch(value) for value in values)


def _share(values: Sequence[str]) -> float:
    there = [value for value in values if value.lower() not in NOTHING]
    return sum(_is_value(value) for value in there) / len(there) if there else 0.0


def _is_value(value: str) -> bool:
    return bool(_NUMBER.fullmatch(value) or _TIME.fullmatch(value))


def _distinct(names: list[str]) -> list[str]:
    found: list[str] = []
    taken = set(names)
    for at, name in enumerate(names):
        name = "".join(letter if letter.isprintable() else " " for letter in name).strip()
        if name in found or (name and name != names[at] and name in taken):
            base = name or "column"
            name = next(one for number in range(2, len(names) + 2) if (one := f"{base} {number}") not in taken)
        found.append(name)
        taken.add(name)
    return found


def _blank(line: str, comments: bool) -> bool:
    return not line.strip() or (comments and line.startswith("#"))


def _spread(lines: list[str]) -> list[str]:
    """Return runs of lines, so that values over several lines stay whole."""
    run = 50
    step = max(len(lines) * run // MOST_LINES, run)
    return [line for start in range(0, len(lines), step) for line in lines[start : start + run]]
