"""Scales and levels: what is visible, its exact percentiles, and where values stand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.pipeline.errors import ParameterError
from app.pipeline.scale import NORMALIZATIONS, STEPS, Scale, find_scale, levels, places, rank, unpacked
from app.pipeline.shade import colorize

RNG = np.random.default_rng(3)
COUNTS = np.where(RNG.random((110, 130)) < 0.4, RNG.geometric(0.02, (110, 130)), 0).astype(np.uint32)
TOP = STEPS + 1


def scale_of(values: np.ndarray, how: str, window: tuple[float, float] = (0, 100)) -> Scale:
    """Return the scale of something that is visible."""
    found = find_scale(values, how, window)
    assert found is not None
    return found


counts = hnp.arrays(np.uint32, (6, 7), elements=st.sampled_from([0, 0, 1, 1, 2, 3, 10, 999, 65_537]))


@settings(deadline=None, max_examples=60)
@given(counts, st.sampled_from(NORMALIZATIONS), st.integers(0, 99), st.integers(1, 100))
def test_levels_keep_the_order_of_values(values: np.ndarray, how: str, low: int, width: int) -> None:
    scale = find_scale(values, how, (low, min(low + width, 100)))
    found = levels(values, scale, how)
    assert np.array_equal(found > 0, values > 0)
    order = np.argsort(values, axis=None)
    assert (np.diff(found.ravel()[order].astype(int)) >= 0).all()
    assert np.array_equal(found, levels(np.where(values, values.astype(float), np.nan), scale, how))


numbers = st.one_of(st.just(np.nan), st.floats(), st.floats(-1e3, 1e3), st.integers(-3, 3).map(float))


@settings(deadline=None, max_examples=200)
@given(
    hnp.arrays(np.float64, st.integers(1, 40).map(lambda n: (1, n)), elements=numbers),
    st.integers(0, 99),
    st.integers(1, 100),
)
def test_percentiles_are_exact(values: np.ndarray, low: int, high: int) -> None:
    window = (low, max(low + 1, high))
    found = find_scale(values, "linear", window)
    cells = np.sort(np.clip(values[np.isfinite(values)], -1e290, 1e290))
    if not len(cells):
        assert found is None
        return
    assert found is not None
    assert [found.low, found.high] == [cells[rank(len(cells), end)] for end in window]


@pytest.mark.parametrize("how", NORMALIZATIONS)
def test_percentiles_of_a_long_tail_are_exact(how: str) -> None:
    values = np.random.default_rng(1).lognormal(0, 4, (200, 300))
    scale = scale_of(values, how, (10, 60))
    cells = np.sort(values, axis=None)
    assert (scale.low, scale.high) == (cells[5_999], cells[35_999])


def test_a_window_cuts_at_percentiles() -> None:
    values = np.arange(1, 101, dtype=np.uint32).reshape(10, 10)
    scale = scale_of(values, "linear", (10, 90))
    assert (scale.low, scale.high) == (10, 90)
    found = levels(values, scale, "linear")
    assert (found.flat[0], found.flat[99]) == (1, TOP)
    equal = scale_of(values, "eq_hist", (10, 90))
    assert (equal.low, equal.high, len(equal.knots), equal.shares[-1]) == (10, 90, 81, 1)
    found = places(np.array([1, 10, 50, 90, 100.0]), equal, "eq_hist")
    np.testing.assert_allclose(found, [0, 0, 0.5, 1, 1])


def test_nothing_and_one_value() -> None:
    nothing = np.zeros((4, 4), np.uint32)
    assert find_scale(nothing, "log", (0, 100)) is None
    assert not levels(nothing, None, "log").any()
    one = np.full((2, 2), 7.0)
    for how in NORMALIZATIONS:
        assert (levels(one, scale_of(one, how), how) == TOP).all()
        assert (places(one, scale_of(one, how), how) == 1).all()


@pytest.mark.parametrize("how", NORMALIZATIONS)
def test_a_window_of_one_value_splits_what_is_below_from_the_rest(how: str) -> None:
    values = np.array([[1, 7, 7, 7, 7, 7, 7, 7, 7, 9]], np.uint32)
    scale = scale_of(values, how, (20, 80))
    assert levels(values, scale, how).tolist() == [[1] + [TOP] * 9]
    assert places(values, scale, how).tolist() == [[0] + [1] * 9]


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(np.float64, (3, 9), elements=numbers), st.sampled_from(NORMALIZATIONS), st.integers(0, 60))
def test_levels_are_the_nearest_to_places(values: np.ndarray, how: str, low: int) -> None:
    scale = find_scale(values, how, (low, 100))
    if scale is not None:
        at = places(values, scale, how)
        wanted = np.where(np.isnan(at), 0, np.floor(np.nan_to_num(at) * STEPS + 0.5) + 1)
        np.testing.assert_array_equal(levels(values, scale, how), wanted)


@pytest.mark.parametrize("values", [COUNTS, np.where(COUNTS, COUNTS * 0.37, np.nan)], ids=["counts", "floats"])
@pytest.mark.parametrize("how", NORMALIZATIONS)
def test_a_packed_scale_comes_back(values: np.ndarray, how: str) -> None:
    scale = scale_of(values, how, (3, 97))
    found = unpacked(scale.packed())
    assert found is not None
    assert found.packed().tolist() == scale.packed().tolist()
    np.testing.assert_array_equal(levels(values, found, how), levels(values, scale, how))


def test_what_is_not_allowed() -> None:
    with pytest.raises(ParameterError, match="normalization"):
        find_scale(COUNTS, "sqrt", (0, 100))


def test_categories_of_no_rows_are_transparent() -> None:
    assert not colorize(np.zeros((3, 4, 5), np.uint32), None, "log", ("#ff0000",) * 3).any()
