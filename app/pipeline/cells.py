"""Texts of a column as numbers, times or truth values, whatever marks its decimals; what is neither is null and told.

This module owns how a value is written: decimal marks, groups of thousands, times, and the many ways to write that
there is nothing. What a column holds is decided in `kinds`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

Form: TypeAlias = Literal["whole", "number", "flag", "date", "moment", "clock", "text"]

NOTHING: Final = frozenset(
    {"", "-", "--", "---", "–", "—", ".", "?", "na", "n/a", "n.a.", "nan", "-nan", "<na>", "null", "none", "nil", "nul"}
    | {"\\n", "#n/a", "#n/a n/a", "#na", "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!"}
    | {"1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "0000-00-00", "0000-00-00 00:00:00", "0000-00-00t00:00:00"}
)
"""What stands for nothing in a column of numbers or times, in small letters. In a column of text, NA is a region."""
WRITTEN: Final = sorted({form for one in NOTHING for form in (one, one.upper(), one.capitalize())} | {"NaN", "-NaN"})
"""The same, as files have them."""
SPACED: Final = "^[+-]?\\d{1,3}([ \u00a0\u202f'’]\\d{3})+([.,]\\d*)?$"
GROUPED_POINTS: Final = r"^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$"
GROUPED_COMMAS: Final = r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$"
_TOO_FINE: Final = r"(\.\d{6})\d+"
_ZONED: Final = r"(?i)(z|utc|[+-]\d\d(:?\d\d)?)$"
_TYPES: Final[dict[Form, pa.DataType]] = {
    "whole": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "date": pa.date32(),
    "moment": pa.timestamp("us"),
    "clock": pa.time64("us"),
    "text": pa.string(),
}
_LOOKS: Final[dict[Form, str]] = {
    "whole": r"^-?\d{1,20}$",
    "number": r"(?i)^[+-]?(\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?|inf(inity)?)$",
    "flag": "^(true|false)$",
    "date": r"^\d{4}-\d\d-\d\d$",
    "moment": r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?$",
    "clock": r"^1970-01-01T\d\d:\d\d",
    "text": "",
}
"""What Arrow may be able to read: the rest would make it refuse value by value, which is slow."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a column's texts stand for.

    Parameters
    ----------
    form : Form
    mark : str
        What stands before decimals: a point or a comma.
    grouped : bool
        Whether the other of the two sets thousands apart.
    pattern : str
        How a moment is written where not as ISO 8601 has it, as for `strptime`.
    zoned : bool
        Whether moments have a time zone.
    huge : bool
        Whether whole numbers are beyond what has a sign in 64 bits.
    """

    form: Form = "text"
    mark: Literal[".", ","] = "."
    grouped: bool = False
    pattern: str = ""
    zoned: bool = False
    huge: bool = False

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of its values."""
        if self.huge:
            return pa.uint64()
        return pa.timestamp("us", "UTC") if self.zoned else _TYPES[self.form]

    @property
    def plain(self) -> bool:
        """Whether Arrow's own parser reads it as it is written."""
        return not (self.mark == "," or self.grouped or self.pattern)


def convert(texts: pa.Array, kind: Kind) -> tuple[pa.Array, pa.Array]:
    """Convert the texts of a column.

    Parameters
    ----------
    texts : pyarrow.Array of string
    kind : Kind
        Anything but text.

    Returns
    -------
    values : pyarrow.Array
        Of the kind's type; null for nothing and for what cannot be read.
    unread : pyarrow.Array of bool
        What cannot be read.
    """
    there = trimmed(texts)
    values = _each(_normal(there, kind), _reader(kind), _LOOKS[kind.form])
    return values, pc.and_(pc.is_valid(there), pc.is_null(values))


def trimmed(texts: pa.Array) -> pa.Array:
    """Return texts without spaces around them, and null for those that stand for nothing."""
    tight = pc.utf8_trim_whitespace(texts)
    empty = pc.is_in(pc.utf8_lower(tight), value_set=pa.array(sorted(NOTHING)))
    return pc.if_else(empty, None, tight)


def matching(texts: pa.Array, pattern: str) -> int:
    """Count the texts that match a regular expression."""
    return int(pc.sum(pc.match_substring_regex(texts, pattern)).as_py() or 0)


