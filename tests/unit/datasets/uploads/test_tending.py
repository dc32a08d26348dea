"""Uploads are looked after while a process serves, and a last time when it ends."""

from pathlib import Path
from queue import Queue

from app.datasets.uploads import Tending, Uploads
from app.pipeline.keys import scope
from tests.unit.datasets.uploads.shelf import ADA, put
from tests.unit.datasets.uploads.test_keeping import LIMITS, TRIPS, WALKS

PATIENCE = 30


def test_what_another_deletes_is_forgotten_unasked(tmp_path: Path) -> None:
    said: Queue[str] = Queue()

    def discard(scope: str) -> bool:
        said.put(scope)
        return True

    for name in (TRIPS, WALKS):
        put(tmp_path, ADA, name)
    uploads, other = Uploads(tmp_path, discard=discard, **LIMITS), Uploads(tmp_path, **LIMITS)
    for name in (TRIPS, WALKS):
        uploads.find(ADA, name)
    tending = Tending(uploads, 0.01)
    tending.begin()
    other.delete(ADA, TRIPS)
    assert said.get(timeout=PATIENCE) == scope(ADA, TRIPS)
    other.delete(ADA, WALKS)
    tending.close()
    assert said.get(timeout=PATIENCE) == scope(ADA, WALKS)
