"""Tables: whatever the format, columns come out as they went in, once read and then mapped."""

import gzip
import os
import resource
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.feather as feather
import pyarrow.ipc as paipc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.pipeline import columns as columns_module
from app.pipeline.errors import DataError
from app.pipeline.table import Table, describe, fingerprint, open_table
from app.pipeline.types import Axis, Field
from tests.unit.samples import column, written

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data"
TABLE = pa.table(
    {
        "x": pa.array([0.5, -1.5, 2.25], pa.float32()),
        "y": pa.array([1.0, 2.0, 3.0], pa.float64()),
        "n": pa.array([1, 2, 3], pa.int16()),
        "word": ["a", "b", "a"],
    }
)


def _write_stream(table: pa.Table, path: Path) -> None:
    with paipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


def _write_gzip(table: pa.Table, path: Path) -> None:
    pacsv.write_csv(table, path.with_suffix(""))
    path.write_bytes(gzip.compress(path.with_suffix("").read_bytes()))


def _write_folder(table: pa.Table, path: Path) -> None:
    path.mkdir()
    for at in range(3):
        pq.write_table(table.slice(at, 1), path / f"part.{at * 9}.parquet")
    (path / "_SUCCESS").touch()
    (path / "README.txt").write_text("not data")


WRITERS = {
    "t.parquet": pq.write_table,
    "t.parq": lambda table, path: pq.write_table(table, path, row_group_size=1),
    "folder.parq": _write_folder,
    "t.csv": pacsv.write_csv,
    "t.csv.gz": _write_gzip,
    "t.tsv": lambda table, path: pacsv.write_csv(table, path, pacsv.WriteOptions(delimiter="\t")),
    "semicolon.csv": lambda table, path: pacsv.write_csv(table, path, pacsv.WriteOptions(delimiter=";")),
    "t.feather": feather.write_feather,
    "t.arrow": _write_stream,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kept", [True, False])
def test_every_format_gives_the_same_columns(tmp_path: Path, name: str, kept: bool) -> None:
    WRITERS[name](TABLE, tmp_path / name)
    wanted = [Axis("x"), Axis("y"), Field("n", "n"), Field("word", "word", "category")]
    table = open_table(tmp_path / name, wanted, tmp_path / "cache" if kept else None)
    assert table.rows == 3
    for asked in ("x", "y", "n"):
        np.testing.assert_array_equal(table.column(asked), TABLE[asked].to_numpy())
        assert not table.column(asked).flags.writeable
    assert table.categories("word") == ("a", "b")
    assert table.codes("word").tolist() == [0, 1, 0]


def test_describe_tells_what_is_there(tmp_path: Path) -> None:
    path = written(tmp_path, x=[1.0], when=[datetime(2020, 1, 1, tzinfo=UTC)], word=["a"], yes=[True], many=[[1]])
    info = describe(path)
    assert (info.rows, info.bytes) == (1, path.stat().st_size)
    assert [one.nature for one in info.columns] == ["number", "time", "text", "bool", "other"]


def test_describe_does_not_count_the_rows_of_text(tmp_path: Path) -> None:
    pacsv.write_csv(TABLE, tmp_path / "t.csv")
    assert describe(tmp_path / "t.csv").rows is None


@pytest.mark.parametrize(
    ("array", "dtype", "values"),
    [
        (pa.array([1.5, None], pa.float32()), "f4", [1.5, np.nan]),
        (pa.array([1.5, None], pa.float16()), "f4", [1.5, np.nan]),
        (pa.array([1, 2], pa.uint8()), "u1", [1, 2]),
        (pa.array([1, None], pa.int32()), "f8", [1, np.nan]),
        (pa.array([True, False]), "u1", [1, 0]),
        (pa.array([Decimal("1.25"), None]), "f8", [1.25, np.nan]),
        (pa.array([None, None]), "f8", [np.nan, np.nan]),
        (pa.array([date(1970, 1, 2), None]), "f8", [86_400_000, np.nan]),
        (pa.array([86_400_000, None], pa.date64()), "f8", [86_400_000, np.nan]),
        (pa.array([datetime(1970, 1, 1, 0, 0, 1)]), "f8", [1000]),
        (pa.array([1_500_000, None], pa.timestamp("ns", "Europe/Paris")), "f8", [1.5, np.nan]),
        (pa.array([61], pa.time32("s")), "f8", [61_000]),
        (pa.array([1_000], pa.time64("us")), "f8", [1]),
        (pa.array([1_500], pa.duration("ms")), "f8", [1.5]),
        (pa.array([7, 9], pa.int8()).dictionary_encode(), "i1", [7, 9]),
    ],
    ids=lambda value: str(getattr(value, "type", "")) or None,
)
def test_types_become_arrays(tmp_path: Path, array: pa.Array, dtype: str, values: list[float]) -> None:
    path = tmp_path / "t.feather"
    feather.write_feather(pa.table({"c": array}), path)
    found = column(path, "c")
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("kept", [True, False])
def test_whole_numbers_are_widened_where_a_later_batch_has_nulls(tmp_path: Path, kept: bool) -> None:
    path = tmp_path / "t.parquet"
    numbers = pa.chunked_array([pa.array([1, 2], pa.int16()), pa.array([None, 4], pa.int16())])
    pq.write_table(pa.table({"n": numbers}), path, row_group_size=2)
    np.testing.assert_array_equal(column(path, "n", tmp_path / "c" if kept else None), [1, 2, np.nan, 4])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.none() | st.floats(width=32) | st.integers(-(2**31), 2**31), min_size=1, max_size=30),
    words=st.data(),
)
def test_columns_round_trip(tmp_path: Path, numbers: list[float | None], words: st.DataObject) -> None:
    texts = words.draw(st.lists(st.none() | st.text(max_size=5), min_size=len(numbers), max_size=len(numbers)))
    floats = pa.array([None if one is None else float(one) for one in numbers], pa.float64())
    path = written(tmp_path, x=floats, word=pa.array(texts, pa.string()))
    table = open_table(path, [Axis("x"), Field("word", "word", "category")], tmp_path / "cache")
    np.testing.assert_array_equal(table.column("x"), [np.nan if one is None else float(one) for one in numbers])
    names = table.categories("word")
    if len({text for text in texts if text}) <= columns_module.KEPT and not {"other", "missing"} & set(texts):
        assert [names[code] for code in table.codes("word")] == [text or "missing" for text in texts]


