"""Composed tiles equal one direct call to Datashader, cell by cell, on real data."""

from functools import cache

import datashader as ds
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.datasets.registry import EMBEDDED
from app.pipeline.pipeline import Pipeline
from app.pipeline.roots import PlotRoot
from app.pipeline.stages.registry import GRAPHS
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.table import fingerprint
from app.pipeline.tiles import tiles_of_view
from app.pipeline.types import TileAddress
from app.pipeline.world import APRON, PixelRect, pixel_quanta

PIPELINE = Pipeline(GRAPHS["map"], MemoryStore(400_000_000))
CASES = [
    ("places", "count", ""),
    ("places", "sum", "population"),
    ("places", "min", "population"),
    ("places", "max", "population"),
    ("places", "mean", "population"),
    ("places", "by", "continent"),
    ("flights", "count", ""),
    ("flights", "sum", "delay"),
    ("flights", "min", "distance"),
    ("flights", "max", "delay"),
    ("flights", "mean", "delay"),
    ("flights", "by", "origin"),
]


@cache
def root_of(name: str) -> PlotRoot:
    plot = next(one for one in EMBEDDED if one.name == name).plots[0]
    return PlotRoot(plot, fingerprint(plot.path))


def direct(name: str, aggregate: str, field: str, view: PixelRect) -> np.ndarray:
    """Aggregate a view with its apron by one call, one further row and column cropped."""
    points = PIPELINE.run(root_of(name), "source", {}).value
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


@pytest.mark.parametrize(("name", "aggregate", "field"), CASES)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_composed_tiles_equal_one_call(name: str, aggregate: str, field: str, data: st.DataObject) -> None:
    points = PIPELINE.run(root_of(name), "source", {}).value
    at = data.draw(st.integers(0, len(points.at.x) - 1))
    z = data.draw(st.integers(0, 12))
    size = pixel_quanta(z)
    left = int(points.at.x[at]) // size - data.draw(st.integers(0, 300))
    top = int(points.at.y[at]) // size - data.draw(st.integers(0, 300))
    view = PixelRect(z, left, left + data.draw(st.integers(301, 700)), top, top + data.draw(st.integers(301, 500)))
    found = PIPELINE.run(root_of(name), "grid", {"aggregate": aggregate, "field": field, "view": list(view)}).value
    expected = direct(name, aggregate, field, view)
    side = 2**z * 512
    inside = np.zeros(found.shape[-2:], bool)
    inside[
        max(-(view.y0 - APRON), 0) : side - (view.y0 - APRON), max(-(view.x0 - APRON), 0) : side - (view.x0 - APRON)
    ] = True
    if expected.dtype.kind == "f":
        # The tile format keeps seven digits of floats that are not whole.
        whole = expected == np.rint(expected)
        expected = np.where(whole, expected, expected.astype(np.float32))
        found = np.where(whole, found, found.astype(np.float32))
    np.testing.assert_array_equal(found[..., inside], expected[..., inside])
    assert np.nansum(found) > 0 or aggregate != "count"


def test_each_point_is_in_one_tile() -> None:
    root = root_of("places")
    points = PIPELINE.run(root, "source", {}).value
    total = 0
    for part in tiles_of_view([2, 0, 2048, 0, 2048]):
        grid = PIPELINE.run(
            root,
            "grid",
            {
                "aggregate": "count",
                "field": "",
                "view": [2, *(edge for low in part[1:] for edge in (low * 512, low * 512 + 512))],
            },
        ).value
        total += int(grid[APRON:-APRON, APRON:-APRON].sum())
    assert total == len(points.at.x)
    assert TileAddress(*part) == TileAddress(2, 3, 3)
