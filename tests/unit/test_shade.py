"""Levels, spreading and colours, beside Datashader's own."""

import numpy as np
import pytest
import xarray as xr
from datashader import transfer_functions as tf

from app.pipeline import png, shade
from app.pipeline.canvas import Rows, aggregate_rect, aggregate_view
from app.pipeline.errors import CodecError, ParameterError
from app.pipeline.palettes import COLORMAPS, category_colors, find_colormap
from app.pipeline.world import PixelRect

RNG = np.random.default_rng(3)
COUNTS = np.where(RNG.random((110, 130)) < 0.4, RNG.geometric(0.02, (110, 130)), 0).astype(np.uint32)
FLOATS = np.where(COUNTS > 0, RNG.normal(size=COUNTS.shape), np.nan)


@pytest.mark.parametrize("pixels", range(6))
@pytest.mark.parametrize(
    ("aggregate", "values", "how"),
    [("count", COUNTS, "add"), ("sum", FLOATS, "add"), ("mean", FLOATS, "max"), ("min", FLOATS, "min")],
)
def test_spread_equals_datashader(aggregate: str, values: np.ndarray, how: str, pixels: int) -> None:
    whole = np.asarray(tf.spread(xr.DataArray(values), pixels, how=how).data) if pixels else values
    np.testing.assert_allclose(shade.spread(values, aggregate, pixels), whole[5:-5, 5:-5], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("how", shade.NORMALIZATIONS)
@pytest.mark.parametrize("values", [COUNTS, FLOATS, COUNTS * np.uint32(100_000)], ids=["counts", "floats", "large"])
def test_levels_equal_datashader(values: np.ndarray, how: str) -> None:
    ramp = [f"#{level:02x}{level:02x}{level:02x}" for level in range(256)]
    image = np.asarray(tf.shade(xr.DataArray(values), cmap=ramp, how=how).data)
    found = shade.levels(values, shade.scale(values, how, (0, 100)), how)
    seen = found > 0
    np.testing.assert_array_equal(seen, (image >> 24) > 0)
    off = np.abs(found[seen].astype(int) - (image[seen] & 255).astype(int))
    assert off.max() <= 2


def test_a_window_cuts_at_percentiles() -> None:
    values = np.arange(1, 101, dtype=np.uint32).reshape(10, 10)
    knots = shade.scale(values, "linear", (10, 90))
    np.testing.assert_array_equal(knots, [[10, 90], [0, 1]])
    found = shade.levels(values, knots, "linear")
    assert (found.flat[0], found.flat[99]) == (1, 255)
    equal = shade.scale(values, "eq_hist", (10, 90))
    assert equal[1].min() == 0
    assert equal[1].max() == 1


def test_nothing_and_one_value() -> None:
    nothing = np.zeros((4, 4), np.uint32)
    assert not shade.levels(nothing, shade.scale(nothing, "log", (0, 100)), "log").any()
    one = np.full((2, 2), 7.0)
    for how in shade.NORMALIZATIONS:
        assert (shade.levels(one, shade.scale(one, how, (0, 100)), how) == 255).all()


def test_what_is_not_allowed() -> None:
    with pytest.raises(ParameterError, match="normalization"):
        shade.scale(COUNTS, "sqrt", (0, 100))
    with pytest.raises(ParameterError, match="between 0 and 5"):
        shade.spread(COUNTS, "count", 6)
    rows = Rows(np.zeros(1), np.zeros(1), "points")
    with pytest.raises(ParameterError, match="needs a field"):
        aggregate_rect(rows, PixelRect(0, 0, 4, 0, 4), "mean")
    with pytest.raises(ParameterError, match="no aggregate"):
        aggregate_rect(rows._replace(value=np.zeros(1)), PixelRect(0, 0, 4, 0, 4), "mode")
    with pytest.raises(ParameterError, match="empty"):
        aggregate_view(rows, (1, 1), (0, 1), (4, 4), "count")
    with pytest.raises(ParameterError, match="not positive"):
        aggregate_view(rows, (0, 1), (0, 1), (4, 4), "count", (True, False))


@pytest.mark.parametrize(("aggregate", "shape"), [("count", (4, 5)), ("by", (3, 4, 5)), ("mean", (4, 5))])
def test_no_rows_give_an_empty_aggregate(aggregate: str, shape: tuple[int, ...]) -> None:
    rows = Rows(np.zeros(0), np.zeros(0), "points", np.zeros(0), 3)
    for found in (
        aggregate_rect(rows, PixelRect(0, 0, 5, 0, 4), aggregate),
        aggregate_view(rows, (0, 1), (0, 1), (4, 5), aggregate),
    ):
        assert found.shape == shape
        assert not np.nansum(found)


def test_categories_mix_as_datashader_mixes_them() -> None:
    planes = RNG.integers(0, 4, (3, 20, 30)).astype(np.uint32)
    colors = ("#ff0000", "#00ff00", "#0000ff")
    knots = shade.scale(shade.totals(planes), "eq_hist", (0, 100))
    found = shade.colorize(planes, knots, "eq_hist", colors)
    agg = xr.DataArray(np.moveaxis(planes, 0, -1), dims=("y", "x", "c"), coords={"c": list("abc")})
    image = np.asarray(tf.shade(agg, color_key=list(colors), how="eq_hist").data).view(np.uint8).reshape(20, 30, 4)
    seen = found[..., 3] > 0
    assert np.abs(found[seen].astype(int) - image[seen].astype(int)).max() <= 2
    assert not shade.colorize(np.zeros_like(planes), np.zeros((2, 0)), "log", colors).any()


def test_a_colormap_changes_the_palette_alone() -> None:
    levels = RNG.integers(0, 256, (9, 11)).astype(np.uint8)
    image = png.indexed(levels, COLORMAPS["gray"])
    fire = png.recoloured(image, find_colormap("fire"))
    assert fire != image
    assert fire == png.indexed(levels, COLORMAPS["fire"])
    np.testing.assert_array_equal(png.read_levels(fire), levels)
    rgba = png.direct(np.zeros((2, 3, 4), np.uint8))
    assert png.recoloured(rgba, COLORMAPS["fire"]) == rgba
    with pytest.raises(CodecError, match="not a PNG"):
        png.recoloured(b"GIF", COLORMAPS["fire"])


def test_the_rest_is_grey() -> None:
    assert category_colors(("a", "other"), ("#112233",)) == ("#112233", "#808080")
    assert len(set(category_colors(tuple("abcde")))) == 5
