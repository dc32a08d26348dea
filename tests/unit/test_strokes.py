"""Lines on a plane: every rectangle shows its part of one drawing, which is Datashader's where no edge cuts a line."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise, product

import datashader as ds
import numpy as np
import pandas as pd
import pytest
from datashader.reductions import category_modulo
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.pipeline import planner, strokes
from app.pipeline.canvas import AGGREGATES, Rows, aggregate_rect
from app.pipeline.errors import ParameterError, SupersededError
from app.pipeline.points import Points
from app.pipeline.roots import PlotRoot
from app.pipeline.segments import index_segments, select, taken, touching
from app.pipeline.stopping import stoppable
from app.pipeline.strokes import draw_lines
from app.pipeline.table import fingerprint
from app.pipeline.types import Axis, Field, Plot, TileAddress
from app.pipeline.world import APRON, QUANTA, TILE, PixelRect, pixel_quanta, quanta, tile_rect

SIDE = 48
CATEGORIES = 3
NAN = float("nan")
Place = tuple[float, float]

pixels = st.integers(0, SIDE - 1)
# Where in its pixel a vertex lies: mostly on its edges.
within = st.sampled_from([0.0, 0.0, 0.5, 1.0])
# From one vertex to the next: within its pixel, along the axes and the diagonals, where ties are, and anywhere.
moves = st.one_of(
    st.tuples(st.integers(-SIDE, SIDE), st.integers(-SIDE, SIDE)),
    st.tuples(st.just(0), st.integers(-9, 9)),
    st.tuples(st.integers(-9, 9), st.just(0)),
    st.builds(lambda n, x, y: (x * n, y * n), st.integers(0, SIDE), *[st.sampled_from([-2, -1, 1, 2])] * 2),
    st.just((NAN, NAN)),
)


@st.composite
def polylines(draw: st.DrawFn, z: int) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices in whole quanta, all in the first 48 pixels at a zoom, with gaps."""
    size = pixel_quanta(z)
    x, y = draw(pixels), draw(pixels)
    found: list[Place] = []
    for across, down in draw(st.lists(moves, min_size=1, max_size=25)):
        if across != across:
            found.append((NAN, 0.0) if draw(st.booleans()) else (0.0, NAN))
            x, y = draw(pixels), draw(pixels)
        else:
            x, y = (min(max(int(at), 0), SIDE - 1) for at in (x + across, y + down))
        found.append((x * size + int(draw(within) * (size - 1)), y * size + int(draw(within) * (size - 1))))
    return tuple(np.array(found, np.float64).T.copy())


def values_of(data: st.DataObject, aggregate: str, n: int) -> np.ndarray:
    if aggregate == "by":
        return np.array(data.draw(st.lists(st.integers(0, CATEGORIES - 1), min_size=n, max_size=n)), np.uint8)
    # Of a lone infinite value Datashader says that its variance is 0.
    infinite = [] if aggregate in ("var", "std") else [np.inf, -np.inf]
    some = st.sampled_from([0.1, -3.0, 2.0, 1e9 + 0.1, NAN, *infinite, 0.0])
    kind = data.draw(st.sampled_from([np.float32, np.float64]))
    return np.array(data.draw(st.lists(some, min_size=n, max_size=n)), kind)


def judged(rows: Rows, z: int, aggregate: str, side: int = SIDE) -> np.ndarray:
    """Draw rows by Datashader on a canvas that holds them all."""
    edge = float(side * pixel_quanta(z))
    frame = pd.DataFrame({"x": rows.x, "y": rows.y, "value": rows.value})
    if aggregate == "by":
        how = ds.by(category_modulo("value", CATEGORIES), ds.count())
    else:
        how = getattr(ds, aggregate)(None if aggregate == "count" else "value")
    found = ds.Canvas(side, side, (0, edge), (0, edge)).line(frame, "x", "y", how).to_numpy()
    return np.moveaxis(found, -1, 0) if aggregate == "by" else found


def selected(rows: Rows, rect: PixelRect) -> Rows:
    """Return the vertices that a layout's index finds for a rectangle."""
    found = touching(index_segments(rows.x, rows.y), *map(float, quanta(rect)))
    if found is None:
        return rows
    vertices = select(found)
    return rows._replace(x=taken(rows.x, vertices), y=taken(rows.y, vertices), value=rows.value[vertices])


