"""Frames: what comes back is the frame that was given, or it was refused."""

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays
from pandas.testing import assert_frame_equal

from app.pipeline.errors import CodecError
from app.pipeline.frames import FRAMES

ROWS = 4
ZONES = [None, "UTC", "Europe/Paris", "Asia/Kolkata", datetime.timezone(datetime.timedelta(hours=5, minutes=30))]
times = some.lists(some.datetimes(pd.Timestamp(1900, 1, 1), pd.Timestamp(2100, 1, 1)), min_size=ROWS, max_size=ROWS)
words = some.text(some.characters(exclude_categories=["Cs"]), max_size=8)


def of(one: Any) -> Any:
    return some.lists(one, min_size=ROWS, max_size=ROWS)


numbers = arrays.arrays(
    some.sampled_from(["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "?"]).map(np.dtype), ROWS
)
nullable = some.sampled_from(["Int8", "Int64", "UInt32", "boolean", "Float32", "Float64"]).flatmap(
    lambda kind: of(some.none() | some.integers(0, 1)).map(lambda values: pd.array(values, dtype=kind))
)
# Nonexistent and ambiguous hours are pandas' business, not ours.
stamps = some.tuples(times, some.sampled_from(ZONES), some.sampled_from(["s", "ms", "us"])).map(
    lambda made: pd.DatetimeIndex(made[0]).tz_localize("UTC").tz_convert(made[1]).as_unit(made[2])
)
categories = some.tuples(some.lists(words, unique=True, min_size=1, max_size=5), some.booleans(), some.data()).map(
    lambda made: pd.Categorical.from_codes(
        made[2].draw(of(some.integers(-1, len(made[0]) - 1))), pd.Index(made[0], dtype="str"), ordered=made[1]
    )
)
plain = some.one_of(
    numbers,
    nullable,
    stamps,
    categories,
    of(words | some.none()).map(lambda values: pd.array(values, dtype="str")),
    of(words | some.none()).map(lambda values: np.array([*values, None], object)[:-1]),
    of(some.binary(max_size=6)).map(lambda values: np.array([*values, None], object)[:-1]),
    of(some.integers(-(10**12), 10**12)).map(lambda values: pd.to_timedelta(values, unit="us")),
)


indexes = some.one_of(
    some.just(pd.RangeIndex(3, 3 + 2 * ROWS, 2)),
    numbers.filter(lambda values: values.dtype not in ("f2", "?")).map(pd.Index),
    stamps,
    categories.map(pd.CategoricalIndex),
    of(words).map(lambda values: pd.Index(values, dtype="str")),
    some.just(pd.date_range("2001-01-01", periods=ROWS, freq="h", tz="UTC")),
    some.just(pd.timedelta_range("1h", periods=ROWS, freq="h")),
    some.just(pd.period_range("2001-01", periods=ROWS, freq="M")),
    some.just(pd.interval_range(0, ROWS)),
    of(words).map(lambda values: pd.Index(values, dtype=object)),
    of(some.integers(-(2**60), 2**60)).map(lambda values: pd.Index(values, dtype=object)),
    some.tuples(stamps, of(words)).map(lambda made: pd.MultiIndex.from_arrays(made, names=["when", None])),
)
labels = some.one_of(
    some.lists(words, max_size=5).map(lambda names: pd.Index(names, dtype="str", name="label")),
    some.lists(words, max_size=5).map(lambda names: pd.Index(names, dtype=object)),
    some.lists(some.integers(-5, 5), max_size=5).map(lambda names: pd.Index(names, dtype="int64")),
    some.integers(0, 5).map(pd.RangeIndex),
    some.lists(some.tuples(words, words), min_size=1, max_size=5).map(pd.MultiIndex.from_tuples),
)


@some.composite
def frames(draw: Any) -> pd.DataFrame:
    names, index = draw(labels), draw(indexes)
    # Without its type, pandas would find a better one for an array of objects.
    columns = [pd.Series(values, index=index, dtype=values.dtype) for values in (draw(plain) for _ in names)]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=index)
    frame.index.name = None if isinstance(index, pd.MultiIndex) else draw(some.none() | words)
    return frame.set_axis(names, axis=1)


def assert_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    exact = {"check_exact": True, "check_freq": True, "check_column_type": "exact", "check_index_type": "exact"}
    assert_frame_equal(one, other, **exact)
    for first, second in zip(one.dtypes, other.dtypes, strict=True):
        if isinstance(first, pd.CategoricalDtype):
            assert list(first.categories) == list(second.categories)


@given(frames())
def test_a_frame_comes_back_as_it_was(frame: pd.DataFrame) -> None:
    # A frame of no columns and a range of rows is all that Arrow cannot count.
    if not len(frame.columns) and isinstance(frame.index, pd.RangeIndex):
        with pytest.raises(CodecError, match="its index"):
            FRAMES.encode(frame)
        return
    assert_same(FRAMES.settle(frame), frame)


things = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | words | some.binary(max_size=4) | some.dates(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@given(of(things))
def test_objects_come_back_as_they_were_or_are_refused(values: list[Any]) -> None:
    column = np.empty(ROWS, object)
    column[:] = values
    frame = pd.DataFrame({"thing": pd.Series(column, dtype=object)})
    try:
        data = FRAMES.encode(frame)
    except CodecError as error:
        assert "'thing'" in str(error)  # noqa: PT017 - most are refused, and which is Arrow's to say
    else:
        assert list(map(repr, FRAMES.decode(data)["thing"])) == list(map(repr, values))


@pytest.mark.parametrize(
    "values",
    [
        [object()],
        [1, "a"],
        [{"a": 1}, {"b": 2}],
        ["a", float("nan")],
        [1, 2.5],
        [{1, 2}],
        [lambda: 0],
        [np.array(["x", object()], object)],
    ],
)
def test_objects_that_arrow_cannot_hold_are_refused_by_column(values: list[Any]) -> None:
    column = np.empty(len(values), object)
    column[:] = values
    with pytest.raises(CodecError, match=r"column 'the one' .*(holds what Arrow does not|come back as another)"):
        FRAMES.encode(pd.DataFrame({"fine": range(len(values)), "the one": pd.Series(column, dtype=object)}))


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"day": [datetime.date(2020, 1, 1)], "sum": [decimal.Decimal("1.50")], "raw": [b"\x00x"]}),
        pd.DataFrame({"when": pd.period_range("2020", periods=2, freq="M"), "in": pd.interval_range(0, 2)}),
        pd.DataFrame({"codes": pd.Categorical([3, 1, None], categories=[3, 1, 2], ordered=True)}),
        pd.DataFrame({"a": pd.array([1, None], dtype="int64[pyarrow]")}),
        pd.DataFrame([[1, 2, 3]], columns=["a", "a", "b"]),
        pd.DataFrame([[1, 2]], columns=pd.date_range("2020", periods=2, freq="D")),
        pd.DataFrame({"a": [1], "index": [2]}, index=pd.Index([3], name="a")),
        pd.DataFrame(),
        pd.DataFrame({"a": pd.Series([], dtype="f8"), "b": pd.Series([], dtype=object)}),
    ],
)
def test_rarer_frames_come_back_as_they_were(frame: pd.DataFrame) -> None:
    assert_same(FRAMES.settle(frame), frame)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"a": np.array([1j])}), "column 'a' holds what Arrow does not"),
        (pd.DataFrame({"a": np.array([1], ">f4")}), "column 'a' holds what Arrow does not"),
        (pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}), "column 'a' holds what Arrow does not"),
        (pd.DataFrame({"a": pd.array(["x"], dtype="string[python]")}), "column 'a' of type string"),
        (pd.DataFrame([[1, 2]], columns=["a", 1]), "its column labels hold"),
        (pd.DataFrame({"a": [1]}, index=pd.Index([object()])), "its index"),
    ],
)
def test_what_arrow_would_change_is_refused(frame: pd.DataFrame, said: str) -> None:
    with pytest.raises(CodecError, match=said):
        FRAMES.encode(frame)


