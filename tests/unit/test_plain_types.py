"""Arrow's types: each way of storing numbers, times and texts, from the file to what is drawn."""

import decimal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from app.datasets.recognise import recognise
from app.pipeline.columns import as_marks
from app.pipeline.errors import DataError
from app.pipeline.plain import nature, plain, plain_type
from app.pipeline.roots import PlotRoot
from app.pipeline.sources import open_source
from app.pipeline.table import fingerprint, open_table
from app.pipeline.types import Axis, Field

BIG = 2**53 + 1
NAN = float("nan")
D = decimal.Decimal


def runs(values: list[Any]) -> pa.Array:
    return pa.RunEndEncodedArray.from_arrays(pa.array(range(1, len(values) + 1), pa.int32()), pa.array(values))


def views(values: list[Any], indices: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(indices, pa.array(values, pa.string_view()))


NUMBERS = {
    "whole numbers by dictionary": (pa.array([30, 10, None]).dictionary_encode(), [30, 10, NAN]),
    "floats by dictionary": (pa.array([1.5, None, 2.5]).dictionary_encode(), [1.5, NAN, 2.5]),
    "decimals by dictionary": (pa.array([D("1.50"), D("2.25"), None]).dictionary_encode(), [1.5, 2.25, NAN]),
    "decimal": (pa.array([D("1.50"), None, D("-2.25")], pa.decimal128(9, 2)), [1.5, NAN, -2.25]),
    "small decimal": (pa.array([D("1.50"), None, D("-2.25")], pa.decimal32(9, 2)), [1.5, NAN, -2.25]),
    "middle decimal": (pa.array([D("1.50"), None, D("-2.25")], pa.decimal64(18, 2)), [1.5, NAN, -2.25]),
    "large decimal": (pa.array([D("1.50"), None, D("-2.25")], pa.decimal256(60, 2)), [1.5, NAN, -2.25]),
    "half": (pa.array([np.float16(0.5), None, np.float16(-2)], pa.float16()), [0.5, NAN, -2.0]),
    "unsigned": (pa.array([2**63 + 2**40, 0, 1], pa.uint64()), [float(2**63 + 2**40), 0.0, 1.0]),
    "runs": (runs([1.5, None, 2.5]), [1.5, NAN, 2.5]),
    "durations": (pa.array([1_500, None, -1], pa.duration("ms")), [1.5, NAN, -0.001]),
    "nothing": (pa.nulls(3), [NAN, NAN, NAN]),
}
TIMES = {
    "nanoseconds": (pa.array([1_700_000_000_123_456_789, None, -1], pa.timestamp("ns")), [17e11 + 123.456, NAN, 0]),
    "microseconds": (pa.array([1_700_000_000_123_456, None, -1], pa.timestamp("us")), [17e11 + 123.456, NAN, -1e-3]),
    "zoned": (pa.array([1_000, None, 0], pa.timestamp("ms", "Europe/Paris")), [1_000.0, NAN, 0.0]),
    "dates": (pa.array([1, None, -1], pa.date32()), [86_400_000.0, NAN, -86_400_000.0]),
    "times of day": (pa.array([3_600, None, 1], pa.time32("s")), [3_600_000.0, NAN, 1_000.0]),
    "fine times of day": (pa.array([3_600_000_001, None, 1], pa.time64("us")), [3_600_000.001, NAN, 0.001]),
    "times by dictionary": (pa.array([5, None, 7], pa.timestamp("ms")).dictionary_encode(), [5.0, NAN, 7.0]),
}  # fmt: skip
TEXTS = {
    "views": (pa.array(["a", None, "b"], pa.string_view()), ["a", "missing", "b"]),
    "large": (pa.array(["a", None, "b"], pa.large_string()), ["a", "missing", "b"]),
    "views by dictionary": (views(["a", "b"], pa.array([0, None, 1], pa.uint32())), ["a", "missing", "b"]),
    "large by dictionary": (pa.array(["b", None, "a"], pa.large_string()).dictionary_encode(), ["b", "missing", "a"]),
    "runs": (runs(["a", None, "b"]), ["a", "missing", "b"]),
    "truth": (pa.array([True, None, False]), ["True", "missing", "False"]),
    "truth in bytes": (
        pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None, 0], pa.int8())), ["True", "missing", "False"],
    ),
    "truth by dictionary": (pa.array([True, None, False]).dictionary_encode(), ["True", "missing", "False"]),
}  # fmt: skip
IDENTIFIERS = {
    "signed": pa.array([BIG, None, BIG + 1]),
    "unsigned": pa.array([2**64 - 1, None, 2**64 - 2], pa.uint64()),
    "by dictionary": pa.array([BIG, None, BIG + 1]).dictionary_encode(),
    "decimal": pa.array([D(10**19 + 1), None, D(10**19 + 2)], pa.decimal128(20, 0)),
    "decimal of eighteen": pa.array([D(10**17 + 1), None, D(10**17 + 2)], pa.decimal128(18, 0)),
    "large decimal": pa.array([D(10**40 + 1), None, D(10**40 + 2)], pa.decimal256(50, 0)),
    "runs": runs([BIG, None, BIG + 1]),
}
OTHERS = {
    "list": pa.array([[1], None, [2, 3]]),
    "large list": pa.array([[1], None, [2, 3]], pa.large_list(pa.int64())),
    "list view": pa.array([[1], None, [2, 3]], pa.list_view(pa.int64())),
    "struct": pa.array([{"a": 1}, None, {"a": 2}]),
    "map": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    "bytes": pa.array([b"a", None, b"\xff"]),
    "large bytes": pa.array([b"a", None, b"\xff"], pa.large_binary()),
    "bytes by view": pa.array([b"a", None, b"\xff"], pa.binary_view()),
    "bytes of one size": pa.array([b"ab", None, b"\xff\x00"], pa.binary(2)),
    "json": pa.array(['{"a": 1}', None, "[]"], pa.json_()),
    "lists by dictionary": pa.DictionaryArray.from_arrays(pa.array([0, None, 1]), pa.array([[1], [2]])),
    "union": pa.UnionArray.from_sparse(pa.array([0, 0, 0], pa.int8()), [pa.array([1, 2, 3])]),
    "interval": pa.nulls(3, pa.month_day_nano_interval()),
}


