"""Folders: a name says to the last what was put away under it, and nothing is gone that only cannot be read."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.datasets.uploads.folders import age, erase, former, held, is_gone, is_put_away, put_away, within
from tests.unit.samples import as_nobody


@given(st.from_regex(r"(\.part-)?[a-z0-9_-]{1,80}", fullmatch=True))
def test_what_is_put_away_is_known_by_its_former_name(name: str) -> None:
    gone = put_away(Path("/nowhere") / name)
    assert is_put_away(gone)
    assert former(gone) == former(Path(name)) == name


def test_a_folder_is_put_away_once_and_erased(tmp_path: Path) -> None:
    home = tmp_path / "trips"
    (home / "in").mkdir(parents=True)
    (home / "in" / "file").write_text("x")
    away = put_away(home)
    assert (home.exists(), within(tmp_path)) == (False, [away])
    assert put_away(away) == away
    assert erase(away)
    assert within(tmp_path) == []


def test_holes_take_no_room(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.truncate(50_000_000)
        file.seek(1_000_000)
        file.write(b"x" * 100_000)
    assert 100_000 <= held(tmp_path) < 1_000_000


def test_what_cannot_be_read_is_not_gone(common: Path) -> None:
    inner = common / "closed" / "inner"
    inner.mkdir(parents=True)
    inner.parent.chmod(0)
    with as_nobody():
        assert not is_gone(inner)
        assert (within(inner.parent), age(inner)) == ([], 0.0)
    inner.parent.chmod(0o700)
    assert is_gone(inner / "none")
