"""Numbers as people read them."""

from typing import Final

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def count(value: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> count(3000000, "row"), count(1, "row")
    ('3,000,000 rows', '1 row')
    """
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def size(value: float) -> str:
    """Return a number of bytes, in powers of 1000.

    Examples
    --------
    >>> size(0), size(950), size(13_200_000)
    ('0 B', '950 B', '13.2 MB')
    """
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")
