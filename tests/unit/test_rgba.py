"""Colours, each channel within one of what Datashader draws."""

import numpy as np
import pytest
import xarray as xr
from datashader import transfer_functions as tf
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.pipeline import shade
from app.pipeline.palettes import find_palette
from app.pipeline.scale import NORMALIZATIONS, STEPS, find_scale, levels

few = settings(deadline=None, max_examples=80)
hows = st.sampled_from(NORMALIZATIONS)
shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)
# Empty, few, many, far apart, beyond the table, beyond signed numbers.
kinds = st.sampled_from([2, 3, 300, 70_000, 2**20 - 1, 2**21, 2**31 + 5, 2**32 - 1])
counts = kinds.flatmap(lambda top: hnp.arrays(np.uint32, shapes, elements=st.integers(0, top), fill=st.just(0)))
COUNTS = np.random.default_rng(5).geometric(0.01, (70, 80)).astype(np.uint32) * (
    np.indices((70, 80)).sum(axis=0) % 3 > 0
)
COUNTS = COUNTS.astype(np.uint32)


def drawn(values, how, name="fire", window=None):
    """Return Datashader's picture, RGBA."""
    colours = list(find_palette(name))
    image = np.array(tf.shade(xr.DataArray(values), cmap=colours, how=how, span=window).data)
    return image.view(np.uint8).reshape(*values.shape, 4)


def coloured(values, how, name="fire", window=(0, 100)):
    """Return ours."""
    return shade.coloured(levels(values, find_scale(values, how, window), how), find_palette(name))


def assert_close(found, wanted):
    """Check that no channel is more than one off, and none of opacity."""
    np.testing.assert_array_equal(found[..., 3], wanted[..., 3])
    assert np.abs(found.astype(int) - wanted).max(initial=0) <= 1


@few
@given(counts, hows, st.sampled_from(["fire", "gray", "bgy@light", "rainbow"]))
def test_counts_have_datashaders_colours(values, how, name):
    assert_close(coloured(values, how, name), drawn(values, how, name))


@pytest.mark.parametrize("how", NORMALIZATIONS)
@pytest.mark.parametrize("factor", [1, 1_000, 4_000_000])
def test_a_real_view_has_datashaders_colours(how, factor):
    values = COUNTS * np.uint32(factor)
    assert_close(coloured(values, how), drawn(values, how))


def test_cube_roots_are_rounded_as_datashaders():
    # Some fall on a colour of the ramp, or just below it: which of them depends on how a root is taken.
    for most in (33, 205, 255, 380):
        cubes = np.arange(most + 1, dtype=np.uint32)[np.newaxis] ** 3 + np.uint32(1)
        assert_close(coloured(cubes, "cbrt", "gray"), drawn(cubes, "cbrt", "gray"))


@pytest.mark.parametrize("how", NORMALIZATIONS)
@pytest.mark.parametrize("value", [1, 7, 2**20, 2**32 - 1])
@pytest.mark.parametrize("shape", [(1, 1), (3, 4)])
def test_one_value_has_the_last_colour_as_datashaders(how, value, shape):
    values = np.full(shape, value, np.uint32)
    found = coloured(values, how)
    np.testing.assert_array_equal(found, drawn(values, how))
    assert (levels(values, find_scale(values, how, (0, 100)), how) == STEPS + 1).all()


@pytest.mark.parametrize("how", ["linear", "log", "cbrt"])
@given(values=counts, low=st.integers(0, 60), high=st.integers(61, 100))
@few
def test_a_window_is_datashaders_span(how, values, low, high):
    found = find_scale(values, how, (low, high))
    assume(found is not None and found.low < found.high)
    window = (found.low, found.high)
    assert_close(coloured(values, how, window=(low, high)), drawn(values, how, window=window))


@pytest.mark.parametrize("values", [np.zeros((3, 4), np.uint32), np.full((3, 4), np.nan), np.zeros((0, 4), np.uint32)])
def test_nothing_is_transparent(values):
    for how in NORMALIZATIONS:
        assert not coloured(values, how).any()
        assert not levels(values, find_scale(values, how, (0, 100)), how).any()


numbers = st.one_of(
    st.just(np.nan), st.floats(-1e6, 1e6), st.integers(-3, 3).map(float), st.floats(-1e-3, 1e-3, allow_subnormal=False)
)


@few
@given(hnp.arrays(np.float64, shapes, elements=numbers), hows)
def test_floats_have_datashaders_colours(values, how):
    assume(np.isfinite(values).any())
    # Bins narrower than what floats can tell apart are refused by NumPy, and so by Datashader.
    assume(np.nanmax(values) - np.nanmin(values) > 1e-6)
    assert_close(coloured(values, how, "gray"), drawn(values, how, "gray"))


