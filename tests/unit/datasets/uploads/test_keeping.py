"""What is kept of sessions: it goes with all that was computed of it, whoever deletes it, and deleting may fail."""

import logging
from pathlib import Path
from typing import Any

import pytest

from app.datasets.uploads import Uploads
from app.datasets.uploads.folders import put_away, within
from app.pipeline.errors import StoreError, UnknownNameError
from app.pipeline.keys import scope
from tests.unit.datasets.uploads.shelf import ADA, EVE, aged, put
from tests.unit.samples import as_nobody

TRIPS, WALKS = "upload-trips-00000000", "upload-walks-00000000"
LIMITS: dict[str, Any] = {"upload": 10**6, "quota": 10**8, "total": 10**9, "idle": 10**6}


class Discards(list[str]):
    """The scopes that were discarded; more of them is on its way until it is said to be settled."""

    settled = True

    def __call__(self, scope: str) -> bool:
        self.append(scope)
        return self.settled

    def taken(self) -> list[str]:
        """Return what was discarded since this was last asked."""
        found = list(self)
        self.clear()
        return found


@pytest.fixture
def discards() -> Discards:
    return Discards()


@pytest.fixture
def uploads(tmp_path: Path, discards: Discards) -> Uploads:
    for owner in (ADA, EVE):
        for name in (TRIPS, WALKS):
            put(tmp_path, owner, name)
    return Uploads(tmp_path, discard=discards, **LIMITS)


def names(uploads: Uploads, owner: str) -> list[str]:
    return sorted(one.name for one in uploads.of(owner))


def test_an_upload_goes_with_what_was_computed_of_it(uploads, discards, tmp_path) -> None:
    path = uploads.find(ADA, TRIPS).plots[0].path
    assert uploads.scope(path) == scope(ADA, TRIPS)
    uploads.delete(ADA, TRIPS)
    assert discards.taken() == [scope(ADA, TRIPS)]
    assert (names(uploads, ADA), names(uploads, EVE)) == ([WALKS], [TRIPS, WALKS])
    assert len(within(tmp_path / ADA)) == 1
    with pytest.raises(UnknownNameError, match="no upload named"):
        uploads.delete(ADA, TRIPS)
    assert discards.taken() == []


def test_a_session_goes_with_what_was_computed_of_all_its_uploads(uploads, discards, tmp_path) -> None:
    uploads.forget(ADA)
    assert discards.taken() == [scope(ADA)]
    assert within(tmp_path) == [tmp_path / EVE]
    uploads.forget(ADA)
    assert discards.taken() == []


def test_what_is_swept_goes_with_what_was_computed_of_it(uploads, discards, tmp_path) -> None:
    (aged(tmp_path / EVE / TRIPS) / "trips.parquet").unlink()
    aged(tmp_path / EVE / TRIPS)
    aged(tmp_path / ADA)
    assert uploads.sweep(0) == 2
    assert sorted(discards.taken()) == sorted([scope(ADA), scope(EVE, TRIPS)])
    assert names(uploads, EVE) == [WALKS]


def test_an_upload_without_its_file_is_listed_no_more(uploads, tmp_path) -> None:
    (tmp_path / ADA / TRIPS / "trips.parquet").unlink()
    assert names(uploads, ADA) == [WALKS]
    assert uploads.find(ADA, TRIPS) is None


@pytest.mark.parametrize(("place", "what"), [((ADA, TRIPS), scope(ADA, TRIPS)), ((ADA,), scope(ADA))])
def test_where_a_process_died_while_it_deleted_a_sweep_goes_on(uploads, discards, tmp_path, place, what) -> None:
    away = put_away(tmp_path.joinpath(*place))
    assert uploads.sweep(0) == 1
    assert discards.taken() == [what]
    assert not away.exists()


def test_it_sweeps_once_in_a_while(uploads, tmp_path) -> None:
    assert uploads.sweep(3_600) == 0
    aged(tmp_path / ADA)
    assert uploads.sweep(3_600) == 0
    assert uploads.sweep(0) == 1


def test_what_another_deletes_is_forgotten_here_until_no_more_of_it_can_come(uploads, discards, tmp_path) -> None:
    other = Uploads(tmp_path, **LIMITS)
    for name in (TRIPS, WALKS):
        uploads.find(ADA, name)
    uploads.tidy()
    other.delete(ADA, TRIPS)
    assert discards.taken() == []
    discards.settled = False
    for _ in range(2):
        uploads.tidy()
        assert discards.taken() == [scope(ADA, TRIPS)]
    discards.settled = True
    uploads.tidy()
    assert discards.taken() == [scope(ADA, TRIPS)]
    uploads.tidy()
    assert discards.taken() == []
    other.forget(ADA)
    uploads.tidy()
    assert discards.taken() == [scope(ADA, WALKS)]


def test_a_volume_that_takes_no_change_fails_no_sweep(discards, common, caplog) -> None:
    uploads = Uploads(common, discard=discards, **LIMITS)
    aged(put(common).parent)
    for folder in (common, common / ADA):
        folder.chmod(0o555)
    with as_nobody(), caplog.at_level(logging.WARNING):
        assert uploads.sweep(0) == 0
        with pytest.raises(StoreError, match="nothing can be deleted just now"):
            uploads.delete(ADA, TRIPS)
        assert names(uploads, ADA) == [TRIPS]
    assert "cannot be deleted: Permission denied" in caplog.text
    assert ADA not in caplog.text
    assert discards.taken() == []


def test_what_cannot_be_erased_is_said_and_swept_again(discards, common, caplog) -> None:
    uploads = Uploads(common, discard=discards, **LIMITS)
    home = aged(put(common).parent)
    for folder, mode in ((home, 0o555), (home / TRIPS, 0o555), (common, 0o777)):
        folder.chmod(mode)
    with as_nobody(), caplog.at_level(logging.WARNING):
        assert [uploads.sweep(0) for _ in range(2)] == [0, 0]
    assert discards.taken() == [scope(ADA)] * 2
    assert caplog.text.count("what is in it stays") == 2