def saved(folder: Path, column: pa.Array, suffix: str) -> Path:
    """Write a column beside coordinates, or skip what Arrow cannot write."""
    path = folder / f"t.{suffix}"
    table = pa.table({"lon": [9.5, 10.0, 10.5], "lat": [55.0, 55.5, 56.0], "v": column})
    try:
        (pq.write_table if suffix == "parquet" else feather.write_feather)(table, path)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        pytest.skip(str(error))
    return path


@pytest.fixture(params=["parquet", "feather"])
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(tmp_path: Path, suffix: str, name: str) -> None:
    column, expected = NUMBERS[name]
    path = saved(tmp_path, column, suffix)
    one = next(field for field in recognise(path).plots[0].fields if field.column == "v")
    assert one.kind == "number"
    found = np.asarray(open_table(path, [one], tmp_path / "kept").column("v"), np.float64)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", TIMES)
def test_times(tmp_path: Path, suffix: str, name: str) -> None:
    column, expected = TIMES[name]
    path = saved(tmp_path, column, suffix)
    one = next(field for field in recognise(path).plots[0].fields if field.column == "v")
    assert one.kind == "time"
    np.testing.assert_allclose(open_table(path, [one], None).column("v"), expected, rtol=0, atol=0.0011)


@pytest.mark.parametrize("name", TEXTS)
def test_texts(tmp_path: Path, suffix: str, name: str) -> None:
    column, expected = TEXTS[name]
    path = saved(tmp_path, column, suffix)
    one = next(field for field in recognise(path).plots[0].fields if field.column == "v")
    table = open_table(path, [one], None)
    assert [table.categories(one)[code] for code in table.codes(one)] == expected


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_identifiers_are_exact_as_categories_and_as_tracks(tmp_path: Path, suffix: str, name: str) -> None:
    column = IDENTIFIERS[name]
    path = saved(tmp_path, column, suffix)
    one = Field("v", "v", "category")
    table = open_table(path, [Axis("lon"), "v", one], tmp_path / "kept")
    written = [str(value) if value is not None else "missing" for value in column.to_pylist()]
    assert [table.categories(one)[code] for code in table.codes(one)] == written
    marks = open_table(path, [Axis("lon"), "v"], tmp_path / "kept")._find("v", "marks").array
    assert len(set(marks.tolist())) == 3


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_nested_or_binary_is_no_field_and_stops_nothing(tmp_path: Path, suffix: str, name: str) -> None:
    path = saved(tmp_path, OTHERS[name], suffix)
    found = recognise(path)
    plot = found.plots[0]
    assert plot.fields == ()
    assert any("Left out" in note and "'v'" in note for note in found.notes)
    assert open_table(path, [plot.x, plot.y], None).rows == 3
    assert nature(open_source(path).schema.field("v").type) == "other"
    # Named against all advice, it still does not stop what is drawn.
    table = open_table(path, [plot.x, Field("v", "v", "category"), Field("w", "v")], tmp_path / "kept")
    assert not table.holds(Field("v", "v", "category"))
    assert len([note for note in table.notes if note.startswith("Left out")]) == 2


