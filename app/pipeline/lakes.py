"""Tables whose folder holds more than what is in force: Delta by its log; others are refused.

This module owns which files of such a folder count. It refuses to list them: after an overwrite or a deletion the rows
of before lie in the folder still.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from app.pipeline.errors import DataError

READ: Final = {
    "timestampNtz",
    "v2Checkpoint",
    "vacuumProtocolCheck",
    "typeWidening",
    "deletionVectors",
    "columnMapping",
}
"""What a Delta table may ask of its readers; of the last two it must not have made use."""
OTHERS: Final = {".hoodie": "a Hudi table", "metadata/version-hint.text": "an Iceberg table"}
REMEDY: Final = "write what is in force as Parquet files, such as by COPY in DuckDB, and add those"
SECONDS: Final = 60
_TYPES: Final = {
    "byte": pa.int64(), "short": pa.int64(), "integer": pa.int64(), "long": pa.int64(), "float": pa.float64(),
    "double": pa.float64(), "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
    "timestamp_ntz": pa.timestamp("us"),
}  # fmt: skip
# Processes that have started the library's threads: they do not survive a fork, and a child's use of them panics.
_started: set[int] = set()


class Live(NamedTuple):
    """A file in force, and the values of the columns that its place stands for; None is null."""

    path: Path
    keys: Mapping[str, str | None]


class Lake(NamedTuple):
    """The files in force of a table, and the types of the columns that partition it."""

    files: tuple[Live, ...]
    types: Mapping[str, pa.DataType]


def open_lake(folder: Path) -> Lake | None:
    """Return what is in force in a folder; None where it is no such table, but plain files.

    Raises
    ------
    DataError
        For a table of a kind, or with a feature, that is not read; with what to do.
    """
    if not (folder / "_delta_log").is_dir():
        for mark, kind in OTHERS.items():
            if (folder / mark).exists() or (kind.endswith("Iceberg table") and _iceberg(folder)):
                raise DataError(f"{str(folder)!r} is {kind}, whose folder holds rows of before as well: {REMEDY}.")
        return None
    said = _log(folder)
    if "error" in said:
        raise DataError(said["error"])
    # The log writes paths as addresses: what a folder's own name escapes is escaped once more.
    files = tuple(Live(folder / unquote(path), keys) for path, keys in said["files"])
    lost = next((str(one.path) for one in files if not one.path.is_file()), None)
    if lost:
        raise DataError(
            f"the log of the Delta table {str(folder)!r} names a file that is not there, {lost!r}: restore it."
        )
    return Lake(files, {name: _TYPES.get(kind, pa.string()) for name, kind in said["types"].items()})


def _iceberg(folder: Path) -> bool:
    return (folder / "metadata").is_dir() and any((folder / "metadata").glob("*.metadata.json"))


def _log(folder: Path) -> dict[str, Any]:
    if not _started or os.getpid() in _started:
        _started.add(os.getpid())
        return read_log(folder)
    command = [sys.executable, "-m", "app.pipeline.lakes", str(folder.resolve())]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode:
        return {"error": f"the log of the Delta table {str(folder)!r} cannot be read: {REMEDY}."}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def read_log(folder: Path) -> dict[str, Any]:
    """Read a Delta table's log.

    Returns
    -------
    dict
        ``files``: pairs of a path below the folder and its keys; ``types`` of the keys; or an ``error``.
    """
    try:
        table = DeltaTable(str(folder.resolve()))
        refused = _refused(table)
        actions = pa.table(table.get_add_actions(flatten=True))
        kinds = {field.name: str(getattr(field.type, "type", field.type)) for field in table.schema().fields}
        keys = table.metadata().partition_columns
    except (DeltaError, OSError, ValueError) as error:
        reason = (str(error).strip().splitlines() or ["damaged"])[0].rstrip(".")
        return {"error": f"the log of the Delta table {str(folder)!r} cannot be read ({reason}): {REMEDY}."}
    if refused:
        return {"error": f"the Delta table {str(folder)!r} uses {refused}, which is not read: {REMEDY}."}
    values = [actions.column(f"partition.{key}").cast(pa.string()).to_pylist() for key in keys]
    rows = zip(*values, strict=True) if keys else ((),) * len(actions)
    files = [
        [path, dict(zip(keys, row, strict=True))]
        for path, row in zip(actions.column("path").to_pylist(), rows, strict=True)
    ]
    return {"files": sorted(files, key=lambda one: str(one[0])), "types": {key: kinds.get(key, "") for key in keys}}


def _refused(table: DeltaTable) -> str:
    """Return the feature that keeps a table from being read; empty where nothing does."""
    asked = set(table.protocol().reader_features or ())
    if unread := sorted(asked - READ):
        return unread[0]
    if table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none":
        return "names of columns that differ from those in its files"
    if "deletionVectors" in asked and pa.table(table.deletion_vectors()).num_rows:
        return "deletion vectors"
    return ""


def main(words: Sequence[str]) -> None:
    """Print a table's log as JSON, for a process that must not read it itself."""
    print(json.dumps(read_log(Path(words[0]))))  # noqa: T201 - this is what the parent reads


if __name__ == "__main__":
    main(sys.argv[1:])
