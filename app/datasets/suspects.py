"""What a file that nobody vouches for claims to be, and what its first bytes say that it is.

Reads a few bytes of binary formats and all of a text, block by block; parses nothing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.pipeline.errors import DataError
from app.pipeline.files import ARROW, PARQUET, TEXT, ends, reading
from app.pipeline.unpacking import unpacked

EXTENSIONS: Final = (*PARQUET, *TEXT, *ARROW)
BLOCK = 1 << 20
MOST_LINE = 1 << 20
"""Bytes of one line of text."""
_PARQUET, _ARROW, _TEXT = "Parquet", "Feather or Arrow", "CSV"
_STREAM = b"\xff\xff\xff\xff"
_MAGIC: Final = {
    b"PAR1": _PARQUET,
    b"ARRO": _ARROW,
    _STREAM: _ARROW,
    b"FEA1": "Feather of version 1",
    b"PK\x03\x04": "a ZIP archive",
    b"\x89PNG": "a picture",
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    **{f"BZh{level}".encode(): "bzip2" for level in range(1, 10)},
    b"\xfd7zX": "xz",
    b"\x7fELF": "a program",
    b"%PDF": "a PDF",
}
_PACKED: Final = {".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".xz": "xz", ".zip": "a ZIP archive"}


def extension(name: str) -> str:
    """Return the extension of a file's name, as it counts here, such as ``.csv.gz``.

    Raises
    ------
    DataError
        For a name with none that is known.

    Examples
    --------
    >>> extension("Trips 2015.CSV.gz")
    '.csv.gz'
    """
    found = max((one for one in EXTENSIONS if name.lower().endswith(one)), key=len, default="")
    if not found:
        raise DataError(f"{name!r} has no known extension: send one of {', '.join(EXTENSIONS)}.")
    return found


def check_content(path: Path) -> None:
    """Raise `DataError` where a file's content is not what its extension says."""
    claimed = extension(path.name)
    first, last = ends(path)
    if not first:
        raise DataError("the file is empty.")
    kind = _PARQUET if claimed in PARQUET else _ARROW if claimed in ARROW else _packed(claimed)
    found = next((held for magic, held in _MAGIC.items() if first.startswith(magic)), _TEXT)
    if found != kind:
        said = "something else" if found == _TEXT else found
        raise DataError(f"the file is called {claimed} but holds {said}: send {kind}, or correct its name.")
    if kind == _PARQUET and last[-4:] != b"PAR1":
        raise DataError("the Parquet file is cut short: send the whole file.")


def _packed(claimed: str) -> str:
    return next((how for end, how in _PACKED.items() if claimed.endswith(end)), _TEXT)


def check_text(path: Path, most: int) -> None:
    """Read a text once, and raise `DataError` for what no CSV holds.

    Parameters
    ----------
    path : Path
    most : int
        Bytes that it may unpack to.
    """
    size = line = 0
    for block in _blocks(path):
        size += len(block)
        # A table with line ends of old Macs has no line feed.
        pieces = block.replace(b"\r", b"\n").split(b"\n")
        longest = max(line + len(pieces[0]), max(map(len, pieces[1:]), default=0))
        line = len(pieces[-1]) + (line if len(pieces) == 1 else 0)
        if longest > MOST_LINE:
            raise DataError(f"the text has a line of more than {MOST_LINE:,} bytes: no table has such rows.")
        if size > most:
            raise DataError(f"the file unpacks to more than {most:,} bytes: that is more than is allowed.")


def _blocks(path: Path) -> Iterator[bytes]:
    with reading(path, "CSV"), unpacked(path) as stream:
        while block := stream.read(BLOCK):
            yield block
