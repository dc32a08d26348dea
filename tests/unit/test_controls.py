"""Controls and specs from text: what is allowed is read, all else is refused with what is."""

from pathlib import Path

import numpy as np
import pytest

from app.pipeline.controls import Window, opening
from app.pipeline.errors import CodecError, ParameterError, UnknownNameError
from app.pipeline.preparing import Preparing
from app.pipeline.specs import Spec
from app.pipeline.tiles import TILE_CODEC, is_empty, rectangles
from app.pipeline.types import Axis, Bounds, Field, Plot, TileAddress
from app.pipeline.warmup import warm_up

PLOT = Plot("p", Path("x"), Axis("x"), Axis("y"), (Field("v", "v"), Field("c", "c", "category")))


def test_every_control_is_read() -> None:
    given = {"range": "2,98", "spreading": "3", "labels": "0", "data_opacity": "40", "bounds": "0,1,2,3"}
    found = opening(PLOT).changed(PLOT, {**given, "cmap": "bgy", "basemap": "osm", "normalization": "log"})
    assert (found.range, found.spreading, found.labels, found.data_opacity) == (Window(2, 98), 3, False, 40)
    assert (found.bounds, found.cmap, found.basemap, found.normalization) == (Bounds(0, 1, 2, 3), "bgy", "osm", "log")


@pytest.mark.parametrize(
    ("given", "aggregate", "field"),
    [
        ({"aggregate": "mean"}, "mean", "v"),
        ({"aggregate": "by"}, "by", "c"),
        ({"field": "v"}, "mean", "v"),
        ({"field": "c"}, "by", "c"),
        ({"aggregate": "sum", "field": "v"}, "sum", "v"),
    ],
)
def test_a_field_that_fits_is_found(given: dict[str, str], aggregate: str, field: str) -> None:
    found = opening(PLOT).changed(PLOT, given)
    assert (found.aggregate, found.field) == (aggregate, field)


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("cmpa", "fire", UnknownNameError),
        ("cmap", "fir", UnknownNameError),
        ("field", "w", UnknownNameError),
        ("aggregate", "mode", UnknownNameError),
        ("basemap", "moon", UnknownNameError),
        ("spreading", "6", ParameterError),
        ("spreading", "x", ParameterError),
        ("range", "98,2", ParameterError),
        ("range", "1", ParameterError),
        ("range", "a,b", ParameterError),
        ("bounds", "1,0,0,1", ParameterError),
        ("bounds", "0,inf,0,1", ParameterError),
        ("labels", "maybe", ParameterError),
    ],
)
def test_what_is_not_allowed_is_refused(name: str, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        opening(PLOT).changed(PLOT, {name: text})


def test_a_plot_without_a_fitting_field_says_so() -> None:
    bare = Plot("p", Path("x"), Axis("x"), Axis("y"))
    with pytest.raises(ParameterError, match="has no field"):
        opening(bare).changed(bare, {"aggregate": "mean"})
    with pytest.raises(ParameterError, match="is a category"):
        opening(PLOT).changed(PLOT, {"aggregate": "mean", "field": "c"})


@pytest.mark.parametrize(
    "text", ["a.b", "a.0123456789ab.p.mode", "a.zz23456789ab.p.count", "a.0123456789ab.p.count.v", "../x.0.p.count"]
)
def test_malformed_specs_are_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        Spec.parse(text)


@pytest.mark.parametrize("top", [0, 9, 300, 70_000, 2**32 - 1])
def test_counts_come_back(top: int) -> None:
    tile = np.zeros((522, 522), np.uint32)
    tile[7, 9] = top
    data = TILE_CODEC.encode(tile)
    assert is_empty(data) == (top == 0)
    np.testing.assert_array_equal(TILE_CODEC.decode(data), tile)
    planes = np.stack([tile, tile])
    np.testing.assert_array_equal(TILE_CODEC.decode(TILE_CODEC.encode(planes)), planes)


@pytest.mark.parametrize("value", [np.nan, 0.5, 3.0, 2.0**40 + 1])
def test_floats_come_back(value: float) -> None:
    tile = np.full((522, 522), np.nan)
    tile[0, 0] = value
    np.testing.assert_array_equal(TILE_CODEC.decode(TILE_CODEC.encode(tile)), tile)


def test_what_is_no_tile_is_refused() -> None:
    with pytest.raises(CodecError, match="is no tile"):
        TILE_CODEC.encode(np.zeros((3, 3), np.uint32))
    whole = TILE_CODEC.encode(np.ones((522, 522), np.uint32))
    for damaged in (b"", b"x" * 99, whole[:-40]):
        with pytest.raises(CodecError):
            TILE_CODEC.decode(damaged)


def test_tiles_are_partitioned_into_few_rectangles() -> None:
    tiles = [TileAddress(4, x, y) for x in range(5) for y in range(4) if (x, y) != (2, 2)]
    found = [one for rect in rectangles(tiles, 6) for one in rect.tiles()]
    assert sorted(found) == sorted(tiles)


def test_work_is_followed_to_its_end_and_its_error() -> None:
    preparing = Preparing()
    assert list(preparing.follow("a", lambda report: report(0.5, "half")))[-1] == (1.0, "done")

    def broken(_: object) -> None:
        raise ParameterError("no")

    with pytest.raises(ParameterError, match="no"):
        list(preparing.follow("b", broken))
    preparing.close()


def test_kernels_compile() -> None:
    warm_up()