class TestCategories:
    """Categories: declared first, the frequent ones otherwise, and nothing lost."""

    def open(self, tmp_path: Path, values: list[object], *declared: str) -> Table:
        path = written(tmp_path, c=pa.array(values))
        return open_table(path, [Field("c", "c", "category", categories=declared)], tmp_path / "cache")

    def test_the_most_frequent_come_first(self, tmp_path: Path) -> None:
        table = self.open(tmp_path, ["b", "c", "c", "a"])
        assert table.categories("c") == ("c", "a", "b")
        assert table.codes("c").dtype == np.uint8

    def test_declared_ones_keep_their_order(self, tmp_path: Path) -> None:
        table = self.open(tmp_path, ["b", "c", "c", "a"], "a", "b", "c", "unseen")
        assert table.categories("c") == ("a", "b", "c", "unseen")
        assert table.codes("c").tolist() == [1, 2, 2, 0]
        assert table.notes == ()

    def test_undeclared_values_and_nulls_come_last(self, tmp_path: Path) -> None:
        table = self.open(tmp_path, ["a", None, "z", ""], "a")
        assert table.categories("c") == ("a", "other", "missing")
        assert table.codes("c").tolist() == [0, 2, 1, 2]
        assert table.notes == (
            "1 row with a 'c' that is not declared: counted as 'other'.",
            "2 rows without 'c': counted as 'missing'.",
        )

    def test_missing_follows_at_once_where_nothing_is_folded(self, tmp_path: Path) -> None:
        table = self.open(tmp_path, ["a", None, "b"], "a", "b")
        assert table.categories("c") == ("a", "b", "missing")
        assert table.codes("c").tolist() == [0, 2, 1]
        again = open_table(tmp_path / "t.parquet", [Field("c", "c", "category", categories=("a", "b"))], None)
        assert again.codes("c").tolist() == [0, 2, 1]

    def test_values_called_other_stay_themselves(self, tmp_path: Path) -> None:
        table = self.open(tmp_path, ["other", "missing", "z", None], "other", "missing")
        assert table.categories("c") == ("other", "missing", "other values", "missing values")

    @pytest.mark.parametrize(
        ("values", "names"),
        [
            ([3, 1, 10, 1], ("1", "3", "10")),
            ([1.0, 2.5, float("nan"), 1.0], ("1", "2.5", "missing")),
            ([True, False, True], ("True", "False")),
            ([date(2020, 1, 2)], ("2020-01-02",)),
            (pa.array(["b", "b", "a"], pa.string_view()), ("b", "a")),
        ],
    )
    def test_other_types_are_written_out(self, tmp_path: Path, values: list[object], names: tuple[str, ...]) -> None:
        assert self.open(tmp_path, values).categories("c") == names

    def test_a_hundred_thousand_values_are_folded_and_said(self, tmp_path: Path) -> None:
        users = [f"u{at}" for at in range(100_000)]
        table = self.open(tmp_path, [*users, *users[:19]])
        assert table.categories("c") == (*sorted(users[:19]), "other")
        assert np.bincount(table.codes("c")).tolist() == [2] * 19 + [99_981]
        assert table.notes == (
            "100,000 distinct values in 'c': the 19 most frequent are kept, the others are counted as 'other'.",
        )

    def test_counting_forgets_rare_values_beyond_its_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(columns_module, "COUNTED", 100)
        counts = columns_module.Frequencies()
        for start in range(0, 1_000, 50):
            counts.add(pa.array([*map(str, range(start, start + 50)), *["common"] * 3]))
        assert counts.top()[0] == "common"
        assert counts.note("c").startswith("More than 100 distinct values in 'c'")

    def test_many_declared_ones_take_two_bytes(self, tmp_path: Path) -> None:
        names = [str(at) for at in range(300)]
        table = self.open(tmp_path, names, *names)
        assert table.codes("c").dtype == np.uint16
        assert table.codes("c").tolist() == list(range(300))

    def test_dictionaries_may_differ_between_batches(self, tmp_path: Path) -> None:
        path = tmp_path / "t.parquet"
        pq.write_table(pa.table({"c": pa.array(["a", "b", "b", "c"]).dictionary_encode()}), path, row_group_size=2)
        table = open_table(path, [Field("c", "c", "category")], None)
        assert [table.categories("c")[code] for code in table.codes("c")] == ["a", "b", "b", "c"]

    def test_one_column_serves_as_number_and_category(self, tmp_path: Path) -> None:
        path = written(tmp_path, c=[3, 1])
        fields = [Field("c", "c"), Field("k", "c", "category"), Field("d", "c", "category", categories=("3",))]
        table = open_table(path, fields, tmp_path / "cache")
        assert table.column("c").tolist() == [3, 1]
        assert table.categories(fields[1]) == ("1", "3")
        assert table.categories(fields[2]) == ("3", "other")


