"""The compiled loops, beside NumPy's own functions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.pipeline import pixels
from app.pipeline.compiled import read_only

few = settings(deadline=None, max_examples=60)
counts = hnp.arrays(np.uint32, st.integers(1, 50), elements=st.sampled_from([0, 1, 2, 3, 9, 70_000]))


@few
@given(counts)
def test_counts_are_tallied_and_marked(values):
    top = int(values.max())
    wanted = np.bincount(values, minlength=top + 1)
    flat = read_only(values)
    assert np.array_equal(pixels.tally(flat, top), wanted)
    assert np.array_equal(pixels.mark(flat, top), wanted > 0)
    if top:
        assert pixels.least(flat) == values[values > 0].min()


@few
@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.integers(-8, 8).map(float)), st.sampled_from([4, 16, 64]))
def test_floats_are_tallied_in_bins(values, bins):
    # Whole numbers and powers of two: no rounding, so that values lie on the bins' very edges.
    found = pixels.tally_bins(read_only(values), -8.0, read_only(np.linspace(0, 16, bins + 1)))
    assert np.array_equal(found, np.histogram(values, bins, (-8, 8))[0])


@few
@given(hnp.arrays(np.float64, st.integers(2, 60), elements=st.floats(-1e6, 1e6) | st.integers(-9, 9).map(float)))
def test_bins_are_numpys(values):
    low, high = values.min(), values.max()
    if high - low > 1e-3:
        found = pixels.tally_bins(read_only(values), low, read_only(np.linspace(0, high - low, 1001)))
        assert np.array_equal(found, np.histogram(values - low, 1000)[0])


@pytest.mark.parametrize("span", [0.7, 1.0, 3.3, 7.3, 1e6, 1.1e-7])
@pytest.mark.parametrize("cells", [3, 49, 1000])
def test_edges_begin_what_is_above_them(span, cells):
    # Where the edges are those of the cells, many quotients and products round to the wrong side.
    edges = np.linspace(0, span, cells + 1)
    near = np.concatenate([edges, np.nextafter(edges[1:], 0)])
    found = pixels.tally_bins(read_only(near), 0.0, read_only(edges))
    assert np.array_equal(found, np.histogram(near, cells)[0])
    for one in {0, cells // 2, cells - 1}:
        held = pixels.take_bin(read_only(near), 0.0, read_only(edges), one, int(found[one]))
        inside = (near >= edges[one]) & ((near < edges[one + 1]) | (one == cells - 1))
        assert np.array_equal(held, near[inside])


def test_what_has_no_place_is_in_no_bin():
    values = read_only(np.array([np.nan, np.inf, -np.inf, -1, 0, 4, 5]))
    assert pixels.tally_bins(values, 0.0, read_only(np.arange(5.0))).tolist() == [1, 0, 0, 1]
    assert pixels.extremes(values) == (-1, 5)


@few
@given(hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(0, 1) | st.just(np.nan)))
def test_levels_are_the_nearest_to_places(values):
    found = np.empty(len(values), np.uint16)
    pixels.nearest_levels(read_only(values), found)
    wanted = np.where(np.isnan(values), 0, np.floor(np.nan_to_num(values) * pixels.STEPS + 0.5) + 1)
    assert np.array_equal(found, wanted)


@few
@given(
    hnp.arrays(np.float64, st.integers(2, 20), elements=st.floats(0.001, 10), unique=True),
    hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(-2, 12) | st.sampled_from([np.nan, np.inf, -np.inf])),
    st.integers(1, 9),
)
def test_shares_are_those_of_numpys_interpolation(knots, values, bins):
    knots = np.sort(knots)
    shares = np.arange(1, len(knots) + 1) / len(knots)
    per = bins / knots[-1]
    starts = np.bincount((knots * per).astype(np.int64) + 1, minlength=bins + 2).cumsum()
    # The knots themselves, and their neighbours, are where rounding shows.
    near = np.concatenate([values, knots, np.nextafter(knots, -99), np.nextafter(knots, 99)])
    found, slopes = np.empty(len(near), np.uint16), np.diff(shares) / np.diff(knots)
    arrays = (read_only(one) for one in (knots, shares, slopes, starts))
    pixels.equalised_levels(read_only(near), 0.0, *arrays, per, found)
    places = (np.interp(near, knots, shares) - shares[0]) / (shares[-1] - shares[0])
    wanted = np.where(np.isnan(near), 0, np.floor(np.nan_to_num(places) * pixels.STEPS + 0.5) + 1)
    assert np.array_equal(found, wanted)
