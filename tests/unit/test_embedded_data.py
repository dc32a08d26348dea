"""The embedded tables and base map are what their notice says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import app

PACKAGE = Path(app.__file__).parent
DATA = PACKAGE / "datasets" / "data"
GEO = PACKAGE / "assets" / "geo"
LIMIT = 28_000_000
EDGE = 85.05
NAMES = pa.dictionary(pa.int16(), pa.string())
F4, I2, I4 = pa.float32(), pa.int16(), pa.int32()
POINT = {"longitude": F4, "latitude": F4}

FACTS: dict[str, tuple[int, dict[str, pa.DataType]]] = {
    "flights": (
        3_000_000,
        {"day": pa.date32(), "minute": I2, "delay": I2, "distance": I2, "origin": NAMES, "destination": NAMES},
    ),
    "flight_routes": (
        3_399,
        {
            "origin_longitude": F4,
            "origin_latitude": F4,
            "destination_longitude": F4,
            "destination_latitude": F4,
            "flights": I4,
            "delay": F4,
            "distance": I2,
            "origin": NAMES,
            "destination": NAMES,
        },
    ),
    "places": (234_908, {**POINT, "population": I4, "country": NAMES, "continent": NAMES, "timezone": NAMES}),
    "stars": (1_871_011, {**POINT, "magnitude": F4}),
    "storms": (
        149_703,
        {"track": I4, "time": pa.timestamp("ms"), **POINT, "wind": F4, "pressure": F4, "basin": NAMES},
    ),
}

RANGES = [
    ("flights", "minute", 0, 1439),
    ("flights", "delay", -1116, 1688),
    ("flights", "distance", 21, 4962),
    ("flight_routes", "origin_longitude", -170, -60),
    ("flight_routes", "destination_latitude", 15, 75),
    ("places", "longitude", -180, 180),
    ("places", "latitude", -55, 79),
    ("places", "population", 0, 30_000_000),
    ("stars", "longitude", -180, 179.99999),
    ("stars", "latitude", -90, 90),
    ("stars", "magnitude", 0, 15.2),
    ("storms", "longitude", -180, 179.99),
    ("storms", "latitude", -70, 75),
    ("storms", "wind", 3, 185),
    ("storms", "pressure", 860, 1030),
]


def column(table: str, name: str) -> pa.ChunkedArray:
    return pq.read_table(DATA / f"{table}.parquet", columns=[name])[name]


@pytest.mark.parametrize("name", FACTS)
def test_rows_columns_and_types_are_as_documented(name: str) -> None:
    file = pq.ParquetFile(DATA / f"{name}.parquet")
    rows, columns = FACTS[name]
    assert file.metadata.num_rows == rows
    assert dict(zip(file.schema_arrow.names, file.schema_arrow.types, strict=True)) == columns


def test_every_table_in_the_folder_is_tested_here() -> None:
    assert {path.stem for path in DATA.glob("*.parquet")} == set(FACTS)


@pytest.mark.parametrize(("table", "name", "low", "high"), RANGES)
def test_values_lie_in_a_plausible_range(table: str, name: str, low: float, high: float) -> None:
    found = pc.min_max(column(table, name)).as_py()
    assert low <= found["min"] < found["max"] <= high


def test_the_folder_stays_small() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) <= LIMIT


def test_the_notice_names_every_file() -> None:
    notice = (DATA / "NOTICE").read_text(encoding="utf-8")
    names = [path.name for folder in (DATA, GEO) for path in folder.iterdir()]
    assert [name for name in names if name != "NOTICE" and name not in notice] == []


def test_only_the_storms_have_missing_values() -> None:
    nulls = {
        (name, column): table[column].null_count
        for name in FACTS
        for table in [pq.read_table(DATA / f"{name}.parquet")]
        for column in table.column_names
        if table[column].null_count
    }
    assert nulls == {("storms", "wind"): 42_166, ("storms", "pressure"): 33_286}


def test_codes_that_spell_na_are_not_taken_for_missing() -> None:
    assert "North Atlantic" in column("storms", "basin").unique().to_pylist()
    assert "Namibia" in column("places", "country").unique().to_pylist()
    assert "North America" in column("places", "continent").unique().to_pylist()


def test_routes_add_up_to_the_flights() -> None:
    assert pc.sum(column("flight_routes", "flights")).as_py() == FACTS["flights"][0]


def test_the_milky_way_is_in_the_middle_of_the_stars() -> None:
    share = np.mean(np.abs(column("stars", "latitude").to_numpy()) <= 10.0)
    assert share == pytest.approx(0.247, abs=0.001)


def test_storm_tracks_are_in_order_of_time() -> None:
    table = pq.read_table(DATA / "storms.parquet", columns=["track", "time"])
    track = table["track"].to_numpy()
    time = table["time"].to_numpy().astype(np.int64)
    same = np.diff(track) == 0
    assert set(np.diff(track)) == {0, 1}
    assert (np.diff(time)[same] > 0).all()


def rings(name: str) -> list[list[list[float]]]:
    shape: dict[str, Any] = json.loads((GEO / name).read_text(encoding="utf-8"))
    if shape["type"] == "MultiPolygon":
        return [ring for polygon in shape["coordinates"] for ring in polygon]
    return list(shape["coordinates"])


@pytest.mark.parametrize("name", ["land-110m.json", "land-50m.json", "land-10m.json"])
def test_land_rings_are_closed(name: str) -> None:
    assert all(ring[0] == ring[-1] and len(ring) >= 4 for ring in rings(name))


@pytest.mark.parametrize(
    "name", ["land-110m.json", "land-50m.json", "land-10m.json", "borders-50m.json", "states-us.json"]
)
def test_no_line_runs_across_the_map(name: str) -> None:
    for ring in rings(name):
        line = np.array(ring)
        assert np.abs(line[:, 0]).max() <= 180
        assert np.abs(line[:, 1]).max() <= EDGE
        jumps = np.flatnonzero(np.abs(np.diff(line[:, 0])) > 180)
        # Antarctica is closed along the lower edge of the map.
        assert all(line[at, 1] == line[at + 1, 1] == -EDGE for at in jumps)


@pytest.mark.parametrize(("name", "count"), [("labels.json", 3_000), ("countries.json", 177)])
def test_labels_lie_on_the_map_in_order_of_rank(name: str, count: int) -> None:
    labels = json.loads((GEO / name).read_text(encoding="utf-8"))
    assert len(labels) == count
    assert all(text and abs(x) <= 180 and abs(y) <= EDGE for text, x, y, _ in labels)
    ranks = [rank for *_, rank in labels]
    assert ranks == sorted(ranks)
