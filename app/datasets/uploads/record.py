"""What is known of an upload, in a file beside it, and the data set that it is.

Owns the names of uploads and the facts of each; refuses what is not whole.
"""

import json
import os
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.datasets.names import label, stem
from app.datasets.recognise import recognise
from app.pipeline.types import Dataset

PREFIX = "upload-"
NAME = re.compile(PREFIX + r"[a-z0-9_-]{1,60}")
FACTS = "upload.json"
FILE = ".parquet"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that a session sent.

    Parameters
    ----------
    name : str
        Its data set's name.
    file : str
        What the user called the file.
    sent : int
        Bytes that were sent.
    rows, columns : int
    at : float
        When, in seconds since 1970.
    """

    name: str
    file: str
    sent: int
    rows: int
    columns: int
    at: float


def read(home: Path) -> Upload | None:
    """Return what a folder says of its upload; None where there is none, it is not whole, or it cannot be read."""
    try:
        return _read(home)
    except OSError:
        return None


def is_whole(home: Path) -> bool:
    """Whether a folder holds an upload, its facts and its file.

    Raises
    ------
    OSError
        Where that cannot be told.
    """
    return _read(home) is not None


def _read(home: Path) -> Upload | None:
    try:
        facts = Upload(**json.loads((home / FACTS).read_text(encoding="utf-8")))
        return facts if _files(home) else None
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None


def _files(home: Path) -> list[Path]:
    return [home / one for one in os.listdir(home) if one.endswith(FILE)]


def write(home: Path, upload: Upload) -> None:
    """Say in a folder what its upload is."""
    (home / FACTS).write_text(json.dumps(asdict(upload)), encoding="utf-8")


def dataset(home: Path, upload: Upload) -> Dataset:
    """Return the data set that a folder's upload is.

    Raises
    ------
    DataError
        Where nothing in it can be explored.
    """
    path = next(iter(_files(home)), home / f"gone{FILE}")
    return replace(
        recognise(path),
        name=upload.name,
        title=label(stem(upload.file)),
        source=f"Your file {upload.file}",
        licence="Private: no other session can see it",
    )
