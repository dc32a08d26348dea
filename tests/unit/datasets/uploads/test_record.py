"""What is known of an upload: all of it, or nothing."""

from pathlib import Path

import pytest

from app.datasets.uploads import Upload, record
from tests.unit.datasets.uploads.shelf import put
from tests.unit.samples import as_nobody


def test_what_was_written_is_read_and_is_a_data_set(tmp_path: Path) -> None:
    home = put(tmp_path)
    found = record.read(home)
    assert found == Upload(home.name, "Trips.parquet", 100, 2, 2, 1e9)
    shown = record.dataset(home, found)
    assert (shown.name, shown.title) == (home.name, "Trips")
    assert "Private" in shown.licence
    assert shown.plots[0].path == home / "trips.parquet"


@pytest.mark.parametrize("facts", [b"", b"[1]", b"{}", b"\xff", b'{"name": 1, "more": 2}'])
def test_facts_that_are_none_are_no_upload(tmp_path: Path, facts: bytes) -> None:
    home = put(tmp_path)
    (home / record.FACTS).write_bytes(facts)
    assert record.read(home) is None
    assert not record.is_whole(home)


@pytest.mark.parametrize("lost", [record.FACTS, "trips.parquet"])
def test_facts_and_file_are_whole_together_alone(tmp_path: Path, lost: str) -> None:
    home = put(tmp_path)
    assert record.is_whole(home)
    (home / lost).unlink()
    assert record.read(home) is None
    assert not record.is_whole(home)


def test_of_what_cannot_be_read_nobody_says_that_it_is_broken(common: Path) -> None:
    home = put(common)
    (home / record.FACTS).chmod(0)
    with as_nobody():
        assert record.read(home) is None
        with pytest.raises(PermissionError):
            record.is_whole(home)
