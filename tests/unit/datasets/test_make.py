"""Synthetic data: any number of rows, the same for the same seed, and never half a file."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.datasets import make
from app.datasets.make import make_clifford, make_taxi
from app.datasets.recognise import recognise
from app.pipeline.errors import ParameterError, StoreError

Make = Callable[..., None]
makers = pytest.mark.parametrize("maker", [make_taxi, make_clifford])


@makers
@pytest.mark.parametrize("rows", [1, 999, 1_000, 2_500])
def test_any_number_of_rows_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, maker: Make, rows: int) -> None:
    monkeypatch.setattr(make, "CHUNK_ROWS", 1_000)
    seen: list[float] = []
    maker(tmp_path / "t.parquet", rows, progress=lambda fraction, _: seen.append(fraction))
    assert pq.read_metadata(tmp_path / "t.parquet").num_rows == rows
    assert seen == [min((at + 1) * 1_000 / rows, 1.0) for at in range(-(-rows // 1_000))]
    assert [file.name for file in tmp_path.iterdir()] == ["t.parquet"]


@makers
def test_seeds_decide(tmp_path: Path, maker: Make) -> None:
    tables = []
    for at, seed in enumerate((1, 1, 2)):
        maker(tmp_path / f"{at}.parquet", 500, seed)
        tables.append(pq.read_table(tmp_path / f"{at}.parquet"))
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


def test_taxi_opens_as_synthetic_trips(tmp_path: Path) -> None:
    make_taxi(tmp_path / "trips.parquet", 20_000)
    found = recognise(tmp_path / "trips.parquet")
    assert found.name == "taxi"
    assert "made up" in found.description.lower().replace("-", " ")
    table = pq.read_table(tmp_path / "trips.parquet").to_pandas()
    assert table["dropoff_x"].between(*make.X_RANGE).all()
    assert table["dropoff_y"].between(*make.Y_RANGE).all()
    assert set(table["passenger_count"]) == {1, 2, 3, 4, 5, 6}
    assert set(table["pickup_hour"]) == set(range(24))
    assert set(table["payment_type"]) == set(make.PAYMENTS)
    assert (((table["dropoff_hour"] - table["pickup_hour"]) % 24) <= 1).all()
    assert (table["fare"] >= 2.5).all()
    # Two thirds on the long island, crowded: few cells hold most of it.
    cells = np.histogram2d(table["dropoff_x"], table["dropoff_y"], bins=64)[0].ravel()
    assert np.sort(cells)[-64:].sum() > 0.3 * len(table)


def test_clifford_follows_its_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "CHUNK_ROWS", 100)
    make_clifford(tmp_path / "t.parquet", 250)
    x, y = (column.to_numpy().astype("f8") for column in pq.read_table(tmp_path / "t.parquet").columns)
    np.testing.assert_allclose(x[1:], np.sin(-1.4 * y[:-1]) + np.cos(-1.4 * x[:-1]), atol=1e-5)
    np.testing.assert_allclose(y[1:], np.sin(1.6 * x[:-1]) + 0.7 * np.cos(1.6 * y[:-1]), atol=1e-5)


@makers
def test_no_rows_cannot_be_made(tmp_path: Path, maker: Make) -> None:
    with pytest.raises(ParameterError, match="0 rows cannot be made"):
        maker(tmp_path / "t.parquet", 0)


@makers
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, maker: Make) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        maker(tmp_path / "file" / "t.parquet", 10)


def test_an_interrupted_run_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    make_clifford(path, 10)

    def stop(fraction: float, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_clifford(path, 20, progress=stop)
    assert pq.read_table(path, schema=pa.schema([("x", pa.float32()), ("y", pa.float32())])).num_rows == 10
    assert [file.name for file in tmp_path.iterdir()] == ["t.parquet"]
