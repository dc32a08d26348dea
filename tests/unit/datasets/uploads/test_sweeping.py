"""Sweeping: what ended or was left half done goes, and nothing else does, whatever lies there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.datasets.uploads.sweeping import remains
from tests.unit.datasets.uploads.shelf import ADA, aged, put
from tests.unit.samples import as_nobody

IDLE = 1e6


def without_file(folder: Path) -> Path:
    home = put(folder)
    (home / "trips.parquet").unlink()
    return home


def with_damaged_facts(folder: Path) -> Path:
    home = put(folder)
    (home / "upload.json").write_text("")
    return home


def made(*names: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        put(folder)
        folder.joinpath(*names).mkdir(parents=True)
        return folder.joinpath(*names)

    return make


ALWAYS, WHEN_OLD, NEVER = "always", "when old", "never"
CASES = {
    "a session that has ended": (lambda folder: put(folder).parent, WHEN_OLD),
    "a session with nothing": (made("ef" * 16), WHEN_OLD),
    "an upload that is whole": (put, NEVER),
    "an upload without its file": (without_file, WHEN_OLD),
    "an upload with damaged facts": (with_damaged_facts, WHEN_OLD),
    "what is being received": (made(ADA, ".part-abc"), WHEN_OLD),
    "an upload that was put away": (made(ADA, ".gone-upload-a-00000000-0123abcd"), ALWAYS),
    "a session that was put away": (made(f".gone-{ADA}-0123abcd"), ALWAYS),
    "another's folder": (made("lost+found"), NEVER),
    "another's hidden folder": (made(".snapshot"), NEVER),
    "another's folder in a session's": (made(ADA, "notes"), NEVER),
    "a name that is nearly an owner's": (made("AD" * 16), NEVER),
}


@pytest.mark.parametrize("case", CASES)
def test_what_remains_is_found_and_nothing_else(tmp_path: Path, case: str) -> None:
    make, when = CASES[case]
    home = make(tmp_path)
    assert list(remains(tmp_path, IDLE)) == ([home] if when == ALWAYS else [])
    aged(home)
    assert list(remains(tmp_path, IDLE)) == ([] if when == NEVER else [home])


def test_an_upload_that_cannot_be_read_just_now_stays(common: Path) -> None:
    home = aged(put(common))
    (home / "upload.json").chmod(0)
    with as_nobody():
        assert list(remains(common, IDLE)) == []
        assert list(remains(common, -1)) == [home.parent]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert list(remains(tmp_path / "none", 0)) == []
