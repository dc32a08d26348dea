"""What the page writes, read back: numbers, times of day and moments. It shares nothing with what writes them."""

import re
from fractions import Fraction

MINUS = "\N{MINUS SIGN}"
NUMBER = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(?:e(-?\d+))?(?: ([MBT]))?")
LETTERS = {"M": 10**6, "B": 10**9, "T": 10**12}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY = 86_400_000


def number(text: str) -> tuple[Fraction, Fraction]:
    """Return a number, and half a unit of its last digit."""
    match = NUMBER.fullmatch(text.replace(MINUS, "-"))
    assert match, f"{text!r} is no number"
    sign, whole, part, power, letter = match.groups()
    unit = Fraction(10) ** (int(power or "0") - len(part or "")) * LETTERS.get(letter or "", 1)
    value = int(whole.replace(",", "") + (part or "")) * unit
    assert value or not sign, f"{text!r} is a negative zero"
    return (-value if sign else value), unit / 2


def degrees(text: str) -> Fraction:
    """Return an angle in degrees."""
    assert text.endswith("°")
    return number(text[:-1])[0]


def clock(text: str) -> Fraction:
    """Return a time of day in minutes."""
    hours, minutes, *seconds = text.split(":")
    assert len(hours) >= 2
    assert len(minutes) == 2
    return int(hours) * 60 + int(minutes) + Fraction(seconds[0] if seconds else 0) / 60


def days(year: int, month: int, day: int) -> int:
    """Return the days from 1970 to a day of the Gregorian calendar, of which year 0 is the one before 1."""
    year -= month <= 2
    era, months = year // 400, (month + 9) % 12
    of_era = (year - era * 400) * 365 + (year - era * 400) // 4 - (year - era * 400) // 100 + (153 * months + 2) // 5
    return era * 146_097 + of_era + day - 1 - 719_468


def moment(text: str, day: int | None = None) -> tuple[Fraction, int]:
    """Return a moment in ms since 1970, and its day; without a year, or a day, of the next such or that one."""
    text = text.replace(MINUS, "-")
    if match := re.fullmatch(r"(\d+) ([A-Z][a-z]{2}) (\d\d:.*)", text):
        assert day is not None, f"{text!r} is of no year"
        near = 1970 + int(day // 365.2425)
        alike = [days(year, MONTHS.index(match[2]) + 1, int(match[1])) for year in range(near - 1, near + 3)]
        text, day = match[3], next(one for one in alike if one >= day)
    if re.fullmatch(r"-?\d{4,}", text):
        found = days(int(text), 1, 1)
        return Fraction(found * DAY), found
    if match := re.fullmatch(r"(?:(\d+) )?([A-Z][a-z]{2}) (-?\d{4,})", text):
        found = days(int(match[3]), MONTHS.index(match[2]) + 1, int(match[1] or 1))
        return Fraction(found * DAY), found
    match = re.fullmatch(r"(?:(-?\d{4,})-(\d\d)-(\d\d) )?(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)", text)
    assert match, f"{text!r} is no moment"
    if match[1]:
        day = days(int(match[1]), int(match[2]), int(match[3]))
    assert day is not None, f"{text!r} is of no day"
    return day * DAY + clock(match[4]) * 60_000, day
