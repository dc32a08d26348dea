"""Rows along the Z-order curve: each once, neighbours together, and no row of a rectangle is missed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.pipeline import zorder
from app.pipeline.types import Rect
from app.pipeline.zorder import Runs, cover, rows_touched, z_codes, z_order

LAST = 2**32 - 1
corners = st.sampled_from([0, 1, 2**31 - 1, 2**31, LAST - 1, LAST])
spots = st.one_of(corners, st.integers(0, LAST), st.integers(2**31 - 50, 2**31 + 50))


@st.composite
def points(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 60))
    x, y = (draw(hnp.arrays(np.uint32, n, elements=spots)) for _ in "xy")
    return x, y


@st.composite
def rects(draw: st.DrawFn) -> Rect:
    (left, right), (top, bottom) = (sorted((draw(spots), draw(spots))) for _ in "xy")
    return Rect(left, right + 1, top, bottom + 1)


def ordered(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, Runs]:
    order = np.empty(len(x), np.uint32)
    return order, z_order(x, y, order)


@pytest.fixture(params=[(1024, 32_768, 4096), (1, 2, 0)], ids=["as it is", "fine"])
def _sizes(request, monkeypatch):
    """Make chunks and heavy cells so small that few rows have many."""
    for name, value in zip(("CHUNK", "HEAVY", "GAP"), request.param, strict=True):
        monkeypatch.setattr(zorder, name, value)


@pytest.mark.usefixtures("_sizes")
@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_every_row_is_ordered_once_and_none_of_a_rectangle_is_missed(data: st.DataObject) -> None:
    x, y = data.draw(points())
    order, runs = ordered(x, y)
    assert np.array_equal(np.sort(order), np.arange(len(x)))
    codes = z_codes(x[order], y[order])
    assert (np.diff(runs.codes.astype(object)) > 0).all()
    assert runs.starts[-1] == len(x)
    for at, (start, stop) in enumerate(zip(runs.starts[:-1], runs.starts[1:], strict=True)):
        assert runs.codes[at] <= codes[start:stop].min() <= codes[start:stop].max() <= runs.lasts[at]
    assert (runs.codes[1:] > runs.lasts[:-1]).all()
    rect = data.draw(rects())
    spans = rows_touched(runs, rect)
    read = np.zeros(len(x), bool)
    for start, stop in spans:
        read[start:stop] = True
    inside = (x >= rect.left) & (x < rect.right) & (y >= rect.top) & (y < rect.bottom)
    assert read[inside[order]].all()
    assert (spans[1:, 0] > spans[:-1, 1]).all()


def test_codes_interleave_the_bits() -> None:
    x, y = np.array([0, 1, 0, 1, LAST, LAST], np.uint32), np.array([0, 0, 1, 1, 0, LAST], np.uint32)
    assert z_codes(x, y).tolist() == [0, 1, 2, 3, int("01" * 32, 2), 2**64 - 1]


@settings(deadline=None)
@given(rects(), st.integers(0, LAST), st.integers(0, LAST))
def test_a_cover_holds_its_rectangle_and_little_more(rect: Rect, x: int, y: int) -> None:
    runs = cover(rect)
    code = z_codes(np.array([x], np.uint32), np.array([y], np.uint32))[0]
    held = any(first <= code <= last for first, last in runs)
    assert held or not (rect.left <= x < rect.right and rect.top <= y < rect.bottom)
    longer = max(rect.right - rect.left, rect.bottom - rect.top)
    reach = max(longer // zorder.FINENESS, 1)
    near = rect.left - reach <= x < rect.right + reach and rect.top - reach <= y < rect.bottom + reach
    assert near or not held


def test_a_rectangle_beyond_the_plane_touches_nothing() -> None:
    _, runs = ordered(np.array([5], np.uint32), np.array([5], np.uint32))
    for rect in (Rect(-9, 0, 0, 9), Rect(2**32, 2**33, 0, 9), Rect(3, 3, 0, 9), Rect(0, 9, 6, 2)):
        assert len(rows_touched(runs, rect)) == 0
    assert len(rows_touched(runs, Rect(2**31, 2**32, 2**31, 2**32))) == 0
    assert rows_touched(runs, Rect(-(2**40), 2**40, -(2**40), 2**40)).tolist() == [[0, 1]]


def test_outliers_cost_no_resolution() -> None:
    random = np.random.default_rng(1)
    x, y = (np.append(random.integers(2**31, 2**31 + 2**18, 200_000), [0, LAST]).astype(np.uint32) for _ in "xy")
    order, runs = ordered(x, y)
    side = 2**18 // 16
    found = rows_touched(runs, Rect(2**31 + 4 * side, 2**31 + 5 * side, 2**31 + 4 * side, 2**31 + 5 * side))
    assert np.diff(found).sum() < 200_000 / 256 + 8 * zorder.CHUNK
    assert np.array_equal(np.sort(order), np.arange(len(x)))


def test_rows_of_one_place_stay_in_their_order() -> None:
    order, runs = ordered(np.full(100_000, 7, np.uint32), np.full(100_000, 9, np.uint32))
    assert np.array_equal(order, np.arange(100_000))
    assert len(runs.codes) == 1


def test_rows_on_one_place_do_not_seem_to_lie_beside_it() -> None:
    """What lies between a few rows and very many is empty: no rows are read for it, at any depth."""
    x, y = (np.repeat([2**20 + at, 2**30 + at, LAST - at], [100, 300_000, 50]).astype(np.uint32) for at in (0, 7))
    _, runs = ordered(x, y)
    for side in (2**12, 2**20, 2**28):
        place = Rect(2**30, 2**30 + side, 2**30, 2**30 + side)
        assert np.diff(rows_touched(runs, place)).sum() == 300_000
        beside = Rect(place.left - side, place.left, place.top - side, place.top)
        assert np.diff(rows_touched(runs, beside)).sum() <= 2 * zorder.CHUNK
