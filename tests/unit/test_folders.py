"""Folders of Parquet: files that differ, partitions, what lies beside them, and tables with a log."""

import os
from pathlib import Path
from typing import Any

import deltalake
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.datasets.recognise import recognise
from app.pipeline.errors import DataError
from app.pipeline.lakes import open_lake
from app.pipeline.sources import open_source
from app.pipeline.table import fingerprint, open_table
from app.pipeline.types import Axis, Field

PLACES = {"lon": [9.5, 10.5], "lat": [55.0, 56.0]}


def folder(path: Path, **files: Any) -> Path:
    """Write a folder of two-row files that share their places; names have ``|`` for ``/``."""
    for name, columns in files.items():
        file = path / f"{name.replace('|', '/')}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({**PLACES, **columns}), file)
    return path


def rows(path: Path, *names: str) -> list[Any]:
    """Return columns as Python values, whole."""
    source = open_source(path)
    found = pa.Table.from_batches([part.batch for part in source.scan(names or source.schema.names)])
    columns = [found.column(name).to_pylist() for name in (names or source.schema.names)]
    return columns[0] if len(columns) == 1 else columns


@pytest.mark.parametrize(
    ("first", "second", "kind", "expected"),
    [
        (pa.nulls(2), pa.array([1.5, 2.5]), "double", [None, None, 1.5, 2.5]),
        (pa.array([1, 2]), pa.array([1.5, 2.5]), "double", [1.0, 2.0, 1.5, 2.5]),
        (pa.nulls(2), pa.array(["a", "b"]), "string", [None, None, "a", "b"]),
        (pa.array([1, None], pa.int8()), pa.array([2**53 + 1, 3]), "int64", [1, None, 2**53 + 1, 3]),
        (pa.array(["p", None]).dictionary_encode(), pa.array(["q", "p"], pa.large_string()), "string",
         ["p", None, "q", "p"]),
        (pa.array([1.0, 2.5]), pa.array(["q", None]), "string", ["1", "2.5", "q", None]),
        (pa.array([2**63 + 5, 1], pa.uint64()), pa.array([-1, 2**53 + 1]), "string",
         ["9223372036854775813", "1", "-1", "9007199254740993"]),
        (pa.array([7, 8], pa.uint8()), pa.array([2**63 + 5, None], pa.uint64()), "uint64", [7, 8, 2**63 + 5, None]),
        (pa.array([True, None]), pa.array([3, 4]), "int64", [1, None, 3, 4]),
        (pa.array([[1], [2]]), pa.array([3, 4]), "int64", [None, None, 3, 4]),
        (pa.array([1.5, 2.5], pa.float32()), pa.array([1, 2], pa.int16()), "double", [1.5, 2.5, 1.0, 2.0]),
    ],
)  # fmt: skip
def test_types_that_differ_become_one_that_holds_all(
    tmp_path: Path, first: pa.Array, second: pa.Array, kind: str, expected: list[object]
) -> None:
    path = folder(tmp_path / "f", a={"v": first}, b={"v": second})
    assert str(open_source(path).schema.field("v").type) == kind
    assert rows(path, "v") == expected
    assert rows(folder(tmp_path / "g", a={"v": second}, b={"v": first}), "v") == expected[2:] + expected[:2]
    plot = recognise(path).plots[0]
    table = open_table(path, [plot.x, plot.y, *plot.fields], None)
    assert table.rows == 4
    assert all(table.holds(field) for field in plot.fields)


def test_times_of_several_units_are_one(tmp_path: Path) -> None:
    day = 86_400_000.0
    path = folder(
        tmp_path / "f",
        a={"t": pa.array([0, 1], pa.timestamp("s"))},
        b={"t": pa.array([0, 86_400 * 10**9], pa.timestamp("ns", "UTC"))},
        c={"t": pa.array([1, 2], pa.date32())},
    )
    found = open_table(path, [Axis("lon"), Field("t", "t", "time")], None).column("t")
    assert found.tolist() == [0.0, 1000.0, 0.0, day, day, 2 * day]


def test_mixed_types_and_columns_of_some_files_are_said(tmp_path: Path) -> None:
    path = folder(tmp_path / "f", a={"v": [1, 2], "extra": [5, 6]}, b={"v": ["x", "y"]}, c={"v": ["z", "y"]})
    notes = open_source(path).notes
    assert any("'v' is int64 in some files" in note and "taken as text" in note for note in notes)
    assert any("'extra' (1 of 3 files)" in note for note in notes)
    assert rows(path, "extra") == [5, 6, None, None, None, None]
    assert rows(folder(tmp_path / "later", a={}, b={"extra": PLACES["lat"]}), "extra") == [None, None, 55.0, 56.0]
    assert not open_source(folder(tmp_path / "g", a={"v": [1, 2]}, b={"v": [1.5, 2]})).notes