def partition(data: st.DataObject) -> Iterator[tuple[int, int, int, int]]:
    cuts = st.lists(pixels, max_size=3, unique=True).map(lambda some: [0, *sorted({*some} - {0}), SIDE])
    for (left, right), (top, bottom) in product(pairwise(data.draw(cuts)), pairwise(data.draw(cuts))):
        yield left, right, top, bottom


@pytest.mark.parametrize("aggregate", AGGREGATES)
@settings(deadline=None, max_examples=25)
@given(data=st.data(), z=st.integers(0, 22))
def test_any_partition_shows_datashaders_drawing(aggregate: str, data: st.DataObject, z: int) -> None:
    x, y = data.draw(polylines(z))
    rows = Rows(x, y, "lines", values_of(data, aggregate, len(x)), CATEGORIES if aggregate == "by" else 0)
    whole = judged(rows, z, aggregate)
    for left, right, top, bottom in partition(data):
        rect = PixelRect(z, left, right, top, bottom)
        found = aggregate_rect(selected(rows, rect), rect, aggregate)
        expected = whole[..., top:bottom, left:right]
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("dx", "dy"), list(product((-8, -4, -1, 0, 1, 4, 8), repeat=2)))
def test_ties_are_broken_as_datashader_breaks_them(dx: int, dy: int) -> None:
    size = pixel_quanta(3)
    x, y = np.array([20, 20 + dx]) * float(size), np.array([20, 20 + dy]) * float(size)
    rows = Rows(x, y, "lines", np.ones(2))
    whole = judged(rows, 3, "count")
    assert whole.sum() == max(abs(dx), abs(dy)) + 1
    for row in range(12, 30):
        for column in range(12, 30):
            found = draw_lines(x, y, None, PixelRect(3, column, column + 1, row, row + 1), "count")
            assert found[0, 0] == whole[row, column]


@pytest.mark.parametrize("rect", [PixelRect(0, 3, 3, 0, 9), PixelRect(0, 0, 9, 4, 4), PixelRect(0, -9, -2, 0, 9)])
def test_where_there_is_no_room_nothing_is_drawn(rect: PixelRect) -> None:
    size = pixel_quanta(0)
    x, y = np.array([0.0, 9 * size]), np.array([0.0, 9 * size])
    assert not draw_lines(x, y, None, rect, "count").any()
    assert np.isnan(draw_lines(x, y, np.ones(2), rect, "mean")).all()


# Segments of up to two thousand million pixels


def passes(x: list[int], y: list[int], at: int) -> tuple[int, int]:
    """Return the pixel of a line after so many steps, by rounding fractions; a half goes on where the line grows."""
    dx, dy = x[1] - x[0], y[1] - y[0]
    steps = max(abs(dx), abs(dy))
    grows = (dx if abs(dx) >= abs(dy) else dy) > 0

    def moved(way: int) -> int:
        share = Fraction(abs(way) * at, steps)
        rounded = (2 * share + 1) // 2 if grows else -((1 - 2 * share) // 2)
        return rounded * (1 if way > 0 else -1)

    return x[0] + moved(dx), y[0] + moved(dy)


