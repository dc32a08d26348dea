"""Lanes: a newer wish ends what it does not contain, for its own session alone, whichever worker noted it."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline import shared
from app.pipeline.errors import ParameterError, SupersededError
from app.pipeline.lanes import FILE, NOTHING, SLOT_BYTES, SLOTS, Lane, Lanes
from app.pipeline.stopping import checkpoint, question
from app.pipeline.types import TileAddress, TileRect
from tests.unit.samples import as_nobody

ROOT = Path(__file__).parents[2]
SPEC = "taxi.0123456789ab.dropoff.count"
FIRST = Lane("a session", "k3x9q2zt", 1)
SECOND = FIRST._replace(generation=2)
SEEN, GONE = TileAddress(5, 3, 3), TileAddress(5, 1, 3)
VIEW, PANNED = TileRect(5, 1, 4, 2, 5), TileRect(5, 2, 5, 2, 5)


@pytest.fixture
def lanes(tmp_path):
    made = Lanes(tmp_path)
    made.enter(FIRST, SPEC, VIEW)
    return made


def test_what_is_still_in_view_goes_on_after_a_pan(lanes):
    lanes.enter(SECOND, SPEC, PANNED)
    assert lanes.wanted(FIRST, SPEC, SEEN)
    assert not lanes.wanted(FIRST, SPEC, GONE)
    assert lanes.wanted(SECOND, SPEC, GONE)


@pytest.mark.parametrize(
    ("spec", "rect"), [(SPEC.replace("count", "by.kind"), VIEW), (SPEC, VIEW._replace(z=6)), (SPEC, NOTHING)]
)
def test_another_spec_zoom_or_nothing_ends_all(lanes, spec, rect):
    lanes.enter(SECOND, spec, rect)
    assert not lanes.wanted(FIRST, SPEC, SEEN)


def test_a_wish_that_comes_late_changes_nothing(lanes):
    lanes.enter(SECOND, SPEC, PANNED)
    lanes.enter(FIRST, SPEC, VIEW)
    assert not lanes.wanted(FIRST, SPEC, GONE)
    lanes.enter(SECOND._replace(generation=3), SPEC, VIEW)
    assert lanes.wanted(FIRST, SPEC, GONE)


@pytest.mark.parametrize("other", [SECOND._replace(session="another"), SECOND._replace(name="another0")])
def test_lanes_do_not_touch_each_other(lanes, other):
    lanes.enter(other, SPEC, NOTHING)
    assert lanes.wanted(FIRST, SPEC, SEEN)


def test_work_follows_its_lane_and_what_stops_is_counted(lanes):
    with lanes.following(FIRST, SPEC, GONE):
        checkpoint()
        lanes.enter(SECOND, SPEC, PANNED)
        with pytest.raises(SupersededError):
            checkpoint()
    with pytest.raises(SupersededError), lanes.following(FIRST, SPEC, GONE):
        checkpoint()
    with lanes.following(None, SPEC, GONE):
        assert question() is None
    assert lanes.superseded == 1


def test_a_view_without_tiles_is_ended_by_any_other(lanes):
    with lanes.whole(FIRST, "one view"):
        lanes.enter(SECOND, "one view", TileRect(0, 0, 1, 0, 1))
        checkpoint()
        with lanes.whole(SECOND._replace(generation=3), "another"):
            checkpoint()
        with pytest.raises(SupersededError):
            checkpoint()


def test_workers_share_one_file(lanes, tmp_path):
    code = (
        "import sys; from pathlib import Path; from app.pipeline.lanes import *; lanes = Lanes(Path(sys.argv[1]));"
        f"print(lanes.wanted({FIRST!r}, {SPEC!r}, {GONE!r})); lanes.enter({SECOND!r}, {SPEC!r}, {PANNED!r})"
    )
    code = "from app.pipeline.types import TileAddress, TileRect; " + code
    other = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout == "True\n"
    assert not lanes.wanted(FIRST, SPEC, GONE)
    assert not Lanes(tmp_path).wanted(FIRST, SPEC, GONE)
    assert (tmp_path / FILE).stat().st_size == SLOTS * SLOT_BYTES


@settings(deadline=None)
@given(st.integers(0, 47), st.integers(1, 255), st.integers(0, 48))
def test_a_torn_or_damaged_record_stops_nothing(at, change, torn):
    lanes = Lanes(None)
    lanes.enter(FIRST, SPEC, VIEW)
    start = (len(lanes._map) - len(lanes._map[:].lstrip(b"\0"))) // SLOT_BYTES * SLOT_BYTES
    slot = slice(start, start + SLOT_BYTES)
    old = lanes._map[slot]
    lanes.enter(SECOND, SPEC, NOTHING)
    new = lanes._map[slot]
    lanes._map[start + at] ^= change
    assert lanes.wanted(FIRST, SPEC, SEEN)
    lanes._map[slot] = new[:torn] + old[torn:]
    assert lanes.wanted(FIRST, SPEC, SEEN) == (lanes._map[slot] != new)


def test_without_its_file_a_process_has_its_own(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "closed").mkdir(mode=0o500)
    with as_nobody():
        for folder in (None, tmp_path / "file", tmp_path / "closed"):
            lanes = Lanes(folder)
            lanes.enter(SECOND, SPEC, NOTHING)
            assert not lanes.wanted(FIRST, SPEC, SEEN)


def test_a_file_that_could_not_be_used_is_shared_once_it_can(tmp_path, monkeypatch):
    (tmp_path / "folder").touch()
    clock = [0.0]
    monkeypatch.setattr(shared, "monotonic", lambda: clock[0])
    lanes = Lanes(tmp_path / "folder")
    (tmp_path / "folder").unlink()
    for now, seen in ((shared.REST_SECONDS / 2, True), (shared.REST_SECONDS, False)):
        clock[0] = now
        lanes.enter(SECOND, SPEC, NOTHING)
        assert Lanes(tmp_path / "folder").wanted(FIRST, SPEC, SEEN) == seen


@pytest.mark.parametrize(
    "text", ["", "k3x9q2zt", "k3x9q2zt.", "k3x9q2z.1", "K3X9Q2ZT.1", "k3x9q2zt.-1", "k3x9q2zt.1\n"]
)
def test_a_lane_that_cannot_be_read_is_told(text):
    with pytest.raises(ParameterError, match="is not 8 to 32 letters"):
        Lane.parse("a session", text)


def test_any_rectangle_can_be_noted():
    lanes = Lanes(None)
    lanes.enter(SECOND, SPEC, TileRect(10**9, 0, 10**12, 0, 10**12))
    assert not lanes.wanted(FIRST, SPEC, SEEN)