def test_columns_in_another_order_keep_their_values(tmp_path: Path) -> None:
    pq.write_table(pa.table({"lat": [1.0], "lon": [2.0]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"lon": [3.0], "lat": [4.0]}), tmp_path / "b.parquet")
    assert rows(tmp_path, "lon", "lat") == [[2.0, 3.0], [1.0, 4.0]]


class TestKeys:
    """Partitions: in the folders' names, in the files, or in both."""

    def test_keys_with_leading_zeros_stay_text(self, tmp_path: Path) -> None:
        path = folder(tmp_path / "f", **{"year=2020|month=01|a": {}, "year=2021|month=10|a": {}})
        assert rows(path, "month") == ["01", "01", "10", "10"]
        assert rows(path, "year") == [2020, 2020, 2021, 2021]

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (("-5", "0"), [-5, -5, 0, 0]),
            (("1", "x"), ["1", "1", "x", "x"]),
            (("1", "__HIVE_DEFAULT_PARTITION__"), [1, 1, None, None]),
            (("a%20b%2Fc", "ü"), ["a b/c", "a b/c", "ü", "ü"]),
            (("9999999999999999999", "1"), ["9999999999999999999"] * 2 + ["1"] * 2),
        ],
    )
    def test_values_of_keys(self, tmp_path: Path, values: tuple[str, str], expected: list[object]) -> None:
        for at, value in enumerate(values):
            # Files of one name, so that only the place tells the order.
            folder(tmp_path / str(at), **{f"key={value}|a": {}})
        assert rows(tmp_path, "key") == expected

    def test_keys_that_are_in_the_files_as_well(self, tmp_path: Path) -> None:
        path = folder(
            tmp_path / "f",
            **{
                "k=01|n=1|0": {"k": ["01", "01"], "n": [1, 1]},
                "k=02|n=2|0": {"k": ["02", "02"], "n": [2, 2]},
                "k=__HIVE_DEFAULT_PARTITION__|n=2|0": {"k": pa.nulls(2, pa.string()), "n": [2, 2]},
            },
        )
        assert rows(path, "k", "n") == [["01", "01", "02", "02", None, None], [1, 1, 2, 2, 2, 2]]

    def test_keys_that_only_some_files_hold(self, tmp_path: Path) -> None:
        path = folder(tmp_path / "f", **{"y=2020|a": {"y": pa.array([2020, 2020], pa.int16())}, "y=2021|a": {}})
        assert rows(path, "y") == [2020, 2020, 2021, 2021]
        assert not open_source(path).notes

    def test_only_a_key_is_asked_for(self, tmp_path: Path) -> None:
        path = folder(tmp_path / "f", **{"y=1|a": {}, "y=2|a": {}})
        assert rows(path, "y") == [1, 1, 2, 2]
        assert open_source(path).sample(4).column("y").to_pylist() == [1, 1, 2, 2]


class TestWhatLiesBeside:
    """Files that do not count, and those that cannot be read."""

    def test_others_are_named_and_writers_own_are_not(self, tmp_path: Path) -> None:
        folder(tmp_path, a={}, b={})
        (tmp_path / "b.parquet").rename(tmp_path / "b.PARQUET")
        for name in ("readme.txt", "c.csv", "_SUCCESS", ".a.parquet.crc", "_metadata", "a.parquet.crc"):
            (tmp_path / name).write_text("x")
        source = open_source(tmp_path)
        assert source.rows == 4
        assert source.notes == ("Ignored in the folder, as no Parquet files: 'c.csv', 'readme.txt'.",)

    @pytest.mark.parametrize(
        "content", [b"", b"PAR1", b"x,y\n1,2\n", b"PAR1" + bytes(100), b"PAR1" + bytes(40) + b"PAR1"]
    )
    def test_unreadable_members_are_named(self, tmp_path: Path, content: bytes) -> None:
        folder(tmp_path, a={}, c={})
        (tmp_path / "b.parquet").write_bytes(content)
        source = open_source(tmp_path)
        assert (source.rows, len(source.notes)) == (4, 1)
        assert "'b.parquet'" in source.notes[0]
        assert rows(tmp_path, "lon") == PLACES["lon"] * 2

    def test_nothing_readable_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "a.parquet").write_bytes(b"PAR1")
        with pytest.raises(DataError, match="not a whole Parquet file; it is cut short"):
            open_source(tmp_path)

    def test_an_empty_folder_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="is empty: name a folder of"):
            open_source(tmp_path)
        (tmp_path / "a.csv").write_text("x,y\n1,2\n")
        with pytest.raises(DataError, match=r"holds no Parquet file, only 'a\.csv'"):
            open_source(tmp_path)

    def test_files_without_rows_count_for_their_columns(self, tmp_path: Path) -> None:
        empty = {name: pa.array([], pa.float64()) for name in PLACES}
        pq.write_table(pa.table({**empty, "more": pa.array([], pa.int64())}), tmp_path / "a.parquet")
        folder(tmp_path, b={})
        assert rows(tmp_path, "lon", "more") == [PLACES["lon"], [None, None]]
        assert len(open_source(tmp_path).sample(10)) == 2


