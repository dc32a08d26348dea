"""Columns of points: every way in which files store them, with their coordinate system."""

import base64
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from pyproj import CRS

from app.datasets.recognise import recognise
from app.pipeline.sources import open_source
from app.pipeline.table import open_table
from app.pipeline.wkb import read_points

SWISS = [(2_600_000.0, 1_200_000.0), None, (2_600_100.0, 1_200_000.0)]
BERN = 7.438632, 46.951083
DEGREES = [(9.5, 55.0), None, (-11.5, -57.0)]

NATIVE = (
    "UEFSMRUEFTAVOkwVBhUAEgAAKLUv/SAYpQAAYAEAAgADAAAAAAAAAAIAYOABYAEVABUUFSYsFQYVEBUGFQYcGAgDAAAAAAAAABgIAQAAAAAAAA"
    "AWACgIAwAAAAAAAAAYCAEAAAAAAAAAEREAAAAotS/9IApRAAACAAAABgECAyQAFQQVZBVOTBUEFQASAAAotS/9IDL1AACgFQAAAAEBACDWQ0EA"
    "AAAAgE8yQVIDAMAQPE8agBEVABUSFSQsFQYVEBUGFQYcAAAAKLUv/SAJSQAAAgAAAAMDAQMCFQQZPDUAGAZzY2hlbWEVBAAVBCUCGAJpZAAVDC"
    "UCGARnZW9tbAwiGAlFUFNHOjIwNTYAAAAWBhkcGSwmABwVBBk1AAYQGRgCaWQVDBYGFt4BFvoBJl4mCBwYCAMAAAAAAAAAGAgBAAAAAAAAABYA"
    "KAgDAAAAAAAAABgIAQAAAAAAAAAREQAZLBUEFQAVAgAVABUQFQIAPCkGGSYABgAAACYAHBUMGTUABhAZGARnZW9tFQwWBha4ARa0ASbsAiaCAi"
    "ksFQQVABUCABUAFRAVAgA8FlQZBhkmAgQAHBwXAAAAACDWQ0EXAAAAAFLWQ0EXAAAAAIBPMkEXAAAAAIBPMkEAGRUCAAAAFpYDFgYmCBauAwAo"
    "IHBhcnF1ZXQtY3BwLWFycm93IHZlcnNpb24gMjYuMC4xGSwcAAAcAAAAPgEAAFBBUjE="
)
"""A Parquet file of the three Swiss points, with Parquet's own GEOMETRY type in EPSG:2056, written by GeoArrow."""


def wkb(point: tuple[float, float] | None) -> bytes | None:
    return None if point is None else struct.pack("<BIdd", 1, 1, *point)


def stored(how: str, points: list[Any]) -> pa.Array:
    """Return points as a column, with 0 below those that are null."""
    if how == "wkb":
        return pa.array([wkb(point) for point in points], pa.binary())
    given = np.array([point or (0.0, 0.0) for point in points])
    missing = pa.array([point is None for point in points])
    if how == "list":
        kind = pa.list_(pa.field("xy", pa.float64(), nullable=False), 2)
        return pa.FixedSizeListArray.from_arrays(pa.array(given.ravel()), type=kind, mask=missing)
    return pa.StructArray.from_arrays([pa.array(given[:, 0]), pa.array(given[:, 1])], ["x", "y"], mask=missing)


def save(path: Path, column: pa.Array, field: dict[str, str] | None = None, **geo: Any) -> Path:
    """Write points between two other columns of numbers, which were once drawn in their stead."""
    one = pa.field("place", column.type, metadata=field)
    count = pa.array(range(len(column)))
    schema = pa.schema([pa.field("id", pa.int64()), one, pa.field("size", pa.int64())])
    said = {"version": "1.1.0", "primary_column": "place", "columns": {"place": geo}}
    schema = schema.with_metadata({"geo": json.dumps(said)} if geo else {})
    table = pa.Table.from_arrays([count, column, count], schema=schema)
    (pq.write_table if path.suffix.endswith("parquet") else feather.write_feather)(table, path)
    return path