@pytest.mark.parametrize("values", [["a", None, "b", "a"], [b"a", None, b"b", b"a"], [b"ab", None, b"bc", b"ab"]])
def test_tracks_of_texts_and_bytes_keep_apart(values: list[Any]) -> None:
    one = as_marks(pa.array(values))
    other = as_marks(pa.array(values).dictionary_encode())
    assert [len(set(marks.tolist())) for marks in (one, other)] == [3, 3]
    assert one[0] == one[3] == other[3]
    np.testing.assert_array_equal(one, other)


def test_long_tracks_that_begin_alike_differ() -> None:
    assert len(set(as_marks(pa.array(["x" * 300 + "a", "x" * 300 + "b"])).tolist())) == 2


@pytest.mark.parametrize("kind", [pa.float64(), pa.int32(), pa.int64(), pa.uint64(), pa.uint8()])
def test_rows_without_a_track_are_one_track(kind: pa.DataType) -> None:
    marks = [as_marks(pa.array(values, kind)) for values in ([None, 7, None, 8], [7, 9, 8, 9])]
    assert marks[0].dtype == marks[1].dtype
    assert marks[0][0] == marks[0][2] != marks[0][1] == marks[1][0]


@pytest.mark.parametrize("bad", [-1, 2, 100])
def test_an_index_beyond_its_dictionary_is_found(bad: int) -> None:
    indices = pa.array([0, 1, bad, 0], pa.int32())
    for values in (pa.array(["a", "b"]), pa.array([1, 2])):
        array = pa.DictionaryArray.from_arrays(indices, values, safe=False)
        with pytest.raises(pa.ArrowIndexError, match="beyond a dictionary of 2 values"):
            plain(array)
        assert len(plain(array.slice(0, 2))) == 2


@pytest.mark.parametrize("at", [0, 7, 140_000])
def test_a_dictionary_that_is_broken_leaves_its_column_out_by_name_and_row(tmp_path: Path, at: int) -> None:
    codes = np.zeros(200_000, np.int32)
    codes[at] = 9
    column = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(["a", "b"]), safe=False)
    x = pa.array(np.linspace(1, 2, len(codes)))
    feather.write_feather(pa.table({"x": x, "v": column, "y": x}), tmp_path / "t.feather", compression="uncompressed")
    plot = recognise(tmp_path / "t.feather").plots[0]
    fields = [Field("v", "v", "category"), Field("y", "y")]
    for _ in range(2):
        table = open_table(tmp_path / "t.feather", [plot.x, *fields], tmp_path / "kept")
        assert table.rows == 200_000
        assert (table.holds(fields[0]), table.holds(fields[1])) == (False, True)
        left = [note for note in table.notes if note.startswith("Left out")]
        assert len(left) == 1
        assert f"column 'v' cannot be read from row {at + 1:,} on" in left[0]
        with pytest.raises(DataError, match="column 'v'"):
            table.codes(fields[0])
    with pytest.raises(DataError, match="column 'v' cannot be read"):
        open_table(tmp_path / "t.feather", [plot.x, "v"], None)
    with pytest.raises(DataError, match="column 'v' cannot be read"):
        open_table(tmp_path / "t.feather", fields[:1], tmp_path / "kept")


