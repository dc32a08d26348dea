"""Tracks: interleaved, back to front, with gaps and jumps, and ids of 64 bits."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.columns import NO_MARK, as_marks
from app.pipeline.errors import DataError
from app.pipeline.tracks import join
from app.pipeline.types import TrackOrder

NAN = np.nan
BY_TIME = TrackOrder("t", 1.0)
STEP = 1e-4
"""Degrees that a vessel makes in a second or so."""


def found(track, time=None, x=None, y=None, order=BY_TIME, crs="lonlat"):
    many = len(track)
    x = np.arange(many) * STEP if x is None else np.array(x, float)
    y = np.zeros(many) if y is None else np.array(y, float)
    return join(x, y, as_marks(pa.array(track)), None if time is None else np.asarray(time), order, crs)


def lines(joined):
    """Return the rows of each line."""
    return [one.tolist() for one in np.split(joined.row, np.flatnonzero(joined.begins)[1:])]


# Whose rows they are


@pytest.mark.parametrize(
    ("track", "expected"),
    [
        ([1, 2, 1, 2, 1], [[0, 2, 4], [1, 3]]),
        (["b", "a", "b", "b", "a", "c"], [[0, 2, 3], [1, 4], [5]]),
        ([2**53, 2**53 + 1, 2**53, 2**53 + 1], [[0, 2], [1, 3]]),
        ([2**53, 2**53 + 1, None, 2**53, 2**53 + 1], [[0, 3], [1, 4]]),
        (pa.array([2**64 - 1, 2**64 - 2, 0, 2**64 - 1, 0], pa.uint64()), [[0, 3], [1], [2, 4]]),
        ([-(2**63), 1 - 2**63, -(2**63)], [[0, 2], [1]]),
        ([0.5, NAN, 0.5, -0.0, 0.0], [[0, 2], [3, 4]]),
        ([True, False, True], [[0, 2], [1]]),
        (pa.array(["x", None, "y", "x"]).dictionary_encode(), [[0, 3], [2]]),
        (pa.array([7, 8, None, 7]).dictionary_encode(), [[0, 3], [1]]),
        ([b"\xff\x00", b"\xff\x01", b"\xff\x00"], [[0, 2], [1]]),
        (["", "a", "", "a"], [[1, 3]]),
        (["long" * 60 + "a", "long" * 60 + "b"], [[0], [1]]),
        (pa.array(["1.10", "1.20", "1.10"]).cast(pa.decimal128(30, 2)), [[0, 2], [1]]),
    ],
)
def test_equal_ids_are_one_track_wherever_they_are(track, expected):
    assert lines(found(track, order=TrackOrder())) == expected


def test_ids_are_the_same_in_every_batch():
    whole = pa.array([2**60 + 1, None, 2**60 + 2, 2**60 + 1])
    parts = [as_marks(whole.slice(start, 2)) for start in (0, 2)]
    assert np.concatenate(parts).tolist() == as_marks(whole).tolist() == [2**60 + 1, int(NO_MARK), 2**60 + 2, 2**60 + 1]


def test_nested_ids_are_a_sentence():
    with pytest.raises(DataError, match="cannot tell tracks apart"):
        as_marks(pa.array([[1], [2]]))


def test_rows_of_no_track_are_left_out_and_counted():
    one = found(["a", None, "a", "b", None], [1, 2, 3, 4, 5])
    assert (one.row.tolist(), one.unnamed, one.untimed) == ([0, 2, 3], 2, 0)


def test_a_row_with_neither_track_nor_place_ends_the_line_before_it():
    one = found(["a", "a", None, "a", "a"], x=[1, 2, NAN, 3, 4], order=TrackOrder())
    assert (one.row.tolist(), one.unnamed) == ([0, 1, 2, 3, 4], 0)


# In which order


@pytest.mark.parametrize("kind", [np.float64, np.int64, np.uint64, np.int16])
def test_rows_are_joined_by_time_and_steps_back_are_counted(kind):
    one = found([1, 2, 1, 2, 1, 2], np.array([30, 1, 10, 2, 20, 3], kind))
    assert (lines(one), one.backward) == ([[2, 4, 0], [1, 3, 5]], 1)


def test_equal_times_keep_the_files_order():
    one = found([1] * 5, [2, 1, 2, 1, 2])
    assert (lines(one), one.backward) == ([[1, 3, 0, 2, 4]], 2)


def test_nanoseconds_since_1970_are_told_apart():
    times = 1_700_000_000_000_000_000 + np.array([3, 1, 2])
    assert found([1, 1, 1], times, order=TrackOrder("t", 1e-9)).row.tolist() == [1, 2, 0]


@pytest.mark.parametrize("time", [[1.0, NAN, 2.0], [1.0, np.inf, 2.0]])
def test_rows_of_no_time_are_left_out_and_counted(time):
    one = found([1, 1, 1], time)
    assert (one.row.tolist(), one.untimed) == ([0, 2], 1)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 9)), min_size=1, max_size=40))
def test_any_order_is_a_stable_sort(rows):
    track, time = zip(*rows, strict=True)
    first = {one: at for at, one in reversed(list(enumerate(track)))}
    expected = sorted(range(len(rows)), key=lambda at: (first[track[at]], time[at]))
    one = found(list(track), np.array(time), order=TrackOrder("t", 0.0, 0.0, 0.0))
    assert one.row.tolist() == expected
    assert one.begins.sum() == len(first)
    last: dict[int, int] = {}
    back = 0
    for code, at in rows:
        back += at < last.get(code, at)
        last[code] = at
    assert one.backward == back


# Where lines end


def steps(*seconds):
    return np.cumsum([0, *seconds]).astype(float)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        # A minute ends no line, an hour does, and so does a month in a track of few rows.
        (steps(*[10] * 20, 60, *[10] * 20), 0),
        (steps(*[10] * 20, 3600, *[10] * 20, 601, 10), 2),
        (steps(10, 10, 2_600_000), 1),
        # What is usual is no gap: hourly rows, and bursts of eight rows an hour.
        (steps(*[3600] * 30), 0),
        (steps(*([1] * 7 + [3600]) * 20), 0),
        (steps(*([1] * 7 + [3600]) * 20, 86_400, 1), 1),
        # Rows of one second.
        (np.repeat(steps(10, 10, 10, 10_000, 10), 3), 1),
        (np.zeros(9), 0),
    ],
)
def test_a_gap_in_time_ends_a_line(time, expected):
    one = found([1] * len(time), time)
    assert (one.gaps, one.jumps, one.begins.sum()) == (expected, 0, expected + 1)


def test_each_track_has_its_own_usual_step():
    ship, storm = steps(*[10] * 50, 7200, *[10] * 50), steps(*[21_600] * 60)
    track = np.repeat(["ship", "storm"], [len(ship), len(storm)])
    mixed = np.random.default_rng(3).permutation(len(track))
    one = found(list(track[mixed]), np.concatenate([ship, storm])[mixed])
    assert one.gaps == 1
    assert sorted(map(len, lines(one))) == [51, 51, 61]
    # One step tells nothing of what is usual: other tracks do.
    assert found(["a"] * 30 + ["b", "b"], [*steps(*[10] * 29), 0, 1e6]).gaps == 1


def test_units_of_time():
    time = steps(*[10] * 20, 3600, *[10] * 20)
    for seconds in (0.001, 1e-9, 60.0):
        assert found([1] * len(time), time / seconds, order=TrackOrder("t", seconds)).gaps == 1
    # Of unknown units only what is usual is known.
    assert found([1] * 30, steps(*[1] * 20, 12, *[1] * 8), order=TrackOrder("t", 0.0)).gaps == 1
    assert found([1] * 30, steps(*[1] * 20, 9, *[1] * 8), order=TrackOrder("t", 0.0)).gaps == 0


@pytest.mark.parametrize(("gap", "expected"), [(0.0, 0), (20.0, 3), (100.0, 2), (5000.0, 1)])
def test_a_gap_may_be_said(gap, expected):
    time = steps(*[10] * 9, 60, 10, 3600, 10, 10_000, 10)
    assert found([1] * len(time), time, order=TrackOrder("t", 1.0, gap)).gaps == expected


def test_an_impossible_speed_ends_a_line():
    x = np.arange(60) * STEP
    x[30:33] += 20  # a wrong place, a thousand miles off
    time = steps(*[10] * 59)
    assert lines(found([1] * 60, time, x))[1] == [30, 31, 32]
    assert found([1] * 60, time, x).jumps == 2
    # A plane says nothing of metres, and neither does a track without times.
    assert found([1] * 60, time, x, crs="plane").jumps == 0
    assert found([1] * 60, None, x).jumps == 0
    # Metres of the map, at 60 degrees north: half as long on the ground.
    assert found([1] * 60, time, x * 111_320, np.full(60, 8_399_737.9), crs="mercator").jumps == 2


def test_what_is_fast_throughout_is_no_jump():
    satellite = (np.arange(200) * 3.8 + 180) % 360 - 180  # 7 km/s, a minute apart, over the date line
    assert found([1] * 200, steps(*[60] * 199), satellite).jumps == 0
    dates = np.repeat(steps(86_400, 86_400), 20)  # rows of a day, far apart, in no known order
    assert found([1] * 60, dates, np.arange(60) * 2.0).jumps == 0


@pytest.mark.parametrize(
    ("jump", "crs", "expected"), [(0.0, "lonlat", 0), (100.0, "lonlat", 1), (300.0, "lonlat", 0), (2.0, "plane", 1)]
)
def test_a_jump_may_be_said(jump, crs, expected):
    x = np.array([0.0, 1, 2, 4.2, 5])  # degrees of 111 km, at 60 degrees north of half that
    y = np.full(5, 60.0 if crs == "lonlat" else 0.0)
    for time in (None, steps(1, 1, 1, 1)):
        assert found([1] * 5, time, x, y, TrackOrder("t", 1.0, 0.0, jump), crs).jumps == expected


def test_a_row_without_a_place_is_no_gap():
    x = np.arange(40) * STEP
    x[20] = NAN
    one = found([1] * 40, steps(*[10] * 19, 5000, *[10] * 19), x)
    assert (one.gaps, len(one.row)) == (0, 40)