def test_tracks_of_text_are_told_apart(tmp_path: Path) -> None:
    path = written(tmp_path, track=["b", "b", "a", None])
    marks = open_table(path, ["track"], tmp_path / "cache").column("track")
    assert marks.dtype == np.uint64
    assert [bool(one) for one in marks[1:] != marks[:-1]] == [False, True, True]


def test_tracks_of_numbers_stay_numbers(tmp_path: Path) -> None:
    assert open_table(written(tmp_path, track=[4, 4, 5]), ["track"], None).column("track").tolist() == [4, 4, 5]


def test_lines_bring_the_columns_of_their_ends(tmp_path: Path) -> None:
    path = written(tmp_path, x=[1.0], x1=[2.0])
    assert open_table(path, [Axis("x", end="x1")], None).column("x1").tolist() == [2.0]


class TestFolder:
    """Columns are kept by fingerprint, read once, and never trusted blindly."""

    def test_a_second_opening_reads_no_data(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=[1.0, 2.0])
        seen: list[float] = []
        open_table(path, [Axis("x")], tmp_path / "cache", lambda fraction, _: seen.append(fraction))
        assert (seen[0], seen[-1]) == (0.0, 1.0)
        assert seen == sorted(seen)
        seen.clear()
        table = open_table(path, [Axis("x")], tmp_path / "cache", lambda fraction, _: seen.append(fraction))
        assert seen == []
        assert table.column("x").tolist() == [1.0, 2.0]

    def test_only_missing_columns_are_read(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=[1.0], y=[2.0])
        open_table(path, [Axis("x")], tmp_path / "cache")
        home = tmp_path / "cache" / fingerprint(path)
        before = {file.name: file.stat().st_mtime_ns for file in home.iterdir()}
        assert open_table(path, [Axis("x"), Axis("y")], tmp_path / "cache").column("y").tolist() == [2.0]
        assert {file.name: file.stat().st_mtime_ns for file in home.iterdir() if file.name in before} == before

    def test_no_temporary_folder_stays(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=[1.0], word=["a"])
        with pytest.raises(DataError):
            open_table(path, [Axis("x"), Axis("word")], tmp_path / "cache")
        open_table(path, [Axis("x")], tmp_path / "cache")
        assert {file.suffix for file in (tmp_path / "cache" / fingerprint(path)).iterdir()} == {".npy", ".json"}

    def test_remains_of_dead_processes_are_removed(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=[1.0])
        old = tmp_path / "cache" / fingerprint(path) / ".new-dead"
        old.mkdir(parents=True)
        os.utime(old, (0, 0))
        open_table(path, [Axis("x")], tmp_path / "cache")
        assert not old.exists()

    def test_arrays_outlive_their_folder(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=np.arange(100_000.0))
        table = open_table(path, [Axis("x")], tmp_path / "cache")
        shutil.rmtree(tmp_path / "cache")
        assert table.column("x").sum() == np.arange(100_000.0).sum()

    @pytest.mark.parametrize("suffix", [".npy", ".json"])
    def test_damaged_columns_are_read_again(self, tmp_path: Path, suffix: str) -> None:
        path = written(tmp_path, x=[1.0, 2.0])
        open_table(path, [Axis("x")], tmp_path / "cache")
        for file in (tmp_path / "cache").rglob(f"*{suffix}"):
            file.write_bytes(file.read_bytes()[:-9])
        assert column(path, "x", tmp_path / "cache").tolist() == [1.0, 2.0]

    def test_a_folder_that_cannot_be_made_costs_a_note(self, tmp_path: Path) -> None:
        (tmp_path / "cache").write_text("a file where the folder should be")
        table = open_table(written(tmp_path, x=[1.0]), [Axis("x")], tmp_path / "cache")
        assert table.column("x").tolist() == [1.0]
        assert "cannot be written" in table.notes[0]

    def test_a_full_disk_costs_a_note(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=np.arange(100_000.0))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
        try:
            table = open_table(path, [Axis("x")], tmp_path / "cache")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert table.column("x")[-1] == 99_999
        assert "cannot be written (File too large)" in table.notes[0]

    def test_changed_files_are_other_tables(self, tmp_path: Path) -> None:
        before = fingerprint(written(tmp_path, x=[1.0]))
        assert fingerprint(tmp_path / "t.parquet") == before
        assert fingerprint(written(tmp_path, x=[1.5])) != before
        folder = tmp_path / "f"
        _write_folder(TABLE, folder)
        before = fingerprint(folder)
        (folder / "part.9.parquet").unlink()
        assert fingerprint(folder) != before

    def test_the_footer_counts_even_where_size_and_time_agree(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=[1.0])
        before, facts = fingerprint(path), path.stat()
        written(tmp_path, x=[2.0])
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        assert path.stat().st_size == facts.st_size
        assert fingerprint(path) != before

    def test_a_file_that_changes_while_being_read_is_refused(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=[1.0])

        def change(fraction: float, message: str) -> None:
            os.utime(path, (1, 1))

        with pytest.raises(DataError, match="changed while it was being read"):
            open_table(path, [Axis("x")], None, change)
