"""The truth's own helpers, held to Datashader and pandas on samples."""

import datashader as ds
import datashader.transfer_functions as tf
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tests.differential import shading, texts, tiles, truth
from tests.differential.texts import Meant


@pytest.mark.parametrize(("aggregate", "how"), [("count", "add"), ("sum", "add"), ("min", "min"), ("mean", "max")])
def test_spreading_is_datashaders(aggregate: str, how: str) -> None:
    rng = np.random.default_rng(1)
    cells = np.where(rng.random((40, 50)) < 0.1, rng.integers(1, 99, (40, 50)), 0)
    planes = cells.astype(np.uint32) if aggregate == "count" else np.where(cells > 0, cells - 50.0, np.nan)
    right = tf.spread(xr.DataArray(planes, dims=("y", "x")), px=3, how=how).data
    np.testing.assert_array_equal(shading.spread(planes[None], aggregate, 3, pad=0)[0], right)


@pytest.mark.parametrize("aggregate", ["sum", "min", "max", "mean", "var", "std"])
def test_cells_are_pandas(aggregate: str) -> None:
    rng = np.random.default_rng(2)
    group, values = rng.integers(0, 30, 500), rng.normal(5, 2, 500)
    found = pd.Series(values).groupby(group)
    right = getattr(found, aggregate)(**({"ddof": 0} if aggregate in ("var", "std") else {}))
    groups, seen = truth.reduce_groups(group, values, aggregate)
    assert groups.tolist() == right.index.tolist()
    np.testing.assert_allclose(seen, right.to_numpy(), rtol=1e-12)


@pytest.mark.parametrize("how", ["eq_hist", "linear", "log", "cbrt"])
@pytest.mark.parametrize("counts", [True, False])
def test_own_colours_are_datashaders_where_it_draws_any(how: str, counts: bool) -> None:
    rng = np.random.default_rng(3)
    cells = np.where(rng.random((30, 40)) < 0.5, rng.integers(1, 500, (30, 40)), 0)
    planes = (cells.astype(np.uint32) if counts else np.where(cells > 0, cells / 7, np.nan))[None]
    scale = shading.scale_of(planes[0], shading.WHOLE)
    palette = ["#000000", "#ff0000", "#ffff80"]
    right = shading.shade(planes, scale, how, shading.WHOLE, palette, by_category=False)
    # A window as wide as the whole is drawn by the other way.
    own = shading.shade(planes, scale, how, (0.0, 99.99999), palette, by_category=False)
    assert np.abs(own.astype(int) - right).max() <= 1


def test_infinite_values_take_the_ends_colours() -> None:
    planes = np.array([[[-np.inf, 1.0, 2.0, 3.0, np.inf, np.nan]]])
    scale = shading.scale_of(planes[0], shading.WHOLE)
    palette = ["#000000", "#ffffff"]
    for how in ("eq_hist", "linear"):
        found = shading.shade(planes, scale, how, shading.WHOLE, palette, by_category=False)[0]
        assert found[:, 0].tolist()[:2] == [0, 0]
        assert found[3:, 3].tolist() == [255, 255, 0]
        assert found[3:5, 0].tolist() == [255, 255]


def test_cells_of_points_are_datashaders() -> None:
    rng = np.random.default_rng(4)
    u, v = np.floor(rng.random(5000) * truth.QUANTA), np.floor(rng.random(5000) * truth.QUANTA)
    window = truth.Window(1, 100, 400, 200, 420)
    size = 2.0**22
    canvas = ds.Canvas(301, 221, (100 * size, 401 * size), (200 * size, 421 * size))
    right = truth.drawn(canvas, "points", u, v, "count", None, 1)[:, :220, :300]
    np.testing.assert_array_equal(truth.cells(u, v, window, "count", None, 1), right)


def test_a_tile_of_floats_may_lose_their_last_digits_only() -> None:
    true, within = np.array([[[1.0, 2.0, np.nan, np.inf]]]), np.ones((1, 4), bool)
    assert not tiles.differing(true.astype(np.float32).astype(float), true, within).any()
    seen = np.array([[[1.0001, np.nan, 0.0, 5.0]]])
    assert tiles.differing(seen, true, within).all()


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("12,345", 12344.5, 12345.5),
        ("\N{MINUS SIGN}0.25", -0.255, -0.245),
        ("1.60 B", 1.595e9, 1.605e9),
        ("6.70e\N{MINUS SIGN}10", 6.695e-10, 6.705e-10),
        ("3.1 × 10⁵", 3.05e5, 3.15e5),
    ],
)
def test_numbers_are_read_with_half_a_unit_of_their_last_digit(text: str, low: float, high: float) -> None:
    assert texts.number(text) == pytest.approx((low, high), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "begin", "seconds"),
    [
        ("1901", "1901-01-01", 31_536_000),
        ("Mar 1955", "1955-03-01", 31 * 86_400),
        ("2 Mar 1955", "1955-03-02", 86_400),
        ("1955-03-02", "1955-03-02", 86_400),
        ("1955-03-02 07:30", "1955-03-02 07:30", 60),
        ("1955-03-02 07:30:15", "1955-03-02 07:30:15", 1),
        ("1955-03-02 07:30:15.25", "1955-03-02 07:30:15.25", 0.01),
    ],
)
def test_dates_are_read_from_their_beginning_to_their_end(text: str, begin: str, seconds: float) -> None:
    low = (pd.Timestamp(begin) - pd.Timestamp("1970-01-01")) / pd.Timedelta("1ms")
    assert texts.date(text) == pytest.approx((low, low + seconds * 1e3), abs=1e-3)


def test_what_a_label_leaves_out_is_that_of_its_place() -> None:
    near = texts.date("1955-03-02 07:30").low
    assert texts.date("07:30", near).low == near
    assert texts.date("2 Mar", near).low == texts.date("1955-03-02").low
    assert texts.date(".250", near) == pytest.approx((near + 250, near + 251))


@pytest.mark.parametrize("text", ["", "–", "NaN", "1.2.3", "a", "12:3"])
def test_what_is_no_value_is_refused(text: str) -> None:
    for read in (texts.number, texts.date, texts.clock):
        with pytest.raises(ValueError, match="no "):
            read(text)


def test_clock_times_before_midnight_are_negative() -> None:
    assert texts.clock("\N{MINUS SIGN}00:10") == Meant(-10.5, -9.5)
    assert texts.clock("0.25 min").middle == pytest.approx(0.25)
