"""Tables of each format: folders of Parquet, text, and files that cannot be read."""

import gzip
import os
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from app.pipeline.errors import DataError, DataMissingError, ParameterError, UnknownNameError
from app.pipeline.table import describe, open_table
from app.pipeline.types import Axis, Field
from tests.unit.samples import as_nobody, column, written

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data"


class TestParquetFolders:
    """Folders: natural order, partitions, and what does not belong."""

    def test_files_come_in_natural_order(self, tmp_path: Path) -> None:
        for at in (10, 2, 1):
            pq.write_table(pa.table({"x": [float(at)]}), tmp_path / f"part.{at}.parquet")
        assert column(tmp_path, "x").tolist() == [1, 2, 10]

    def test_hive_partitions_are_columns(self, tmp_path: Path) -> None:
        table = pa.table({"x": [1.0, 2.0, 3.0], "year": [2001, 2002, 2001], "kind": ["a", "b", "b"]})
        pads.write_dataset(
            table, tmp_path / "d", format="parquet", partitioning=["year", "kind"], partitioning_flavor="hive"
        )
        found = open_table(tmp_path / "d", [Axis("x"), Field("y", "year"), Field("k", "kind", "category")], None)
        rows = zip(found.column("x"), found.column("year"), found.codes("kind"), strict=True)
        assert {(x, year, found.categories("kind")[code]) for x, year, code in rows} == {
            (1.0, 2001, "a"),
            (2.0, 2002, "b"),
            (3.0, 2001, "b"),
        }

    def test_names_without_extension_count_where_nothing_else_does(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"x": [1.0]}), tmp_path / "part-00000")
        assert column(tmp_path, "x").tolist() == [1.0]

    @pytest.mark.skipif(not SAMPLES.exists(), reason="the samples of HoloViz's data sets are not beside the repository")
    def test_the_census_sample_opens(self) -> None:
        table = open_table(SAMPLES / "census2010.parq", [Axis("easting"), Field("race", "race", "category")], None)
        assert table.rows == 9_200
        assert table.categories("race") == ("w", "h", "b", "a", "o")