@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_text_in_another_encoding_is_left_out_by_name_and_row(tmp_path: Path, suffix: str) -> None:
    raw = [b"a"] * 140_000 + ["é".encode("latin-1")] + [b"b"] * 9
    offsets = np.arange(len(raw) + 1, dtype=np.int32)
    column = pa.StringArray.from_buffers(len(raw), pa.py_buffer(offsets), pa.py_buffer(b"".join(raw)))
    x = pa.array(np.linspace(1, 2, len(raw)))
    path = tmp_path / f"t.{suffix}"
    (pq.write_table if suffix == "parquet" else feather.write_feather)(pa.table({"x": x, "v": column, "y": x}), path)
    fields = [Field("v", "v", "category"), Field("y", "y")]
    table = open_table(path, [Axis("x"), *fields], tmp_path / "kept")
    assert (table.holds(fields[0]), table.holds(fields[1]), table.rows) == (False, True, len(raw))
    assert any("column 'v' is not text in UTF-8 in row 140,001" in note for note in table.notes)


def test_a_hole_in_one_column_leaves_the_others(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    table = pa.table({name: random.random(10_000) for name in ("x", "v", "y")})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, compression="zstd")
    chunk = pq.read_metadata(path).row_group(0).column(1)
    whole = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    whole[start : start + chunk.total_compressed_size] = bytes(chunk.total_compressed_size)
    path.write_bytes(whole)
    fields = [Field("v", "v"), Field("y", "y")]
    found = open_table(path, [Axis("x"), *fields], tmp_path / "kept")
    assert (found.holds(fields[0]), found.holds(fields[1]), found.rows) == (False, True, 10_000)
    np.testing.assert_array_equal(found.column("y"), table.column("y"))
    assert any("column 'v' is damaged" in note and "write the file again" in note for note in found.notes)
    assert [plot.y.column for plot in recognise(path).plots] == ["y"]
    with pytest.raises(DataError, match="column 'v' is damaged"):
        open_table(path, [Axis("v"), *fields], None)


def test_every_plain_type_is_plain() -> None:
    for columns in (NUMBERS, TIMES, TEXTS):
        for name, (column, _) in columns.items():
            kind = plain_type(column.type)
            assert plain_type(kind) == kind, name
            assert plain(column).type == kind, name


@pytest.mark.parametrize("kept", [True, False])
def test_a_view_opens_beside_a_field_that_cannot_be_read(tmp_path: Path, kept: bool) -> None:
    raw, rows = [b"a"] * 999 + [b"\xff"], 1_000
    offsets = np.arange(rows + 1, dtype=np.int32)
    column = pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(b"".join(raw)))
    place = pa.array(np.linspace(1, 2, rows))
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"lon": place, "lat": place, "word": column, "size": place}), path)
    found = recognise(path)
    assert any("'word'" in note for note in found.notes)
    # A sample may miss what the whole file has.
    plot = replace(found.plots[0], fields=(*found.plots[0].fields, Field("word", "word", "category")))
    for _ in range(2):
        points = PlotRoot(plot, fingerprint(path), tmp_path / "kept" if kept else None).open()
        assert len(points.values("size")) == rows
        assert any("column 'word' is not text in UTF-8 in row 1,000" in note for note in points.notes)
        with pytest.raises(DataError, match="column 'word' is not text in UTF-8 in row 1,000"):
            points.values("word")
