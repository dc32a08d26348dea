"""The index of segments: none that touches is missed, and what it leaves is drawn as all vertices would be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.canvas import Rows, aggregate_rect, aggregate_view
from app.pipeline.segments import BREAK, index_segments, select, taken, touching
from app.pipeline.world import PixelRect, pixel_quanta

# Few places, so that vertices lie on the view's edges, repeat, and make edges along the axes; NaN ends a line.
places = st.one_of(st.integers(-2, 10).map(float), st.floats(-30, 30), st.just(np.nan))
# Or along a track of short steps, with some jumps.
polylines = st.lists(st.tuples(places, places), max_size=80).map(lambda them: np.array(them).reshape(-1, 2))
scales = st.tuples(
    st.sampled_from([1.0, 1e-9, 1e12, 1 / 3]), st.sampled_from([1, -1]), st.sampled_from([0.0, 7.0, -1e3])
)
sides = st.tuples(st.integers(-3, 9), st.integers(1, 6))
AGGREGATES = ("count", "sum", "min", "max", "mean", "var", "by")


def tracks(lines, seed=5):
    """Return vertices of tracks of 50 steps, one in a hundred a long jump."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, 1, (lines, 50, 2)) * np.where(random.random((lines, 50, 1)) < 0.01, 300, 1)
    xy = random.uniform(0, 1000, (lines, 1, 2)) + np.cumsum(steps, axis=1)
    xy[:, -1] = np.nan
    return xy.reshape(-1, 2)


def boxes_that_touch(x, y, left, right, top, bottom):
    """Return, by a look at each, the segments whose boxes touch a rectangle."""
    if len(x) < 2:
        return []
    with np.errstate(invalid="ignore"):
        low_x, high_x, low_y, high_y = (pick(one[:-1], one[1:]) for one in (x, y) for pick in (np.minimum, np.maximum))
        return np.flatnonzero((low_x <= right) & (high_x >= left) & (low_y <= bottom) & (high_y >= top)).tolist()


def chosen(x, y, *edges):
    """Return the numbers of the vertices that draw a rectangle."""
    found = touching(index_segments(x, y), *edges)
    return np.arange(len(x)) if found is None else select(found)


def some(rows, vertices):
    value = None if rows.value is None else rows.value[vertices]
    return rows._replace(x=taken(rows.x, vertices), y=taken(rows.y, vertices), value=value)


@settings(deadline=None, max_examples=150)
@given(polylines, scales, sides, sides, st.sampled_from(AGGREGATES))
def test_a_selection_is_drawn_as_all_vertices_are(xy, scale, across, down, aggregate):
    factor, sign, shift = scale
    x, y = ((xy + shift) * factor * sign).T.copy()
    value = np.arange(len(x)) % 5 if aggregate == "by" else np.linspace(-1, 2, len(x))
    rows = Rows(x, y, "lines", value, 5)
    ranges = [
        sorted(((low + shift) * factor * sign, (low + size + shift) * factor * sign)) for low, size in (across, down)
    ]
    kept = some(rows, chosen(x, y, *ranges[0], *ranges[1]))
    found = aggregate_view(kept, *map(tuple, ranges), (7, 12), aggregate)
    np.testing.assert_array_equal(found, aggregate_view(rows, *map(tuple, ranges), (7, 12), aggregate))


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(*[st.floats(allow_infinity=False)] * 2), min_size=2, max_size=60),
    st.tuples(*[st.floats(allow_nan=False)] * 4),
)
def test_none_that_touches_is_missed_at_any_scale(xy, edges):
    x, y = np.array(xy).T.copy()
    (left, right), (top, bottom) = sorted(edges[:2]), sorted(edges[2:])
    found = touching(index_segments(x, y), right, left, bottom, top)
    if found is not None:
        assert np.all(np.diff(found.astype(np.int64)) > 0)
        assert set(boxes_that_touch(x, y, left, right, top, bottom)) <= set(found.tolist())


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**16), st.floats(-100, 1000), st.floats(-100, 1000), st.floats(1, 120))
def test_of_many_segments_few_that_do_not_touch_are_named(seed, left, top, size):
    x, y = tracks(100, seed).T.copy()
    found = touching(index_segments(x, y), left, left + size, top, top + size)
    exact = boxes_that_touch(x, y, left, left + size, top, top + size)
    assert set(exact) <= set(found.tolist())
    assert len(found) < 2 * len(exact) + 600


@pytest.mark.parametrize("aggregate", ["count", "sum", "mean"])
@pytest.mark.parametrize("rect", [PixelRect(5, 900, 1500, 700, 1100), PixelRect(8, 30000, 31000, 20000, 20600)])
def test_tiles_of_a_plane_are_drawn_from_a_selection(aggregate, rect):
    x, y = np.floor(tracks(400) * 2**22 / 2).T
    rows = Rows(x, y, "lines", np.arange(len(x)) % 7 + 0.25)
    size = pixel_quanta(rect.z)
    edges = rect.x0 * size, (rect.x1 + 1) * size, rect.y0 * size, (rect.y1 + 1) * size
    kept = some(rows, chosen(x, y, *edges))
    assert len(kept.x) < len(x) / 2
    found = aggregate_rect(kept, rect, aggregate)
    np.testing.assert_array_equal(found, aggregate_rect(rows, rect, aggregate))
    assert np.nansum(found) > 0


def test_runs_share_vertices_and_are_kept_apart():
    assert select(np.array([0, 1, 5, 9])).tolist() == [0, 1, 2, BREAK, 4, 5, 6, BREAK, 8, 9, 10]
    assert select(np.array([1, 4], np.uint32)).tolist() == [0, 1, 2, 3, 4, 5]
    assert select(np.array([], np.int64)).tolist() == []


def test_breaks_are_nan_and_values_stay_beside_their_vertices():
    np.testing.assert_array_equal(taken(np.array([1.0, 2.0, 3.0]), np.array([0, BREAK, 2])), [1, np.nan, 3])


def test_a_view_of_most_segments_takes_all():
    x, y = tracks(20).T
    index = index_segments(x, y)
    assert touching(index, -1e4, 1e4, -1e4, 1e4) is None
    assert touching(index, 0, 1e4, -1e4, -1e3) is not None


@pytest.mark.parametrize(
    "xy", [np.zeros((0, 2)), np.zeros((1, 2)), np.full((5, 2), np.nan), [[0, 0], [np.nan, 0], [1, 1]]]
)
def test_no_segment_is_found_where_there_is_none(xy):
    x, y = np.array(xy, float).T
    index = index_segments(x, y)
    assert len(index.order) == 0
    assert touching(index, -1, 1, -1, 1).tolist() == []


def test_an_index_is_read_from_files_as_it_was_made(tmp_path):
    x, y = tracks(50).T
    made = index_segments(x, y)
    for name, values in made._asdict().items():
        np.save(tmp_path / f"{name}.npy", values)
    mapped = type(made)(*(np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in made._fields))
    edges = 100, 300, 100, 300
    assert touching(mapped, *edges).tolist() == touching(made, *edges).tolist() != []
