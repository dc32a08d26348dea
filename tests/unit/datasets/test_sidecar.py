"""The TOML beside a file: every key and value is checked."""

from pathlib import Path

import pytest

from app.datasets.sidecar import Corrections, FieldCorrection, read_sidecar, sidecar
from app.pipeline.errors import DataError


def test_none_says_nothing(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path / "t.parquet") == Corrections()


def test_flags_are_stronger() -> None:
    beside = Corrections(title="Beside", crs="plane", fields={"a": FieldCorrection(unit="m")})
    assert Corrections(title="Flag").over(beside) == Corrections(title="Flag", crs="plane", fields=beside.fields)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("titel = 'T'", "no key named 'titel'; did you mean 'title'"),
        ("[fields.a]\ncolours = ['#ff0000']", "no key named 'colours'; did you mean 'colors'"),
        ("title = 3", "title = 3 is not text"),
        ("fields = 3", "write a table for each column"),
        ("[fields]\na = 'number'", "write a table for each column"),
        ("[fields.a]\nkind = 'colour'", "use one of number, category, time"),
        ("[fields.a]\ncategories = 'a'", "not a list of texts"),
        ("[fields.a]\ncategories = ['a', 'b']\nlabels = ['A']", "labels holds 1 values for 2 categories"),
        ("[fields.a]\ncategories = ['a']\ncolors = ['red']", "'red' is not a colour"),
        ("crs = 'utm'", "crs = 'utm' is not allowed"),
        ("title = ", "cannot be read as TOML"),
    ],
)
def test_mistakes_are_named_with_the_file(tmp_path: Path, text: str, match: str) -> None:
    sidecar(tmp_path / "t.parquet").write_text(text)
    with pytest.raises(DataError, match=match) as caught:
        read_sidecar(tmp_path / "t.parquet")
    assert "t.parquet.toml" in str(caught.value)