def test_attributes_are_kept_or_refused() -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["unit"] = {"a": "km"}
    assert FRAMES.settle(frame).attrs == {"unit": {"a": "km"}}
    for bad in ({1: "a"}, {"a": object()}, {"a": (1, 2)}):
        frame.attrs = bad  # type: ignore[assignment]
        with pytest.raises(CodecError, match="attributes"):
            FRAMES.encode(frame)


@pytest.mark.parametrize("value", [None, [1], pd.Series([1]), type("Frame", (pd.DataFrame,), {})({"a": [1]})])
def test_what_is_no_frame_is_refused(value: Any) -> None:
    with pytest.raises(CodecError, match="is not a pandas DataFrame"):
        FRAMES.encode(value)


def test_damaged_bytes_are_told() -> None:
    data = FRAMES.encode(pd.DataFrame({"a": [1, 2, 3]}))
    for bad in (b"", b"x" * 100, data[:50], data[: len(data) // 2], data[:-8]):
        with pytest.raises(CodecError, match="not a whole frame"):
            FRAMES.decode(bad)


def test_a_decoded_frame_can_be_changed_and_changes_nothing_stored() -> None:
    data = FRAMES.encode(pd.DataFrame({"n": [1.5, 2], "c": pd.Categorical(["x", "y"])}))
    frame = FRAMES.decode(data)
    frame.iloc[0, 0], frame.iloc[0, 1] = 9, "y"
    assert FRAMES.decode(data).iloc[0].tolist() == [1.5, "x"]
