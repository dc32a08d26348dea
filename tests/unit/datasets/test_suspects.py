"""What a file claims to be is held against its bytes, wherever these are cut into blocks."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.datasets import suspects
from app.datasets.suspects import EXTENSIONS, check_content, check_text, extension
from app.pipeline.errors import DataError
from app.pipeline.unpacking import packing

PARQUET = b"PAR1" + b"x" * 20 + b"PAR1"
BYTES = {
    ".parquet": PARQUET,
    ".csv": b"x,y\n1,2\n",
    ".csv.gz": gzip.compress(b"x,y\n1,2\n"),
    ".feather": b"ARROW1" + b"x" * 20,
    ".arrow": b"\xff\xff\xff\xff" + b"x" * 20,
}
FOREIGN = {
    "a ZIP archive": b"PK\x03\x04",
    "a picture": b"\x89PNG",
    "zstd": b"\x28\xb5\x2f\xfd",
    "a program": b"\x7fELF",
    "a PDF": b"%PDF",
    "Feather of version 1": b"FEA1",
}
LINES = st.binary(max_size=12).filter(lambda line: b"\n" not in line)


@given(st.sampled_from(EXTENSIONS), st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9))
def test_an_extension_counts_whatever_its_case_and_what_stands_before(known: str, name: str) -> None:
    assert extension(name + known.upper()) == extension(known)
    assert extension(f"{name}.2015{known}") == extension(known)


@pytest.mark.parametrize("name", ["", "csv", "trips", "trips.csv.rar", "trips.exe", "trips.csv "])
def test_a_name_without_a_known_extension_is_told_all_of_them(name: str) -> None:
    with pytest.raises(DataError, match=r"no known extension: send one of .*\.csv"):
        extension(name)


@pytest.mark.parametrize("claimed", BYTES)
@pytest.mark.parametrize("true", BYTES)
def test_a_file_is_what_its_name_says_or_is_refused(tmp_path: Path, claimed: str, true: str) -> None:
    path = tmp_path / f"trips{claimed}"
    path.write_bytes(BYTES[true])
    if claimed == true or {claimed, true} == {".feather", ".arrow"}:
        check_content(path)
    else:
        with pytest.raises(DataError, match=f"is called {claimed} but holds"):
            check_content(path)


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_nothing_that_can_be_explored_is_called_by_its_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "trips.csv"
    path.write_bytes(FOREIGN[kind] + b"x" * 20)
    with pytest.raises(DataError, match=f"holds {kind}: send CSV"):
        check_content(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line), max_size=6),
    st.integers(1, 9),
    st.booleans(),
)
def test_a_text_is_judged_alike_however_it_is_cut(tmp_path: Path, lines: list[bytes], block: int, packed: bool) -> None:
    text = b"\n".join(lines)
    path = tmp_path / ("trips.csv.gz" if packed else "trips.csv")
    path.write_bytes(gzip.compress(text) if packed else text)
    assume(packed or not packing(path))
    longest = max(map(len, text.replace(b"\r", b"\n").split(b"\n")))
    wrong = longest > 8 or len(text) > 40
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suspects, "BLOCK", block)
        patch.setattr(suspects, "MOST_LINE", 8)
        if wrong:
            with pytest.raises(DataError, match=r"a line of more than|unpacks to more than"):
                check_text(path, 40)
        else:
            check_text(path, 40)
