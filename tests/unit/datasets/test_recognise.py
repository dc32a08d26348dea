"""Files of the user's own: pairs, kinds and projections are recognised, said, and can be corrected."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from app.datasets.recognise import recognise
from app.pipeline.errors import DataError, DataMissingError
from app.pipeline.types import Bounds, Dataset

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "data"
sampled = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the samples of HoloViz's data sets are not beside the repository"
)
METRES = [-8_234_500.0, -8_229_500.0]
NORTH = [4_977_500.0, 4_969_500.0]


def written(tmp_path: Path, **columns: object) -> Path:
    """Write a Parquet file."""
    path = tmp_path / "My File.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def pairs(dataset: Dataset) -> list[tuple[str, str, str, str]]:
    """Return what each plot draws."""
    return [(plot.name, plot.x.column, plot.y.column, plot.crs) for plot in dataset.plots]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"x": [1.0, 2.0], "y": [3.0, 4.0]}, [("x_y", "x", "y", "plane")]),
        ({"x": METRES, "y": NORTH}, [("x_y", "x", "y", "plane")]),
        ({"x_3857": METRES, "y_3857": NORTH}, [("3857", "x_3857", "y_3857", "mercator")]),
        ({"lat": [50.0, 51.0], "lon": [1.0, 2.0]}, [("map", "lon", "lat", "lonlat")]),
        ({"Longitude": [1.0, 2.0], "Latitude": [50.0, 51.0]}, [("map", "Longitude", "Latitude", "lonlat")]),
        ({"longitude": METRES, "latitude": NORTH}, [("longitude_latitude", "longitude", "latitude", "plane")]),
        ({"longitude": [1e9, 2e9], "latitude": NORTH}, [("longitude_latitude", "longitude", "latitude", "plane")]),
        (
            {"longitude": [1.0, 200.0], "latitude": [1.0, 2.0]},
            [("map", "longitude", "latitude", "lonlat")],
        ),
        ({"easting": METRES, "northing": NORTH}, [("easting_northing", "easting", "northing", "plane")]),
        (
            {"easting": [530_000.0, 540_000.0], "northing": NORTH},
            [("easting_northing", "easting", "northing", "plane")],
        ),
        (
            {"start_lng": [1.0, 2.0], "end_lng": [1.0, 3.0], "start_lat": [5.0, 6.0], "end_lat": [5.0, 7.0]},
            [("start", "start_lng", "start_lat", "lonlat"), ("end", "end_lng", "end_lat", "lonlat")],
        ),
        (
            {"startLongitude": [1.0, 2.0], "startLatitude": [5.0, 6.0]},
            [("start", "startLongitude", "startLatitude", "lonlat")],
        ),
        ({"a": ["p", "q"], "b": [1, 2], "c": [3.0, 4.0]}, [("b_c", "b", "c", "plane")]),
        ({"index": [1, 2], "b": [1, 2], "c": [3.0, 4.0]}, [("b_c", "b", "c", "plane")]),
        (
            {"v": [1, 2], "w": [1.0, 2.0], "t": [datetime(2020, 1, 1), datetime(2021, 1, 1)]},
            [("t_v", "t", "v", "plane")],
        ),
    ],
)
def test_pairs_are_recognised(tmp_path: Path, columns: dict[str, object], expected: list[tuple[str, ...]]) -> None:
    found = recognise(written(tmp_path, **columns))
    assert pairs(found) == expected
    assert found.name == "my-file"
    assert any(repr(expected[0][1]) in note for note in found.notes)


def test_times_become_dates_along_the_axis(tmp_path: Path) -> None:
    found = recognise(written(tmp_path, t=[datetime(2020, 1, 1), datetime(2021, 1, 1)], v=[1.0, 2.0]))
    assert (found.plots[0].x.kind, found.plots[0].y.kind) == ("date", "number")


def test_kinds_of_fields(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        x=np.arange(50.0),
        y=np.arange(50.0),
        fare=np.arange(50.0),
        count=np.arange(50),
        hour=np.arange(50) % 5,
        word=["a", "b"] * 25,
        yes=[True, False] * 25,
        when=[datetime(2020, 1, 1)] * 50,
        many=[[1]] * 50,
    )
    found = recognise(path)
    assert [(one.name, one.column, one.kind) for one in found.plots[0].fields] == [
        ("fare", "fare", "number"),
        ("count", "count", "number"),
        ("hour", "hour", "number"),
        ("hour-groups", "hour", "category"),
        ("word", "word", "category"),
        ("yes", "yes", "category"),
        ("when", "when", "time"),
    ]
    assert "Categories: 'hour', 'word', 'yes'." in found.notes
    assert "Times: 'when'." in found.notes
    assert "Left out, as neither numbers, times nor text: 'many'." in found.notes


def test_slugs_are_unique(tmp_path: Path) -> None:
    found = recognise(
        written(tmp_path, x=[1.0, 2.0], y=[1.0, 2.0], **{"a b": [1.5, 2], "a-b": [1.5, 2], "東": [1.5, 2]})
    )
    assert [one.name for one in found.plots[0].fields] == ["a-b", "a-b-2", "unnamed"]


def test_partitions_are_fields(tmp_path: Path) -> None:
    for year in (2001, 2002):
        (tmp_path / "d" / f"year={year}").mkdir(parents=True)
        pq.write_table(pa.table({"x": [1.0, 2.0], "y": [1.0, 2.0]}), tmp_path / "d" / f"year={year}" / "0.parquet")
    assert [one.name for one in recognise(tmp_path / "d").plots[0].fields] == ["year", "year-groups"]


def test_text_files_open(tmp_path: Path) -> None:
    pacsv.write_csv(pa.table({"lon": [1.0, 2.0], "lat": [50.0, 51.0], "word": ["a", "b"]}), tmp_path / "t.csv")
    found = recognise(tmp_path / "t.csv")
    assert pairs(found) == [("map", "lon", "lat", "lonlat")]


@sampled
def test_the_taxi_sample_opens_as_in_the_reference() -> None:
    found = recognise(SAMPLES / "nyc_taxi_wide.parq")
    assert found.name == "nyc_taxi"
    assert [plot.label for plot in found.plots] == ["NYC Taxi Dropoffs", "NYC Taxi Pickups"]
    assert [one.label for one in found.plots[0].fields][:3] == ["Passenger Count", "Drop-off Hour", "Pick-up Hour"]


@sampled
def test_the_census_folder_opens_as_in_the_reference() -> None:
    found = recognise(SAMPLES / "census2010.parq")
    assert found.name == "census"
    race = found.find_plot("race").find_field("race")
    assert dict(zip(race.categories, race.colors, strict=True))["w"] == "#00ffff"


def test_opensky_keeps_metres_in_columns_called_degrees(tmp_path: Path) -> None:
    found = recognise(
        written(tmp_path, longitude=[METRES[0], None], latitude=[NORTH[0], None], ascending=[True, False])
    )
    assert (found.name, found.plots[0].crs) == ("opensky", "mercator")


def test_osm_is_known_by_its_name(tmp_path: Path) -> None:
    table = pa.table({"x": METRES, "y": NORTH})
    pq.write_table(table, tmp_path / "osm-1billion.parq")
    pq.write_table(pa.table({"x": [1.0, -0.5], "y": [0.25, 1.5]}), tmp_path / "clifford-9.parq")
    pq.write_table(table, tmp_path / "cosmos.parq")
    pq.write_table(pa.table({"x": [1.0, -0.5], "y": [0.25, 1.5]}), tmp_path / "osm-umap.parq")
    assert recognise(tmp_path / "osm-1billion.parq").name == "osm-1b"
    assert recognise(tmp_path / "clifford-9.parq").name == "clifford"
    assert recognise(tmp_path / "cosmos.parq").name == "cosmos"
    assert recognise(tmp_path / "osm-umap.parq").name == "osm-umap"


class TestCorrections:
    """Flags and a TOML beside the file."""

    def test_columns_and_projection(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=[1.0, 2.0], y=[1.0, 2.0], a=[1.0, 2.0], b=[1.0, 2.0])
        found = recognise(path, x="a", y="b", crs="mercator", name="mine", title="Mine")
        assert pairs(found) == [("map", "a", "b", "mercator")]
        assert (found.name, found.title) == ("mine", "Mine")
        assert [one.column for one in found.plots[0].fields] == ["x", "y"]

    def test_a_shape_overrides_a_declared_data_set(self, tmp_path: Path) -> None:
        path = written(tmp_path, easting=METRES, northing=NORTH, race=["w", "b"])
        assert recognise(path).name == "census"
        assert recognise(path, crs="plane").name == "my-file"
        assert [plot.name for plot in recognise(path, name="mine").plots] == ["people", "race"]

    def test_lines_by_track(self, tmp_path: Path) -> None:
        path = written(tmp_path, lon=[1.0, 2.0], lat=[1.0, 2.0], ship=["a", "b"])
        plot = recognise(path, kind="lines", track="ship").plots[0]
        assert (plot.kind, plot.track) == ("lines", "ship")

    def test_lines_between_two_pairs(self, tmp_path: Path) -> None:
        path = written(tmp_path, x0_x=[1.0, 2.0], x0_y=[1.0, 2.0], x1_x=[1.0, 2.0], x1_y=[1.0, 2.0])
        plot = recognise(path, kind="lines").plots[0]
        assert (plot.kind, plot.x.column, plot.x.end, plot.y.end) == ("lines", "x0_x", "x1_x", "x1_y")

    def test_lines_need_more_than_one_pair(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="lines need the column"):
            recognise(written(tmp_path, x=[1.0, 2.0], y=[1.0, 2.0]), kind="lines")

    def test_a_file_beside_it(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=[1.0, 2.0], y=[1.0, 2.0], a=[3, 4], b=[1.5, 2.5])
        path.with_name(f"{path.name}.toml").write_text(
            'title = "Ships"\nlicence = "CC0"\ncrs = "lonlat"\n[fields.a]\nlabel = "Type"\ncategories = ["3", "4"]\n'
            'labels = ["Tug", "Ferry"]\ncolors = ["#ff0000", "#00ff00"]\n[fields.b]\nunit = "kn"\n'
        )
        found = recognise(path)
        assert (found.title, found.licence, found.plots[0].crs) == ("Ships", "CC0", "lonlat")
        a, b = found.plots[0].fields
        assert (a.kind, a.label, a.labels, a.colors) == ("category", "Type", ("Tug", "Ferry"), ("#ff0000", "#00ff00"))
        assert (b.kind, b.unit) == ("number", "kn")
        assert recognise(path, title="Boats").title == "Boats"

    @pytest.mark.parametrize(
        ("flags", "match"),
        [
            ({"x": "lon", "y": "lattitude"}, "no column named 'lattitude'; did you mean 'latitude'"),
            ({"x": "lon"}, "name both columns"),
            ({"crs": "utm"}, "crs = 'utm' is not allowed: use one of lonlat, mercator, plane"),
            ({"kind": "areas"}, "use one of points, lines"),
            ({"name": "A b"}, "use lower-case letters"),
            ({"x": "word", "y": "latitude"}, "column 'word' does not hold numbers"),
        ],
    )
    def test_what_does_not_fit(self, tmp_path: Path, flags: dict[str, str], match: str) -> None:
        with pytest.raises(DataError, match=match):
            recognise(written(tmp_path, lon=[1.0, 2.0], latitude=[1.0, 2.0], word=["a", "b"]), **flags)


class TestBadInput:
    """A clear sentence each."""

    @pytest.mark.parametrize(
        ("columns", "match"),
        [
            ({"word": ["a"]}, "no two columns of numbers to draw, none: its columns are word"),
            ({"word": ["a"], "v": [1.0]}, "no two columns of numbers to draw, only 'v'"),
            ({"x": pa.array([], pa.float64()), "y": pa.array([], pa.float64())}, "has no rows"),
            ({"x": [None, None], "y": [1.0, 2.0]}, "column 'x' holds no finite number"),
            ({"x": [1.0, 2.0], "y": [np.nan, np.inf]}, "column 'y' holds no finite number"),
        ],
    )
    def test_what_cannot_be_drawn(self, tmp_path: Path, columns: dict[str, object], match: str) -> None:
        with pytest.raises(DataError, match=match):
            recognise(written(tmp_path, **columns))

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(DataMissingError):
            recognise(tmp_path / "none.csv")

    def test_equal_coordinates_open_on_a_padded_view(self, tmp_path: Path) -> None:
        found = recognise(written(tmp_path, lon=[2.0, 2.0], lat=[48.0, 49.0]))
        assert found.plots[0].view == Bounds(1.99, 2.01, 48.0, 49.0)
        assert "All rows have the same 'lon', 2: the view is padded around it." in found.notes

    def test_huge_equal_coordinates_open_on_a_view_of_some_width(self, tmp_path: Path) -> None:
        view = recognise(written(tmp_path, x=[1e18, 1e18], y=[0.0, 0.0])).plots[0].view
        assert view is not None
        assert view.x0 < view.x1
        assert (view.y0, view.y1) == (-0.5, 0.5)

    def test_a_constant_sample_is_no_constant_column(self, tmp_path: Path) -> None:
        x = np.zeros(200_000)
        x[-1] = 5
        assert recognise(written(tmp_path, x=x, y=np.arange(200_000.0))).plots[0].view is None
        path = tmp_path / "t.csv"
        path.write_text("x,y,pad\n" + f"0,1,{'-' * 90}\n" * 60_000 + "2.5,3,\n")
        assert recognise(path).plots[0].view is None
