"""Folders of Parquet files: which files count, what their places say, and what lies beside them.

This module owns names: extensions, partitions written as ``key=value``, and what is ignored. It refuses to open files.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

import pyarrow as pa

from app.pipeline.errors import DataError
from app.pipeline.lakes import open_lake

PARQUET: Final = (".parquet", ".parq", ".pq", ".geoparquet")
NOTHING: Final = "__HIVE_DEFAULT_PARTITION__"
SHOWN: Final = 3
_WHOLE: Final = re.compile(r"0|-?[1-9]\d{0,17}")


class Contents(NamedTuple):
    """A folder's files in natural order of their names, each with the values of its place.

    Parameters
    ----------
    files : tuple of Path
    keys : tuple of mapping
        For each file, its values by the key's name; None is null.
    types : mapping
        Of each key, in the order of the folders.
    ignored : tuple of str
        Other files, by their path below the folder.
    """

    files: tuple[Path, ...]
    keys: tuple[Mapping[str, str | None], ...]
    types: Mapping[str, pa.DataType]
    ignored: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say of files that do not count."""
        if not self.ignored:
            return ()
        return (f"Ignored in the folder, as no Parquet files: {listed(self.ignored)}.",)


def list_folder(path: Path) -> Contents:
    """List what counts in a folder; a file alone counts itself.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Contents

    Raises
    ------
    DataError
        If there is nothing to read, with what there is.
    OSError
        If it cannot be listed.

    Notes
    -----
    Names that begin with a dot or an underscore are the writers' own, and passed over in silence. Of a Delta table its
    log says what counts.
    """
    if not path.is_dir():
        return Contents((path,), ({},), {})
    lake = open_lake(path)
    if lake is not None:
        if not lake.files:
            raise DataError(f"the Delta table {str(path)!r} has no rows in force: nothing can be drawn.")
        return Contents(tuple(one.path for one in lake.files), tuple(one.keys for one in lake.files), lake.types)
    seen = sorted(_walk(path), key=lambda file: natural(file.relative_to(path).as_posix()))
    # Writers such as Spark's leave names without an extension; they count where nothing else does.
    files = [one for one in seen if one.name.lower().endswith(PARQUET)] or [one for one in seen if not one.suffix]
    if not files:
        held = f"holds no Parquet file, only {listed([one.name for one in seen])}" if seen else "is empty"
        raise DataError(f"folder {str(path)!r} {held}: name a folder of .parquet files, or one file of any kind.")
    keys = tuple(_keys(one.relative_to(path).parent.parts) for one in files)
    taken = set(files)
    ignored = tuple(one.relative_to(path).as_posix() for one in seen if one not in taken)
    return Contents(tuple(files), keys, _types(keys), ignored)


def _walk(folder: Path) -> Iterable[Path]:
    def fail(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [one for one in folders if not _own(one) or "=" in one]
        yield from (file for name in names if not _own(name) and (file := Path(place, name)).is_file())


def _own(name: str) -> bool:
    """Whether a name is a writer's own, not data."""
    return name.startswith((".", "_")) or name.endswith(".crc")


def _keys(parts: Sequence[str]) -> dict[str, str | None]:
    pairs = (part.split("=", 1) for part in parts if "=" in part)
    return {unquote(key): None if value == NOTHING else unquote(value) for key, value in pairs}


def _types(keys: Sequence[Mapping[str, str | None]]) -> dict[str, pa.DataType]:
    """Return each key's type: whole numbers where all are written as such, so that ``01`` stays text."""
    found: dict[str, pa.DataType] = {}
    for name in dict.fromkeys(name for one in keys for name in one):
        values = [value for one in keys if (value := one.get(name)) is not None]
        whole = all(_WHOLE.fullmatch(value) for value in values)
        found[name] = (pa.int64() if whole else pa.string()) if values else pa.null()
    return found


def listed(names: Sequence[str]) -> str:
    """Name a few things, and count the others.

    Examples
    --------
    >>> listed(["a", "b", "c", "d", "e"])
    "'a', 'b', 'c' and 2 more"
    """
    more = len(names) - SHOWN
    shown = ", ".join(repr(name) for name in names[:SHOWN])
    return f"{shown} and {more:,} more" if more > 0 else shown


def natural(name: str) -> list[tuple[int, str]]:
    """Return what names are ordered by as people do: part.2 before part.10."""
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in re.split(r"(\d+)", name)]
