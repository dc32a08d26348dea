"""Names for addresses and for people, made from those of files and columns."""

import re
from collections.abc import Collection

from app.pipeline.errors import ParameterError

MOST_NAME = 255
"""Characters of a file's name; file systems allow no more."""
_FORMATS = re.compile(
    r"\.(parquet|parq|pq|geoparquet|csv|tsv|txt|tab|psv|feather|arrow|ipc|gz|zst|bz2|xz|zip)$", re.IGNORECASE
)


def slug(text: str) -> str:
    """Return a name for addresses, ``[a-z0-9_-]+``.

    Examples
    --------
    >>> slug("Fare ($), total"), slug("Größe"), slug("東京")
    ('fare-total', 'gr-e', 'unnamed')
    """
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:60] or "unnamed"


def unique(name: str, taken: Collection[str]) -> str:
    """Return the name, numbered if it is taken.

    Examples
    --------
    >>> unique("taxi", ["taxi", "taxi-2"])
    'taxi-3'
    """
    number = 2
    numbered = name
    while numbered in taken:
        numbered, number = f"{name}-{number}", number + 1
    return numbered


def words(column: str) -> tuple[str, ...]:
    """Split a column's name into lower-case words.

    Examples
    --------
    >>> words("start_lng"), words("endLatitude"), words("Start Station X")
    (('start', 'lng'), ('end', 'latitude'), ('start', 'station', 'x'))
    """
    return tuple(word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", column))


def label(column: str) -> str:
    """Return a column's name as people write it.

    Examples
    --------
    >>> label("passenger_count")
    'Passenger count'
    """
    text = re.sub(r"[_\s]+", " ", column).strip()
    return text[:1].upper() + text[1:] or "Unnamed"


def title(file: str) -> str:
    """Return a file's name as people write it.

    Examples
    --------
    >>> title("la-riots.csv"), title("AIS-2025-01-01.csv.zst"), title("sea_ice.parquet")
    ('La riots', 'AIS-2025-01-01', 'Sea ice')
    """
    return label(re.sub(r"(?<=[^\W\d])-(?=[^\W\d])", " ", stem(file)))


def stem(file: str) -> str:
    """Return a file's name without what tells its format.

    Examples
    --------
    >>> stem("trips.2015.csv.gz"), stem("AIS-2025-01-01.csv.zst"), stem("Sites.GeoParquet")
    ('trips.2015', 'AIS-2025-01-01', 'Sites')
    """
    bare = _FORMATS.sub("", file)
    return bare if bare == file else stem(bare)


def display(file: str) -> str:
    """Return what a user calls a file, as one line of text.

    Raises
    ------
    ParameterError
        For a name that no file can have.

    Examples
    --------
    >>> display("Fahrten  2015.csv")
    'Fahrten 2015.csv'
    """
    if not file or len(file) > MOST_NAME:
        raise ParameterError(f"a file's name of {len(file):,} characters is not between 1 and {MOST_NAME}: rename it.")
    if not file.isprintable() or set("/\\") & set(file):
        raise ParameterError(f"the file's name {file[:60]!r} holds characters that no name may have: rename it.")
    return " ".join(file.split())
