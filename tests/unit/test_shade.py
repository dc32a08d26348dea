"""Scales and levels, beside Datashader's own."""

import numpy as np
import pytest
import xarray as xr
from datashader import transfer_functions as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.pipeline import shade
from app.pipeline.errors import ParameterError

RNG = np.random.default_rng(3)
COUNTS = np.where(RNG.random((110, 130)) < 0.4, RNG.geometric(0.02, (110, 130)), 0).astype(np.uint32)
FLOATS = np.where(COUNTS > 0, RNG.normal(size=COUNTS.shape), np.nan)


RAMP = [f"#{level:02x}{level:02x}{level:02x}" for level in range(256)]


def assert_levels_equal(values: np.ndarray, how: str, window: tuple[float, float] | None = None, off: int = 2) -> None:
    """Compare with Datashader's picture in a gray ramp: the colours that the levels have there.

    It cuts 255 shades off where these are 254 steps, rounded: an unlucky place is two shades apart.
    """
    knots = shade.scale(values, how, (0, 100))
    if window:
        knots = np.array([list(window), [0.0, 1.0]])
    image = np.asarray(tf.shade(xr.DataArray(values), cmap=RAMP, how=how, span=window).data)
    found = shade.levels(values, knots, how)
    seen = found > 0
    np.testing.assert_array_equal(seen, (image >> 24) > 0)
    painted = np.round((found[seen].astype(int) - 1) * 255 / 254)
    assert np.abs(painted - (image[seen] & 255)).max(initial=0) <= off


@pytest.mark.parametrize("how", shade.NORMALIZATIONS)
@pytest.mark.parametrize("values", [COUNTS, FLOATS, COUNTS * np.uint32(100_000)], ids=["counts", "floats", "large"])
def test_levels_equal_datashader(values: np.ndarray, how: str) -> None:
    assert_levels_equal(values, how, off=2 if values is FLOATS else 1)


counts = hnp.arrays(np.uint32, (6, 7), elements=st.sampled_from([0, 0, 1, 1, 2, 3, 10, 999, 65_537]))


@settings(deadline=None, max_examples=40)
@given(counts, st.sampled_from(shade.NORMALIZATIONS))
def test_levels_of_any_counts_equal_datashader(values: np.ndarray, how: str) -> None:
    assume(values.any())
    assert_levels_equal(values, how)


@pytest.mark.parametrize("how", ["linear", "log", "cbrt"])
@pytest.mark.parametrize(("values", "window"), [(COUNTS, (5.0, 60.0)), (FLOATS, (-0.5, 1.25))])
def test_a_range_is_datashaders_span(values: np.ndarray, how: str, window: tuple[float, float]) -> None:
    assert_levels_equal(values, how, window)


@settings(deadline=None, max_examples=60)
@given(counts, st.sampled_from(shade.NORMALIZATIONS), st.integers(0, 99), st.integers(1, 100))
def test_levels_keep_the_order_of_values(values: np.ndarray, how: str, low: int, width: int) -> None:
    window = (low, min(low + width, 100))
    knots = shade.scale(values, how, window)
    found = shade.levels(values, knots, how)
    assert np.array_equal(found > 0, values > 0)
    order = np.argsort(values, axis=None)
    assert (np.diff(found.ravel()[order].astype(int)) >= 0).all()
    assert np.array_equal(found, shade.levels(np.where(values, values.astype(float), np.nan), knots, how))


def test_a_window_cuts_at_percentiles() -> None:
    values = np.arange(1, 101, dtype=np.uint32).reshape(10, 10)
    knots = shade.scale(values, "linear", (10, 90))
    np.testing.assert_array_equal(knots, [[10, 90], [0, 1]])
    found = shade.levels(values, knots, "linear")
    assert (found.flat[0], found.flat[99]) == (1, 255)
    equal = shade.scale(values, "eq_hist", (10, 90))
    assert (equal[1].min(), equal[1].max()) == (0.1, 0.9)
    assert (shade.places(np.array([1, 10, 50, 90, 100.0]), equal, "eq_hist") == [0, 0, 0.5, 1, 1]).all()


def test_nothing_and_one_value() -> None:
    nothing = np.zeros((4, 4), np.uint32)
    assert not shade.levels(nothing, shade.scale(nothing, "log", (0, 100)), "log").any()
    one = np.full((2, 2), 7.0)
    for how in shade.NORMALIZATIONS:
        knots = shade.scale(one, how, (0, 100))
        assert (shade.levels(one, knots, how) == 255).all()
        assert (shade.places(one, knots, how) == 1).all()


@pytest.mark.parametrize("how", shade.NORMALIZATIONS)
def test_a_window_of_one_value_splits_what_is_below_from_the_rest(how: str) -> None:
    # As the browser has it.
    values = np.array([[1, 7, 7, 7, 7, 7, 7, 7, 7, 9]], np.uint32)
    knots = shade.scale(values, how, (20, 80))
    assert shade.levels(values, knots, how).tolist() == [[1] + [255] * 9]
    assert shade.places(values, knots, how).tolist() == [[0] + [1] * 9]


def test_what_is_not_allowed() -> None:
    with pytest.raises(ParameterError, match="normalization"):
        shade.scale(COUNTS, "sqrt", (0, 100))


def test_categories_of_no_rows_are_transparent() -> None:
    assert not shade.colorize(np.zeros((3, 4, 5), np.uint32), np.zeros((2, 0)), "log", ("#ff0000",) * 3).any()
