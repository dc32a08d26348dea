"""The planner: from where each tile comes, in how many calls, and where it stops."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.pipeline import planner, pyramid
from app.pipeline.errors import SupersededError
from app.pipeline.points import Points
from app.pipeline.remarks import remarked
from app.pipeline.roots import PlotRoot
from app.pipeline.stopping import stoppable
from app.pipeline.table import fingerprint
from app.pipeline.tiles import TILE_CODEC
from app.pipeline.types import Axis, Field, Plot, TileAddress
from app.pipeline.world import PixelRect

ROWS = 60_000


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Points:
    folder = tmp_path_factory.mktemp("rows")
    random = np.random.default_rng(3)
    pd.DataFrame({"x": random.random(ROWS), "y": random.random(ROWS)}).to_parquet(folder / "rows.parquet")
    plot = Plot("p", folder / "rows.parquet", Axis("x"), Axis("y"), aspect=1.0)
    return PlotRoot(plot, fingerprint(plot.path), folder / "kept").open()


def view(z: int) -> list[TileAddress]:
    return [TileAddress(z, x, y) for y in range(2**z) for x in range(2**z)]


def test_a_view_is_one_call_over_the_rows_that_it_touches(points: Points) -> None:
    with remarked() as said:
        tiles = planner.aggregate(points, view(1), "count", "")
    assert dict(said) == {"calls": 1, "rows": ROWS}
    assert sum(int(one[5:-5, 5:-5].sum()) for one in tiles) == ROWS
    with remarked() as said:
        planner.aggregate(points, view(4)[:1], "count", "")
    assert said["rows"] < ROWS / 10


def test_no_call_reads_more_rows_than_can_be_told_apart(points: Points, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "MOST_ROWS", ROWS // 3)
    with remarked() as said:
        planner.aggregate(points, view(2), "count", "")
    assert said["calls"] >= 4
    assert all(one.sum() for one in planner.aggregate(points, view(2), "count", ""))


def test_tiles_of_many_rows_come_from_the_pyramid(points: Points, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyramid, "DENSE", 1000)
    again = PlotRoot(points.plot, points.fingerprint, None).open()
    again.deepen()
    with remarked() as said:
        found = planner.aggregate(again, view(2), "count", "")
    assert said["pyramid"] + 1 == len(found) == 16  # a tile on the edge holds few rows
    assert said["calls"] == 1
    assert sum(int(one[5:-5, 5:-5].sum()) for one in found) == ROWS


def test_superseded_work_stops_between_calls(points: Points, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "MOST_ROWS", ROWS // 3)
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    with stoppable(stop), remarked() as said, pytest.raises(SupersededError):
        planner.aggregate(points, view(2), "count", "")
    assert said["calls"] == 2


@pytest.mark.parametrize("aggregate", ["mean", "min", "max"])
def test_times_keep_their_milliseconds(aggregate: str, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    when = np.datetime64("2001-01-01", "ms") + random.integers(0, 15_000_000_000, 3000)
    rows = pd.DataFrame({"x": random.random(3000), "y": random.random(3000), "when": when})
    rows.to_parquet(tmp_path / "rows.parquet")
    plot = Plot("p", tmp_path / "rows.parquet", Axis("x"), Axis("y"), (Field("when", "when", "time"),), aspect=1.0)
    opened = PlotRoot(plot, fingerprint(plot.path), None).open()
    (tile,) = planner.aggregate(opened, [TileAddress(0, 0, 0)], aggregate, "when")
    found = TILE_CODEC.decode(TILE_CODEC.encode(tile))[5:-5, 5:-5]
    world = opened.at.world
    quanta = world.quantise(rows["x"].to_numpy(), rows["y"].to_numpy())
    column, row = (np.floor(one / 2**23).astype(int) for one in quanta)
    wanted = rows["when"].astype("int64").groupby(row * 512 + column).agg(aggregate)
    seen = np.flatnonzero(~np.isnan(found.ravel()))
    assert seen.tolist() == wanted.index.tolist()
    np.testing.assert_array_equal(found.ravel()[seen], np.rint(wanted.to_numpy()))


def fields(folder: Path, kind: str) -> Plot:
    """Return a plot of numbers of two types, one with gaps; pixels hold many rows."""
    random = np.random.default_rng(7)
    many = 60_000 if kind == "points" else 4000
    x, y = random.normal(0, 1, (2, many)).round(1) if kind == "points" else random.normal(0, 1, (2, many)).cumsum(1)
    wide, narrow = random.lognormal(3, 4, many), random.normal(0, 1e-3, many).astype(np.float32)
    wide[::9] = np.nan
    pd.DataFrame({"x": x, "y": y, "wide": wide, "narrow": narrow}).to_parquet(folder / "fields.parquet")
    numbers = (Field("wide", "wide"), Field("narrow", "narrow"))
    return Plot("p", folder / "fields.parquet", Axis("x"), Axis("y"), numbers, kind=kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("dense", [400, 1 << 17])
@pytest.mark.parametrize("kind", ["points", "lines"])
def test_a_pixel_is_what_its_tile_has_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, dense: int
) -> None:
    monkeypatch.setattr(pyramid, "DENSE", dense)
    plot = fields(tmp_path, kind)
    points = PlotRoot(plot, fingerprint(plot.path), None).open()
    tile = TileAddress(1, 0, 0)
    with remarked() as said:
        planner.aggregate(points, [tile], "mean", "wide")
    assert ("pyramid" in said) == (dense == 400 and kind == "points")
    for aggregate in ("count", "mean", "max", "std") if kind == "points" else ("mean",):
        for field in ("wide", "narrow") if aggregate != "count" else ("",):
            whole = planner.aggregate(points, [tile], aggregate, field)[0][5:-5, 5:-5]
            filled = np.argwhere(whole != 0 if aggregate == "count" else ~np.isnan(whole))
            for row, column in (*filled[:: max(len(filled) // 12, 1)], (511, 0)):
                x, y = tile.x * 512 + int(column), tile.y * 512 + int(row)
                found = planner.aggregate_pixel(points, PixelRect(1, x, x + 1, y, y + 1), aggregate, field)
                np.testing.assert_array_equal(found, whole[row, column])


@pytest.mark.parametrize("kind", ["points", "lines"])
@pytest.mark.parametrize("aggregate", ["var", "std"])
def test_infinite_values_have_no_variance(kind: str, aggregate: str, tmp_path: Path) -> None:
    rows = pd.DataFrame({"x": [0.0, 0, 1, 1, 2], "y": [0.0, 0, 1, 1, 2], "v": [np.inf, np.nan, 1, 3, -np.inf]})
    rows.to_parquet(tmp_path / "rows.parquet")
    plot = Plot("p", tmp_path / "rows.parquet", Axis("x"), Axis("y"), (Field("v", "v"),), kind=kind, aspect=1.0)  # type: ignore[arg-type]
    points = PlotRoot(plot, fingerprint(plot.path), None).open()
    (tile,) = planner.aggregate(points, [TileAddress(0, 0, 0)], aggregate, "v")
    found = tile[5:-5, 5:-5]
    assert not np.isinf(found).any()
    if kind == "points":
        assert found[~np.isnan(found)].tolist() == [1.0]


@pytest.mark.parametrize("aggregate", ["min", "max", "mean", "var", "sum"])
def test_infinite_values_are_the_same_in_a_pyramid(
    aggregate: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(9)
    x, y, v = random.random(ROWS), random.random(ROWS), random.normal(0, 1, ROWS)
    v[random.random(ROWS) < 0.01] = np.inf
    v[(v == np.inf) & (x < 0.5)] = -np.inf
    pd.DataFrame({"x": x, "y": y, "v": v}).to_parquet(tmp_path / "rows.parquet")
    plot = Plot("p", tmp_path / "rows.parquet", Axis("x"), Axis("y"), (Field("v", "v"),), aspect=1.0)
    root = PlotRoot(plot, fingerprint(plot.path), None)
    (direct,) = planner.aggregate(root.open(), view(0), aggregate, "v")
    monkeypatch.setattr(pyramid, "DENSE", 1000)
    with remarked() as said:
        (kept,) = planner.aggregate(root.open(), view(0), aggregate, "v")
    assert said["pyramid"] == 1
    assert np.isinf(direct).any() == (aggregate != "var")
    np.testing.assert_allclose(kept, direct, rtol=1e-9, atol=1e-9)
