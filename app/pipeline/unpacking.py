"""Packed files as streams of bytes: gzip, Zstandard, bzip2, xz, or a ZIP archive of one table.

This module owns how a file is packed, which its first bytes say, whatever it is called. It refuses to interpret what
comes out. Nothing is unpacked to disk, and no more than a block of it is in memory.
"""

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

import pyarrow as pa

from app.pipeline.errors import DataError

MAGIC: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_BZIP2: Final = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
"""Its first letters alone could begin a text."""
TABLES: Final = (".csv", ".tsv", ".txt", ".tab", ".psv", ".dat")
MUCH_LARGER = 10
"""A table in an archive is taken for what is meant where it is so many times the size of all others."""


class Readable(Protocol):
    """Bytes that come out of a file."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes; none at the end."""
        ...


class Unpacked:
    """A file being read from its beginning.

    Attributes
    ----------
    notes : tuple of str
        Which table of an archive is read, where it holds others.
    """

    def __init__(self, stream: Readable, file: Any, size: int, notes: tuple[str, ...]) -> None:
        self._stream, self._file, self._size = stream, file, max(size, 1)
        self.notes = notes

    def read(self, size: int) -> bytes:
        """Return that many bytes, fewer at the end."""
        pieces = []
        while size > 0 and (piece := self._stream.read(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    @property
    def fraction(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        return 1.0 if self._file.closed else min(self._file.tell() / self._size, 1.0)


def packing(path: Path) -> str:
    """Return how a file is packed, by its first bytes; nothing where it is not."""
    with path.open("rb") as stream:
        first = stream.read(10)
    if _BZIP2.match(first):
        return "bz2"
    return next((how for magic, how in MAGIC.items() if first.startswith(magic)), "")


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """Open a file to read what it holds, from its beginning.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DataError
        If an archive holds no table, or several, or is locked by a password.
    OSError, EOFError
        If the file is damaged.
    """
    how, size = packing(path), path.stat().st_size
    if how in ("zip", "xz"):
        with _repacked(path, how) as (stream, file, notes):
            yield Unpacked(stream, file, size, notes)
        return
    with pa.OSFile(str(path)) as file:
        stream = pa.CompressedInputStream(file, how) if how else file
        yield Unpacked(stream, file, size, ())


@contextmanager
def _repacked(path: Path, how: str) -> Iterator[tuple[Readable, Any, tuple[str, ...]]]:
    """Open what Arrow does not unpack; what these libraries raise becomes `OSError`."""
    try:
        with path.open("rb") as file:
            if how == "xz":
                with lzma.open(file) as stream:
                    yield stream, file, ()
                return
            with zipfile.ZipFile(file) as archive:
                member, notes = _member(path, archive)
                with archive.open(member) as stream:
                    yield stream, file, notes
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError) as error:
        raise OSError(f"the {how} archive is damaged or of an unknown kind ({error})") from error


def _member(path: Path, archive: zipfile.ZipFile) -> tuple[zipfile.ZipInfo, tuple[str, ...]]:
    held = [one for one in archive.infolist() if not one.is_dir() and not _hidden(one.filename)]
    tables = [one for one in held if one.filename.lower().endswith(TABLES)] or held
    tables.sort(key=lambda one: one.file_size, reverse=True)
    if not tables:
        raise DataError(f"{str(path)!r} is an empty archive: pack the table into it again.")
    others = sum(one.file_size for one in tables[1:])
    if tables[0].file_size < MUCH_LARGER * others:
        named = ", ".join(repr(one.filename) for one in tables[:5]) + (", ..." if len(tables) > 5 else "")
        raise DataError(f"{str(path)!r} holds {len(tables)} files ({named}): unpack it, and add the one to be drawn.")
    if tables[0].flag_bits & 1:
        raise DataError(f"{str(path)!r} is locked by a password: unpack it, and add what it holds.")
    if len(held) == 1:
        return tables[0], ()
    return tables[0], (f"Of the archive, {tables[0].filename!r} is read, which is by far its largest table.",)


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
