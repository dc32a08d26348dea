"""Polylines: breaks, ends, and the date line; planes of lines and points."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.pipeline.errors import DataError, ParameterError
from app.pipeline.lines import cut_at_date_line, from_ends, from_tracks
from app.pipeline.points import Points
from app.pipeline.roots import PlotRoot
from app.pipeline.table import fingerprint
from app.pipeline.types import Axis, Field, Plot

NAN = np.nan


def test_tracks_break_where_their_mark_changes() -> None:
    found = from_tracks(np.array([0.0, 1, 2, 3]), np.zeros(4), np.array([1, 1, 2, 2]))
    np.testing.assert_array_equal(found.x, [0, 1, NAN, 2, 3])
    np.testing.assert_array_equal(found.row, [0, 1, 1, 2, 3])


def test_a_lost_point_breaks_its_line() -> None:
    found = from_tracks(np.array([0.0, np.inf, 2]), np.zeros(3), None)
    np.testing.assert_array_equal(found.x, [0, NAN, 2])


def test_ends_make_a_line_a_row() -> None:
    found = from_ends(np.array([0.0, NAN]), np.zeros(2), np.ones(2), np.ones(2))
    np.testing.assert_array_equal(found.x, [0, 1, NAN])
    np.testing.assert_array_equal(found.row, [0, 0, 0])


def test_the_date_line_is_crossed_the_short_way() -> None:
    found = cut_at_date_line(from_tracks(np.array([170.0, -170.0, -160.0]), np.array([0.0, 10.0, 10.0]), None))
    np.testing.assert_array_equal(found.x, [170, 180, NAN, -180, -170, -160])
    np.testing.assert_array_equal(found.y, [0, 5, NAN, 5, 10, 10])
    still = from_tracks(np.array([0.0, 1.0]), np.zeros(2), None)
    assert cut_at_date_line(still) is still


def opened(folder: Path, frame: pd.DataFrame, keep: bool = True, **plot: object) -> Points:
    path = folder / "rows.parquet"
    frame.to_parquet(path)
    made = Plot("p", path, Axis("x"), Axis("y"), **plot)  # type: ignore[arg-type]
    return PlotRoot(made, fingerprint(path), folder / "kept" if keep else None).open()


@pytest.mark.parametrize("keep", [True, False])
def test_rows_without_a_place_are_dropped_counted_and_said(tmp_path: Path, keep: bool) -> None:
    frame = pd.DataFrame({"x": [0.0, NAN, 10, 20, 200], "y": [0.0, 1, np.inf, 89, 0], "v": [1, 2, 3, 4, 5]})
    points = opened(tmp_path, frame, keep, crs="lonlat", fields=(Field("v", "v"),))
    assert (len(points.at.x), points.at.dropped) == (2, 3)
    assert any("2 rows have no finite" in note for note in points.notes)
    assert any("1 rows lie beyond 85.05" in note for note in points.notes)
    np.testing.assert_array_equal(points.values("v"), [1, 5])
    assert points.nbytes == 16


def test_a_plot_opens_once_and_is_found_again(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [0.0, 1], "y": [0.0, 1]})
    assert not opened(tmp_path, frame).restored
    path = tmp_path / "rows.parquet"
    root = PlotRoot(Plot("p", path, Axis("x"), Axis("y")), fingerprint(path), tmp_path / "kept")
    assert root.ready()
    assert root.open().restored


@pytest.mark.parametrize("crs", ["plane", "lonlat"])
def test_lines_of_tracks(tmp_path: Path, crs: str) -> None:
    frame = pd.DataFrame({"x": [0.0, 1, 2, NAN], "y": [0.0, 1, 2, 3], "t": ["a", "a", "b", "b"]})
    points = opened(tmp_path, frame, kind="lines", track="t", crs=crs, fields=(Field("y", "y"),))
    assert points.kind == "lines"
    assert points.at.dropped == 1
    assert np.isnan(points.at.x).sum() == 2
    assert points.rows_of("mean", "y").kind == "lines"


def test_equal_coordinates_have_a_plane(tmp_path: Path) -> None:
    points = opened(tmp_path, pd.DataFrame({"x": [3.0, 3], "y": [5.0, 5]}))
    assert points.at.x[0] == points.at.x[1]


def test_what_cannot_be_placed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no row with two finite numbers"):
        opened(tmp_path, pd.DataFrame({"x": [NAN, 1.0], "y": [1.0, NAN]}))
    with pytest.raises(DataError, match="lies on its plane"):
        opened(tmp_path, pd.DataFrame({"x": [1.0], "y": [1e9]}), crs="mercator")
    with pytest.raises(ParameterError, match="on both"):
        Plot("p", tmp_path, Axis("x", end="z"), Axis("y"))


def test_an_aggregate_needs_a_field_that_fits(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [0.0, 1], "y": [0.0, 1], "c": ["a", "b"]})
    points = opened(tmp_path, frame, fields=(Field("c", "c", "category"),))
    assert points.rows_of("by", "c").categories == 2
    with pytest.raises(ParameterError, match="needs a field"):
        points.rows_of("by", "")
    with pytest.raises(ParameterError, match="is a category"):
        points.rows_of("mean", "c")
