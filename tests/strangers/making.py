"""Random files as other programs write them, with known rows: good ones, and bad ones of each sort."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
import pyarrow.feather as paf
import pyarrow.parquet as pq

Random = np.random.Generator
Floats = npt.NDArray[np.float64]
MERCATOR = 85.0511287798066
"""Degrees at which the map ends."""


class Pair(NamedTuple):
    """Names of two coordinates, and the least and greatest value of each."""

    x: str
    y: str
    spans: tuple[tuple[float, float], tuple[float, float]]
    is_map: bool


PAIRS = (
    Pair("longitude", "latitude", ((-120, 140), (-60, 70)), True),
    Pair("Lon", "Lat", ((5, 15), (45, 55)), True),
    Pair("decimalLongitude", "decimalLatitude", ((-10, 30), (35, 70)), True),
    Pair("x", "y", ((-4, 9), (0, 3)), False),
    Pair("easting", "northing", ((480_000, 560_000), (5_100_000, 5_300_000)), False),
    Pair("UMAP1", "UMAP2", ((-12, 14), (-9, 11)), False),
)


@dataclass(frozen=True)
class Stranger:
    """A file, and what is true of it.

    Parameters
    ----------
    path : Path
    x, y : str
        The columns that should open.
    rows : int
        Rows that the file holds, lines that are none among them.
    placed : int
        Those of them that have a place.
    words : str
        How it was made.
    """

    path: Path
    x: str
    y: str
    rows: int
    placed: int
    words: str


def make(seed: int, folder: Path) -> Stranger:
    """Write a seed's file into a folder of its own."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    pair = PAIRS[rng.integers(len(PAIRS))]
    rows = int(10 ** rng.uniform(1.5, 4))
    x, y, lost = _coordinates(rng, pair, rows)
    columns = {**_others(rng, rows), pair.x: x, pair.y: y}
    order = list(rng.permutation(list(columns)))
    table = pa.table({name: columns[name] for name in order})
    name = str(rng.choice([*_WRITERS]))
    path, bad = _WRITERS[name](rng, table, folder)
    return Stranger(path, pair.x, pair.y, rows + bad, rows - lost, f"{name}, {rows} rows of {', '.join(order)}")


def _coordinates(rng: Random, pair: Pair, rows: int) -> tuple[pa.Array, pa.Array, int]:
    """Return coordinates, of which some have no place, and how many."""
    x, y = (rng.uniform(*span, rows) for span in pair.spans)
    if rng.random() < 0.5:
        # A cluster, as most data have, and the rest around it.
        near = rng.random(rows) < 0.8
        x[near], y[near] = (rng.normal(sum(one) / 2, (one[1] - one[0]) / 30, near.sum()) for one in pair.spans)
    x, y = np.round(x, 5), np.round(y, 5)
    lost = np.zeros(rows, bool)
    if rng.random() < 0.6:
        empty = rng.random(rows) < 10 ** rng.uniform(-3, -1)
        lost |= empty
        x = np.where(empty, np.nan, x)
        y = np.where(empty & (rng.random(rows) < 0.5), np.nan, y)
    if pair.is_map and rng.random() < 0.3:
        beyond = ~lost & (rng.random(rows) < 0.01)
        lost |= beyond
        y = np.where(beyond, rng.choice([88.5, -89.9, 86.0], rows), y)
    return _with_nulls(x), _with_nulls(y), int(lost.sum())


