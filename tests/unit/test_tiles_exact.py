"""Composed tiles equal one direct call to Datashader, cell by cell, on real data."""

from functools import cache

import datashader as ds
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from datashader import transfer_functions as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from app.datasets.registry import EMBEDDED
from app.pipeline.pipeline import Pipeline
from app.pipeline.points import Points
from app.pipeline.roots import PlotRoot
from app.pipeline.stages.registry import GRAPHS
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.table import fingerprint
from app.pipeline.tiles import tiles_of_view
from app.pipeline.types import Plot
from app.pipeline.world import APRON, MAX_Z, PixelRect, mercator, pixel_quanta
from tests.unit.samples import CENSUS_FILE, TAXI_FILE, census_plot, needs_samples, taxi_plot

PIPELINE = Pipeline(GRAPHS["map"], MemoryStore(400_000_000))
SAMPLED = {"taxi": (TAXI_FILE, taxi_plot), "census": (CENSUS_FILE, census_plot)}
CASES = [
    *(("places", one, "population") for one in ("sum", "min", "max", "mean")),
    ("places", "count", ""),
    ("places", "by", "continent"),
    *(("flights", one, "delay") for one in ("sum", "min", "max", "mean")),
    ("flights", "count", ""),
    ("flights", "by", "origin"),
    ("stars", "mean", "magnitude"),
    *(pytest.param("taxi", one, "dropoff_hour", marks=needs_samples) for one in ("sum", "min", "max", "mean")),
    pytest.param("taxi", "by", "passengers", marks=needs_samples),
    pytest.param("census", "count", "", marks=needs_samples),
    pytest.param("census", "by", "race", marks=needs_samples),
]


def plot_of(name: str) -> Plot:
    return SAMPLED[name][1]() if name in SAMPLED else next(one for one in EMBEDDED if one.name == name).plots[0]


@cache
def root_of(name: str) -> PlotRoot:
    plot = plot_of(name)
    return PlotRoot(plot, fingerprint(plot.path))


def points_of(name: str) -> Points:
    return PIPELINE.run(root_of(name), "source", {}).value


def grid(name: str, aggregate: str, field: str, view: PixelRect) -> np.ndarray:
    """Return a view with its apron, composed of tiles."""
    params = {"aggregate": aggregate, "field": field, "view": list(view)}
    return PIPELINE.run(root_of(name), "grid", params).value


def direct(name: str, aggregate: str, field: str, view: PixelRect) -> np.ndarray:
    """Aggregate a view with its apron by one call, one further row and column cropped."""
    points = points_of(name)
    frame = pd.DataFrame({"x": points.at.x, "y": points.at.y})
    reduction = ds.count()
    if aggregate == "by":
        frame["v"] = pd.Categorical.from_codes(points.values(field), points.categories(field))
        reduction = ds.by("v", ds.count())
    elif field:
        frame["v"] = points.values(field)
        reduction = getattr(ds, aggregate)("v")
    size = float(pixel_quanta(view.z))
    x0, x1, y0, y1 = view.x0 - APRON, view.x1 + APRON + 1, view.y0 - APRON, view.y1 + APRON + 1
    canvas = ds.Canvas(x1 - x0, y1 - y0, (x0 * size, x1 * size), (y0 * size, y1 * size))
    data = np.asarray(canvas.points(frame, "x", "y", agg=reduction).data)[:-1, :-1]
    return np.moveaxis(data, -1, 0) if aggregate == "by" else data


@st.composite
def views(draw: st.DrawFn, name: str, deepest: int = MAX_Z) -> PixelRect:
    """Return a view that shows at least one point, anywhere in it."""
    points = points_of(name)
    at, z = draw(st.integers(0, len(points.at.x) - 1)), draw(st.integers(0, deepest))
    width, height = draw(st.integers(1, 900)), draw(st.integers(1, 600))
    left = int(points.at.x[at]) // pixel_quanta(z) - draw(st.integers(0, width - 1))
    top = int(points.at.y[at]) // pixel_quanta(z) - draw(st.integers(0, height - 1))
    return PixelRect(z, left, left + width, top, top + height)


@pytest.mark.parametrize(("name", "aggregate", "field"), CASES)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_composed_tiles_equal_one_call(name: str, aggregate: str, field: str, data: st.DataObject) -> None:
    view = data.draw(views(name))
    # Some of the tiles are there before, in any pattern, from other calls.
    for part in tiles_of_view(view):
        if data.draw(st.booleans(), label=f"tile {part} is there"):
            PIPELINE.part(root_of(name), "grid", {"aggregate": aggregate, "field": field}, part)
    found, expected = grid(name, aggregate, field, view), direct(name, aggregate, field, view)
    assert found.shape == expected.shape
    if expected.dtype.kind == "f":
        # The tile format keeps seven digits of floats that are not whole, or all.
        rounded = expected.astype(np.float32).astype(np.float64)
        same = (found == expected) | (found == rounded) | (np.isnan(found) & np.isnan(expected))
        assert same.all()
        if aggregate in ("sum", "min", "max") and np.all(np.isnan(expected) | (expected == np.rint(expected))):
            np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_array_equal(found, expected)
    if aggregate in ("count", "by"):
        assert found[..., APRON:-APRON, APRON:-APRON].any()
    PIPELINE.store.clear()


