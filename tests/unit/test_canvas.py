"""Aggregation: rectangles that adjoin share no point and lose none; each cell is what Datashader and NumPy say."""

import datashader as ds
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.canvas import AGGREGATES, Rows, aggregate_rect, aggregate_states, aggregate_view, empty
from app.pipeline.errors import ParameterError
from app.pipeline.pyramid import finalised
from app.pipeline.world import MAX_Z, QUANTA, PixelRect, pixel_quanta

Z = 3
SIZE = pixel_quanta(Z)
# Quanta at and beside the edges of pixels, and of the world.
edges = st.builds(
    lambda pixel, beside: min(max(pixel * SIZE + beside, 0), QUANTA - 1), st.integers(0, 12), st.integers(-1, 1)
)
points = st.lists(st.tuples(edges, edges, st.sampled_from([1.0, 2.5, -3.0, np.nan])), max_size=40)


def rows_of(given_points, **kwargs):
    u, v, value = (np.array(one) for one in zip(*given_points, strict=True)) if given_points else [np.zeros(0)] * 3
    return Rows(u.astype(np.uint32), v.astype(np.uint32), "points", value, **kwargs)


def by_hand(rows, rect, aggregate):
    """Aggregate with a dictionary of lists."""
    cells = {}
    for u, v, value in zip(rows.x.tolist(), rows.y.tolist(), rows.value.tolist(), strict=True):
        cells.setdefault((v // pixel_quanta(rect.z) - rect.y0, u // pixel_quanta(rect.z) - rect.x0), []).append(value)
    whole = empty(rect.shape, aggregate, 0).astype(np.float64)
    for (row, column), values in cells.items():
        if 0 <= row < rect.shape[0] and 0 <= column < rect.shape[1]:
            known = [one for one in values if not np.isnan(one)]
            if aggregate == "count":
                whole[row, column] = len(values)
            elif known:
                whole[row, column] = getattr(np, aggregate)(known)
    return whole


@settings(deadline=None, max_examples=60)
@given(points, st.sampled_from(["count", "sum", "min", "max", "mean", "var", "std"]))
def test_cells_are_half_open_and_hold_what_lies_in_them(given_points, aggregate):
    rows, rect = rows_of(given_points), PixelRect(Z, 1, 10, 2, 9)
    found = aggregate_rect(rows, rect, aggregate)
    assert found.shape == rect.shape
    assert found.dtype == (np.uint32 if aggregate == "count" else np.float64)
    np.testing.assert_allclose(found, by_hand(rows, rect, aggregate), rtol=1e-12, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(points, st.integers(1, 9), st.integers(1, 9))
def test_rectangles_that_adjoin_join_without_a_seam(given_points, x, y):
    rows = rows_of(given_points)
    quarters = [
        [aggregate_rect(rows, PixelRect(Z, x0, x1, y0, y1), "count") for x0, x1 in ((0, x), (x, 14))]
        for y0, y1 in ((0, y), (y, 14))
    ]
    whole = aggregate_rect(rows, PixelRect(Z, 0, 14, 0, 14), "count")
    assert np.array_equal(np.block(quarters), whole)
    assert int(whole.sum()) == len(given_points)


@pytest.mark.parametrize("z", [0, 1, 11, MAX_Z])
def test_the_corners_of_the_world_are_in_its_corner_tiles(z):
    last = QUANTA - 1
    rows = Rows(np.array([0, last, 0, last], np.uint32), np.array([0, 0, last, last], np.uint32), "points")
    side = 512 * 2**z
    for x in (0, side - 4):
        for y in (0, side - 4):
            found = aggregate_rect(rows, PixelRect(z, x, x + 4, y, y + 4), "count")
            assert int(found.sum()) == 1
            assert found[-1 if y else 0, -1 if x else 0] == 1


def test_categories_are_planes():
    rows = Rows(np.array([0, 0, SIZE], np.uint32), np.zeros(3, np.uint32), "points", np.array([2, 2, 0], np.uint8), 3)
    found = aggregate_rect(rows, PixelRect(Z, 0, 4, 0, 2), "by")
    assert (found.shape, found.dtype) == ((3, 2, 4), np.uint32)
    assert (found[2, 0, 0], found[0, 0, 1], int(found.sum())) == (2, 1, 3)


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_no_rows_are_an_empty_grid(aggregate):
    rows = Rows(np.zeros(0, np.uint32), np.zeros(0, np.uint32), "points", np.zeros(0, np.uint8), 2)
    for found in (
        aggregate_rect(rows, PixelRect(0, 0, 3, 0, 2), aggregate),
        aggregate_view(rows, (0, 1), (0, 1), (2, 3), aggregate),
    ):
        assert found.shape == ((2, 2, 3) if aggregate == "by" else (2, 3))
        assert not found.any() if found.dtype.kind == "u" else np.isnan(found).all()


def test_lines_take_the_value_of_the_vertex_where_a_segment_begins():
    u = np.array([0.5, 3.5, np.nan, 0.5, 3.5]) * SIZE
    v = np.array([0.5, 0.5, np.nan, 2.5, 2.5]) * SIZE
    value = np.array([7.0, 100.0, 100.0, 9.0, 100.0])
    found = aggregate_rect(Rows(u, v, "lines", value), PixelRect(Z, 0, 4, 0, 4), "max")
    assert found[0].tolist() == [7] * 4
    assert found[2].tolist() == [9] * 4
    assert np.isnan(found[[1, 3]]).all()


LOGS = [(False, False), (True, False), (False, True), (True, True)]


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("aggregate", ["count", "mean", "by"])
def test_an_exact_view_is_one_direct_call(aggregate, log):
    rng = np.random.default_rng(7)
    x, y = rng.lognormal(0, 1, 5_000), rng.lognormal(0, 1, 5_000).astype(np.float32)
    code = rng.integers(0, 3, 5_000).astype(np.uint8)
    value = code if aggregate == "by" else rng.normal(size=5_000)
    view = ((0.25, 3.7), (0.3, 2.9))
    found = aggregate_view(Rows(x, y, "points", value, 3), *view, (37, 61), aggregate, log)
    kinds = ["log" if one else "linear" for one in log]
    canvas = ds.Canvas(61, 37, *view, *kinds)
    frame = pd.DataFrame({"x": x, "y": y, "value": pd.Categorical(value) if aggregate == "by" else value})
    how = {"count": ds.count(), "mean": ds.mean("value"), "by": ds.by("value", ds.count())}[aggregate]
    direct = canvas.points(frame, "x", "y", how).to_numpy()
    assert np.array_equal(found, np.moveaxis(direct, -1, 0) if aggregate == "by" else direct, equal_nan=True)


@pytest.mark.parametrize(
    ("x_range", "y_range", "log", "said"),
    [
        ((1, 1), (0, 1), LOGS[0], r"the x range \(1, 1\) is empty"),
        ((0, 1), (2, 1), LOGS[0], r"the y range \(2, 1\) is empty"),
        ((0, np.inf), (0, 1), LOGS[0], "the x range"),
        ((np.nan, 1), (0, 1), LOGS[0], "the x range"),
        ((0, 1), (0, 1), LOGS[1], "the x range .* is not positive"),
        ((1, 2), (-1, 1), LOGS[2], "the y range .* is not positive"),
    ],
)
def test_views_without_room_are_refused(x_range, y_range, log, said):
    rows = Rows(np.ones(1), np.ones(1), "points")
    with pytest.raises(ParameterError, match=said):
        aggregate_view(rows, x_range, y_range, (4, 4), "count", log)


def test_what_cannot_be_aggregated_is_refused():
    rows = Rows(np.zeros(1, np.uint32), np.zeros(1, np.uint32), "points")
    with pytest.raises(ParameterError, match="'mean' needs a field"):
        aggregate_rect(rows, PixelRect(0, 0, 2, 0, 2), "mean")
    with pytest.raises(ParameterError, match=r"no aggregate 'median'\. Known: count, sum"):
        aggregate_rect(rows._replace(value=np.zeros(1)), PixelRect(0, 0, 2, 0, 2), "median")


@pytest.mark.parametrize("swapped", [False, True])
def test_a_line_ends_where_a_logarithmic_axis_has_no_place(swapped):
    gap = np.nan
    given = (np.array([1.0, 10, -5, 100, 0, 1000, gap, 10, 1000]), np.array([1.0, 2, 3, 4, 5, 6, gap, 9, 9]))
    broken = (np.array([1.0, 10, gap, 10, 1000]), np.array([1.0, 2, gap, 9, 9]))
    ranges, log = [(1, 1000), (0, 10)], [True, False]
    found, wanted = (
        aggregate_view(
            Rows(*(axes[::-1] if swapped else axes), "lines"),
            *(ranges[::-1] if swapped else ranges),
            (30, 30),
            "count",
            log[::-1] if swapped else log,
        )
        for axes in (given, broken)
    )
    assert found.sum() > 30
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("group", "aggregate"), [("sums", "mean"), ("sums", "sum"), ("range", "max")])
def test_states_keep_infinite_values(group: str, aggregate: str) -> None:
    place = np.array([0, 0, 2**30, 2**31], np.uint32)
    rows = Rows(place, place, "points", np.array([np.inf, 1.0, -np.inf, np.nan]))
    rect = PixelRect(0, 0, 256, 0, 256)
    found = finalised(aggregate_states(rows, rect, group), aggregate)
    np.testing.assert_array_equal(found, aggregate_rect(rows, rect, aggregate))
    assert np.isinf(found).sum() == 2