@few
@given(hnp.arrays(np.float64, shapes, elements=st.floats(width=64) | numbers), hows, st.integers(0, 99))
@example(np.array([[-6.7e301, *[0.0] * 80, 4.4e306]]), "eq_hist", 0)
@example(np.array([[0.0, 5e-324, 1e-310]]), "log", 0)
def test_any_floats_keep_their_order(values, how, low):
    scale = find_scale(values, how, (low, 100))
    assert scale is None or np.isfinite(scale.packed()).all()
    found = levels(values, scale, how)
    assume(np.isfinite(values).any())
    assert np.array_equal(found > 0, ~np.isnan(values))
    seen = values.ravel()[found.ravel() > 0]
    assert (np.diff(found[found > 0][np.argsort(seen, kind="stable")].astype(int)) >= 0).all()
    assert np.array_equal(coloured(values, how)[..., 3] > 0, ~np.isnan(values))


@pytest.mark.parametrize("how", NORMALIZATIONS)
def test_infinities_stand_at_the_ends(how):
    values = np.array([[-np.inf, -2.0, 0.5, 3.0, np.inf, np.nan]])
    found = levels(values, find_scale(values, how, (0, 100)), how)[0]
    assert (found[0], found[1], found[3], found[4], found[5]) == (1, 1, STEPS + 1, STEPS + 1, 0)


planes = st.tuples(st.integers(1, 9), shapes, st.sampled_from([1, 3, 400, 7_000])).flatmap(
    lambda given: hnp.arrays(np.uint32, (given[0], *given[1]), elements=st.integers(0, given[2]), fill=st.just(0))
)
KEY = ["#ff0000", "#00ff00", "#0000ff", "#1f77b4", "#ff7f0e", "#808080", "#ffffff", "#e377c2", "#17becf"]


def mixed(values, how):
    """Return Datashader's picture of categories, RGBA, and which cells it shows."""
    names = list("abcdefghi"[: len(values)])
    agg = xr.DataArray(np.moveaxis(values, 0, -1), dims=("y", "x", "c"), coords={"c": names})
    image = np.asarray(tf.shade(agg, color_key=KEY[: len(values)], how=how, color_baseline=0).data)
    image = np.ascontiguousarray(image).view(np.uint8).reshape(*values.shape[1:], 4)
    return image, image[..., 3] > 0


FAR_APART = np.array([[[1, 2, 60_000]], [[0, 0, 0]]], np.uint32)


@few
@given(planes, hows, st.booleans())
@example(FAR_APART, "eq_hist", False)
@example(np.append(FAR_APART, FAR_APART * 0, axis=2), "eq_hist", False)
def test_categories_have_datashaders_colours_where_they_are_seen(values, how, filled):
    values = values + np.uint32(filled)
    assume(values.any())
    found = shade.colorize(values, find_scale(values, how, (0, 100)), how, KEY)
    wanted, seen = mixed(values, how)
    np.testing.assert_array_equal(found[..., 3] > 0, seen)
    assert np.abs(found[seen].astype(int) - wanted[seen]).max() <= 1
    assert not found[~seen].any()


@pytest.mark.parametrize("front", [0, 1])
def test_a_category_that_is_brought_out_hides_the_others_and_these_fade(front):
    values = np.array([[[1, 9, 0, 0]], [[5, 0, 3, 0]]], np.uint32)
    key = ("#102030", "#405060")
    scale = find_scale(values, "linear", (0, 100))
    plain, found = (shade.colorize(values, scale, "linear", key, one) for one in (-1, front))
    own = values[front] > 0
    assert (found[own] == (*shade.rgb(key[front]), 255)).all()
    np.testing.assert_array_equal(found[~own][:, :3], plain[~own][:, :3])
    np.testing.assert_array_equal(found[~own][:, 3], plain[~own][:, 3].astype(int) * 77 // 256)
    assert (found[..., 3] > 0).tolist() == [[True, True, True, False]]


@pytest.mark.parametrize("how", NORMALIZATIONS)
def test_categories_of_huge_counts_differ_by_one_at_most(how):
    values = np.random.default_rng(2).integers(0, 2**31, (4, 30, 40)).astype(np.uint32)
    values[:, :5] = 0
    values[:, 5, :2] = 2**31 - 1
    found = shade.colorize(values, find_scale(values, how, (0, 100)), how, KEY).astype(int)
    wanted, seen = mixed(values, how)
    assert np.abs(found[seen] - wanted[seen]).max() <= 1
    assert not found[~seen].any()