def drawn(path: Path) -> tuple[str, list[float], list[float]]:
    """Return the system, and the coordinates, of what is drawn first; and hold that the table has no others."""
    plot = recognise(path).plots[0]
    table = open_table(plot.path, [plot.x, plot.y, *plot.fields], None)
    assert all(table.holds(field) for field in plot.fields)
    return plot.crs, table.column(plot.x.column).tolist(), table.column(plot.y.column).tolist()


def arrow(how: str, crs: object = None) -> dict[str, str]:
    """Return GeoArrow's metadata of a field."""
    name = "geoarrow.wkb" if how == "wkb" else "geoarrow.point"
    said = json.dumps({} if crs is None else {"crs": crs})
    return {"ARROW:extension:name": name, "ARROW:extension:metadata": said}


@pytest.mark.parametrize("suffix", ["parquet", "geoparquet", "feather"])
@pytest.mark.parametrize("how", ["wkb", "struct", "list"])
@pytest.mark.parametrize("crs", ["EPSG:2056", CRS.from_epsg(2056).to_json_dict(), CRS.from_epsg(2056).to_wkt()])
def test_points_in_a_national_grid_are_on_the_map(tmp_path: Path, suffix: str, how: str, crs: object) -> None:
    path = save(tmp_path / f"t.{suffix}", stored(how, SWISS), arrow(how, crs))
    system, x, y = drawn(path)
    assert system == "lonlat"
    np.testing.assert_allclose(x, [BERN[0], np.nan, BERN[0] + 0.001314], atol=2e-6)
    np.testing.assert_allclose(y, [BERN[1], np.nan, BERN[1]], atol=2e-6)
    assert "'place' holds points in CH1903+ / LV95 (EPSG:2056)" in open_source(path).notes[0]


@pytest.mark.parametrize(("how", "encoding"), [("wkb", "WKB"), ("struct", "point")])
@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_geoparquet_without_a_system_is_degrees(tmp_path: Path, how: str, encoding: str, suffix: str) -> None:
    path = save(tmp_path / f"t.{suffix}", stored(how, DEGREES), encoding=encoding, geometry_types=["Point"])
    assert open_source(path).schema.names == ["id", "place.lon", "place.lat", "size"]
    system, x, y = drawn(path)
    assert system == "lonlat"
    np.testing.assert_array_equal(x, [9.5, np.nan, -11.5])
    np.testing.assert_array_equal(y, [55.0, np.nan, -57.0])


def test_geoparquet_of_an_unknown_system_is_a_plane(tmp_path: Path) -> None:
    path = save(tmp_path / "t.parquet", stored("wkb", DEGREES), encoding="WKB", crs=None)
    assert open_source(path).schema.names == ["id", "place.x", "place.y", "size"]
    assert drawn(path)[0] == "plane"


def test_a_system_that_is_not_understood_is_said(tmp_path: Path) -> None:
    path = save(tmp_path / "t.parquet", stored("wkb", SWISS), encoding="WKB", crs={"type": "odd"})
    notes = open_source(path).notes
    assert any("'place' are drawn as they are: no coordinate system is known by" in note for note in notes)
    assert drawn(path)[1][0] == 2_600_000.0


def test_degrees_that_are_none_are_not_taken_for_degrees(tmp_path: Path) -> None:
    path = save(tmp_path / "t.parquet", stored("wkb", SWISS), encoding="WKB")
    assert any("said to hold longitude and latitude, but its values are none" in one for one in open_source(path).notes)
    assert drawn(path)[0] != "lonlat"


