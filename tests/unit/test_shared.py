"""Small files that processes share by mapping them: opened when they can be, and anew where they are gone."""

import pytest

from app.pipeline import shared
from app.pipeline.shared import REST_SECONDS, SharedFile

SIZE = 4096


class Clock:
    """Seconds, as a test says."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(shared, "monotonic", made)
    return made


def test_two_who_open_a_file_see_what_the_other_writes(tmp_path):
    one, other = (SharedFile(tmp_path / "folder" / "file", SIZE) for _ in "ab")
    one.map[7] = 42
    assert other.map[7] == 42
    assert (tmp_path / "folder" / "file").stat().st_size == SIZE
    one.close()
    other.close()


def test_a_file_that_cannot_be_opened_is_tried_again_after_a_while(tmp_path, clock):
    (tmp_path / "folder").touch()
    file = SharedFile(tmp_path / "folder" / "file", SIZE)
    (tmp_path / "folder").unlink()
    clock.now = REST_SECONDS / 2
    file.look()
    assert (file.map, file.descriptor) == (None, -1)
    assert not (tmp_path / "folder").exists()
    clock.now = REST_SECONDS
    file.look()
    assert len(file.map) == SIZE
    file.close()


def test_a_file_that_was_replaced_is_opened_anew(tmp_path):
    file = SharedFile(tmp_path / "file", SIZE, 0.0)
    file.map[7] = 42
    before = file.map
    file.look()
    assert file.map is before
    (tmp_path / "file").unlink()
    file.look()
    other = SharedFile(tmp_path / "file", SIZE)
    file.map[8] = 43
    assert (before[7], other.map[7], other.map[8]) == (42, 0, 43)
    other.close()
    file.close()


def test_what_is_closed_stays_closed(tmp_path):
    file = SharedFile(tmp_path / "file", SIZE, 0.0)
    file.close()
    file.look()
    assert file.map is None
