"""From rows to a plane: every row has its place or is counted, and places are published whole."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from time import sleep

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline import places, roots
from app.pipeline.errors import DataError, DataMissingError, ParameterError
from app.pipeline.pipeline import Pipeline
from app.pipeline.points import Points
from app.pipeline.roots import PlotRoot
from app.pipeline.stages.registry import GRAPHS
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.table import fingerprint
from app.pipeline.types import Axis, Bounds, Field, Plot, TrackOrder
from app.pipeline.world import QUANTA, WEB_MERCATOR
from app.plots import counts

NAN = np.nan
V = Field("v", "v")


def root_of(
    folder: Path, frame: dict[str, object] | None = None, keep: bool = True, raw: bool = False, **plot
) -> PlotRoot:
    """Write rows to a file, and return a root of them."""
    path = folder / "rows.parquet"
    if frame is not None:
        pd.DataFrame(frame).to_parquet(path)
    plot = {"x": Axis("x"), "y": Axis("y"), "fields": (V,) if frame is None or "v" in frame else (), **plot}
    return PlotRoot(Plot("p", path, **plot), fingerprint(path), folder / "kept" if keep else None, raw)


def in_file_order(points: Points, values: np.ndarray) -> list:
    """Return values of a layout in the order of the rows that have a place."""
    return values[np.argsort(points.at.row)].tolist()


def opened(folder: Path, frame: dict[str, object], keep: bool = True, **plot) -> Points:
    return root_of(folder, frame, keep, **plot).open()


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("block", [1, 2, 1_000_000])
def test_rows_without_a_place_are_dropped_counted_and_said(tmp_path, monkeypatch, keep, block):
    monkeypatch.setattr(places, "BLOCK", block)
    frame = {"x": [0.0, NAN, 10, 20, 200, -181], "y": [0.0, 1, np.inf, 89, 0, 0], "v": [1, 2, 3, 4, 5, 6]}
    points = opened(tmp_path, frame, keep, crs="lonlat")
    assert (points.rows, len(points.at.x), points.at.dropped) == (6, 3, 3)
    assert any("2 rows without a finite x and y" in note for note in points.notes)
    assert any("1 row beyond 85.05 degrees" in note for note in points.notes)
    assert in_file_order(points, points.values("v")) == [1, 5, 6]
    assert points.values("v") is points.values("v")
    assert points.at.x.dtype == points.at.y.dtype == np.uint32
    assert (points.nbytes, points.kind) == (24, "points")


def test_longitudes_may_run_to_360(tmp_path):
    points = opened(tmp_path, {"x": [-90.0, 270.0, 180.0, -180.0, 360.0, 0.0], "y": [0.0] * 6}, crs="lonlat")
    u = in_file_order(points, points.at.x)
    assert u[0] == u[1] == QUANTA // 4
    assert u[2] == u[3] == 0
    assert u[4] == u[5] == QUANTA // 2
    assert sorted(points.at.row) == list(range(6))
    assert points.at.world == WEB_MERCATOR


def test_metres_beyond_the_map_are_counted(tmp_path):
    points = opened(tmp_path, {"x": [0.0, 3e7, 1.0], "y": [0.0, 0.0, -2.1e7]}, crs="mercator")
    assert (points.at.dropped, points.at.row.tolist()) == (2, [0])
    assert any("2 rows beyond the map" in note for note in points.notes)


@pytest.mark.parametrize(("rx", "ry"), [(False, False), (True, False), (False, True), (True, True)])
def test_axes_grow_to_the_right_and_upward_unless_reversed(tmp_path, rx, ry):
    frame = {"x": [0.0, 1.0, 2.0], "y": [0.0, 5.0, 10.0]}
    points = opened(tmp_path, frame, x=Axis("x", reverse=rx), y=Axis("y", reverse=ry))
    assert (np.diff(in_file_order(points, points.at.x)) > 0).all() == (not rx)
    assert (np.diff(in_file_order(points, points.at.y)) > 0).all() == ry


coordinates = st.lists(st.tuples(st.floats(), st.floats()), min_size=1, max_size=12)


@settings(deadline=None, max_examples=60)
@given(coordinates, st.sampled_from(["plane", "lonlat", "mercator"]))
def test_whatever_the_numbers_each_row_is_placed_or_counted(tmp_path_factory, rows, crs):
    x, y = map(list, zip(*rows, strict=True))
    folder = tmp_path_factory.mktemp("rows")
    try:
        points = opened(folder, {"x": x, "y": y}, False, crs=crs)
    except DataError:
        drawable = np.isfinite(x) & np.isfinite(y)
        assert crs != "plane" or not drawable.any() or np.abs([x, y])[:, drawable].max() > 1e290
        return
    assert len(points.at.x) + points.at.dropped == len(rows)
    plane, kept = points.at.world, points.at.row if points.at.row is not None else np.arange(len(rows))
    if crs == "plane":
        # A place is right to one quantum, or to the last digit of the coordinates where that is coarser.
        back = plane.x0 + (points.at.x.astype(np.float64) + 0.5) * plane.dx
        slack = abs(plane.dx) + 4 * np.spacing(np.abs(plane.x0) + np.abs(back) + np.abs(np.array(x)[kept]))
        assert (np.abs(back - np.array(x)[kept]) <= slack).all()


def test_no_row_with_a_place_is_a_sentence(tmp_path):
    for frame, crs, said in (
        ({"x": [NAN, 1.0], "y": [1.0, NAN]}, "plane", "'x' and 'y' hold no row with two finite numbers"),
        ({"x": [1.0], "y": [1e9]}, "mercator", "no row of plot 'p' lies on its plane: .* not mercator"),
        ({"x": [1.0], "y": [89.0]}, "lonlat", "no row of plot 'p' lies on its plane: .* not lonlat"),
    ):
        with pytest.raises(DataError, match=said):
            opened(tmp_path, frame, crs=crs)


def test_equal_coordinates_have_a_plane(tmp_path):
    points = opened(tmp_path, {"x": [3.0, 3], "y": [5.0, 5]})
    assert points.at.x[0] == points.at.x[1]
    assert 0 < points.at.x[0] < QUANTA


@pytest.mark.parametrize("kind", ["points", "lines"])
@pytest.mark.parametrize(
    "x", [[0, 5e-324], [0, 1e-310], [1e16, 1e16 + 2], [-1e289, 1e289], [1e290, 1e290], [0, 1e290], [1, 1 + 2**-52]]
)
def test_the_strangest_widths_have_a_plane(tmp_path, kind, x):
    points = opened(tmp_path, {"x": np.array(x, float), "y": [0.0, 1.0]}, kind=kind)
    assert points.at.dropped == 0
    assert ((points.at.x > 0) & (points.at.x < QUANTA - 1)).all()


def test_coordinates_without_room_for_arithmetic_are_a_sentence(tmp_path):
    with pytest.raises(DataError, match=r"'p' has coordinates up to 1.7e\+308: it can draw 1e\+290"):
        opened(tmp_path, {"x": [-1.7e308, 1.0], "y": [0.0, 1.0]})
    assert opened(tmp_path, {"x": [-1.7e308, 1.0], "y": [0.0, 1.0]}, crs="mercator").at.dropped == 1


# Lines


@pytest.mark.parametrize("crs", ["plane", "lonlat", "mercator"])
def test_tracks_become_lines(tmp_path, crs):
    frame = {"x": [0.0, 1, 2, NAN], "y": [0.0, 1, 2, 3], "t": ["a", "a", "b", "b"], "v": [1, 2, 3, 4]}
    points = opened(tmp_path, frame, kind="lines", track="t", crs=crs)
    assert (points.kind, points.at.lost, points.at.row.tolist()) == ("lines", 1, [0, 1, 1, 2, 3])
    assert (points.at.alone, points.at.dropped) == (1, 2)
    assert np.isnan(points.at.x).tolist() == [False, False, True, False, True]
    assert points.values("v").tolist() == [1, 2, 2, 3, 4]


def test_rows_with_ends_become_lines(tmp_path):
    frame = {"x": [0.0, NAN], "y": [0.0, 0], "x2": [10.0, 1], "y2": [5.0, 1]}
    points = opened(tmp_path, frame, kind="lines", x=Axis("x", end="x2"), y=Axis("y", end="y2"))
    assert points.at.row.tolist() == [0, 0, 0]
    assert points.at.dropped == 1


@pytest.mark.parametrize(
    ("x", "y", "drawn"),
    [
        # Beyond a pole there is nothing; -185 is 175 east; 190 is 170 west.
        ([10.0, 11, 181, 12, 13], [55.0, 55, 91, 55, 55], [10, 11, NAN, 12, 13]),
        ([10.0, 11, 999, 12, 13], [55.0, 55, 55, 55, 55], [10, 11, NAN, 12, 13]),
        ([-170.0, -175, -185, -190], [0.0] * 4, [-170, -175, -180, NAN, 180, 175, 170]),
        ([170.0, 180, 190], [0.0] * 3, [170, 180, 180, NAN, -180, -170]),
        ([350.0, 10, 20], [0.0] * 3, [-10, 10, 20]),
    ],
)  # fmt: skip
def test_lines_lie_where_their_longitudes_are(tmp_path, x, y, drawn):
    points = opened(tmp_path, {"x": x, "y": y}, kind="lines", crs="lonlat")
    np.testing.assert_allclose(points.at.x / QUANTA * 360 - 180, drawn, atol=1e-6)
    assert points.at.sentinels == x.count(181) + x.count(999)
    assert points.at.beyond == 0
    assert not (np.diff(points.at.y) != 0)[~np.isnan(np.diff(points.at.y))].any()


def test_every_row_of_a_track_is_drawn_or_counted_once(tmp_path):
    frame = {
        "x": [0.0, 1, NAN, 2, 3, 999, 4, 5, 6, 7],
        "y": [0.0, 1, 2, 88, 3, 4, 5, 6, 7, 8],
        "t": ["a", "a", "a", "a", "b", "b", "c", None, "d", "d"],
        "when": [1.0, 2, 3, 4, 1, 2, 1, 1, NAN, 2],
    }
    plot = {"kind": "lines", "crs": "lonlat", "track": "t", "order": TrackOrder("when")}
    first = opened(tmp_path, frame, **plot)
    assert not first.restored
    for points in (first, root_of(tmp_path, **plot).open()):
        at = points.at
        assert (at.lost, at.beyond, at.sentinels, at.untracked, at.alone) == (1, 1, 1, 2, 3)
        told = counts(points)
        assert (told["read"], told["drawn"], sum(told["left"].values())) == (10, 2, 8)


def test_a_line_is_cut_where_it_leaves_the_map(tmp_path):
    frame = {"x": [0.0, 10.0, 20.0, 30.0, 40.0, 40.0], "y": [80.0, 88.0, 88.0, 80.0, 90.0, -90.0]}
    points = opened(tmp_path, frame, kind="lines", crs="lonlat")
    longitude = points.at.x / QUANTA * 360 - 180
    # At 80, 85.05 and 88 degrees a map is so high, in radians of its equator.
    low, edge, high = 2.436246, np.pi, 4.048313
    share = 10 * (edge - low) / (high - low)
    cut = [0, share, NAN, NAN, 30 - share, 30, 30 + 0.046, NAN, 40, 40, NAN]
    np.testing.assert_allclose(longitude, cut, atol=0.002)
    # It ends on the map's edge, and does not run along it.
    on_edge = [False, True, False, False, True, False, True, False, True, False, False]
    assert (points.at.y == 0).tolist() == on_edge
    assert points.at.y[-2] == QUANTA - 1
    assert points.at.row.tolist() == [0, 0, 1, 2, 2, 3, 3, 4, 4, 4, 5]
    assert (points.at.lost, points.at.beyond) == (0, 4)
    assert any("4 rows beyond 85.05 degrees of latitude" in note for note in points.notes)


def test_a_line_over_the_date_line_is_straight_on_the_map(tmp_path):
    points = opened(tmp_path, {"x": [170.0, -170.0], "y": [60.0, 80.0]}, kind="lines", crs="lonlat")
    y = points.at.y[~np.isnan(points.at.y)]
    assert y[1] == y[2]
    assert abs(y[1] - (y[0] + y[3]) / 2) <= 1


def test_lines_without_a_vertex_are_a_sentence(tmp_path):
    with pytest.raises(DataError, match="hold no row with two finite numbers"):
        opened(tmp_path, {"x": [NAN], "y": [1.0]}, kind="lines")


# Raw coordinates, for figures


def test_raw_coordinates_are_the_files_own(tmp_path):
    root = root_of(tmp_path, {"x": np.array([1.5, NAN, 3.0], np.float32), "y": [1, 2, 4], "v": [7, 8, 9]}, raw=True)
    points = root.open()
    assert points.at.x.dtype == np.float32
    assert np.isnan(points.at.x[1])
    assert (points.at.world, points.at.row, points.at.dropped) == (None, None, 1)
    assert points.at.extent == Bounds(1.5, 3.0, 1, 4)
    assert points.values("v").tolist() == [7, 8, 9]


def test_raw_lines_have_breaks(tmp_path):
    frame = {"x": [1.0, 2, 3], "y": [1.0, 2, 3], "t": [0, 0, 1]}
    points = root_of(tmp_path, frame, raw=True, kind="lines", track="t").open()
    assert points.at.x.tolist()[:2] == [1, 2]
    assert points.at.row.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([170.0, -170], [170, 180, NAN, -180, -170]),
        ([350.0, 10], [350, 360, NAN, 0, 10]),
        ([-190.0, 10, 200], [-190, NAN, 10, NAN, 200]),
        ([10.0, 999, 20], [10, NAN, 20]),
    ],
)
def test_raw_lines_go_the_short_way_around_the_world(tmp_path, x, expected):
    frame = {"x": x, "y": [0.0] * len(x)}
    points = root_of(tmp_path, frame, raw=True, kind="lines", crs="lonlat").open()
    np.testing.assert_array_equal(points.at.x, expected)


# What is kept, and what tells roots apart


def test_coordinates_are_made_once(tmp_path):
    first = root_of(tmp_path, {"x": [0.0, 1, NAN], "y": [0.0, 1, 2], "v": [1, 2, 3]})
    assert not first.ready()
    made = first.open()
    again = root_of(tmp_path)
    assert again.ready()
    found = again.open()
    assert (made.restored, found.restored) == (False, True)
    assert np.array_equal(found.at.x, made.at.x)
    assert (found.at.extent, found.at.world, found.at.dropped) == (made.at.extent, made.at.world, 1)
    assert found.notes == made.notes
    assert not found.at.x.flags.writeable
    left = [one.name for one in (tmp_path / "kept").rglob(".*")]
    assert [name for name in left if not name.startswith(".lock-layout-")] == []


def test_progress_is_told(tmp_path):
    root, seen = root_of(tmp_path, {"x": [0.0, 1], "y": [0.0, 1]}), []
    PlotRoot(root.plot, root.file, root.folder, progress=lambda *one: seen.append(one)).open()
    assert {"measured the data", "placing rows on the plane", "sorting rows by place"} <= {said for _, said in seen}
    assert [fraction for fraction, _ in seen] == sorted(fraction for fraction, _ in seen)
    assert len(seen) > 1


def test_many_who_open_a_plot_at_once_publish_it_once(tmp_path):
    root = root_of(tmp_path, {"x": np.arange(5000.0), "y": np.arange(5000.0)})
    start = Barrier(6)

    def work(_):
        start.wait(30)
        return root.open().at.x.copy()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(work, range(6)))
    assert all(np.array_equal(one, found[0]) for one in found)
    assert len(list((tmp_path / "kept").rglob("facts.json"))) == 1
    assert [one.name for one in (tmp_path / "kept").rglob(".rough-*")] == []


def test_who_comes_second_waits_for_the_first_and_takes_its_layout(tmp_path, monkeypatch):
    root = root_of(tmp_path, {"x": [0.0, 1], "y": [0.0, 1]})
    place, calls, heard = roots.place_points, [], []
    second = replace(root, progress=lambda *one: heard.append(one))

    def slow(*given):
        calls.append(given)
        other = pool.submit(second.open)
        while (0.75, "in the middle") not in heard:
            given[-1](0.5 / 0.7, "in the middle")
            sleep(0.01)
        others.append(other)
        return place(*given)

    others: list = []
    monkeypatch.setattr(roots, "place_points", slow)
    with ThreadPoolExecutor(1) as pool:
        assert not root.open().restored
        assert others[0].result(30).restored
    assert len(calls) == 1


def test_a_folder_that_is_deleted_while_it_is_used_is_made_again(tmp_path):
    root = root_of(tmp_path, {"x": [0.0, 1, 2], "y": [0.0, 1, 2], "v": [3.0, 4, 5]})
    points = root.open()
    shutil.rmtree(tmp_path / "kept")
    points._values.clear()
    assert in_file_order(points, points.values("v")) == [3, 4, 5]
    assert root._home().is_dir()  # with what was missing, and nothing else
    assert not root.ready()
    again = root.open()
    assert root.ready()
    assert in_file_order(again, again.values("v")) == [3, 4, 5]
    assert np.array_equal(points.at.x, again.at.x)


@pytest.mark.parametrize("left", ["", "half"])
def test_what_is_left_of_a_layout_is_made_again(tmp_path, left):
    root = root_of(tmp_path, {"x": [0.0, 1, 2], "y": [0.0, 1, 2]})
    before = root.open()
    path = root._home() / "x.npy"
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:-4]) if left else None
    for _ in range(2):
        assert np.array_equal(root.open().at.x, before.at.x)
    assert path.read_bytes() == whole


def test_a_file_in_the_way_costs_memory_only(tmp_path):
    root = root_of(tmp_path, {"x": [0.0, 1], "y": [0.0, 1]})
    root._home().parent.mkdir(parents=True)
    root._home().write_text("not ours")
    points = root.open()
    assert (points.restored, len(points.at.x)) == (False, 2)
    shutil.rmtree(tmp_path / "kept")
    (tmp_path / "kept").write_text("no folder")
    assert len(root.open().at.x) == 2


def test_facts_are_written_last(tmp_path):
    root = root_of(tmp_path, {"x": [0.0, 1], "y": [0.0, 1]})
    root.open()
    facts = json.loads((root._home() / "facts.json").read_text())
    assert (facts["rows"], facts["lost"], facts["beyond"]) == (2, 0, 0)
    (root._home() / "facts.json").unlink()
    assert not root.ready()


def test_one_value_among_many_makes_another_root_and_result(tmp_path):
    values = np.random.default_rng(5).normal(size=200_000)
    found = []
    pipeline = Pipeline(GRAPHS["map"], MemoryStore())
    for at in range(2):
        values[123_456] += at * 1e-3
        root = root_of(tmp_path, {"x": np.arange(200_000.0), "y": np.arange(200_000.0), "v": values})
        params = {"aggregate": "sum", "field": "v", "view": [0, 0, 512, 0, 512]}
        found.append((root.fingerprint, np.nansum(pipeline.run(root, "grid", params).value)))
    assert found[0][0] != found[1][0]
    assert abs(found[1][1] - found[0][1]) > 1e-5


@pytest.mark.parametrize(
    "change",
    [
        {"x": Axis("y")}, {"y": Axis("v")}, {"x": Axis("x", reverse=True)}, {"kind": "lines"}, {"crs": "mercator"},
        {"track": "v"}, {"order": TrackOrder("v")}, {"order": TrackOrder(gap=9.0)}, {"fields": ()},
        {"fields": (Field("v", "x"),)}, {"fields": (Field("v", "v", "category"),)},
        {"fields": (Field("v", "v", "category", categories=("1",)),)}, {"view": Bounds(0, 1, 0, 1)}, {"aspect": 2.0},
    ],
)  # fmt: skip
def test_what_changes_rows_changes_the_root(tmp_path, change):
    same = root_of(tmp_path, {"x": [0.0, 1], "y": [0.0, 1], "v": [1, 2]})
    assert root_of(tmp_path).fingerprint == same.fingerprint
    assert root_of(tmp_path, **change).fingerprint != same.fingerprint
    assert root_of(tmp_path, raw=True).fingerprint != same.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"label": "L"}, {"cmap": "bgy"}, {"aggregate": "by", "field": "v"}, {"spreading": 3}, {"normalization": "log"},
        {"x": Axis("x", "Label", "m", "date")}, {"fields": (Field("v", "v", label="L", unit="u"),)},
    ],
)  # fmt: skip
def test_how_a_plot_looks_is_no_part_of_its_root(tmp_path, change):
    same = root_of(tmp_path, {"x": [0.0, 1], "y": [0.0, 1], "v": [1, 2]})
    assert root_of(tmp_path, **change).fingerprint == same.fingerprint


def test_fields_do_not_move_rows(tmp_path):
    root_of(tmp_path, {"x": [0.0, 1], "y": [0.0, 1], "v": [1, 2]}).open()
    assert root_of(tmp_path, fields=()).open().restored


def test_a_file_that_is_gone_or_changed_is_told(tmp_path):
    root = root_of(tmp_path, {"x": [0.0, 1], "y": [0.0, 1]})
    before = root.fingerprint
    path = root.plot.path
    os.utime(path, ns=(1, 1))
    assert root_of(tmp_path, fields=()).fingerprint != before
    path.unlink()
    with pytest.raises(DataMissingError):
        root.open()


# Fields and aggregates


def test_an_aggregate_needs_a_field_that_fits(tmp_path):
    frame = {"x": [0.0, 1], "y": [0.0, 1], "c": ["a", "b"], "v": [1, 2], "t": pd.to_datetime(["2001-01-01", None])}
    fields = (V, Field("c", "c", "category"), Field("t", "t", "time"))
    points = opened(tmp_path, frame, fields=fields)
    assert points.rows_of("count", "").value is None
    by = points.rows_of("by", "c")
    assert (by.categories, in_file_order(points, by.value)) == (2, [0, 1])
    assert points.categories("c") == ("a", "b")
    assert points.categories("v") == ()
    assert np.isnan(in_file_order(points, points.rows_of("max", "t").value)[1])
    for aggregate, field, said in (
        ("by", "", "'by' needs a field"),
        ("mean", "c", r"'c' is a category: it has no 'mean'. Allowed: count, by"),
        ("by", "v", "'v' is a number: it has no 'by'"),
        ("sum", "t", r"'t' is a time: it has no 'sum'. Allowed: count, min, max, mean"),
    ):
        with pytest.raises(ParameterError, match=said):
            points.rows_of(aggregate, field)


def test_ends_come_in_pairs(tmp_path):
    with pytest.raises(ParameterError, match="on one axis only"):
        Plot("p", tmp_path, Axis("x", end="z"), Axis("y"))
