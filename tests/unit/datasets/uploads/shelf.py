"""Uploads as they lie in a folder, without sending any."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app.datasets.uploads import Upload, record

ADA, EVE = "ad" * 16, "ef" * 16
LONG_AGO = (1, 1)


def put(folder: Path, owner: str = ADA, name: str = "upload-trips-00000000") -> Path:
    """Lay an upload into a folder of uploads, and return its own."""
    home = folder / owner / name
    home.mkdir(parents=True)
    pq.write_table(pa.table({"lon": [1.0, 2.0], "lat": [3.0, 4.0]}), home / "trips.parquet")
    record.write(home, Upload(name, "Trips.parquet", 100, 2, 2, 1e9))
    return home


def aged(folder: Path) -> Path:
    """Let a folder be of long ago."""
    os.utime(folder, LONG_AGO)
    return folder
