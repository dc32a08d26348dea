"""Samples: a few rows from all over a file, whatever its format."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.feather as feather
import pyarrow.ipc as paipc
import pyarrow.parquet as pq
import pytest

from app.pipeline.errors import DataError
from app.pipeline.sources import open_source

TABLE = pa.table({"n": np.arange(10_000), "word": [str(at) for at in range(10_000)]})


def _write_stream(table: pa.Table, path: Path) -> None:
    with paipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=1_000)


def _write_folder(table: pa.Table, path: Path) -> None:
    for at in range(20):
        (path / f"part={at}").mkdir(parents=True)
        pq.write_table(table.slice(at * 500, 500), path / f"part={at}" / "0.parquet")


@pytest.mark.parametrize(
    ("name", "write", "spread"),
    [
        ("t.parquet", lambda table, path: pq.write_table(table, path, row_group_size=500), True),
        ("folder", _write_folder, True),
        ("t.feather", lambda table, path: feather.write_feather(table, path, chunksize=1_000), True),
        ("t.arrow", _write_stream, False),
        ("t.csv", pacsv.write_csv, True),
    ],
)
def test_samples_are_small_and_spread_where_they_can_be(tmp_path: Path, name: str, write: object, spread: bool) -> None:
    assert callable(write)
    write(TABLE, tmp_path / name)
    source = open_source(tmp_path / name)
    sample = source.sample(80)
    assert len(sample) == 80
    assert sample.schema.names == source.schema.names
    assert sample["n"].to_pylist() == [int(word) for word in sample["word"].to_pylist()]
    assert (sample["n"].to_numpy().max() > 8_000) == spread


def test_fewer_rows_than_asked_for(tmp_path: Path) -> None:
    pq.write_table(TABLE.slice(0, 3), tmp_path / "t.parquet")
    assert len(open_source(tmp_path / "t.parquet").sample(100)) == 3


def test_large_batches_are_cut(tmp_path: Path) -> None:
    table = pa.table({"n": np.arange(300_000)})
    feather.write_feather(table, tmp_path / "t.feather", chunksize=300_000)
    parts = list(open_source(tmp_path / "t.feather").scan(["n"]))
    assert [len(part.batch) for part in parts] == [131_072, 131_072, 37_856]
    assert parts[-1].fraction == 1.0


def test_a_file_without_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="has no columns"):
        open_source(tmp_path / "t.parquet")
