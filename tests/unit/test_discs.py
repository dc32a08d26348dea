"""Spreading over discs, as Datashader spreads an aggregate."""

import numpy as np
import pytest
import xarray as xr
from datashader import transfer_functions as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.pipeline.discs import spread
from app.pipeline.errors import ParameterError

few = settings(deadline=None, max_examples=60)
RNG = np.random.default_rng(3)
COUNTS = np.where(RNG.random((110, 130)) < 0.4, RNG.geometric(0.02, (110, 130)), 0).astype(np.uint32)
FLOATS = np.where(COUNTS > 0, RNG.normal(size=COUNTS.shape), np.nan)
shapes = st.tuples(st.integers(11, 24), st.integers(11, 24))
counts = shapes.flatmap(lambda shape: hnp.arrays(np.uint32, shape, elements=st.integers(0, 2**32 - 1), fill=st.just(0)))
numbers = shapes.flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=st.floats(-1e6, 1e6), fill=st.just(np.nan))
)


def datashaders(values, radius, how):
    """Return Datashader's result, without the apron."""
    whole = np.asarray(tf.spread(xr.DataArray(values), radius, how=how).data) if radius else values
    return whole[5:-5, 5:-5]


@pytest.mark.parametrize("radius", range(6))
@pytest.mark.parametrize(("aggregate", "how"), [("sum", "add"), ("mean", "max"), ("std", "max"), ("min", "min")])
def test_floats_spread_as_datashaders(aggregate, how, radius):
    found = spread(FLOATS, aggregate, radius)
    np.testing.assert_allclose(found, datashaders(FLOATS, radius, how), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("radius", range(6))
def test_counts_spread_to_the_last_one(radius):
    found = spread(COUNTS, "count", radius)
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, datashaders(COUNTS, radius, "add"))


@few
@given(counts, st.integers(0, 5))
def test_any_counts_spread_as_datashaders(values, radius):
    np.testing.assert_array_equal(spread(values, "count", radius), datashaders(values, radius, "add"))


@few
@given(numbers, st.integers(0, 5), st.sampled_from([("max", "max"), ("min", "min")]))
def test_extremes_of_any_floats_spread_as_datashaders(values, radius, names):
    np.testing.assert_array_equal(spread(values, names[0], radius), datashaders(values, radius, names[1]))


@few
@given(numbers, st.integers(1, 5))
def test_any_sums_spread_as_datashaders(values, radius):
    wanted = datashaders(values, radius, "add")
    np.testing.assert_allclose(spread(values, "sum", radius), wanted, rtol=1e-12, atol=1e-7)


@pytest.mark.parametrize("radius", [0, 3])
def test_planes_spread_one_by_one(radius):
    planes = np.stack([COUNTS, COUNTS[::-1], np.zeros_like(COUNTS)])
    found = spread(planes, "by", radius)
    for plane, one in zip(planes, found, strict=True):
        np.testing.assert_array_equal(one, spread(plane, "count", radius))


def test_stored_arrays_are_not_written_to():
    stored = COUNTS.copy()
    stored.flags.writeable = False
    np.testing.assert_array_equal(spread(stored, "count", 2), spread(COUNTS, "count", 2))


def test_a_view_without_rows_or_columns_has_none():
    assert spread(np.zeros((10, 14), np.uint32), "count", 2).shape == (0, 4)


def test_the_radius_is_limited_by_the_apron():
    with pytest.raises(ParameterError, match="between 0 and 5"):
        spread(COUNTS, "count", 6)
