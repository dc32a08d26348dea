"""What a file holds is written anew: numbers, times and short texts as they were, and nothing else."""

import json
import struct
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.datasets.intake import EXPANSION, SMALL_BYTES, TEXT_LENGTH, Limits, rewrite
from app.pipeline.errors import DataError

ROWS = 3
KEPT: dict[str, tuple[pa.Array, pa.DataType]] = {
    "whole": (pa.array([1, None, 3], pa.int16()), pa.int16()),
    "real": (pa.array([1.5, None, -0.0]), pa.float64()),
    "half": (pa.array(np.array([1, 2, 3], np.float16)), pa.float32()),
    "truth": (pa.array([True, False, None]), pa.bool_()),
    "price": (pa.array([Decimal("1.50"), None, Decimal("9.99")]), pa.float64()),
    "account": (pa.array([Decimal(10**19 + 1), None, Decimal(7)], pa.decimal128(20, 0)), pa.decimal128(20, 0)),
    "day": (pa.array([date(2015, 1, 1)] * ROWS), pa.date32()),
    "time": (pa.array([datetime(2015, 1, 1, tzinfo=UTC)] * ROWS), pa.timestamp("us", "UTC")),
    "span": (pa.array([timedelta(1)] * ROWS), pa.duration("us")),
    "text": (pa.array(["a", None, "ü"]), pa.string()),
    "large": (pa.array(["a", None, "ü"], pa.large_string()), pa.string()),
    "view": (pa.array(["a", None, "ü"], pa.string_view()), pa.string()),
    "kind": (pa.array(["a", None, "a"]).dictionary_encode(), pa.string()),
}
LEFT = {
    "list": pa.array([[1], [2], []]),
    "record": pa.array([{"a": 1}] * ROWS),
    "bytes": pa.array([b"a"] * ROWS),
    "nothing": pa.nulls(ROWS),
}


def whole() -> pa.Table:
    return pa.table({name: array for name, (array, _) in KEPT.items()} | LEFT)


def as_parquet(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def as_feather(table: pa.Table, path: Path) -> Path:
    feather.write_feather(table, path.with_suffix(".feather"))
    return path.with_suffix(".feather")


def as_stream(table: pa.Table, path: Path) -> Path:
    with pa.ipc.new_stream(path.with_suffix(".arrow"), table.schema) as writer:
        writer.write_table(table)
    return path.with_suffix(".arrow")


def taken(path: Path, limits: Limits | None = None) -> tuple[pa.Table, dict[str, Any]]:
    out = path.parent / "out.parquet"
    said = rewrite(path, out, limits or Limits())
    return pq.read_table(out), said


@pytest.mark.parametrize("write", [as_parquet, as_feather, as_stream])
def test_columns_are_kept_by_what_they_are(tmp_path: Path, write: Any) -> None:
    table = whole().drop_columns(["view"]) if write is as_parquet else whole()
    found, said = taken(write(table, tmp_path / "given"))
    kept = [name for name in table.column_names if name not in LEFT]
    assert found.column_names == kept
    assert (said["rows"], said["columns"], said["left"]) == (ROWS, len(kept), list(LEFT))
    for name in kept:
        array, kind = KEPT[name]
        assert found.schema.field(name).type == kind
        assert found[name].to_pylist() == array.cast(kind).to_pylist()


def test_texts_end_where_a_category_does_and_values_may_have_any_letters(tmp_path: Path) -> None:
    long = "ü" * (TEXT_LENGTH + 50)
    found, _ = taken(as_feather(pa.table({"x": [1, 2], "a": [long, "b"]}), tmp_path / "given"))
    assert found["a"].to_pylist() == [long[:TEXT_LENGTH], "b"]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(-(2**31), 2**31), st.floats(allow_nan=False)), min_size=1, max_size=40))
def test_numbers_come_back_as_they_were(tmp_path: Path, rows: list[tuple[int, float]]) -> None:
    table = pa.table({"n": [one for one, _ in rows], "x": [x for _, x in rows]})
    for write in (as_parquet, as_feather, as_stream):
        assert taken(write(table, tmp_path / "given"))[0].equals(table)


@pytest.mark.parametrize(
    ("table", "limits", "said"),
    [
        (pa.table({"x": range(11)}), Limits(rows=10), "11 rows: at most 10"),
        (pa.table({f"c{at}": [1] for at in range(4)}), Limits(columns=3), "4 columns: at most 3"),
        (pa.table({"x": range(1_000)}), Limits(unpacked=100), "unpacks to more than 100 bytes"),
        (pa.table([[1], [2]], ["x", "x"]), Limits(), "more than one column is named 'x'"),
        (pa.table({"x\n": [1]}), Limits(), "letters, digits and signs"),
        (pa.table({"x" * 201: [1]}), Limits(), "at most 200 letters"),
        (pa.table({"x": [[1]]}), Limits(), "no column of numbers, times or text"),
        (pa.table({"x": pa.array([], pa.int8())}), Limits(), "no rows"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("write", [as_parquet, as_stream])
def test_what_nobody_can_work_with_is_refused(tmp_path: Path, write: Any, table: Any, limits: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        taken(write(table, tmp_path / "given"), limits)


def test_a_larger_file_may_unpack_to_more(tmp_path: Path) -> None:
    path = tmp_path / "given"
    for size, most in ((1, SMALL_BYTES), (10**7, 10**7 * EXPANSION), (10**9, Limits().unpacked)):
        with path.open("wb") as file:
            file.truncate(size)
        assert Limits().most(path) == most


@pytest.mark.parametrize("write", [as_parquet, as_feather, as_stream])
def test_points_come_as_their_coordinates(tmp_path: Path, write: Any) -> None:
    points = [struct.pack("<BIdd", 1, 1, x, 50.0) for x in (9.5, 10.5)]
    said = {"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    table = pa.table({"geometry": [*points, None], "id": [1, 2, 3]}).replace_schema_metadata({"geo": json.dumps(said)})
    found, told = taken(write(table, tmp_path / "given"))
    assert found.to_pydict() == {"geometry.lon": [9.5, 10.5, None], "geometry.lat": [50, 50, None], "id": [1, 2, 3]}
    assert told["left"] == []


@pytest.mark.parametrize("write", [as_parquet, as_feather, as_stream])
def test_a_column_that_cannot_be_read_is_left_out(tmp_path: Path, write: Any) -> None:
    offsets, letters = pa.py_buffer(np.array([0, 1, 2], np.int32)), pa.py_buffer(b"a\xff")
    table = pa.table({"x": [1, 2], "text": pa.StringArray.from_buffers(2, offsets, letters), "y": [3, 4]})
    found, told = taken(write(table, tmp_path / "given"))
    assert found.to_pydict() == {"x": [1, 2], "y": [3, 4]}
    assert told["left"] == ["text"]