def test_parquets_own_type(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(base64.b64decode(NATIVE))
    system, x, y = drawn(tmp_path / "t.parquet")
    assert system == "lonlat"
    np.testing.assert_allclose(sorted(x), [BERN[0], BERN[0] + 0.001314, np.nan], atol=2e-6)
    np.testing.assert_allclose(sorted(y), [BERN[1], BERN[1], np.nan], atol=2e-6)


@pytest.mark.parametrize("how", ["struct", "list"])
@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_null_points_are_no_points_at_0_0(tmp_path: Path, how: str, suffix: str) -> None:
    points = [None, (2.0, 5.0), (3.0, 6.0), None]
    _, x, y = drawn(save(tmp_path / f"t.{suffix}", stored(how, points)))
    np.testing.assert_array_equal(x, [np.nan, 2.0, 3.0, np.nan])
    np.testing.assert_array_equal(y, [np.nan, 5.0, 6.0, np.nan])


@pytest.mark.parametrize(("a", "b"), [("lon", "lat"), ("Longitude", "Latitude"), ("lng", "lat")])
def test_structs_keep_the_names_of_their_parts(tmp_path: Path, a: str, b: str) -> None:
    column = pa.array([{b: 55, "height": 1.0, a: 9}, None, {b: 56, "height": 2.0, a: 10}])
    path = save(tmp_path / "t.parquet", column)
    assert open_source(path).schema.names == ["id", f"place.{a}", f"place.{b}", "size"]
    assert drawn(path)[0] == "lonlat"


def test_other_structs_and_lists_are_no_points(tmp_path: Path) -> None:
    for at, column in enumerate((
        pa.array([{"x": "a", "y": "b"}]), pa.array([{"x": 1.0, "z": 2.0}]),
        pa.array([[1.0, 2.0, 3.0]], pa.list_(pa.float64(), 3)), pa.array([[1.0, 2.0]]),
        pa.array([["a", "b"]], pa.list_(pa.string(), 2)),
    )):  # fmt: skip
        path = save(tmp_path / f"{at}.parquet", column)
        assert open_source(path).schema.names == ["id", "place", "size"]


def test_boxes_without_an_extent_are_points(tmp_path: Path) -> None:
    west = np.float32(9.123456789)
    box = [
        {"xmin": 1.0, "ymin": 2.0, "xmax": 1.0, "ymax": 2.0},
        {"xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 2.0},
        {"xmin": west, "ymin": 2.0, "xmax": np.nextafter(west, np.float32(10)), "ymax": 2.0},
    ]
    path = save(tmp_path / "t.parquet", pa.array(box))
    plot = recognise(path).plots[0]
    table = open_table(path, [plot.x, plot.y], None)
    np.testing.assert_allclose(table.column("place.x"), [1.0, np.nan, 9.1234568], atol=1e-6)
    assert "1 row of 'place' without a point, but boxes: left out." in table.notes


def test_lines_and_areas_are_refused_with_a_remedy(tmp_path: Path) -> None:
    line = struct.pack("<BII4d", 1, 2, 2, 1, 2, 3, 4)
    for at, (column, said) in enumerate((
        (pa.array([line, None, line]), {"encoding": "WKB"}),
        (pa.array([[[1.0, 2.0]]]), {"encoding": "linestring"}),
    )):  # fmt: skip
        source = open_source(save(tmp_path / f"{at}.parquet", column, **said))
        assert source.schema.names == ["id", "place", "size"]
        assert "'place' holds" in source.notes[0].lower().replace("linestring", "line")
        assert "not points; make points of them" in source.notes[0]


def test_the_other_shapes_among_points_are_counted(tmp_path: Path) -> None:
    line = struct.pack("<BII4d", 1, 2, 2, 1, 2, 3, 4)
    path = save(tmp_path / "t.parquet", pa.array([wkb((1, 2)), line, line, b"", wkb((3, 4)), None]), encoding="WKB")
    plot = recognise(path).plots[0]
    for _ in range(2):
        table = open_table(path, [plot.x, plot.y], tmp_path / "kept")
        np.testing.assert_array_equal(table.column("place.lon"), [1, np.nan, np.nan, np.nan, 3, np.nan])
        found = [note for note in table.notes if "without a point" in note]
        assert found == ["3 rows of 'place' without a point, but bytes that are no geometry and LineString: left out."]


@pytest.mark.parametrize("name", ["geometry", "hash"])
@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_bytes_beside_coordinates_are_left_out(tmp_path: Path, name: str, suffix: str) -> None:
    table = pa.table({"lon": [9.5, 10.5], "lat": [55.0, 56.0], name: [wkb((1, 2)), wkb((3, 4))]})
    path = tmp_path / f"t.{suffix}"
    (pq.write_table if suffix == "parquet" else feather.write_feather)(table, path)
    found = recognise(path)
    assert (found.plots[0].x.column, found.plots[0].fields) == ("lon", ())
    assert any("Left out" in note and repr(name) in note for note in found.notes)
    assert drawn(path)[1] == [9.5, 10.5]


def test_bytes_that_say_nothing_are_points_where_nothing_else_is(tmp_path: Path) -> None:
    table = pa.table({"geom": [wkb((1, 2)), wkb((3, 4))], "size": [1, 2], "other": [b"ab", b"cd"]})
    pq.write_table(table, tmp_path / "t.parquet")
    assert open_source(tmp_path / "t.parquet").schema.names == ["geom.x", "geom.y", "size", "other"]
    assert drawn(tmp_path / "t.parquet")[1:] == ([1.0, 3.0], [2.0, 4.0])


def test_a_folder_of_geoparquet(tmp_path: Path) -> None:
    for at, points in enumerate((SWISS, [(2_600_200.0, 1_200_000.0)])):
        said = {"encoding": "WKB", "crs": CRS.from_epsg(2056).to_json_dict(), "bbox": [at, 0, 1, 1]}
        save(tmp_path / f"{at}.parquet", stored("wkb", points), **said)
    _, x, _ = drawn(tmp_path)
    np.testing.assert_allclose(x, [BERN[0], np.nan, BERN[0] + 0.001314, BERN[0] + 0.002627], atol=2e-6)
    assert len(open_source(tmp_path).notes) == 1


class TestBinary:
    """Well-known binary: byte orders, dimensions, systems, and what is damaged."""

    @pytest.mark.parametrize(
        "made",
        [
            struct.pack("<BIdd", 1, 1, 1, 2),
            struct.pack(">BIdd", 0, 1, 1, 2),
            struct.pack("<BIddd", 1, 1001, 1, 2, 3),
            struct.pack("<BIdddd", 1, 3001, 1, 2, 3, 4),
            struct.pack(">BIddd", 0, 0x80000001, 1, 2, 3),
            struct.pack("<BIIdd", 1, 0x20000001, 4326, 1, 2),
            struct.pack("<BIIddd", 1, 0xA0000001, 4326, 1, 2, 3),
            struct.pack("<BIIBIdd", 1, 4, 1, 1, 1, 1, 2),
        ],
    )
    def test_a_point_however_it_is_written(self, made: bytes) -> None:
        for kind in (pa.binary(), pa.large_binary(), pa.binary_view()):
            found = read_points(pa.array([None, made, struct.pack("<BIdd", 1, 1, 8, 9)], kind).slice(1))
            assert (found.x.tolist(), found.y.tolist(), dict(found.others)) == ([1, 8], [2, 9], {})

    @pytest.mark.parametrize("cut", range(22))
    def test_bytes_cut_short_are_no_point(self, cut: int) -> None:
        found = read_points(pa.array([struct.pack("<BIdd", 1, 1, 1, 2)[:cut]]))
        assert np.isnan(found.x[0]) == (cut < 21)
        assert found.others.total() == (cut < 21)

    def test_empty_and_no_points(self) -> None:
        nan = float("nan")
        several = struct.pack("<BIIBIddBIdd", 1, 4, 2, 1, 1, 1, 2, 1, 1, 3, 4)
        found = read_points(pa.array([struct.pack("<BIdd", 1, 1, nan, nan), several, b"\x07" * 21]))
        assert np.isnan(found.x).all()
        assert found.others == {"MultiPoint": 1, "bytes that are no geometry": 1}
        assert len(read_points(pa.array([], pa.binary())).x) == 0

    def test_many_points_are_read_whole(self) -> None:
        given = np.random.default_rng(1).normal(size=(5_000, 2))
        array = pa.array([wkb((x, y)) for x, y in given])
        found = read_points(array.slice(7, 4_000))
        np.testing.assert_array_equal(np.stack([found.x, found.y], axis=1), given[7:4_007])