def unspaced(texts: pa.Array) -> pa.Array:
    """Return texts without the spaces or apostrophes that set thousands apart."""
    spaced = pc.match_substring_regex(texts, SPACED)
    return pc.if_else(spaced, pc.replace_substring_regex(texts, "[ \u00a0\u202f'’]", ""), texts)


def _normal(texts: pa.Array, kind: Kind) -> pa.Array:
    """Write values as Arrow reads them; null for what could be misread."""
    if kind.form == "flag":
        return pc.utf8_lower(texts)
    if kind.form == "whole":
        return pc.if_else(pc.match_substring_regex(texts, r"^[+-]?\d+$"), pc.utf8_ltrim(texts, "+"), None)
    if kind.form == "number":
        return _decimals(texts, kind)
    if kind.form == "moment" and not kind.pattern:
        texts = pc.replace_substring_regex(texts, _TOO_FINE, r"\1")
        texts = pc.replace_substring_regex(texts, r"(?i) ?(utc|z)$", "Z")
        texts = pc.replace_substring_regex(texts, r" ([+-]\d\d(:?\d\d)?)$", r"\1")
        long = pc.match_substring_regex(texts, r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*$")
        bare = pc.invert(pc.match_substring_regex(texts, _ZONED))
        return pc.if_else(pc.and_(long, bare), pc.binary_join_element_wise(texts, "Z", ""), texts)
    if kind.form == "clock":
        texts = pc.replace_substring_regex(texts, _TOO_FINE, r"\1")
        good = pc.match_substring_regex(texts, r"^\d\d:\d\d(:\d\d(\.\d+)?)?$")
        return pc.if_else(good, pc.binary_join_element_wise("1970-01-01T", texts, ""), None)
    return texts


def _decimals(texts: pa.Array, kind: Kind) -> pa.Array:
    if matching(texts, SPACED):
        texts = unspaced(texts)
    other, groups = (".", GROUPED_POINTS) if kind.mark == "," else (",", GROUPED_COMMAS)
    has = pc.match_substring(texts, other)
    if pc.any(has).as_py():
        whole = pc.match_substring_regex(texts, groups)
        good = pc.or_(pc.invert(has), whole) if kind.grouped else pc.invert(has)
        texts = pc.if_else(good, pc.replace_substring(texts, other, ""), None)
    return pc.replace_substring(texts, ",", ".") if kind.mark == "," else texts


def _reader(kind: Kind) -> Callable[[pa.Array], pa.Array]:
    if kind.form == "flag":
        return lambda texts: pc.if_else(
            pc.is_in(texts, value_set=pa.array(["true", "false"])), pc.equal(texts, "true"), None
        )
    if kind.pattern:
        return lambda texts: pc.strptime(texts, format=kind.pattern, unit="us", error_is_null=True)
    if kind.form == "clock":
        return lambda texts: texts.cast(pa.timestamp("us")).cast(pa.time64("us"))
    if kind.form == "moment":
        return lambda texts: _moments(texts).cast(kind.type)
    return lambda texts: texts.cast(kind.type)


def _moments(texts: pa.Array) -> pa.Array:
    """Read moments in UTC and dates; those that are written without a zone are UTC."""
    dates = pc.equal(pc.utf8_length(texts), 10)
    days = pc.if_else(dates, texts, None).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    return pc.coalesce(days, pc.if_else(dates, None, texts).cast(pa.timestamp("us", "UTC")))


def _each(texts: pa.Array, read: Callable[[pa.Array], pa.Array], looks: str) -> pa.Array:
    """Read texts at once; where Arrow refuses, those that look right; else each half, down to what cannot be read."""
    try:
        return read(texts)
    except pa.ArrowInvalid:
        return _halves(pc.if_else(pc.match_substring_regex(texts, looks), texts, None), read)


def _halves(texts: pa.Array, read: Callable[[pa.Array], pa.Array]) -> pa.Array:
    try:
        return read(texts)
    except pa.ArrowInvalid:
        if len(texts) == 1:
            return pa.nulls(1, read(pa.array([None], pa.string())).type)
        half = len(texts) // 2
        return pa.concat_arrays([_halves(texts.slice(0, half), read), _halves(texts.slice(half), read)])
