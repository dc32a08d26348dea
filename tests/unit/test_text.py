"""Text as files have it: each kind of trouble, by an example that was met and two more."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from app.pipeline.errors import DataError
from app.pipeline.files import ReadAgainError
from app.pipeline.sources import open_source
from app.pipeline.table import open_table
from app.pipeline.text import TextSource
from app.pipeline.types import Axis, Field


def read(path: Path, body: str | bytes = "") -> tuple[pa.Table, TextSource]:
    """Write a file where there is a body, and read all of it."""
    if body:
        path.write_bytes(body.encode() if isinstance(body, str) else body)
    source = open_source(path)
    assert isinstance(source, TextSource)
    while True:
        try:
            batches = [part.batch for part in source.scan(source.schema.names)]
        except ReadAgainError:
            continue
        return pa.Table.from_batches(batches, schema=source.schema), source


def rows(path: Path, body: str | bytes) -> list[dict[str, Any]]:
    return list(read(path, body)[0].to_pylist())


class TestQuotes:
    """Quotation marks lose no row."""

    @pytest.mark.parametrize("name", ["occ.csv", "occ.tsv", "OCC.TXT"])
    @pytest.mark.parametrize("stray", ['"Old mill, north bank', 'by the "old mill', '"', '"a" and "b', 'a 5" pipe'])
    @pytest.mark.parametrize("at", [{100}, {100, 101}, {3, 500, 998, 999}])
    def test_tabs_without_quoting(self, tmp_path: Path, name: str, stray: str, at: set[int]) -> None:
        lines = [f"{i}\t{55 + i / 1000:.3f}\t{stray if i in at else f'place {i}'}\t{i % 7}" for i in range(1000)]
        found, source = read(tmp_path / name, "id\tlat\tlocality\tcount\n" + "\n".join(lines) + "\n")
        assert (len(found), source.skipped) == (1000, 0)
        assert found["id"].to_pylist() == list(range(1000))
        assert {found["locality"][i].as_py() for i in at} == {stray}

    @pytest.mark.parametrize("late", ['7,"open,8', '7,op"en,8', '7,"ope"n",8'])
    def test_a_stray_mark_far_from_the_sample_in_a_file_that_quotes(self, tmp_path: Path, late: str) -> None:
        lines = [f'{i},"a, ""b"" {i}",{i}' for i in range(400_000)]
        lines[123_456] = late
        found, source = read(tmp_path / "t.csv", "x,word,y\n" + "\n".join(lines) + "\n")
        assert (len(found), source.skipped) == (400_000, 0)
        assert found["y"][123_456].as_py() == 8
        assert found["word"][123_457].as_py() == 'a, "b" 123457'

    def test_values_over_several_lines_are_one(self, tmp_path: Path) -> None:
        words = ["a\nb", 'say "no"\n, or\n', "\n\n", "plain", "last\n"] * 1000
        frame = pd.DataFrame({"x": range(5000), "word": words, "y": range(5000), "end": words})
        for quoting in (0, 1, 2):
            frame.to_csv(tmp_path / "t.csv", index=False, quoting=quoting)
            found, source = read(tmp_path / "t.csv")
            assert (found["word"].to_pylist(), found["end"].to_pylist(), source.skipped) == (words, words, 0)

    def test_a_value_over_the_end_of_a_block_is_one(self, tmp_path: Path) -> None:
        long = "\n".join(["line"] * 50_000)
        body = "x,word,y\n" + f'1,"{long}",2\n' * 40
        found, source = read(tmp_path / "t.csv", body)
        assert (found["word"].to_pylist(), source.skipped) == ([long] * 40, 0)

    def test_a_mark_that_never_closes_costs_its_line(self, tmp_path: Path) -> None:
        body = "x,word,y\n" + "".join(f'{i},"w, {i}",{i}\n' for i in range(100)) + '100,"w, 100\n101,"v",101\n'
        found, source = read(tmp_path / "t.csv", body)
        assert (len(found), source.skipped) == (102, 0) or (len(found), source.skipped) == (101, 1)
        assert found["x"].to_pylist()[-1] == 101
        assert any("line 102" in note for note in source.notes)

    def test_other_ways_to_quote(self, tmp_path: Path) -> None:
        assert rows(tmp_path / "a.csv", "a,b,c\n1,'x, y',2\n3,'z',4\n")[0] == {"a": 1, "b": "x, y", "c": 2}
        assert rows(tmp_path / "b.csv", '"a", "b", "c"\n1, "x, y", 2\n3, "z", 4\n')[0] == {"a": 1, "b": "x, y", "c": 2}
        escaped = 'i,j,x\n1,"{\\"a\\":1,\\"b\\":2}",3\n2,"{\\"a\\":1,\\"b\\":2}",4\n'
        assert rows(tmp_path / "c.csv", escaped)[1] == {"i": 2, "j": '{"a":1,"b":2}', "x": 4}


class TestLateValues:
    """What a column holds is decided by the bulk of its values."""

    @pytest.mark.parametrize(
        ("first", "last", "value"),
        [
            ("", "ANNA", "ANNA"),
            ("", "2024-01-02", None),
            ("12", "12A", None),
            ("3", "-", None),
            ("3", "N/A", None),
            ("3.5", "NULL", None),
            ("3.5", "unknown", None),
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.250Z", 1_704_067_200_250.0),
            ("2024-01-01 00:00:00", "2024-01-01 00:00:00.123456789", 1_704_067_200_123.456),
            ("12:00:00", "12:00:00.250", 43_200_250.0),
            ("2024-01-01", "0000-00-00", None),
            ("2024-01-01", "2024-02-30", None),
            ("2024-01-01", "2024-01-02 12:00:00", 1_704_196_800_000.0),
            ("9007199254740993", "18446744073709551615", 2**64 - 1),
        ],
    )
    def test_a_late_value_of_another_kind(self, tmp_path: Path, first: str, last: str, value: object) -> None:
        path = tmp_path / "t.csv"
        path.write_text("lon,lat,v\n" + f"10.5,55.5,{first}\n" * 300_000 + f"10.6,55.6,{last}\n")
        text = isinstance(value, str) or not first
        table = open_table(path, [Axis("lon"), Field("v", "v", "category") if text else Axis("v")], tmp_path / "kept")
        assert (table.rows, table.skipped) == (300_001, 0)
        if text:
            assert table.categories("v")[table.codes("v")[-1]] == (value or "missing" if value else last)
        else:
            found = table.column("v")
            assert np.isnan(found[-1]) if value is None else found[-1] == value
            assert not np.isnan(found[0])
        told = [note for note in table.notes if "'v'" in note and repr(last) in note and "300,002" in note]
        assert bool(told) == (last in ("12A", "unknown", "2024-02-30"))

    def test_notes_and_skipped_lines_are_kept_with_the_columns(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("x,y\n" + "1,2\n" * 50 + "3\nfour,5\n6,7,8\n")
        told = [open_table(tmp_path / "t.csv", [Axis("x"), Axis("y")], tmp_path / "kept") for _ in range(2)]
        assert told[0].notes == told[1].notes
        assert [(one.rows, one.skipped) for one in told] == [(51, 2)] * 2
        assert told[0].notes == (
            "2 lines are no rows and are left out; the first is line 52, with 1 value ('3') where there are 2 columns.",
            "In 'x', 1 value cannot be read as a number: left empty; first 'four' in line 53.",
        )

    def test_several_surprises_take_one_more_pass(self, tmp_path: Path) -> None:
        names = "abcdef"
        body = ",".join(names) + "\n" + "1,1,2024-01-01,1,1,1\n" * 400_000
        late = "1.5,2.5,2024-01-01 12:00:00,3.5,4.5,1e3\n"
        (tmp_path / "t.csv").write_text(body + late + "1,1,2024-01-01,1,1,1\n" * 400_000)
        source = TextSource(tmp_path / "t.csv")
        passes = 0
        while True:
            passes += 1
            try:
                last = [part.batch for part in source.scan(list(names))]
                break
            except ReadAgainError:
                continue
        assert passes <= 2
        found = pa.Table.from_batches(last, schema=source.schema)
        assert found.slice(400_000, 1).drop(["c"]).to_pylist() == [
            {"a": 1.5, "b": 2.5, "d": 3.5, "e": 4.5, "f": 1000.0}
        ]

    def test_identifiers_stay_exact(self, tmp_path: Path) -> None:
        ids = [2**53 + 1, 2**53 + 3, 2**63 - 1]
        found, _ = read(tmp_path / "a.csv", "id,x\n" + "".join(f"{one},1\n" for one in ids))
        assert found["id"].to_pylist() == ids
        found, _ = read(tmp_path / "b.csv", "id,x\n" + "".join(f"{one + 2**63},1\n" for one in range(3)))
        assert found["id"].to_pylist() == [2**63, 2**63 + 1, 2**63 + 2]
        found, _ = read(tmp_path / "c.csv", "id,x\n" + "".join(f"{10**30 + one},1\n" for one in range(3)))
        assert found["id"].to_pylist() == [str(10**30 + one) for one in range(3)]
        found, _ = read(tmp_path / "d.csv", "zip,x\n01234,1\n99999,2\n")
        assert found["zip"].to_pylist() == ["01234", "99999"]
        found, _ = read(tmp_path / "e.csv", "cell,x\n0x10,1\n0x1f,2\n")
        assert found["cell"].to_pylist() == ["0x10", "0x1f"]


class TestDecimals:
    """A comma is for decimals, thousands or values, by the evidence of the whole file."""

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ("lon;lat;n\n10,5;55,25;1\n11,25;56;-\n", (10.5, 55.25, 1)),
            ("sep=;\nlon;lat;n\n10,123;55,456;1\n", (10.123, 55.456, 1)),
            ("lon\tlat\tn\n10,5\t1.234,5\t1\n11,25\t2.345,75\t2\n", (10.5, 1234.5, 1)),
            ('lon,lat,n\n"10,5","55,25",1\n"11,25","56,5",2\n', (10.5, 55.25, 1)),
            ("lon|lat|n\n10,5|12 345,5|1\n11,25|1 000,5|2\n", (10.5, 12345.5, 1)),
            ('lon,lat,n\n10.5,"1,234.5",1\n11.25,"12,345.5",2\n', (10.5, 1234.5, 1)),
            ("lon;lat;n\n10.123;55.456;1\n11.123;56.456;2\n", (10.123, 55.456, 1)),
            ('lon,lat,n\n10.5,"1,234",1\n11.25,"12,345",2\n', (10.5, 1234, 1)),
        ],
    )
    def test_marks(self, tmp_path: Path, body: str, expected: tuple[float, ...]) -> None:
        assert tuple(rows(tmp_path / "t.csv", body)[0].values()) == expected

    @pytest.mark.parametrize(
        "body", ["a\tb\n1,123\t55,456\n", "a|b\n10,123|5,456\n7,100|8,999\n", 'a,b\n"1,234","5,678"\n']
    )
    def test_two_ways_to_read_it_are_refused_with_the_remedy(self, tmp_path: Path, body: str) -> None:
        with pytest.raises(DataError, match=r"column 'a': the comma of .* may mark decimals or thousands: write"):
            read(tmp_path / "t.csv", body)

    def test_an_unsure_column_beside_others_stays_text(self, tmp_path: Path) -> None:
        found, source = read(tmp_path / "t.csv", "x\ty\tz\n1\t2\t1,123\n3\t4\t2,456\n")
        assert found["z"].to_pylist() == ["1,123", "2,456"]
        assert any(note.startswith("'z' stays text, as the comma of '1,123'") for note in source.notes)

    def test_french_records_with_a_dash_for_nothing(self, tmp_path: Path) -> None:
        body = "Num_Acc;lat;long;larrout\n" + "2021001;48,85;2,35;-\n2021002;48,9;2,4;7,5\n2021003;-;-;-\n" * 20
        assert rows(tmp_path / "t.csv", body)[1:3] == [
            {"Num_Acc": 2021002, "lat": 48.9, "long": 2.4, "larrout": 7.5},
            {"Num_Acc": 2021003, "lat": None, "long": None, "larrout": None},
        ]

    @pytest.mark.parametrize(
        ("texts", "day"),
        [
            (["01.02.2024", "31.12.2023"], "2024-02-01"),
            (["02/01/2024", "12/31/2023"], "2024-02-01"),
            (["01/02/2024 00:00:00", "31/12/2023 01:00:00"], "2024-02-01"),
            (["02/01/2024 12:00:00 AM", "12/31/2023 11:00:00 PM"], "2024-02-01"),
        ],
    )
    def test_dates_are_read_where_their_order_shows(self, tmp_path: Path, texts: list[str], day: str) -> None:
        found, _ = read(tmp_path / "t.csv", "d;x;y\n" + "".join(f"{one};1;2\n" for one in texts))
        assert pd.Timestamp(found["d"][0].as_py()) == pd.Timestamp(day)

    def test_a_date_that_could_be_two_stays_text(self, tmp_path: Path) -> None:
        found, source = read(tmp_path / "t.csv", "d,x,y\n01/02/2024,1,2\n03/04/2024,3,4\n")
        assert found["d"].to_pylist() == ["01/02/2024", "03/04/2024"]
        assert any("'d' stays text" in note and "2024-12-31" in note for note in source.notes)


class TestHeaders:
    """What stands before the first row."""

    @pytest.mark.parametrize(
        ("body", "names"),
        [
            ("# by x\n# more\nlon,lat\n1,2\n", ["lon", "lat"]),
            ("#lon,lat\n1,2\n3,4\n", ["lon", "lat"]),
            ("Report of 2024\n\nlon,lat\n1,2\n", ["lon", "lat"]),
            ("lon,lat\ndegrees_east,degrees_north\n1,2\n3,4\n", ["lon", "lat"]),
            ("lon|lat\n1|2\n", ["lon", "lat"]),
            ("  lon   lat\n 1.5  2\n", ["lon", "lat"]),
            ("lon lat lon\n1 2 3\n", ["lon", "lat", "lon 2"]),
            ("lon,lat,\n1,2,\n", ["lon", "lat", ""]),
            ("1,2.5\n3,4\n", ["column 1", "column 2"]),
            ("Aarhus,10.2,56.1\nOdense,10.4,55.4\n", ["column 1", "column 2", "column 3"]),
            ("name,2019,2020\nDK,5,6\n", ["name", "2019", "2020"]),
            ("lon,lat\n0,1,2\n1,3,4\n", ["", "lon", "lat"]),
            ('lon,"lat\n(north)"\n1,2\n3,4\n', ["lon", "lat (north)"]),
            ("BZh,lat\n1,2\n3,4\n", ["BZh", "lat"]),
            ("lon,lat\n1,2\n#3,4\n# a comment, no row, at all\n", ["lon", "lat"]),
        ],
    )
    def test_names(self, tmp_path: Path, body: str, names: list[str]) -> None:
        found, source = read(tmp_path / "t.csv", body)
        assert found.column_names == names
        assert pa.types.is_integer(found.schema.field(names[1]).type) or "2.5" in body or "56.1" in body
        assert source.skipped == ("no row" in body)

    def test_units_are_said_and_are_no_row(self, tmp_path: Path) -> None:
        body = "SID,ISO_TIME,LAT,LON,WIND\n , ,degrees_north,degrees_east,kts\n"
        body += "".join(f"A{i},2020-01-01 0{i}:00:00,{10 + i}.5,-50.2,{'' if i else 35}\n" for i in range(9))
        found, source = read(tmp_path / "t.csv", body)
        assert len(found) == 9
        assert [str(field.type) for field in found.schema][1:] == ["timestamp[us]", "double", "double", "int64"]
        assert source.notes == ("Line 2 holds units, not a row: 'degrees_north, degrees_east, kts'.",)

    def test_files_put_together_repeat_the_header(self, tmp_path: Path) -> None:
        found, source = read(tmp_path / "DATA.CSV.GZ", gzip.compress(b"lat,lon\n55.1,10.1\n55.2,10.2\n" * 50))
        assert (len(found), source.skipped) == (100, 49)
        assert {tuple(row.values()) for row in found.to_pylist()} == {(55.1, 10.1), (55.2, 10.2)}
        assert "which repeats the header" in source.notes[0]


class TestBytes:
    """Encodings, line ends and packing."""

    @pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("many", [3, 60_000])
    def test_encodings_and_line_ends(self, tmp_path: Path, codec: str, end: str, many: int) -> None:
        lines = ["x,word,y", *(f"{i},{'Blåvand é' if i % 3 else 'plain'},{i}.5" for i in range(many))]
        found, source = read(tmp_path / "t.csv", end.join([*lines, ""]).encode(codec))
        assert found["y"].to_pylist() == [i + 0.5 for i in range(many)]
        assert found["word"][1].as_py() == "Blåvand é"
        said = {"u": "UTF-" + codec[4:6], "c": "Windows-1252"}[codec[0]]
        assert any(said in note for note in source.notes) == (not codec.startswith("utf-8"))

    def test_one_late_line_of_another_encoding(self, tmp_path: Path) -> None:
        body = ("x,word\n" + "1,ø\n" * 2_000_000).encode() + "2,é\n".encode("latin-1") + "3,å\n".encode()
        found, source = read(tmp_path / "t.csv", body)
        assert found["word"].to_pylist()[-3:] == ["ø", "é", "å"]
        assert source.notes == ("1 line is not UTF-8 and read as Windows-1252, first line 2,000,002.",)

    def test_nul_bytes_and_a_line_without_end(self, tmp_path: Path) -> None:
        found, source = read(tmp_path / "t.csv", b"x,y\n1,2\n3,\x004\n" + b"\0" * 5000)
        assert (found.to_pylist(), source.skipped) == ([{"x": 1, "y": 2}, {"x": 3, "y": 4}], 0)
        found, source = read(tmp_path / "u.csv", b"x,y\n1,2\n" + b"9" * 30_000_000 + b"\n3,4\n")
        assert (found["y"].to_pylist(), source.skipped) == ([2, 4], 1)

    @pytest.mark.parametrize(
        ("name", "pack"),
        [
            ("t.csv.gz", gzip.compress),
            ("t.TSV.GZ", gzip.compress),
            ("t.csv.gz", lambda body: gzip.compress(body[:50]) + gzip.compress(body[50:])),
            ("t.csv.zst", lambda body: pa.compress(body, "zstd", asbytes=True)),
            (
                "t.csv.zst",
                lambda body: b"".join(pa.compress(one, "zstd", asbytes=True) for one in (body[:50], body[50:])),
            ),
            ("T.CSV.BZ2", bz2.compress),
            ("t.txt.xz", lzma.compress),
            ("t.zip", lambda body: zipped({"t.csv": body})),
            ("t.csv.zip", lambda body: zipped({"__MACOSX/._t.csv": b"x", "t.csv": body, "README": b"read me"})),
            ("t.zip", lambda body: zipped({"occurrence.txt": body, "small.csv": b"a,b\n1,2\n"})),
        ],
    )
    @pytest.mark.parametrize("many", [100, 150_000])
    def test_packed(self, tmp_path: Path, name: str, pack: Any, many: int) -> None:
        found, _ = read(tmp_path / name, pack(b"x,y\n" + b"".join(b"%d,%d.5\n" % (i, i) for i in range(many))))
        assert found["y"].to_pylist() == [i + 0.5 for i in range(many)]

    @pytest.mark.parametrize(
        ("name", "body", "said"),
        [
            ("t.zip", lambda: zipped({"a.csv": b"x,y\n1,2\n", "b.csv": b"x,y\n3,4\n"}), "2 files .*'a.csv'.*: unpack"),
            ("t.zip", lambda: zipped({}), "empty archive"),
            ("t.csv.zip", lambda: zipped({"t.csv": b"x,y\n1,2\n" * 999})[:60], "cannot be read as CSV"),
            ("t.csv.gz", lambda: gzip.compress(b"x,y\n1,2\n" * 999)[:-20], "cannot be read as CSV"),
            ("t.csv.zst", lambda: b"\x28\xb5\x2f\xfd" + b"x" * 99, "cannot be read as CSV"),
            ("t.csv.bz2", lambda: bz2.compress(b"x,y\n1,2\n" * 999)[:-9], "cannot be read as CSV"),
            ("t.csv.xz", lambda: lzma.compress(b"x,y\n1,2\n" * 999)[:-30], "cannot be read as CSV"),
            ("t.csv", lambda: b"", "no rows"),
            *((f"t{one}", lambda: b"x", f"not read: .*{two}") for one, two in (
                (".xlsx", "read_excel"), (".shp", "geopandas"), (".gpkg", "geopandas"), (".nc", "xarray"),
                (".LAS", "laspy"), (".json", "read_json"), (".geojson", "geopandas"), (".sas7bdat", "read_sas"),
                (".pkl", "never opened"), (".h5", "read_hdf"),
            )),
        ],
    )  # fmt: skip
    def test_refusals_say_the_remedy(self, tmp_path: Path, name: str, body: Any, said: str) -> None:
        (tmp_path / name).write_bytes(body())
        with pytest.raises(DataError, match=said) as caught:
            read(tmp_path / name)
        assert "\n" not in str(caught.value)


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()