class TestDelta:
    """Delta tables: the log says what counts, never the listing."""

    def write(self, path: Path, values: list[float], **options: Any) -> Path:
        table = pa.table({"lon": values, "lat": values, "k": ["01", "a b", None][: len(values)]})
        deltalake.write_deltalake(str(path), table, **options)
        return path

    @pytest.mark.parametrize("keys", [[], ["k"], ["k", "lat"]])
    def test_rows_of_before_are_not_drawn(self, tmp_path: Path, keys: list[str]) -> None:
        path = self.write(tmp_path / "d", [1.0, 2.0, 3.0], partition_by=keys)
        before = fingerprint(path)
        self.write(path, [7.0, 8.0], mode="overwrite", partition_by=keys)
        assert fingerprint(path) != before
        lon, lat, k = rows(path, "lon", "lat", "k")
        assert sorted(zip(lon, lat, k, strict=True)) == [(7.0, 7.0, "01"), (8.0, 8.0, "a b")]
        assert recognise(path).plots[0].x.column == "lon"

    def test_deleted_files_are_not_drawn_though_they_lie_there(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / "d", [1.0, 2.0, 3.0], partition_by=["k"])
        before = fingerprint(path)
        deltalake.DeltaTable(str(path)).delete("k = '01'")
        assert fingerprint(path) != before
        assert sorted(rows(path, "lon")) == [2.0, 3.0]

    def test_appended_columns_are_offered(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / "d", [1.0])
        deltalake.write_deltalake(
            str(path), pa.table({"lon": [2.0], "lat": [2.0], "new": [5]}), mode="append", schema_mode="merge"
        )
        assert sorted(rows(path, "new"), key=str) == [5, None]

    def test_a_table_without_rows_in_force(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / "d", [1.0])
        deltalake.DeltaTable(str(path)).delete()
        with pytest.raises(DataError, match="no rows in force"):
            open_source(path)

    def test_a_damaged_log(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / "d", [1.0])
        next((path / "_delta_log").glob("*.json")).write_text("{")
        with pytest.raises(DataError, match=r"the log of the Delta table .* cannot be read"):
            open_source(path)

    def test_a_file_of_the_log_that_is_gone(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / "d", [1.0])
        next(path.glob("*.parquet")).unlink()
        with pytest.raises(DataError, match="names a file that is not there"):
            open_source(path)

    def test_a_child_process_reads_a_log_that_its_parent_has_read(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / "d", [1.0, 2.0], partition_by=["k"])
        assert open_lake(path)
        # The library's threads do not survive a fork, and it panics in the child.
        pid = os.fork()
        if not pid:
            try:
                lake = open_lake(path)
                os._exit(0 if lake and len(lake.files) == 2 else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize(
    ("mark", "what"),
    [("metadata/v1.metadata.json", "Iceberg"), ("metadata/version-hint.text", "Iceberg"), (".hoodie/x", "Hudi")],
)
def test_other_lakes_are_refused_with_what_to_do(tmp_path: Path, mark: str, what: str) -> None:
    folder(tmp_path, a={})
    (tmp_path / mark).parent.mkdir(parents=True)
    (tmp_path / mark).write_text("{}")
    with pytest.raises(DataError, match=rf"is an? {what} table, .*: write what is in force as Parquet"):
        open_source(tmp_path)


def test_times_of_96_bits_do_not_wrap(tmp_path: Path) -> None:
    seconds = [-10_000_000_000, 20_000_000_000, 0]
    table = pa.table({"x": [1.0, 2.0, 3.0], "t": pa.array(seconds, pa.timestamp("s"))})
    pq.write_table(table, tmp_path / "t.parquet", use_deprecated_int96_timestamps=True, write_statistics=False)
    found = open_table(tmp_path / "t.parquet", [Axis("x"), Field("t", "t", "time")], None).column("t")
    np.testing.assert_array_equal(found, np.array(seconds) * 1000.0)
