"""Numbers, dates and clock times as people read them, parsed back: what values a text may stand for."""

import calendar
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

LETTERS = {"k": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "µ": 1e-6, "μ": 1e-6, "n": 1e-9}
LETTERS |= {"m": 1e-3, "p": 1e-12, "f": 1e-15}
_NUMBER = re.compile(r"-?[\d,]*\.?\d+(?:e[+-]?\d+)?")
_TEN = re.compile(r"(-?[\d,]*\.?\d+)\s*[×x]\s*10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
MINUS = "\N{MINUS SIGN}"
HOUR = 36e5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = {name: at for at, name in enumerate(calendar.month_abbr) if name}


class Meant(NamedTuple):
    """The values for which a text may stand."""

    low: float
    high: float

    def holds(self, value: float, slack: float = 0.0) -> bool:
        """Whether a value may be meant."""
        return self.low - slack <= value <= self.high + slack

    @property
    def middle(self) -> float:
        """What the text says."""
        return (self.low + self.high) / 2

    @property
    def half(self) -> float:
        """Half a unit of its last digit."""
        return (self.high - self.low) / 2


def number(text: str) -> Meant:
    """Return what a number may stand for: half a unit of its last digit either way.

    Examples
    --------
    >>> number("-1.60 B"), number("1,455"), number("2.5e-7")
    (Meant(low=-1605000000.0, high=-1595000000.0), Meant(low=1454.5, high=1455.5), Meant(low=2.45e-07, high=2.55e-07))
    """
    clean = text.strip().replace(MINUS, "-").replace("\u202f", "").replace("\xa0", " ").removeprefix("≈").strip()
    if clean.lstrip("+-") in ("∞", "Infinity"):
        value = float("-inf") if clean.startswith("-") else float("inf")
        return Meant(value, value)
    if raised := _TEN.fullmatch(clean):
        clean = f"{raised[1]}e{raised[2].translate(_RAISED)}"
    many = 1.0
    if clean[-1:] in LETTERS:
        clean, many = clean[:-1].strip(), LETTERS[clean[-1]]
    if not _NUMBER.fullmatch(clean):
        raise ValueError(f"no number: {text!r}")
    digits, _, power = clean.replace(",", "").partition("e")
    decimals = len(digits.partition(".")[2]) - int(power or 0)
    half = many * float(f"5e{-decimals - 1}")
    value = float(f"{digits}e{power or 0}") * many
    return Meant(value - half, value + half)


_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?P<fraction>\.\d+)?)?"
_DATES = [
    re.compile(rf"(?P<year>-?\d{{4,6}})-(?P<month>\d\d)-(?P<day>\d\d)(?:[ T]{_CLOCK})?"),
    re.compile(rf"(?P<day>\d{{1,2}}) (?P<name>[A-Z][a-z]+)\.? (?P<year>-?\d{{1,6}})(?:,? {_CLOCK})?"),
    re.compile(r"(?P<day>\d{1,2}) (?P<name>[A-Z][a-z]+) " + _CLOCK),
    re.compile(r"(?P<day>\d{1,2}) (?P<name>[A-Z][a-z]+)"),
    re.compile(r"(?P<name>[A-Z][a-z]+)\.? (?P<year>-?\d{4,6})"),
    re.compile(r"(?P<name>[A-Z][a-z]+) (?P<day>\d{1,2})"),
    re.compile(r"(?P<name>[A-Z][a-z]+)"),
    re.compile(r"(?P<year>-?\d{4,6})"),
    re.compile(_CLOCK),
    re.compile(r":(?P<second>\d\d)(?P<fraction>\.\d+)?"),
    re.compile(r"(?P<fraction>\.\d+)"),
]
_PARTS = ("year", "month", "day", "hour", "minute", "second")


def date(text: str, near: float | None = None) -> Meant:
    """Return the milliseconds since 1970 for which a date may stand: from its beginning to its end.

    Parameters
    ----------
    text : str
    near : float, optional
        A moment that has what the text leaves out, as the label of a tick does.

    Examples
    --------
    >>> date("2001-03-01 00:00"), date("12:30", near=0.0)
    (Meant(low=983404800000.0, high=983404860000.0), Meant(low=45000000.0, high=45060000.0))
    """
    found = next((one for pattern in _DATES if (one := pattern.fullmatch(text.strip()))), None)
    if found is None:
        raise ValueError(f"no date: {text!r}")
    said = {name: value for name, value in found.groupdict().items() if value}
    if "name" in said:
        said["month"] = str(MONTHS[said.pop("name")[:3]])
    fraction = said.pop("fraction", "")
    first = next((at for at, part in enumerate(_PARTS) if part in said), len(_PARTS))
    last = max((at for at, part in enumerate(_PARTS) if part in said), default=len(_PARTS) - 1)
    if first and near is None:
        raise ValueError(f"no whole date: {text!r}")
    kept = moment(near).timetuple()[:first] if near is not None else ()
    values = [*kept, *(int(said[part]) for part in _PARTS[first : last + 1])]
    begin = _moment(values)
    if fraction:
        return Meant(begin + float(fraction) * 1e3, begin + float(fraction) * 1e3 + 10.0 ** (4 - len(fraction)))
    return Meant(begin, _after(values))


def moment_near(text: str) -> Meant:
    """Return what a date may stand for where times of the day may be rounded to the nearest, too.

    Examples
    --------
    >>> moment_near("1970-01-01 00:01"), moment_near("1970-01-02")
    (Meant(low=30000.0, high=120000.0), Meant(low=86400000.0, high=172800000.0))
    """
    meant = date(text)
    return meant._replace(low=meant.low - meant.half) if meant.half < HOUR else meant


def _moment(values: list[int]) -> float:
    whole = [*values, *(1, 1, 1)[len(values) :], *(0, 0, 0)][:6] if len(values) < 3 else [*values, 0, 0, 0][:6]
    return (datetime(*whole, tzinfo=UTC) - _EPOCH) / timedelta(milliseconds=1)  # type: ignore[arg-type]


def _after(values: list[int]) -> float:
    """Return the end of the year, month, day, hour, minute or second that begins at a moment."""
    if len(values) == 1:
        return _moment([values[0] + 1])
    if len(values) == 2:
        return _moment([values[0] + values[1] // 12, values[1] % 12 + 1])
    return _moment(values) + (864e5, 36e5, 6e4, 1e3)[len(values) - 3]


def moment(milliseconds: float) -> datetime:
    """Return a time in UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def clock(text: str) -> Meant:
    """Return the minutes of a day for which a clock time may stand.

    Examples
    --------
    >>> clock("01:30").middle, clock("-00:10").middle
    (90.0, -10.0)
    """
    clean = text.strip().replace(MINUS, "-")
    if clean.endswith(" min"):
        return number(clean.removesuffix(" min"))
    found = re.fullmatch(r"(-?)(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?", clean)
    if not found:
        raise ValueError(f"no clock time: {text!r}")
    value = int(found[2]) * 60 + int(found[3]) + float(found[4] or 0) / 60
    half = 0.5 / 60 if found[4] else 0.5
    value = -value if found[1] else value
    return Meant(value - half, value + half)
