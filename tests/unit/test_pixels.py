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
    first = np.searchsorted(edges, edges, "right")
    graded = np.empty(len(near), np.uint16)
    pixels.grade(read_only(near), read_only(edges), read_only(first), cells / span, graded)
    assert np.array_equal(graded, np.searchsorted(edges, near, "right") + 1)


def test_what_has_no_place_is_in_no_bin():
    values = read_only(np.array([np.nan, np.inf, -np.inf, -1, 0, 4, 5]))
    assert pixels.tally_bins(values, 0.0, read_only(np.arange(5.0))).tolist() == [2, 0, 0, 2]
    assert pixels.extremes(values) == (-1, 5)


@few
@given(
    hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(-10, 10)),
    hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(-12, 12) | st.just(np.nan)),
    st.integers(1, 9),
)
def test_values_are_graded_by_the_edges_below_them(edges, values, cells):
    edges = np.sort(edges)
    width = edges[-1] - edges[0]
    per = cells / width if width > 1e-300 else 0.0
    first = np.searchsorted(edges, np.linspace(edges[0], edges[-1], cells + 1), "right") if per else np.array([0, 0])
    first[-1] = len(edges)
    # The edges themselves, and their neighbours, are where rounding shows.
    near = np.concatenate([values, edges, np.nextafter(edges, -99), np.nextafter(edges, 99)])
    found = np.empty(len(near), np.uint8)
    pixels.grade(read_only(near), read_only(edges), read_only(first), per, found)
    assert np.array_equal(found, np.where(np.isnan(near), 0, np.searchsorted(edges, near, "right") + 1))
