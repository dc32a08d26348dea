"""What the columns of a text hold, judged by the bulk of their values over a sample of the whole file.

This module owns that guess: numbers with a decimal point or comma, times in some order of day and month, truth values,
text. A few values of another kind do not decide. What could be read in two ways stays text, with a note that says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from app.pipeline.cells import GROUPED_COMMAS, SPACED, Kind, convert, matching, trimmed, unspaced

BULK = 0.9
"""The share of values that decides what a column holds."""
HALF = 0.5
"""Enough of a share where all the others are the same few words, such as `unknown`."""
FEW_WORDS = 3
FEW = 400
"""Values by which it is seen that a kind is out of the question."""
ENOUGH = 10
"""Numbers without which a share below the bulk decides nothing, and groups that are no coincidence."""
_UNSURE_COMMA: Final = r"^[+-]?[1-9]\d{0,2},\d{3}$"
_UNSURE_POINT: Final = r"^[+-]?[1-9]\d{0,2}\.\d{3}$"
_COMMA: Final = r"^[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?$"
_POINT: Final = r"^[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?$"
_POINTS_THEN_COMMA: Final = r"^[+-]?(\d{1,3}(\.\d{3}){2,}(,\d*)?|\d{1,3}\.\d{3},\d*)$"
_COMMAS_THEN_POINT: Final = r"^[+-]?(\d{1,3}(,\d{3}){2,}(\.\d*)?|\d{1,3},\d{3}\.\d*)$"
_ISO_DAY: Final = r"^\d{4}-\d\d-\d\d$"
_ISO: Final = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?$"
_ISO_ZONE: Final = r"(?i)\d:\d\d.*?( ?utc|z| ?[+-]\d\d(:?\d\d)?)$"
_CLOCK: Final = r"^\d\d:\d\d(:\d\d(\.\d+)?)?$"
_DATES: Final = ("%d.%m.%Y", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d %b %Y")
_CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %I:%M:%S %p", " %I:%M %p")


@dataclass(frozen=True, slots=True)
class Judged:
    """The kinds of all columns, and what could not be decided.

    Parameters
    ----------
    kinds : tuple of Kind
    unsure : tuple of (int, str)
        Columns that stay text since they can be read in two ways, and why.
    """

    kinds: tuple[Kind, ...]
    unsure: tuple[tuple[int, str], ...] = ()


def judge(columns: Sequence[pa.Array], separator: str) -> Judged:
    """Judge what columns of texts hold.

    Parameters
    ----------
    columns : sequence of pyarrow.Array of string
    separator : str
        What stands between values: where it is a semicolon, commas are for decimals.
    """
    there = [pc.drop_null(trimmed(column)) for column in columns]
    marks = [_Marks.of(column) for column in there]
    commas = any(one.commas > one.points for one in marks)
    points = any(one.points > one.commas for one in marks)
    house = "," if commas and not points else "." if points and not commas else ""
    if not house and not commas and separator == ";" and not any(one.unsure_points for one in marks):
        house = ","
    kinds, unsure = [], []
    for at, (column, seen) in enumerate(zip(there, marks, strict=True)):
        kind = seen.kind(house)
        if kind is None:
            unsure.append((at, _two_ways(column)))
        found = _judged(column, kind) if kind else Kind()
        if found.pattern and (other := _other_order(column, found)):
            unsure.append((at, other))
            found = Kind()
        kinds.append(found)
    return Judged(tuple(kinds), tuple(unsure))


def wider(kind: Kind, unread: pa.Array) -> Kind | None:
    """Return the kind that a column needs for values that its own does not read; None where none reads any.

    Parameters
    ----------
    kind : Kind
    unread : pyarrow.Array of string
        Values that it does not read.
    """
    candidates: list[Kind] = []
    if kind.form == "whole":
        huge = not kind.huge and matching(unread, r"^\s*\d+\s*$")
        candidates = [Kind("whole", huge=True)] if huge else [Kind("number")]
    elif kind.form == "date":
        candidates = [Kind("moment")]
    for one in candidates:
        values, _ = convert(unread, one)
        if values.null_count < len(values):
            return one
    return None


@dataclass(frozen=True, slots=True)
class _Marks:
    """How the decimals of a column may be marked: values that show it, and values that show nothing."""

    commas: int = 0
    points: int = 0
    unsure_commas: int = 0
    unsure_points: int = 0
    bare: int = 0

    @classmethod
    def of(cls, texts: pa.Array) -> "_Marks":
        has_comma, has_point = matching(texts, ","), matching(texts, r"\.")
        if not has_comma and not has_point:
            return cls(bare=len(texts))
        if matching(texts, SPACED):
            texts = unspaced(texts)
        unsure_commas = matching(texts, _UNSURE_COMMA) if has_comma else 0
        unsure_points = matching(texts, _UNSURE_POINT) if has_point else 0
        commas = matching(texts, _COMMA) - unsure_commas if has_comma else 0
        points = matching(texts, _POINT) - unsure_points if has_point else 0
        if has_comma or has_point:
            commas += matching(texts, _POINTS_THEN_COMMA)
            points += matching(texts, _COMMAS_THEN_POINT)
        return cls(commas, points, unsure_commas, unsure_points, matching(texts, r"^[+-]?\d{1,3}$"))

    def kind(self, house: str) -> Kind | None:
        """Return how to read numbers of this column; None where there are two ways."""
        if self.commas > self.points:
            return Kind("number", ",", grouped=True)
        if self.points or not (self.unsure_commas or self.unsure_points):
            return Kind("number", ".", grouped=True)
        if self.unsure_points and not self.unsure_commas:
            return self._points(house)
        if house == ",":
            return Kind("number", ",", grouped=True)
        if house == "." or (self.bare and self.unsure_commas >= ENOUGH):
            return Kind("number", ".", grouped=True)
        return None

    def _points(self, house: str) -> Kind | None:
        if house != ",":
            return Kind("number", ".")
        return Kind("number", ",", grouped=True) if self.bare and self.unsure_points >= ENOUGH else None


def _judged(texts: pa.Array, number: Kind) -> Kind:
    if not len(texts):
        return Kind()
    if found := _plainly(texts, number):
        return found
    few = texts.take(pa.array([at * len(texts) // min(len(texts), FEW) for at in range(min(len(texts), FEW))]))
    for kind in (number, Kind("flag"), *_times(texts)):
        if _unreadable(few, kind) > HALF * 1.2 * len(few):
            continue
        _, unread = convert(texts, kind)
        if _decides(texts, unread):
            return _exactly(texts.filter(pc.invert(unread)), kind)
    return Kind()


def _plainly(texts: pa.Array, number: Kind) -> Kind | None:
    """Judge a column by trying, which is fast where all values are numbers."""
    # Arrow would read 0x10 as 16, but that is a name.
    whole = matching(texts, r"^-?\d+$") == len(texts)
    for kind in (Kind("whole"), Kind("whole", huge=True)) if whole else ():
        try:
            texts.cast(kind.type)
        except pa.ArrowInvalid:
            continue
        return _exactly(texts, kind)
    if number.mark == ".":
        try:
            texts.cast(pa.float64())
        except pa.ArrowInvalid:
            return None
        return _exactly(texts, Kind("number"))
    return None


def _exactly(texts: pa.Array, kind: Kind) -> Kind:
    """Tell whole numbers apart, and identifiers: numbers of one length that begin with 0, or are beyond 64 bits."""
    if kind.form not in ("whole", "number"):
        return kind
    if matching(texts, r"^[+-]?\d+$") < len(texts):
        grouped = kind.grouped and (matching(texts, SPACED) or matching(texts, GROUPED_COMMAS))
        return kind if kind.mark == "," else replace(kind, grouped=bool(grouped))
    lengths = pc.min_max(pc.utf8_length(texts)).as_py()
    if lengths["min"] == lengths["max"] > 1 and matching(texts, r"^0\d"):
        return Kind()
    if lengths["max"] < 19:
        return Kind("whole")
    for exact in (Kind("whole"), Kind("whole", huge=True)):
        if not pc.any(convert(texts, exact)[1]).as_py():
            return exact
    return Kind() if matching(texts, r"^\d{20,}$") >= HALF * len(texts) else Kind("number")


def _decides(texts: pa.Array, unread: pa.Array) -> bool:
    bad = int(pc.sum(unread).as_py() or 0)
    good = len(texts) - bad
    if good >= BULK * len(texts):
        return True
    return good >= max(HALF * len(texts), ENOUGH) and len(pc.unique(texts.filter(unread))) <= FEW_WORDS


def _times(texts: pa.Array) -> Iterator[Kind]:
    """Yield the kinds of time that at least half of the values look like, the likeliest first."""
    least = HALF * len(texts)
    if matching(texts, _ISO) >= least:
        if matching(texts, _ISO_DAY) >= BULK * matching(texts, _ISO) and not matching(texts, r"^\d{4}-\d\d-\d\d[T ]"):
            yield Kind("date")
        yield Kind("moment", zoned=matching(texts, _ISO_ZONE) >= least)
    elif matching(texts, _CLOCK) >= least:
        yield Kind("clock")
    elif matching(texts, r"^\d{1,4}[-./ ]([A-Za-z]{3}|\d{1,2})[-./ ]\d{1,4}") >= least:
        kinds = [Kind("moment", pattern=date + clock) for date in _DATES for clock in _CLOCKS]
        counts = {kind: _unreadable(texts, kind) for kind in kinds}
        yield from (kind for kind in sorted(kinds, key=counts.__getitem__) if counts[kind] <= least)


def _unreadable(texts: pa.Array, kind: Kind) -> int:
    return int(pc.sum(convert(texts, kind)[1]).as_py() or 0)


def _other_order(texts: pa.Array, kind: Kind) -> str:
    """Say that day and month could change places, where they could in every value."""
    swapped = {"%d/%m": "%m/%d", "%m/%d": "%d/%m", "%d-%m": "%m-%d", "%m-%d": "%d-%m"}
    if (order := kind.pattern[:5]) not in swapped:
        return ""
    other = replace(kind, pattern=swapped[order] + kind.pattern[5:])
    if _unreadable(texts, other) > _unreadable(texts, kind):
        return ""
    return f"{texts[0].as_py()!r} may begin with the day or the month: write dates as 2024-12-31"


def _two_ways(texts: pa.Array) -> str:
    unsure = texts.filter(pc.match_substring_regex(texts, r"^[+-]?[1-9]\d{0,2}[,.]\d{3}$"))[0].as_py()
    mark = "comma" if "," in unsure else "point"
    return f"the {mark} of {unsure!r} may mark decimals or thousands: write decimals with a point and no thousands"