def _with_nulls(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def _others(rng: Random, rows: int) -> dict[str, Any]:
    """Return some columns that nobody asks for."""
    words = np.array(["elm", "oak", "ash, red", 'the "old" lime', "Röte", "plum;pear", "N/A"])
    every: Mapping[str, Callable[[], Any]] = {
        "id": lambda: np.arange(rows) + 2**53,
        "speed": lambda: pa.array(rng.lognormal(2, 1, rows), mask=rng.random(rows) < 0.1),
        "count": lambda: pa.array(rng.integers(0, 50, rows), mask=rng.random(rows) < 0.05),
        "kind": lambda: pa.array(words[rng.integers(0, len(words), rows)], mask=rng.random(rows) < 0.05),
        "flag": lambda: rng.random(rows) < 0.3,
        "seen": lambda: pa.array(rng.integers(0, 1_700_000_000, rows), pa.timestamp("s")),
        "empty": lambda: pa.nulls(rows, pa.string()),
        "note": lambda: [f'{{"at": {at}}}' for at in range(rows)],
        "infinite": lambda: np.where(rng.random(rows) < 0.01, np.inf, rng.normal(0, 1, rows)),
    }
    chosen = [name for name in every if rng.random() < 0.45]
    return {name: every[name]() for name in chosen}


def _nested(rng: Random, table: pa.Table) -> pa.Table:
    """Return a table with columns that only binary formats hold."""
    rows = len(table)
    if rng.random() < 0.4:
        table = table.append_column("bytes", pa.array([b"\x00\xff%d" % at for at in range(rows)]))
    if rng.random() < 0.4:
        table = table.append_column("list", pa.array([[at, at + 1] for at in range(rows)]))
    if rng.random() < 0.4:
        table = table.append_column("small", pa.array(rng.normal(0, 1, rows).astype(np.float16)))
    if "kind" in table.column_names and rng.random() < 0.5:
        at = table.column_names.index("kind")
        table = table.set_column(at, "kind", table.column("kind").dictionary_encode())
    if "count" in table.column_names and rng.random() < 0.3:
        at = table.column_names.index("count")
        table = table.set_column(at, "count", table.column("count").dictionary_encode())
    return table


def _spoiled(rng: Random, path: Path, delimiter: str) -> int:
    """Put lines that are no rows into a text file; return how many."""
    if rng.random() < 0.6:
        return 0
    raw = path.read_bytes()
    lines = raw.splitlines(keepends=True)
    many = int(rng.integers(1, 4))
    for _ in range(many):
        at = int(rng.integers(2, len(lines) + 1))
        lines.insert(at, delimiter.join(["stray"] * 40).encode() + b"\n")
    path.write_bytes(b"".join(lines))
    return many


def _pandas_csv(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    delimiter = str(rng.choice([",", ";", "\t", "|"]))
    ending = str(rng.choice(["csv", "CSV", "txt" if delimiter != "\t" else "tsv"]))
    decimal = "," if delimiter == ";" and rng.random() < 0.5 else "."
    encoding = str(rng.choice(["utf-8", "utf-8-sig", "cp1252", "utf-16"]))
    path = folder / f"plain.{ending}"
    table.to_pandas().to_csv(path, sep=delimiter, index=False, decimal=decimal, encoding=encoding, lineterminator="\n")
    return path, _spoiled(rng, path, delimiter) if encoding.startswith("utf-8") else 0


def _packed_csv(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    ending = str(rng.choice(["gz", "bz2", "zst"]))
    path = folder / f"packed.csv.{ending}"
    with pa.output_stream(path, compression={"gz": "gzip", "bz2": "bz2", "zst": "zstd"}[ending]) as stream:
        pacsv.write_csv(table, stream)
    return path, 0


def _polars_csv(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    path = folder / "polars.csv"
    style = str(rng.choice(["necessary", "always", "non_numeric"]))
    pl.from_arrow(table).write_csv(path, quote_style=style, null_value=str(rng.choice(["", "NA", "null"])))  # type: ignore[union-attr,arg-type]
    return path, _spoiled(rng, path, ",")


def _duckdb_csv(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    path = folder / "duck.csv"
    duckdb.from_arrow(table).write_csv(str(path), sep=str(rng.choice([",", ";", "|"])))
    return path, 0


def _pandas_parquet(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    path = folder / "pandas.parquet"
    _nested(rng, table).to_pandas().to_parquet(path, index=bool(rng.random() < 0.3))
    return path, 0


def _polars_parquet(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    path = folder / "polars.parquet"
    size, statistics = int(rng.integers(50, 2000)), bool(rng.random() < 0.5)
    pl.from_arrow(table).write_parquet(path, row_group_size=size, statistics=statistics)  # type: ignore[union-attr]
    return path, 0


def _pyarrow_parquet(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    path = folder / "arrow.parquet"
    pq.write_table(_nested(rng, table), path, row_group_size=int(rng.integers(20, 3000)))
    return path, 0


def _feather(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    path = folder / str(rng.choice(["rows.feather", "rows.arrow"]))
    paf.write_feather(_nested(rng, table), path, chunksize=int(rng.integers(50, 5000)))
    return path, 0


def _polars_ipc(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    path = folder / "polars.arrow"
    pl.from_arrow(table).write_ipc(path, compression="zstd")  # type: ignore[union-attr]
    return path, 0


def _keyed(rng: Random, table: pa.Table) -> pa.Table:
    key = rng.choice(np.array(["01", "02", "x y"]), len(table))
    return table.append_column("part", pa.array(key))


def _polars_folder(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    path = folder / "lake"
    parts = pl.PartitionBy(path, key="part", include_key=bool(rng.random() < 0.5))
    pl.from_arrow(_keyed(rng, table)).write_parquet(parts, mkdir=True)  # type: ignore[union-attr,call-overload]
    return path, 0


def _duckdb_folder(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    path = folder / "hive"
    duckdb.from_arrow(_keyed(rng, table)).write_parquet(str(path), partition_by=["part"])
    return path, 0


def _parts_folder(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    """Files of one folder whose columns and types differ."""
    path = folder / "parts"
    path.mkdir()
    cut = len(table) // 2
    first, second = table.slice(0, cut), table.slice(cut)
    if "count" in table.column_names:
        second = second.set_column(table.column_names.index("count"), "count", second["count"].cast(pa.float64()))
    if "speed" in table.column_names:
        first = first.drop_columns("speed")
    if "kind" in table.column_names:
        second = second.set_column(second.column_names.index("kind"), "kind", second["kind"].dictionary_encode())
    pq.write_table(first, path / "part-1.parquet")
    pq.write_table(second, path / "part-2.PARQUET")
    (path / "_SUCCESS").touch()
    return path, 0


def _pyarrow_folder(rng: Random, table: pa.Table, folder: Path) -> tuple[Path, int]:
    path = folder / "dataset"
    pads.write_dataset(_keyed(rng, table), path, format="parquet", partitioning=["part"], partitioning_flavor="hive")
    return path, 0


_WRITERS: Mapping[str, Callable[[Random, pa.Table, Path], tuple[Path, int]]] = {
    "pandas CSV": _pandas_csv,
    "packed CSV": _packed_csv,
    "polars CSV": _polars_csv,
    "DuckDB CSV": _duckdb_csv,
    "pandas Parquet": _pandas_parquet,
    "polars Parquet": _polars_parquet,
    "PyArrow Parquet": _pyarrow_parquet,
    "Feather": _feather,
    "polars IPC": _polars_ipc,
    "polars folder": _polars_folder,
    "DuckDB folder": _duckdb_folder,
    "PyArrow folder": _pyarrow_folder,
    "folder of parts": _parts_folder,
}
