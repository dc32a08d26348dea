"""Data files by path: what belongs together, what identifies it, and how a reader's complaints are put.

This module owns paths, fingerprints and sentences. It refuses to interpret what a file holds: that is `sources`.
"""

import csv
import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import pyarrow as pa

from app.pipeline.errors import DataError, DataMissingError
from app.pipeline.folders import PARQUET as PARQUET
from app.pipeline.folders import list_folder

_PLAIN = (".csv", ".tsv", ".txt", ".tab", ".psv")
TEXT = (*(name + packed for packed in ("", ".gz", ".zst", ".bz2", ".xz", ".zip") for name in _PLAIN), ".zip")
"""Text, packed or not; what a ZIP archive without another extension holds is taken for text."""
ARROW = (".feather", ".arrow", ".ipc")
_REMEDIES: Final = {
    (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"): (
        "save its sheet as CSV, or convert it with pandas and openpyxl: `pandas.read_excel(FILE).to_parquet(NEW)`"
    ),
    (".shp", ".gpkg", ".geojson", ".kml", ".kmz", ".gml", ".fgb", ".gdb", ".gpx", ".mif"): (
        "convert it with geopandas: `geopandas.read_file(FILE).to_parquet(NEW)`"
    ),
    (
        ".shx",
        ".dbf",
        ".prj",
    ): "it is a part of a shapefile; convert the .shp: `geopandas.read_file(FILE).to_parquet(NEW)`",
    (".nc", ".nc4", ".cdf", ".grib", ".grb", ".grib2", ".zarr"): (
        "convert it with xarray: `xarray.open_dataset(FILE).to_dataframe().reset_index().to_parquet(NEW)`"
    ),
    (".las", ".laz"): (
        "convert it with laspy: `las = laspy.read(FILE)`, then "
        "`pandas.DataFrame({'x': np.array(las.x), 'y': np.array(las.y), 'z': np.array(las.z)}).to_parquet(NEW)`"
    ),
    (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz"): (
        "convert it with pandas: `pandas.read_json(FILE, lines=True).to_parquet(NEW)`"
    ),
    (".json", ".json.gz"): (
        "convert it with `pandas.read_json(FILE).to_parquet(NEW)`, or GeoJSON with `geopandas.read_file(FILE)`"
    ),
    (".sas7bdat", ".xpt"): "convert it with pandas: `pandas.read_sas(FILE).to_parquet(NEW)`",
    (".dta",): "convert it with pandas: `pandas.read_stata(FILE).to_parquet(NEW)`",
    (".sav", ".zsav", ".por"): "convert it with pandas and pyreadstat: `pandas.read_spss(FILE).to_parquet(NEW)`",
    (".rds", ".rdata", ".rda"): 'write it from R: `arrow::write_parquet(readRDS("FILE"), "NEW")`',
    (".pkl", ".pickle", ".pkl.gz"): (
        "a pickle can run programs and is never opened; where you trust it: `pandas.read_pickle(FILE).to_parquet(NEW)`"
    ),
    (".h5", ".hdf5", ".hdf", ".he5"): (
        "convert its table with pandas and tables, `pandas.read_hdf(FILE).to_parquet(NEW)`, or its arrays with h5py"
    ),
    (
        ".fits",
        ".fit",
        ".fits.gz",
    ): "convert it with astropy: `astropy.table.Table.read(FILE).to_pandas().to_parquet(NEW)`",
    (".db", ".sqlite", ".sqlite3", ".duckdb"): "write the table with DuckDB: `COPY (FROM NAME) TO 'NEW.parquet'`",
    (".orc",): "convert it with pyarrow: `pyarrow.parquet.write_table(pyarrow.orc.read_table(FILE), NEW)`",
    (".avro",): "convert it with polars: `polars.read_avro(FILE).write_parquet(NEW)`",
    (".npy", ".npz", ".mat"): "make a table of its arrays: `pandas.DataFrame({'x': ..., 'y': ...}).to_parquet(NEW)`",
    (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".7z", ".rar"): "unpack it, and add the table that it holds",
    (".pdf", ".docx", ".html", ".xml"): "save its table as CSV",
}


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
        Columns and their types; for CSV as judged from a sample of the whole file.
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
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        raise DataError(f"{str(path)!r} cannot be read as {what}: {reason}.") from error


def missing(path: Path) -> DataMissingError:
    """Say that nothing is there."""
    return DataMissingError(f"no file or folder at {str(path)!r}: restore it, or correct the path.")


def unknown_extension(path: Path) -> DataError:
    """Say that a file is of a format that is not read, and how to make one of it that is."""
    name = path.name.lower()
    for extensions, remedy in _REMEDIES.items():
        if name.endswith(extensions):
            return DataError(f"{str(path)!r} is of a format that is not read: {remedy}.")
    known = ", ".join((*PARQUET, *_PLAIN, *ARROW))
    return DataError(
        f"{str(path)!r} has no known extension: use one of {known} (text also packed, as in .csv.gz), "
        "or a folder of Parquet files."
    )


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
