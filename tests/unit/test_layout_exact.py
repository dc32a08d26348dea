"""Layout, pyramid and exact viewport give what one call to Datashader over all rows gives, whatever the rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import datashader as ds
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.pipeline import points as points_module
from app.pipeline import pyramid, roots
from app.pipeline.pipeline import Pipeline
from app.pipeline.points import Points
from app.pipeline.roots import PlotRoot
from app.pipeline.stages.registry import GRAPHS
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.table import fingerprint
from app.pipeline.types import Axis, Bounds, Field, Plot, TileAddress
from app.pipeline.world import APRON, MAX_Z, pixel_quanta

FIELDS = (Field("v", "v"), Field("w", "w"), Field("c", "c", "category"), Field("t", "t", "time"))
CASES = [("count", ""), ("by", "c"), ("mean", "t"), ("min", "t")]
CASES += [(one, field) for one in ("sum", "min", "max", "mean", "var", "std") for field in ("v", "w")]
DAY = np.datetime64("2001-02-03", "ms")

# Where rows may lie: a cloud, a pixel, the seams of tiles, about the corner where four meet, far apart, tiny, huge,
# below zero, dates.
SHAPES: dict[str, Callable[[np.random.Generator, int], tuple[Any, Any]]] = {
    "cloud": lambda random, n: (random.normal(size=n), random.normal(size=n)),
    "one place": lambda _, n: (np.full(n, 3.0), np.full(n, -4.0)),
    "seams": lambda random, n: (random.integers(-4, 5, n) / 4, random.integers(-4, 5, n) / 4),
    "corner": lambda random, n: (
        np.append(random.uniform(-1, 1, n) / 256, [-1, 1])[-n:],
        random.uniform(-1, 1, n) / 256,
    ),
    "outliers": lambda random, n: (random.normal(size=n) * 10.0 ** random.integers(-6, 6, n), random.normal(size=n)),
    "tiny": lambda random, n: (random.normal(size=n) * 1e-9, random.normal(size=n) * 1e-9),
    "huge": lambda random, n: (random.normal(size=n) * 1e12, random.normal(size=n) * 1e12),
    "negative": lambda random, n: (-1e5 - random.random(n), -random.random(n).astype(np.float32)),
    "whole": lambda random, n: (random.integers(-1000, 1000, n), random.integers(0, 9, n).astype(np.int8)),
    "dates": lambda random, n: (DAY + random.integers(0, 10**10, n), random.normal(size=n)),
    "missing": lambda random, n: (
        np.where(random.random(n) < 0.3, np.nan, random.normal(size=n)),
        np.where(random.random(n) < 0.3, np.inf, random.normal(size=n)),
    ),
}


class Case(NamedTuple):
    """Rows in a file, and the points of their plane."""

    frame: pd.DataFrame
    root: PlotRoot
    points: Points


def made(folder: Path, shape: str, n: int, seed: int, raw: bool = False) -> Case:
    random = np.random.default_rng(seed)
    x, y = SHAPES[shape](random, n)
    frame = pd.DataFrame({"x": x, "y": y})
    frame["v"] = np.where(random.random(n) < 0.2, np.nan, random.normal(1e6, 3, n))
    frame["w"] = random.integers(-100, 100, n).astype(np.int16)
    frame["c"] = random.choice(["a", "b", "c"], n)
    frame["t"] = pd.Series(DAY + random.integers(0, 10**9, n)).where(random.random(n) < 0.9)
    if shape == "missing":
        frame.loc[0, ["x", "y"]] = 0.0  # at least one row has a place
    path = folder / "rows.parquet"
    frame.to_parquet(path)
    root = PlotRoot(Plot("p", path, Axis("x"), Axis("y"), FIELDS), fingerprint(path), folder / "kept", raw)
    return Case(frame, root, root.open())


def reduction(aggregate: str) -> Any:
    if aggregate == "by":
        return ds.by("value", ds.count())
    return ds.count() if aggregate == "count" else getattr(ds, aggregate)("value")


def drawn(canvas: ds.Canvas, x: Any, y: Any, value: Any, aggregate: str) -> np.ndarray:
    frame = pd.DataFrame({"x": x, "y": y})
    if value is not None:
        frame["value"] = value
    data = np.asarray(canvas.points(frame, "x", "y", agg=reduction(aggregate)).data)
    return np.moveaxis(data, -1, 0) if aggregate == "by" else data


def direct(case: Case, tile: TileAddress, aggregate: str, field: str) -> np.ndarray:
    """Aggregate a tile with its apron by one call over all rows, one further row and column cropped."""
    points, size = case.points, float(pixel_quanta(tile.z))
    left, top = tile.x * 512 - APRON, tile.y * 512 - APRON
    side = 512 + 2 * APRON + 1
    canvas = ds.Canvas(side, side, (left * size, (left + side) * size), (top * size, (top + side) * size))
    value = points.values(field) if field else None
    if aggregate == "by":
        value = pd.Categorical.from_codes(value, points.categories(field))
    return drawn(canvas, points.at.x, points.at.y, value, aggregate)[..., :-1, :-1]


def assert_same(found: np.ndarray, expected: np.ndarray, scale: float = 1.0) -> None:
    """Compare: counts and extremes to the last bit, sums and what follows from them to the order of adding."""
    assert found.shape == expected.shape
    if expected.dtype.kind == "u":
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


@pytest.fixture
def _shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few rows be many."""
    monkeypatch.setattr(pyramid, "DENSEST", 150)
    monkeypatch.setattr("app.pipeline.planner.MOST_ROWS", 100)
    monkeypatch.setattr("app.pipeline.zorder.CHUNK", 4)
    monkeypatch.setattr("app.pipeline.zorder.HEAVY", 30)
    monkeypatch.setattr("app.pipeline.zorder.GAP", 0)