@pytest.mark.parametrize("name", ["places", "flights", pytest.param("census", marks=needs_samples)])
@pytest.mark.parametrize("z", [0, 2, 3])
def test_each_point_is_in_one_tile(name: str, z: int) -> None:
    points, side = points_of(name), 512 * 2**z
    total = np.zeros((side, side), np.int64)
    for _, x, y in tiles_of_view([z, 0, side, 0, side]):
        view = PixelRect(z, x * 512, x * 512 + 512, y * 512, y * 512 + 512)
        inner = grid(name, "count", "", view)[APRON:-APRON, APRON:-APRON]
        total[view.y0 : view.y1, view.x0 : view.x1] += inner
    by_hand = np.zeros_like(total)
    np.add.at(by_hand, (points.at.y // pixel_quanta(z), points.at.x // pixel_quanta(z)), 1)
    assert np.array_equal(total, by_hand)
    assert int(total.sum()) == len(points.at.x)


@settings(max_examples=8, deadline=None)
@given(data=st.data(), pixels=st.integers(1, 5))
def test_spreading_reaches_across_the_seams_of_tiles(data: st.DataObject, pixels: int) -> None:
    view = data.draw(views("places", 9))
    params = {"aggregate": "count", "field": "", "view": list(view), "spreading": pixels}
    found = PIPELINE.run(root_of("places"), "spread", params).value
    wide = PixelRect(view.z, view.x0 - 9, view.x1 + 9, view.y0 - 9, view.y1 + 9)
    whole = tf.spread(xr.DataArray(direct("places", "count", "", wide)), pixels, how="add").data
    inner = whole[9 + APRON : -9 - APRON, 9 + APRON : -9 - APRON]
    # Beside the world's edge no tile holds what would spread inward; nothing is there either.
    assert np.array_equal(found, inner)


@settings(max_examples=15, deadline=None)
@given(view=views("places", 17))
def test_quanta_move_only_points_on_the_edge_of_a_pixel(view: PixelRect) -> None:
    points = points_of("places")
    table = pd.read_parquet(plot_of("places").path, columns=["longitude", "latitude"])
    x, y = mercator(table["longitude"].to_numpy(np.float64), table["latitude"].to_numpy(np.float64))
    if points.at.row is not None:
        x, y = x[points.at.row], y[points.at.row]
    plane, size = points.at.world, float(pixel_quanta(view.z))
    u, v = (x - plane.x0) / plane.dx, (y - plane.y0) / plane.dy
    canvas = ds.Canvas(
        view.x1 - view.x0 + 1,
        view.y1 - view.y0 + 1,
        (plane.x0 + view.x0 * size * plane.dx, plane.x0 + (view.x1 + 1) * size * plane.dx),
        (plane.y0 + (view.y1 + 1) * size * plane.dy, plane.y0 + view.y0 * size * plane.dy),
    )
    raw = canvas.points(pd.DataFrame({"x": x, "y": y}), "x", "y", ds.count()).data[::-1][:-1, :-1].astype(np.int64)
    moved = np.abs(raw - grid("places", "count", "", view)[APRON:-APRON, APRON:-APRON]).sum()
    # Each point within one quantum of an edge may leave one cell for its neighbour.
    near = [np.abs(at - np.rint(at / size) * size) <= 1 for at in (u, v)]
    inside = (u > view.x0 * size - 2) & (u < view.x1 * size + 2) & (v > view.y0 * size - 2) & (v < view.y1 * size + 2)
    assert moved <= 2 * int(((near[0] | near[1]) & inside).sum())


def test_an_exact_viewport_is_one_direct_call() -> None:
    plot = plot_of("places")
    root = PlotRoot(plot, fingerprint(plot.path), raw=True)
    figure = Pipeline(GRAPHS["figure"], MemoryStore(50_000_000))
    view = {"x0": -12.3, "x1": 31.7, "y0": 34.1, "y1": 61.9, "width": 411, "height": 257, "xlog": False, "ylog": False}
    table = pd.read_parquet(plot.path, columns=["longitude", "latitude", "population"])
    canvas = ds.Canvas(411, 257, (-12.3, 31.7), (34.1, 61.9))
    for aggregate, field, how in (("count", "", ds.count()), ("mean", "population", ds.mean("population"))):
        found = figure.run(root, "grid", {**view, "aggregate": aggregate, "field": field}).value
        drawn = canvas.points(table, "longitude", "latitude", how).data[::-1]
        assert np.array_equal(found[APRON:-APRON, APRON:-APRON], drawn, equal_nan=True)
        rim = found.copy()
        rim[APRON:-APRON, APRON:-APRON] = rim[0, 0]
        assert not np.nansum(rim)