quantum = st.one_of(st.integers(0, QUANTA - 1), st.sampled_from([0, 1, 2, QUANTA // 2, QUANTA - 2, QUANTA - 1]))


@settings(deadline=None, max_examples=150)
@given(st.lists(quantum, min_size=4, max_size=4), st.floats(0, 1), st.integers(0, 6), st.integers(0, 6))
@example([0, QUANTA - 1, 0, QUANTA - 1], 1.0, 3, 3)
@example([QUANTA - 1, 0, 0, QUANTA - 2], 0.999, 3, 3)
@example([QUANTA - 1, 0, QUANTA - 2, 0], 0.5, 0, 0)
def test_the_longest_segments_are_exact(ends: list[int], share: float, left: int, top: int) -> None:
    x, y = [at // 2 for at in ends[:2]], [at // 2 for at in ends[2:]]
    steps = max(abs(x[1] - x[0]), abs(y[1] - y[0]))
    middle = round(share * steps)
    column, row = passes(x, y, middle) if steps else (x[0], y[0])
    rect = PixelRect(22, column - left, column + 5, row - top, row + 5)
    expected = np.zeros(rect.shape, np.uint32)
    for step in range(max(middle - 12, 0), min(middle + 12, steps) + 1):
        u, v = passes(x, y, step) if steps else (x[0], y[0])
        if rect.x0 <= u < rect.x1 and rect.y0 <= v < rect.y1:
            expected[v - rect.y0, u - rect.x0] += 1
    found = draw_lines(np.array(ends[:2], float), np.array(ends[2:], float), None, rect, "count")
    assert found[top, left] == 1
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("left", [0, -1])
@pytest.mark.parametrize("short", [3, 1_234_567_891, 2**31 - 2])
def test_the_steps_beside_a_move_are_not_rounded(left: int, short: int) -> None:
    long = 2**31 - 1
    # The step after which the division leaves nothing, or all but one: float64 holds neither quotient.
    step = (left - long // 2) * pow(short, -1, long) % long
    row = (step * short + long // 2) // long
    x, y = np.array([0.0, 2 * long]), np.array([0.0, 2 * short])
    found = draw_lines(x, y, None, PixelRect(22, step, step + 1, row - 1, row + 2), "count")
    assert found.tolist() == [[0], [1], [0]]


# How far from the true line


def distance(cells: np.ndarray, begin: np.ndarray, end: np.ndarray) -> float:
    """Return how far the centre of the farthest cell is from a segment, along the axis that it is farther on."""
    way = end - begin
    apart = (cells + 0.5)[:, ::-1] - begin
    with np.errstate(divide="ignore", invalid="ignore"):
        # The greater of two distances is least at an end, where one is nothing, or where they are equal.
        shares = np.stack([
            *(apart / way).T,
            (apart[:, 0] - apart[:, 1]) / (way[0] - way[1]),
            apart.sum(axis=1) / way.sum(),
            np.zeros(len(cells)),
        ])  # fmt: skip
    shares = np.clip(np.nan_to_num(shares), 0, 1)
    return float(np.abs(apart - shares[..., np.newaxis] * way).max(axis=2).min(axis=0).max(initial=0))


far_off = st.integers(-(2**36), 2**36).map(float)


@settings(deadline=None, max_examples=200)
@given(st.lists(quantum.map(float), min_size=4, max_size=4) | st.lists(far_off, min_size=4, max_size=4))
def test_every_cell_is_within_a_pixel_of_the_true_line(ends: list[float]) -> None:
    x, y = np.array(ends[:2]), np.array(ends[2:])
    size = pixel_quanta(0)
    found = draw_lines(x, y, None, PixelRect(0, 0, TILE, 0, TILE), "count")
    assert found.max() <= 1
    cells = np.argwhere(found)
    assert distance(cells, np.array([x[0], y[0]]) / size, np.array([x[1], y[1]]) / size) <= 1 + 1e-9
    # One a column, or one a row, without a gap.
    assert len(cells) == (np.ptp(cells, axis=0).max() + 1 if len(cells) else 0)


# What lies beyond the world


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(far_off, far_off), min_size=2, max_size=6), st.integers(0, 5))
def test_lines_that_leave_the_world_are_one_drawing(places: list[Place], z: int) -> None:
    x, y = np.array(places).T.copy()
    rows = Rows(x, y, "lines", np.arange(len(x)) + 0.5)
    size, last = pixel_quanta(z), TILE << z
    for at in range(len(x)):
        column, row = (min(max(int(one[at]) // size, 0), last - 1) for one in (x, y))
        wide = PixelRect(z, column - 20, column + 20, row - 20, row + 20)
        whole = aggregate_rect(rows, wide, "sum")
        filled = np.add(np.argwhere(~np.isnan(whole)), (row - 20, column - 20))
        assert ((filled >= 0) & (filled < last)).all()
        for left, top in product((-20, 0), repeat=2):
            part = PixelRect(z, column + left, column + left + 20, row + top, row + top + 20)
            found = aggregate_rect(selected(rows, part), part, "sum")
            np.testing.assert_array_equal(found, whole[top + 20 : top + 40, left + 20 : left + 40])


def test_a_line_beyond_the_world_is_cut_at_its_edge() -> None:
    size, world = pixel_quanta(0), PixelRect(0, -5, TILE + 5, -5, TILE + 5)
    row = 7.5 * size
    found = draw_lines(np.array([-1e12, 1e12]), np.array([row, row]), None, world, "count")
    assert found[12, 5:-5].tolist() == [1] * TILE
    assert found.sum() == TILE
    x = np.array([-20.0, -10, 2, 2, -10, 2]) * size
    found = draw_lines(x, np.full(6, row), None, world, "count")
    # In, within one pixel, out and in again: where it comes in, a line begins anew.
    assert found[12, 5:9].tolist() == [3, 3, 3, 0]
    for ends in ([-5.0, -1], [QUANTA, 2 * QUANTA], [-1e300, 1e300], [-1.7e308, 1.7e308], [1, np.inf], [-np.inf, 1]):
        beyond = np.array([-5.0, -5.0])
        assert not draw_lines(np.array(ends), beyond, None, world, "count").any()
        assert not draw_lines(beyond, np.array(ends), None, world, "count").any()


# Tiles


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Points:
    """Return tracks of short and long segments."""
    folder, random = tmp_path_factory.mktemp("tracks"), np.random.default_rng(11)
    steps = random.normal(0, 1, (300, 20, 2)) * np.where(random.random((300, 20, 1)) < 0.05, 400, 2)
    xy = (random.uniform(0, 1000, (300, 1, 2)) + np.cumsum(steps, axis=1)).reshape(-1, 2)
    frame = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "t": np.repeat(np.arange(300), 20), "v": random.random(6000)})
    frame.loc[random.integers(0, 6000, 300), "v"] = np.nan
    frame.to_parquet(folder / "tracks.parquet")
    plot = Plot(
        "p", folder / "tracks.parquet", Axis("x"), Axis("y"), fields=(Field("v", "v"),), kind="lines", track="t"
    )
    return PlotRoot(plot, fingerprint(plot.path)).open()


@pytest.mark.parametrize(("aggregate", "field"), [("count", ""), ("mean", "v"), ("max", "v")])
def test_a_views_tiles_are_datashaders_drawing_of_the_world(tracks: Points, aggregate: str, field: str) -> None:
    z = 2
    side = TILE << z
    whole = judged(Rows(tracks.at.x, tracks.at.y, "lines", tracks.values("v")), z, aggregate, side)
    assert np.count_nonzero(np.nan_to_num(whole)) > 50_000
    tiles = [TileAddress(z, x, y) for x in range(1 << z) for y in range(1 << z)]
    padded = np.pad(whole, APRON, constant_values=0 if aggregate == "count" else np.nan)
    for tile, found in zip(tiles, planner.aggregate(tracks, tiles, aggregate, field), strict=True):
        top, left = tile.y * TILE, tile.x * TILE
        expected = padded[top : top + TILE + 2 * APRON, left : left + TILE + 2 * APRON]
        np.testing.assert_array_equal(found, expected)


@settings(deadline=None, max_examples=30)
@given(st.data(), st.integers(1, 12))
def test_a_tile_is_the_same_whatever_is_asked_for_beside_it(tracks: Points, data: st.DataObject, z: int) -> None:
    places = np.flatnonzero(np.isfinite(tracks.at.x))
    at = places[data.draw(st.integers(0, len(places) - 1))]
    column, row = (int(one[at]) // pixel_quanta(z) // TILE for one in (tracks.at.x, tracks.at.y))
    near = [(column + across, row + down) for across, down in product((-1, 0, 1), repeat=2)]
    view = [TileAddress(z, x, y) for x, y in near if 0 <= x < 1 << z and 0 <= y < 1 << z]
    some = data.draw(st.lists(st.sampled_from(view), min_size=1, unique=True))
    together = planner.aggregate(tracks, some, "sum", "v")
    assert any(np.isfinite(one).any() for one in planner.aggregate(tracks, view, "sum", "v"))
    for tile, found in zip(some, together, strict=True):
        np.testing.assert_array_equal(found, planner.aggregate(tracks, [tile], "sum", "v")[0])
        rows = tracks.rows_of("sum", "v")
        np.testing.assert_array_equal(found, draw_lines(rows.x, rows.y, rows.value, tile_rect(tile), "sum"))


def test_superseded_lines_stop_between_their_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    x, y = random.integers(0, QUANTA, (2, 100)).astype(float)
    rect = PixelRect(0, 0, TILE, 0, TILE)
    whole = draw_lines(x, y, x, rect, "sum")
    monkeypatch.setattr(strokes, "AT_ONCE", 7)
    np.testing.assert_array_equal(draw_lines(x, y, x, rect, "sum"), whole)
    asked: list[bool] = []
    with stoppable(lambda: asked.append(True) or len(asked) > 3), pytest.raises(SupersededError):
        draw_lines(x, y, x, rect, "sum")
    assert len(asked) == 4


def test_lines_of_an_aggregate_that_is_not_known_are_refused() -> None:
    rows = Rows(np.zeros(2), np.zeros(2), "lines")
    with pytest.raises(ParameterError, match="'mean' needs a field"):
        aggregate_rect(rows, PixelRect(0, 0, 2, 0, 2), "mean")
    with pytest.raises(ParameterError, match="no aggregate 'median'"):
        aggregate_rect(rows, PixelRect(0, 0, 2, 0, 2), "median")