@st.composite
def tiles(draw: st.DrawFn, points: Points) -> TileAddress:
    """Return a tile that holds a row, or is beside one that does."""
    at, z = draw(st.integers(0, len(points.at.x) - 1)), draw(st.integers(0, MAX_Z))
    side, last = 512 * pixel_quanta(z), 2**z - 1
    x, y = (int(axis[at]) // side + draw(st.sampled_from([0, 0, 0, -1, 1])) for axis in (points.at.x, points.at.y))
    return TileAddress(z, min(max(x, 0), last), min(max(y, 0), last))


EXAMPLES = settings(deadline=None, max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.usefixtures("_shallow")
@pytest.mark.parametrize("shape", SHAPES)
@EXAMPLES
@given(data=st.data())
def test_tiles_equal_one_call_from_rows_and_from_the_pyramid(
    tmp_path_factory: pytest.TempPathFactory, shape: str, data: st.DataObject
) -> None:
    n, seed = data.draw(st.sampled_from([1, 2, 149, 300])), data.draw(st.integers(0, 99))
    case = made(tmp_path_factory.mktemp("rows"), shape, n, seed)
    chosen = sorted(
        {data.draw(tiles(case.points)) for _ in range(3)} | set(sorted(case.points.shape("count", "").dense)[-1:])
    )
    pipeline = Pipeline(GRAPHS["map"], MemoryStore())
    for aggregate, field in data.draw(st.lists(st.sampled_from(CASES), min_size=3, max_size=3, unique=True)):
        grid = pipeline.graph["grid"].function
        for tile, found in zip(chosen, grid(case.points, parts=chosen, aggregate=aggregate, field=field), strict=True):
            scale = 1e6 if aggregate in ("var", "std") else 1.0
            assert_same(found, direct(case, tile, aggregate, field), scale)


@pytest.mark.usefixtures("_shallow")
@pytest.mark.parametrize(("kind", "rows"), [("cloud", 300), ("one place", 300), ("seams", 300), ("corner", 2000)])
def test_a_pyramid_answers_where_rows_are_many(tmp_path: Path, kind: str, rows: int) -> None:
    case = made(tmp_path, kind, rows, 5)
    shape = case.points.shape("count", "")
    dense, slots = shape.dense, shape.slots
    assert TileAddress(0, 0, 0) in dense
    assert dense <= set(slots)
    for one in dense:
        for x in range(one.x - 1, one.x + 2):
            for y in range(one.y - 1, one.y + 2):
                tile = TileAddress(one.z, x, y)
                inside = 0 <= x < 2**one.z and 0 <= y < 2**one.z
                assert not inside or tile in slots or shape.rows(tile) == 0
    every = [case.points.pyramid(aggregate, field) for aggregate, field in CASES]
    assert len({id(one) for one in every}) == len({(pyramid.group_of(one), field) for one, field in CASES})
    for tile in dense:
        for aggregate, field in CASES:
            found = pyramid.finalised(case.points.states(tile, aggregate, field), aggregate)
            assert_same(found, direct(case, tile, aggregate, field), 1e6)


@pytest.mark.usefixtures("_shallow")
def test_a_dense_tiles_apron_is_its_neighbours_on_all_sides(tmp_path: Path) -> None:
    case = made(tmp_path, "corner", 2000, 5)
    filled = set()
    for tile in case.points.shape("count", "").dense:
        found = case.points.states(tile, "count", "")["count"]
        np.testing.assert_array_equal(found, direct(case, tile, "count", ""))
        edges = {"top": found[:APRON], "bottom": found[-APRON:], "left": found[:, :APRON], "right": found[:, -APRON:]}
        filled |= {name for name, cells in edges.items() if cells.any()}
    assert filled == {"top", "bottom", "left", "right"}


@pytest.mark.usefixtures("_shallow")
def test_a_pyramid_is_kept_and_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = made(tmp_path, "cloud", 300, 5)
    first = case.points.pyramid("std", "v")
    monkeypatch.setattr(pyramid, "aggregate_states", None)  # nothing is aggregated again
    again = case.root.open().pyramid("var", "v")
    for name, one in first.states.items():
        assert np.array_equal(one, again.states[name])


@pytest.mark.usefixtures("_shallow")
def test_without_room_a_pyramid_stays_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    case = made(tmp_path, "cloud", 300, 5)
    monkeypatch.setattr(pyramid, "publish", full)
    found = case.points.pyramid("count", "")
    assert found.states["count"][-1].sum() == 300
    monkeypatch.setattr(points_module, "replaced", full)
    value = case.root.open()
    for path in value.home.glob("value-*"):
        path.unlink()
    assert np.array_equal(value.values("w"), case.points.values("w"))


def viewed(points: Points, shown: Bounds, aggregate: str, field: str, logs: tuple[bool, bool]) -> np.ndarray:
    function = GRAPHS["figure"]["grid"].function
    place = dict(zip(("x0", "x1", "y0", "y1"), shown, strict=True)) | {"width": 61, "height": 47}
    found = function(points, aggregate=aggregate, field=field, xlog=logs[0], ylog=logs[1], **place)
    return found[..., APRON:-APRON, APRON:-APRON][..., ::-1, :]


@pytest.mark.usefixtures("_shallow")
@pytest.mark.parametrize("shape", SHAPES)
@EXAMPLES
@given(data=st.data())
def test_an_exact_viewport_is_one_call_over_the_raw_rows(
    tmp_path_factory: pytest.TempPathFactory, shape: str, data: st.DataObject
) -> None:
    n, seed = data.draw(st.sampled_from([1, 41, 300])), data.draw(st.integers(0, 99))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roots, "SCANNED", data.draw(st.sampled_from([0, 1000])))
        case = made(tmp_path_factory.mktemp("rows"), shape, n, seed, raw=True)
    assert case.points.at.raw == (case.points.at.index is not None)
    frame = case.frame
    x = frame["x"].astype("datetime64[ms]").astype(np.int64) if shape == "dates" else frame["x"]
    raw = [np.asarray(axis, np.float64) for axis in (x, frame["y"])]
    edges = []
    for axis in raw:
        finite = axis[np.isfinite(axis)]
        low, high = sorted(data.draw(st.sampled_from(finite.tolist())) for _ in "ab")
        room = max(high - low, abs(high) * 1e-6, 1e-12) * data.draw(st.sampled_from([0.0, 0.01, 3.0]))
        edges += [low - room, high + room] if high > low or room else [low - 1e-9, high + 1]
    shown = Bounds(*edges)
    logs = (shown.x0 > 0, shown.y0 > 0) if data.draw(st.booleans()) else (False, False)
    kinds = ["log" if one else "linear" for one in logs]
    canvas = ds.Canvas(61, 47, shown[:2], shown[2:], x_axis_type=kinds[0], y_axis_type=kinds[1])
    for aggregate, field in data.draw(st.lists(st.sampled_from(CASES), min_size=2, max_size=2, unique=True)):
        value = frame[field] if field else None
        if field == "c":
            value = pd.Categorical(value, categories=list(case.points.categories("c")))
        if field == "t":
            value = (frame["t"] - pd.Timestamp(0)).dt.total_seconds() * 1e3
        expected = drawn(canvas, *raw, value, aggregate)
        assert_same(viewed(case.points, shown, aggregate, field, logs), expected, 1e6)
