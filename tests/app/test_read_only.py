"""A start on a cache volume that may only be read: answers come from memory, it is said, and it recovers by itself."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from app.pipeline.secret import share_secret
from app.pipeline.stores.disk import DiskStore
from app.pipeline.stores.registry import LEASES
from tests.app.test_serving import Start, ask, cookie, places_spec, start, wait_for
from tests.volumes import remount, volume

__all__ = ["start"]
LONG_AGO = 1_000_000_000


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """Mount the cache folder of `start`."""
    with volume(tmp_path / "cache", "64m") as mounted:
        yield mounted


def reasons(address: str) -> list[str]:
    """Return why the store is degraded, once the kernels are compiled."""
    try:
        return list(json.loads(ask(f"{address}/ready"))["reasons"])
    except HTTPError as unready:
        with unready:
            return list(json.load(unready)["reasons"])


def look(address: str, spec: str, z: int) -> list[bytes]:
    """Return what some tiles and an image hold."""
    tiles = [ask(f"{address}/tiles/{spec}/{z}/{x}/3") for x in range(4)]
    return [*tiles, ask(f"{address}/image/places/map.png?width=300&height={200 + z}")]


def test_a_volume_that_becomes_writable_is_used_from_then_on(cache: Path, start: Start, tmp_path: Path) -> None:
    spec = places_spec(tmp_path)
    remount(cache, "ro")
    app, address = start()
    [reason] = reasons(address)
    assert "cannot be written just now" in reason
    before = look(address, spec, 3)
    assert reason in ask(f"{address}/health").decode()
    errors = [line for line in ask(f"{address}/metrics").decode().splitlines() if "errors" in line and '"disk"' in line]
    assert errors != []
    assert all(float(line.split()[-1]) > 0 for line in errors)
    assert list(cache.iterdir()) == []
    remount(cache, "rw")
    wait_for(lambda: reasons(address) == [])
    assert look(address, spec, 3) == before
    look(address, spec, 4)
    ask(f"{address}/image/stars/galaxy.png?width=300&height=200")
    assert (cache / "results" / LEASES).exists()
    assert list((cache / "columns").glob("*/layout-*/facts.json")) != []
    app.send_signal(signal.SIGTERM)
    out, err = app.communicate()
    assert (app.returncode, out) == (0, "")
    assert err.count("cannot be written") == 1
    assert "Traceback" not in err
    store = DiskStore(cache / "results")
    assert [key for key in store.keys() if key.startswith("grid-")]  # noqa: SIM118
    assert store.check() == []
    store.close()


def test_workers_start_where_a_session_has_ended_and_share_the_secret(cache: Path, start: Start) -> None:
    share_secret(cache)
    ended = cache / "uploads" / ("0" * 32)
    ended.mkdir(parents=True)
    os.utime(ended, (LONG_AGO, LONG_AGO))
    remount(cache, "ro")
    _, address = start("--workers", "2")
    known = cookie(address).split(";")[0]
    for _ in range(20):
        with urlopen(Request(address, headers={"Cookie": known})) as answer:
            assert "Set-Cookie" not in answer.headers
    assert ended.is_dir()