class TestText:
    """CSV: types judged from a sample are widened where later rows need it."""

    @pytest.mark.parametrize(
        ("first", "later", "expected"),
        [
            ("1", "2.5", 2.5),
            ("", "2.5", 2.5),
            ("2020-01-01", "2020-01-02 12:00:00", 1_577_966_400_000.0),
            ("2020-01-01 10:00:00", "2020-01-02 12:00:00.25", 1_577_966_400_250.0),
        ],
    )
    def test_numbers_and_dates_are_widened(self, tmp_path: Path, first: str, later: str, expected: float) -> None:
        path = tmp_path / "t.csv"
        path.write_text("x,pad\n" + f"{first},{'-' * 90}\n" * 60_000 + f"{later},\n")
        found = column(path, "x", tmp_path / "cache")
        assert (len(found), found[-1]) == (60_001, expected)

    def test_a_late_word_among_numbers_is_left_empty_and_told(self, tmp_path: Path) -> None:
        path = tmp_path / "t.csv"
        path.write_text("x,pad\n" + f"1,{'-' * 90}\n" * 60_000 + "one,\n")
        table = open_table(path, [Axis("x")], None)
        assert table.rows == 60_001
        assert np.flatnonzero(np.isnan(table.column("x"))).tolist() == [60_000]
        assert "In 'x', 1 value cannot be read as a number: left empty; first 'one' in line 60,002." in table.notes

    def test_the_region_called_na_is_not_missing(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("basin\nNA\nEP\nNA\n")
        assert open_table(tmp_path / "t.csv", [Field("b", "basin", "category")], None).categories("basin") == (
            "NA",
            "EP",
        )

    def test_quoted_line_breaks_are_text(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text('x,word\n1,"a\nb"\n2,c\n')
        assert column(tmp_path / "t.csv", "x").tolist() == [1, 2]


class TestBadInput:
    """One clear sentence each, and no reader's traceback."""

    def fails(self, path: Path, match: str, name: str = "x", error: type[DataError] = DataError) -> None:
        with pytest.raises(error, match=match) as caught:
            column(path, name)
        assert "\n" not in str(caught.value)

    def test_missing_file(self, tmp_path: Path) -> None:
        self.fails(tmp_path / "none.parquet", "no file or folder at .*none.parquet", error=DataMissingError)
        with pytest.raises(DataMissingError):
            describe(tmp_path / "none.parquet")

    def test_folder_without_parquet(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("x")
        self.fails(tmp_path, "holds no Parquet file")

    @pytest.mark.parametrize("keep", [0, 3, 40, -1])
    def test_truncated_parquet(self, tmp_path: Path, keep: int) -> None:
        path = written(tmp_path, x=np.arange(1000.0))
        path.write_bytes(path.read_bytes()[:keep])
        self.fails(path, "not a whole Parquet file")

    def test_parquet_with_a_hole(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=np.random.default_rng(1).random(10_000))
        whole = path.read_bytes()
        path.write_bytes(whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :])
        self.fails(path, "cannot be read as Parquet")

    def test_text_called_parquet(self, tmp_path: Path) -> None:
        (tmp_path / "t.parquet").write_text("x,y\n1,2\n")
        self.fails(tmp_path / "t.parquet", "in another format")

    @pytest.mark.parametrize("name", ["t.feather", "t.arrow"])
    def test_text_called_arrow(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text("x,y\n1,2\n")
        self.fails(tmp_path / name, "cannot be read as Arrow IPC")

    def test_feather_of_version_one(self, tmp_path: Path) -> None:
        (tmp_path / "t.feather").write_bytes(b"FEA1" + bytes(100) + b"FEA1")
        self.fails(tmp_path / "t.feather", "Feather file of version 1")

    def test_ragged_rows_are_left_out_and_the_first_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("x,y\n1,2\n3\n")
        table = open_table(tmp_path / "t.csv", [Axis("x")], None)
        assert (table.rows, table.skipped) == (1, 1)
        assert "1 line is no row and is left out; it is line 3, with 1 value ('3') where there are 2 columns." in (
            table.notes
        )

    def test_gzip_cut_short(self, tmp_path: Path) -> None:
        packed = gzip.compress(b"x,y\n" + os.urandom(100).hex().encode() + b",2\n")
        (tmp_path / "t.csv.gz").write_bytes(packed[:-40])
        self.fails(tmp_path / "t.csv.gz", "cannot be read as CSV")

    @pytest.mark.parametrize("body", ["", "\n\n", "# nothing\n", "x,y\n", "\ufeff"])
    def test_degenerate_csv(self, tmp_path: Path, body: str) -> None:
        (tmp_path / "t.csv").write_text(body, encoding="utf-8")
        self.fails(tmp_path / "t.csv", "no rows")

    def test_zero_rows(self, tmp_path: Path) -> None:
        self.fails(written(tmp_path, x=pa.array([], pa.float64())), "has no rows")

    def test_unknown_column(self, tmp_path: Path) -> None:
        self.fails(
            written(tmp_path, longitude=[1.0]), "no column named 'longitud'; did you mean 'longitude'", "longitud"
        )

    def test_text_as_a_coordinate(self, tmp_path: Path) -> None:
        self.fails(written(tmp_path, x=["north"]), "column 'x' does not hold numbers but string .*'north'")

    def test_nested_columns(self, tmp_path: Path) -> None:
        path = written(tmp_path, x=[[1, 2]])
        self.fails(path, "does not hold numbers but list")
        with pytest.raises(DataError, match="cannot be a category"):
            open_table(path, [Field("x", "x", "category")], None)

    def test_unsupported_extension(self, tmp_path: Path) -> None:
        (tmp_path / "t.xlsx").write_bytes(b"PK")
        self.fails(tmp_path / "t.xlsx", "a format that is not read: save its sheet as CSV")
        (tmp_path / "t.xyz").write_bytes(b"PK")
        self.fails(tmp_path / "t.xyz", "no known extension: use one of .parquet")

    def test_unreadable_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = written(Path(folder), x=[1.0])
            path.chmod(0)
            Path(folder).chmod(0o755)
            with as_nobody():
                self.fails(path, "may not be read by this user")

    def test_no_columns_asked_for(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError, match="at least one column"):
            open_table(written(tmp_path, x=[1.0]), [], None)

    def test_columns_not_asked_for(self, tmp_path: Path) -> None:
        table = open_table(written(tmp_path, x=[1.0], word=["a"]), [Axis("x"), Field("w", "word", "category")], None)
        with pytest.raises(UnknownNameError, match=r"no column named 'y'\. Known: x"):
            table.column("y")
        with pytest.raises(UnknownNameError, match=r"no category column named 'x'\. Known: word"):
            table.codes("x")
