"""Own how an embedded table is written to Parquet and described on the console."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_GROUP = 500_000
ZSTD_LEVEL = 22

Bits = npt.NDArray[np.uint64]


def encoded(values: pd.Series) -> pa.DictionaryArray:
    """Turn strings into dictionary codes, the dictionary in alphabetical order.

    Parameters
    ----------
    values : Series of str
        The values; a missing one becomes null.

    Returns
    -------
    pyarrow.DictionaryArray
        int16 codes into strings.
    """
    category = values.astype("category")
    codes = category.cat.codes.to_numpy().astype(np.int16)
    names = pa.array(category.cat.categories.astype(str).to_list(), pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0, type=pa.int16()), names)


def write(table: pa.Table, path: Path, encodings: Mapping[str, str] | None = None) -> None:
    """Write one table, small first and fast second.

    Parameters
    ----------
    table : pyarrow.Table
        The rows in the order in which they shall be kept.
    path : Path
        The Parquet file; an older one is replaced when the new one is whole.
    encodings : mapping of str to str, optional
        Parquet encoding of a column; every other column is dictionary encoded.
    """
    plain = dict(encodings or {})
    partial = path.with_suffix(".partial")
    pq.write_table(
        table,
        partial,
        row_group_size=ROWS_PER_GROUP,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=[name for name in table.column_names if name not in plain],
        column_encoding=plain or None,
        dictionary_pagesize_limit=4 << 20,
    )
    partial.rename(path)
    print(describe(path))


def describe(path: Path) -> str:
    """Report a Parquet file: rows, bytes, and each column's type and bytes.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        One line for the file and one a column.
    """
    file = pq.ParquetFile(path)
    sizes = dict.fromkeys(file.schema_arrow.names, 0)
    for group in range(file.metadata.num_row_groups):
        chunks = file.metadata.row_group(group)
        for column in range(chunks.num_columns):
            chunk = chunks.column(column)
            sizes[chunk.path_in_schema] += chunk.total_compressed_size
    lines = [f"{path.name}: {file.metadata.num_rows:,} rows, {path.stat().st_size:,} bytes"]
    lines += [f"  {field.name}: {field.type}, {sizes[field.name]:,} bytes" for field in file.schema_arrow]
    return "\n".join(lines)


def z_order(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    extent: tuple[float, float, float, float],
) -> npt.NDArray[np.intp]:
    """Order points along a Z-order (Morton) curve, so that neighbours compress.

    Parameters
    ----------
    x, y : ndarray of float64
        Coordinates.
    extent : tuple of float
        x minimum, x maximum, y minimum, y maximum.

    Returns
    -------
    ndarray of intp
        Row numbers in curve order, ties in the order of the rows.

    References
    ----------
    G. M. Morton, A computer oriented geodetic data base, IBM, 1966.
    """
    x0, x1, y0, y1 = extent
    top = float(2**32 - 1)
    u = ((x - x0) / (x1 - x0) * top).astype(np.uint64)
    v = ((y - y0) / (y1 - y0) * top).astype(np.uint64)
    return np.argsort(_spread(u) | (_spread(v) << np.uint64(1)), kind="stable")


def _spread(bits: Bits) -> Bits:
    """Move bit i of each 32-bit value to bit 2i."""
    steps = (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    )
    for shift, mask in steps:
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return bits


def grid(values: npt.NDArray[np.float64], steps: int) -> npt.NDArray[np.float32]:
    """Round to a fraction of a unit that float32 holds exactly.

    Parameters
    ----------
    values : ndarray of float64
        The values.
    steps : int
        Steps a unit, a power of two.

    Returns
    -------
    ndarray of float32
        The nearest multiples of 1 / steps.
    """
    return (np.rint(values * steps) / steps).astype(np.float32)
