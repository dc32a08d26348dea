"""Data files by path: what belongs together, what identifies it, and how a reader's complaints are put.

This module owns paths, fingerprints and sentences. It refuses to interpret what a file holds: that is `sources`.
"""

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import pyarrow as pa

from app.pipeline.errors import DataError, DataMissingError
from app.pipeline.folders import PARQUET as PARQUET
from app.pipeline.folders import list_folder

TEXT = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
ARROW = (".feather", ".arrow", ".ipc")


class Part(NamedTuple):
    """A batch of rows, and the fraction of the file that has been read with it."""

    batch: pa.RecordBatch
    fraction: float


class ReadAgainError(Exception):
    """A column's type was guessed too narrow; it has been widened, and the pass must start again."""


class Source(Protocol):
    """A file of any format, opened.

    Attributes
    ----------
    path : Path
    schema : pyarrow.Schema
        Columns and their types; for CSV as guessed from the first block.
    rows : int or None
        None for CSV, whose rows are only known once read.
    notes : tuple of str
        Sentences on how the file is taken: encoding, lines and values that were left out; complete once a scan ended.
    skipped : int
        Lines of the file that are no row that could be read; known once a scan has ended.
    """

    path: Path
    schema: pa.Schema
    rows: int | None
    notes: tuple[str, ...]
    skipped: int

    def scan(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the columns batch by batch, in the order of the rows."""
        ...

    def sample(self, rows: int) -> pa.Table:
        """Return about that many rows, from several places of the file where the format allows."""
        ...


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn a reader's errors into `DataError`, in one sentence.

    Parameters
    ----------
    path : Path
        The file being read.
    what : str
        Its format, for the sentence.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise missing(path) from error
    except PermissionError as error:
        raise DataError(f"{str(path)!r} may not be read by this user: change its permissions.") from error
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        raise DataError(f"{str(path)!r} cannot be read as {what}: {reason}.") from error


def missing(path: Path) -> DataMissingError:
    """Say that nothing is there."""
    return DataMissingError(f"no file or folder at {str(path)!r}: restore it, or correct the path.")


def parquet_files(path: Path) -> list[Path]:
    """Return the files of a folder that count, in natural order (part.2 before part.10), or the file itself.

    Raises
    ------
    DataMissingError
        If nothing is there.
    DataError
        If a folder holds none.
    """
    if not os.path.lexists(path):
        raise missing(path)
    with reading(path, "Parquet"):
        return list(list_folder(path).files)


def fingerprint(path: Path) -> str:
    """Identify a file, or folder of files, without reading its data.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        32 hexadecimal digits: a hash of the resolved path, sizes, modification times, and Parquet footers, which
        hold the schema and the statistics.

    Raises
    ------
    DataMissingError
        If nothing is there.
    """
    digest = hashlib.sha256(os.fsencode(path.resolve()))
    with reading(path, "data"):
        for file in parquet_files(path):
            facts = file.stat()
            digest.update(f"\0{file.relative_to(path) if file != path else ''}\0{facts.st_size}".encode())
            digest.update(f"\0{facts.st_mtime_ns}\0".encode() + _footer(file))
    return digest.hexdigest()[:32]


def _footer(file: Path) -> bytes:
    first, last = ends(file)
    if not file.name.lower().endswith(PARQUET) or first != b"PAR1" or last[-4:] != b"PAR1":
        return b""
    with file.open("rb") as stream:
        size = min(struct.unpack("<I", last[:4])[0] + 8, file.stat().st_size)
        stream.seek(-size, os.SEEK_END)
        return stream.read()


def ends(file: Path) -> tuple[bytes, bytes]:
    """Return the first four and the last eight bytes of a file."""
    with file.open("rb") as stream:
        first = stream.read(4)
        stream.seek(-min(8, file.stat().st_size), os.SEEK_END)
        return first, stream.read()
