"""Coordinates as files have them: the bulk of the values decides, and what is bad is left out, counted and said."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app import plots
from app.datasets.pairs import find_pairs
from app.datasets.recognise import recognise
from app.pipeline.errors import DataError
from app.pipeline.points import Points
from app.pipeline.roots import PlotRoot
from app.pipeline.table import fingerprint
from app.pipeline.types import Bounds, Dataset
from app.pipeline.world import degrees

N = 3_000


def written(folder: Path, frame: dict[str, object], name: str = "rows.parquet") -> Path:
    path = folder / name
    table = pd.DataFrame(frame)
    table.to_csv(path, index=False) if name.endswith(".csv") else table.to_parquet(path)
    return path


def opened(path: Path, **said: str) -> tuple[Dataset, Points]:
    found = recognise(path, **said)
    return found, PlotRoot(found.plots[0], fingerprint(path)).open()


def baltic(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.uniform(9, 13, N), random.uniform(54, 58, N)


def pairs(dataset: Dataset) -> list[tuple[str, str, str]]:
    return [(one.x.column, one.y.column, one.crs) for one in dataset.plots]


class TestDegrees:
    """Longitude and latitude, whatever stands in some rows."""

    @pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
    @pytest.mark.parametrize("bad", [-9999.0, 999.0, 9999.0, -999.25, 9.969209968386869e36, -32768.0])
    def test_one_sentinel_value_is_left_out_and_said(self, tmp_path: Path, name: str, bad: float) -> None:
        lon, lat = baltic()
        lon[7] = lat[7] = bad
        found, points = opened(written(tmp_path, {"latitude": lat, "longitude": lon}, name))
        assert pairs(found) == [("longitude", "latitude", "lonlat")]
        assert plots.counts(points) == {"read": N, "drawn": N - 1, "left": {"sentinel": 1}, "outside": 0}
        assert any("stands for no Longitude and Latitude" in note for note in points.notes)

    @pytest.mark.parametrize(("share", "bad"), [(0.4, (-9999, -9999)), (0.3, (181, 91)), (0.03, (1e6, 45.0))])
    def test_many_bad_rows_do_not_unmake_the_map(self, tmp_path: Path, share: float, bad: tuple[float, float]) -> None:
        lon, lat = baltic()
        count = int(N * share)
        lon[:count], lat[:count] = bad
        found, points = opened(written(tmp_path, {"LAT": lat, "LON": lon}))
        assert found.plots[0].crs == "lonlat"
        assert sum(plots.counts(points)["left"].values()) == count
        assert plots.counts(points)["drawn"] == N - count

    @pytest.mark.parametrize("low", [0, -360, -200, 100])
    def test_longitudes_are_wrapped(self, tmp_path: Path, low: float) -> None:
        lon = np.random.default_rng(2).uniform(low, low + 260, N)
        found, points = opened(written(tmp_path, {"lat": baltic()[1], "lon": lon}))
        assert found.plots[0].crs == "lonlat"
        assert points.at.dropped == 0
        expected = (lon + 180) % 360 - 180
        back, _ = degrees(points.at.world.x0 + (points.at.x[0] + 0.5) * points.at.world.dx, 0)
        assert back == pytest.approx(expected[points.at.row[0]], abs=1e-6)

    def test_the_order_of_the_rows_does_not_matter(self, tmp_path: Path) -> None:
        lon, lat = baltic()
        lon[:2_000] = lat[:2_000] = np.nan
        lon[2_000:2_030] = lat[2_000:2_030] = 5e6
        assert opened(written(tmp_path, {"lat": lat, "lon": lon}))[0].plots[0].crs == "lonlat"

    @pytest.mark.parametrize(
        ("scale", "said"), [(1e5, "degrees times 100,000"), (1e7, "degrees times 10,000,000"), (3e5, "of the rows")]
    )
    def test_what_is_not_degrees_is_a_plane_and_says_why(self, tmp_path: Path, scale: float, said: str) -> None:
        lon, lat = baltic()
        found, _ = opened(written(tmp_path, {"long": lon * scale, "lat": lat * scale}))
        assert found.plots[0].crs == "plane"
        if scale != 3e5:
            assert any(said in note for note in found.notes)

    def test_exchanged_names_are_said(self, tmp_path: Path) -> None:
        random = np.random.default_rng(3)
        frame = {"lon": random.uniform(30, 40, N), "lat": random.uniform(-120, -100, N)}
        found, _ = opened(written(tmp_path, frame))
        assert found.plots[0].crs == "plane"
        assert any("exchanged" in note for note in found.notes)
        assert opened(written(tmp_path, frame), x="lat", y="lon", crs="lonlat")[1].at.dropped == 0


class TestGrids:
    """Metres and feet stay planes, unless their system is said."""

    @pytest.mark.parametrize(
        ("names", "x", "y"),
        [
            (("easting", "northing"), (2.5e6, 2.8e6), (1.08e6, 1.29e6)),
            (("x", "y"), (1.2e6, 2e6), (4.8e6, 6.1e6)),
            (("X Coordinate", "Y Coordinate"), (1.1e6, 1.2e6), (1.82e6, 1.95e6)),
            (("x", "y"), (2.6e6, 6e6), (1.5e6, 5e6)),
            (("Rechtswert", "Hochwert"), (3.3e6, 3.7e6), (5.2e6, 6.1e6)),
            (("xcoord", "ycoord"), (-8.24e6, -8.21e6), (4.965e6, 4.99e6)),
        ],
    )
    def test_range_alone_makes_no_map(
        self, tmp_path: Path, names: tuple[str, str], x: tuple[float, float], y: tuple[float, float]
    ) -> None:
        random = np.random.default_rng(1)
        frame = {names[0]: random.uniform(*x, N), names[1]: random.uniform(*y, N)}
        found, _ = opened(written(tmp_path, frame))
        assert pairs(found) == [(*names, "plane")]
        assert any("EPSG:2056" in note for note in found.notes)
        frame |= {"Latitude": random.uniform(41, 42, N), "Longitude": random.uniform(-88, -87, N)}
        assert pairs(opened(written(tmp_path, frame))[0])[0] == ("Longitude", "Latitude", "lonlat")

    @pytest.mark.parametrize(("name", "x", "y"), [("a", "x_3857", "y_3857"), ("trips_mercator", "x", "y")])
    def test_names_that_speak_of_mercator_do(self, tmp_path: Path, name: str, x: str, y: str) -> None:
        random = np.random.default_rng(1)
        frame = {x: random.uniform(-8.24e6, -8.21e6, N), y: random.uniform(4.965e6, 4.99e6, N)}
        assert opened(written(tmp_path, frame, f"{name}.parquet"))[0].plots[0].crs == "mercator"
        frame[x] = frame[x] * 10
        assert opened(written(tmp_path, frame, f"{name}.parquet"))[0].plots[0].crs == "plane"

    @pytest.mark.parametrize("how", ["flag", "toml"])
    @pytest.mark.parametrize(
        ("system", "x", "y", "place"),
        [
            ("EPSG:2056", 2_600_000.0, 1_200_000.0, (7.4386, 46.9511)),
            ("EPSG:27700", 530_000.0, 180_000.0, (-0.1277, 51.5037)),
            ("EPSG:25832", 500_000.0, 5_500_000.0, (9.0, 49.6523)),
        ],
    )
    def test_a_system_that_is_said_lays_them_on_the_map(
        self, tmp_path: Path, how: str, system: str, x: float, y: float, place: tuple[float, float]
    ) -> None:
        path = written(tmp_path, {"e": [x, x + 5_000, np.nan], "n": [y, y + 5_000, 1.0], "v": [1.0, 2.0, 3.0]})
        if how == "toml":
            path.with_name(f"{path.name}.toml").write_text(f'crs = "{system}"\n')
        _, points = opened(path, **({"crs": system} if how == "flag" else {}))
        view = plots.opening_bounds(points)
        assert (view.x0, view.y0) == pytest.approx(place, abs=2e-3)
        assert (points.at.lost, points.at.beyond) == (1, 0)
        info = plots.described(recognise(path), points.plot, "f" * 32, points)
        assert info["crs"] == "lonlat"

    def test_a_system_that_is_none_names_what_is_allowed(self, tmp_path: Path) -> None:
        path = written(tmp_path, {"x": [1.0, 2.0], "y": [1.0, 2.0]})
        for wrong in ("EPSG:1", "lonlatt", "here"):
            with pytest.raises(DataError, match=r"use one of lonlat, mercator, plane, or a system .* EPSG code"):
                recognise(path, crs=wrong)
        assert recognise(path, crs="EPSG:4326").plots[0].crs == "lonlat"
        assert recognise(path, crs="EPSG:3857").plots[0].crs == "mercator"


class TestWhichPair:
    """The pair that opens: by name and values, before identifiers and counters."""

    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            (["acc_x", "acc_y", "lat", "lon"], ("lon", "lat", "lonlat")),
            (["speed", "Longitude", "Lat"], ("Longitude", "Lat", "lonlat")),
            (["temp", "reclat", "reclong"], ("reclong", "reclat", "lonlat")),
            (["UMAP_2", "n", "UMAP_1"], ("UMAP_1", "UMAP_2", "plane")),
            (["score", "tSNE1", "tSNE2", "tSNE3"], ("tSNE1", "tSNE2", "plane")),
            (["depth", "PC0", "PC1"], ("PC0", "PC1", "plane")),
            (["mag", "dec", "dec_error", "ra_error", "ra"], ("ra", "dec", "plane")),
            (["parallax", "GLAT", "GLON"], ("GLON", "GLAT", "plane")),
            (["value", "RAJ2000", "DEJ2000"], ("RAJ2000", "DEJ2000", "plane")),
            (["value", "pixel_y", "pixel_x"], ("pixel_x", "pixel_y", "plane")),
            (["Northing", "value", "Easting"], ("Easting", "Northing", "plane")),
            (["lon_error", "lat_error", "x", "y"], ("x", "y", "plane")),
        ],
    )
    def test_names_are_found_wherever_they_stand(self, tmp_path: Path, names: list[str], expected: tuple) -> None:
        random = np.random.default_rng(1)
        frame = {"source_id": np.arange(N), "cell": [f"c{i}" for i in range(N)]}
        frame |= {name: random.normal(20, 5, N) for name in names}
        found, _ = opened(written(tmp_path, frame))
        assert pairs(found)[0] == expected
        assert all(one.column != "cell" for one in found.plots[0].fields)

    def test_origins_and_destinations_are_two_plots(self) -> None:
        columns = ["pickup_longitude", "dropoff_longitude", "pickup_latitude", "dropoff_latitude"]
        assert [(one.x, one.y, one.common) for one in find_pairs(columns)] == [
            ("pickup_longitude", "pickup_latitude", "pickup"),
            ("dropoff_longitude", "dropoff_latitude", "dropoff"),
        ]

    @pytest.mark.parametrize("first", [{"id": np.arange(N)}, {"n_counts": np.arange(N)}, {"gbifID": np.arange(N) * 7}])
    def test_identifiers_are_drawn_last(self, tmp_path: Path, first: dict[str, object]) -> None:
        random = np.random.default_rng(1)
        frame = {**first, "fare": random.normal(size=N), "tip": random.normal(size=N)}
        assert pairs(opened(written(tmp_path, frame))[0]) == [("fare", "tip", "plane")]

    def test_json_and_identifiers_are_no_categories(self, tmp_path: Path) -> None:
        lon, lat = baltic()
        frame = {"lon": lon, "lat": lat, "extra": ['{"a": 1}', "[1, 2]"] * (N // 2), "kind": ["a", "b"] * (N // 2)}
        frame |= {"uuid": [f"u{i:08d}" for i in range(N)], "solution_id": np.full(N, 16361480689213767)}
        found = recognise(written(tmp_path, frame))
        assert [one.column for one in found.plots[0].fields if one.kind == "category"] == ["kind"]
        assert any("hold JSON: 'extra'" in note for note in found.notes)
        assert any("differ in every row: 'uuid'" in note for note in found.notes)

    def test_pairs_without_a_row_give_way(self, tmp_path: Path) -> None:
        frame = {"lat": [np.nan] * 60, "lon": [np.nan] * 60, "x": np.arange(60.0), "y": np.arange(60.0)}
        found = recognise(written(tmp_path, frame))
        assert pairs(found) == [("x", "y", "plane")]
        assert any("'lon' and 'lat' hold no row with both" in note for note in found.notes)


class TestDeclared:
    """A declared data set is known by its columns and its values."""

    def test_degrees_are_no_opensky(self, tmp_path: Path) -> None:
        lon, lat = baltic()
        frame = {"longitude": lon, "latitude": lat, "ascending": lon > 11, "ssh": lat}
        found = recognise(written(tmp_path, frame, "passes.parquet"))
        assert (found.name, found.plots[0].crs) == ("passes", "lonlat")
        assert "ssh" in [one.name for one in found.plots[0].fields]

    @pytest.mark.parametrize("name", ["cosmos_umap", "osm_umap", "clifford_like"])
    def test_two_columns_say_little(self, tmp_path: Path, name: str) -> None:
        random = np.random.default_rng(1)
        frame = {"x": random.normal(size=N), "y": random.normal(size=N), "cluster": random.choice(list("abc"), N)}
        found = recognise(written(tmp_path, frame, f"{name}.parquet"))
        assert found.name == name
        assert [one.name for one in found.plots[0].fields] == ["cluster"]

    def test_what_is_not_declared_stays_a_field(self, tmp_path: Path) -> None:
        random = np.random.default_rng(1)
        frame = {"longitude": random.uniform(1e6, 2e6, N), "latitude": random.uniform(6e6, 7e6, N)}
        frame |= {"ascending": random.random(N) < 0.5, "flightlevel": random.random(N)}
        found = recognise(written(tmp_path, frame))
        assert found.name == "opensky"
        assert [one.name for one in found.plots[0].fields] == ["ascending", "flightlevel"]

    def test_a_census_elsewhere_is_none(self, tmp_path: Path) -> None:
        frame = {"easting": np.arange(4e5, 6e5, 100), "northing": np.arange(1e5, 3e5, 100), "race": ["w"] * 2000}
        assert recognise(written(tmp_path, frame)).name == "rows"


class TestPlanes:
    """Scales and directions of planes."""

    @pytest.mark.parametrize(
        ("x", "y", "equal"),
        [("x", "y", True), ("UMAP1", "UMAP2", True), ("easting", "northing", True), ("fare", "tip", False)],
    )
    def test_planes_of_one_unit_have_equal_scales(self, tmp_path: Path, x: str, y: str, equal: bool) -> None:
        random = np.random.default_rng(1)
        path = written(tmp_path, {x: random.uniform(0, 100, N), y: random.uniform(0, 30, N)})
        world = opened(path)[1].at.world
        assert (abs(world.dx) == pytest.approx(abs(world.dy))) == equal
        for scales in ("equal", "free"):
            world = opened(path, scales=scales)[1].at.world
            assert (abs(world.dx) == pytest.approx(abs(world.dy))) == (scales == "equal")

    @pytest.mark.parametrize(
        ("x", "y", "turned"),
        [("ra", "dec", "x"), ("glon", "glat", "x"), ("col", "row", "y"), ("img_x", "img_y", "y"), ("x", "y", "")],
    )
    def test_conventions_turn_an_axis(self, tmp_path: Path, x: str, y: str, turned: str) -> None:
        random = np.random.default_rng(1)
        path = written(tmp_path, {x: random.uniform(0, 80, N), y: random.uniform(0, 80, N)})
        plot = recognise(path).plots[0]
        assert (plot.x.reverse, plot.y.reverse) == (turned == "x", turned == "y")
        said = recognise(path, reverse="xy").plots[0]
        assert said.x.reverse
        assert said.y.reverse
        assert not recognise(path, reverse="none").plots[0].x.reverse

    @pytest.mark.parametrize("bad", [-9999.0, 1e30, -999.0])
    def test_sentinels_far_from_the_rest_are_left_out(self, tmp_path: Path, bad: float) -> None:
        random = np.random.default_rng(1)
        x, y = random.uniform(0, 100, N), random.uniform(0, 100, N)
        x[::3] = bad
        _, points = opened(written(tmp_path, {"x": x, "y": y}))
        assert plots.counts(points)["left"] == {"sentinel": N // 3}
        x[::3] = 99
        x[5] = 999.0
        x[6] = 998.0
        _, points = opened(written(tmp_path, {"x": np.arange(N) * 1.0, "y": y}))
        assert points.at.dropped == 0


class TestOpeningView:
    """Where most rows lie; what lies elsewhere is counted."""

    @pytest.mark.parametrize("crs", ["lonlat", "plane"])
    def test_rows_at_nowhere_do_not_decide(self, tmp_path: Path, crs: str) -> None:
        lon, lat = baltic()
        lon[:300] = lat[:300] = 0
        _, points = opened(written(tmp_path, {"lon": lon, "lat": lat}), crs=crs)
        view = plots.opening_bounds(points)
        assert view == pytest.approx(Bounds(9, 13, 54, 58), abs=0.05)
        assert plots.counts(points) == {"read": N, "drawn": N, "left": {}, "outside": 300}
        assert plots.whole_bounds(points).x0 <= 0
        assert any("300 rows " in note for note in points.notes)

    @pytest.mark.parametrize(("count", "place"), [(1, (170.0, -80.0)), (30, (-120.0, 10.0)), (50, (100.0, 80.0))])
    def test_outliers_and_small_far_clusters_do_not_decide(
        self, tmp_path: Path, count: int, place: tuple[float, float]
    ) -> None:
        lon, lat = baltic()
        lon[-count:], lat[-count:] = place
        for crs in ("lonlat", "plane"):
            _, points = opened(written(tmp_path, {"lon": lon, "lat": lat}), crs=crs)
            assert plots.opening_bounds(points) == pytest.approx(Bounds(9, 13, 54, 58), abs=0.05)
            assert points.at.outside == count

    @pytest.mark.parametrize("spread", ["uniform", "normal"])
    def test_data_without_outliers_open_whole(self, tmp_path: Path, spread: str) -> None:
        random = np.random.default_rng(5)
        x, y = (getattr(random, spread)(size=N) for _ in range(2))
        _, points = opened(written(tmp_path, {"x": x, "y": y}))
        assert points.at.outside == 0
        assert plots.opening_bounds(points) == plots.whole_bounds(points)

    def test_what_is_absurdly_far_leaves_room_for_the_rest(self, tmp_path: Path) -> None:
        random = np.random.default_rng(5)
        x, y = random.normal(size=N), random.normal(size=N)
        x[3] = 7e22
        _, points = opened(written(tmp_path, {"x": x, "y": y}))
        assert plots.counts(points)["left"] == {"beyond": 1}
        assert len(np.unique(points.at.x)) > N * 0.9
