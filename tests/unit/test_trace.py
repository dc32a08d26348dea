"""What re-runs: one test a row of the table, and whose results are reused by whom."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest

from app.pipeline.controls import opening
from app.pipeline.run import Event
from app.pipeline.specs import FINGERPRINT, Spec
from app.pipeline.types import TileAddress, TileRect
from app.runtime import Runtime
from app.settings import Settings
from tests.unit.samples import TAXI_FILE, needs_samples

ROOT = Path(__file__).resolve().parents[2]
ALL = ("source", "grid", "spread", "stats", "index", "encode")
HERE, EAST = ("bounds", "0,20,40,50"), ("bounds", "14,34,40,50")


def served(folder: Path, **given: object) -> Runtime:
    """Start on a folder, as a worker does."""
    return Runtime(Settings(**{"cache": folder / "cache", "folder": folder / "data", **given}))


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with served(tmp_path) as made:
        yield made
        assert made.verify() == []


def last(runtime: Runtime, *changes: tuple[str, str], dataset: str = "places") -> tuple[tuple[str, ...], ...]:
    """Return what the last change ran and reused."""
    row = list(runtime.trace(dataset, "", None, changes))[-1]
    return row.ran, row.hits


def how(events: tuple[Event, ...]) -> dict[str, str]:
    """Return what became of each stage."""
    return {one.stage: one.how for one in events}


def shown(runtime: Runtime, *changes: tuple[str, str]) -> tuple[bytes, dict[str, str]]:
    """Return a small image, and what became of its stages."""
    plot = runtime.plot("places")
    data, events = runtime.image(plot, opening(plot).changed(plot, dict(changes)), 300, 200)
    return data, how(events)


def written(runtime: Runtime) -> None:
    """Wait until other processes can read what was computed."""
    while runtime.store.stats()[-1].queued:
        sleep(0.001)


# The table, row by row


@pytest.mark.parametrize("dataset", ["places", "storms"])
def test_a_first_view_runs_everything(runtime: Runtime, dataset: str) -> None:
    assert last(runtime, dataset=dataset) == (ALL, ())


@pytest.mark.parametrize(
    ("change", "ran"),
    [
        ("cmap=bgy", ("encode",)),
        ("normalization=log", ("stats", "index", "encode")),
        ("normalization=linear", ("stats", "index", "encode")),
        ("normalization=cbrt", ("stats", "index", "encode")),
        ("range=2,98", ("stats", "index", "encode")),
        ("spreading=2", ("spread", "stats", "index", "encode")),
        ("data_opacity=50", ()),
        ("map_opacity=50", ()),
        ("basemap=none", ()),
        ("labels=0", ()),
        ("aggregate=mean", ("grid", "spread", "stats", "index", "encode")),
        ("aggregate=by", ("grid", "spread", "stats", "index", "encode")),
        ("field=population", ("grid", "spread", "stats", "index", "encode")),
        ("bounds=-20,20,40,60", ("grid", "spread", "stats", "index", "encode")),
    ],
)
def test_a_change_runs_only_what_it_changes(runtime: Runtime, change: str, ran: tuple[str, ...]) -> None:
    name, _, value = change.partition("=")
    assert last(runtime, (name, value)) == (ran, tuple(one for one in ALL if one not in ran))


def test_another_field_of_the_same_aggregate_runs_the_grid_onward(runtime: Runtime) -> None:
    assert last(runtime, ("aggregate", "by"), ("field", "country")) == (ALL[1:], ("source",))


def test_the_same_table_holds_for_lines(runtime: Runtime) -> None:
    for change, ran in ((("cmap", "bgy"), ALL[5:]), (("range", "5,95"), ALL[3:]), (("field", "pressure"), ALL[1:])):
        assert last(runtime, change, dataset="storms")[0] == ran


def test_a_pan_runs_only_missing_tiles(runtime: Runtime) -> None:
    *_, row = runtime.trace("places", "", None, [HERE, EAST])
    ran, hit = row.parts["grid"]
    assert (row.ran, row.hits) == (ALL[1:], ("source",))
    assert ran > 0
    assert hit > 0


def test_a_zoom_to_tiles_seen_before_reads_them(runtime: Runtime) -> None:
    *_, row = runtime.trace("places", "", None, [HERE, EAST, ("bounds", "7,27,40,50")])
    assert row.ran == ALL[2:]
    assert row.hits == ALL[:2]
    assert row.parts["grid"][0] == 0


def test_back_to_an_earlier_view_only_reads(runtime: Runtime) -> None:
    assert last(runtime, HERE, EAST, HERE) == ((), ALL)
    assert last(runtime, ("cmap", "bgy"), ("range", "5,95"), ("range", "0,100"), ("cmap", "fire")) == ((), ALL)


@needs_samples
def test_a_file_of_the_users_own_obeys_the_table(tmp_path: Path) -> None:
    with served(tmp_path, data=(TAXI_FILE,)) as runtime:
        changes = [("cmap", "bgy"), ("normalization", "log"), ("spreading", "1"), ("field", "dropoff_hour")]
        rows = list(runtime.trace("nyc_taxi", "", None, changes))
        assert [one.ran for one in rows] == [ALL, ALL[5:], ALL[3:], ALL[2:], ALL[1:]]
        rows = list(runtime.trace("nyc_taxi", "", None, [("plot", "pickup"), ("plot", "dropoff")]))
        assert [one.ran for one in rows] == [(), ALL, ()]


# Whose results are whose: a session is nothing to the engine, a process and a restart next to nothing


def test_another_session_reuses_all_at_the_same_moment(runtime: Runtime) -> None:
    start = Barrier(8)

    def look(_: int) -> tuple[bytes, dict[str, str]]:
        start.wait(30)
        return shown(runtime)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(look, range(8)))
    assert len({data for data, _ in found}) == 1
    for stage in ALL:
        assert [what[stage] for _, what in found].count("ran") == 1


def test_sessions_with_overlapping_tiles_compute_each_once(runtime: Runtime) -> None:
    plot = runtime.plot("places")
    spec = Spec("places", runtime.root(plot).fingerprint[:FINGERPRINT], plot.name, "count")
    start = Barrier(8)

    def look(at: int) -> tuple[Event, ...]:
        start.wait(30)
        left = 6 + at % 3
        return tuple(runtime.tile(spec, TileAddress(4, left, 5), TileRect(4, left, left + 3, 4, 7))[1])

    with ThreadPoolExecutor(8) as pool:
        events = [one for found in pool.map(look, range(8)) for one in found if one.stage == "grid"]
    stored = [key for key in list(runtime.store.keys()) if key.startswith("grid-")]
    assert len(stored) == 5 * 3
    assert sum(one.parts_ran for one in events) == len(stored)


def test_a_restart_reuses_all(tmp_path: Path) -> None:
    changes = (("bounds", "0,20,40,50"), ("spreading", "1"))
    with served(tmp_path) as first:
        before, what = shown(first, *changes)
        assert set(what.values()) == {"ran"}
    with served(tmp_path) as second:
        after, what = shown(second, *changes)
        assert after == before
        assert what == {**dict.fromkeys(ALL[1:5], "unneeded"), "source": "disk", "encode": "disk"}
        assert second.verify() == []


def test_another_worker_reuses_all_as_it_is_written(tmp_path: Path) -> None:
    with served(tmp_path) as one, served(tmp_path) as other:
        assert set(shown(one, HERE)[1].values()) == {"ran"}
        written(one)
        assert "ran" not in shown(other, HERE)[1].values()
        _, what = shown(other, HERE, ("normalization", "log"))
        assert (what["grid"], what["spread"], what["stats"]) == ("unneeded", "disk", "ran")
        written(other)
        assert "ran" not in shown(one, HERE, ("normalization", "log"))[1].values()


def test_another_process_reuses_all(tmp_path: Path) -> None:
    def rows() -> list[dict[str, list[str]]]:
        command = [sys.executable, "-m", "app", "trace", "places", "cmap=bgy", "normalization=log"]
        own = {"STAGEBOARD_CACHE": str(tmp_path / "cache"), "STAGEBOARD_FOLDER": str(tmp_path / "data")}
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, check=True, capture_output=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert [tuple(one["ran"]) for one in rows()] == [ALL, ALL[5:], ALL[3:]]
    assert [tuple(one["ran"]) for one in rows()] == [(), (), ()]
    with served(tmp_path) as here:
        assert [one.ran for one in here.trace("places", "", None, [("cmap", "bgy")])] == [(), ()]


# What is lost is computed again, and never an error


def test_a_cleared_cache_is_computed_again(runtime: Runtime) -> None:
    before, _ = shown(runtime)
    assert runtime.clear() > 0
    after, what = shown(runtime)
    assert after == before
    assert all(what[one] == "ran" for one in ALL[1:])


def test_a_cache_folder_may_be_deleted_at_any_moment(tmp_path: Path) -> None:
    with served(tmp_path) as runtime:
        before, _ = shown(runtime)
        written(runtime)
        shutil.rmtree(tmp_path / "cache")
        assert shown(runtime)[0] == before  # from memory
        data, what = shown(runtime, HERE)
        assert what["encode"] == "ran"
        assert runtime.verify() == []
    with served(tmp_path) as restarted:
        assert shown(restarted, HERE) == (data, {**what, **dict.fromkeys(ALL[1:5], "unneeded"), "source": "ran",
                                                 "encode": "disk"})  # fmt: skip
        assert shown(restarted)[0] == before


def test_a_damaged_cache_is_computed_again(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        before, _ = shown(first)
    files = sorted((tmp_path / "cache" / "results").rglob("*.val"))
    assert files
    for path in files:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0x10
        path.write_bytes(data)
    with served(tmp_path) as second:
        after, what = shown(second, ("cmap", "bgy"))
        assert shown(second)[0] == before
        assert "ran" in what.values()
        assert after != before
        second.verify()
        disk = second.store.stats()[-1]
        assert disk.errors == len(files)
        assert "damaged" in disk.detail
        assert second.verify() == []


def test_a_cache_that_cannot_be_used_costs_speed_only(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with served(tmp_path) as runtime:
        [reason] = runtime.reasons()
        assert "cannot be used" in reason
        assert "kept in memory" in reason
        assert set(shown(runtime)[1].values()) == {"ran"}
        assert "ran" not in shown(runtime)[1].values()
        [memory, disk] = runtime.store.stats()
        assert (memory.entries > 0, disk.errors > 0, disk.hits) == (True, True, 0)


def test_columns_on_real_axes_are_exact(runtime: Runtime) -> None:
    root = runtime.figure_root("places", "longitude", "population")
    params = {"aggregate": "count", "field": "", "x0": -180.0, "x1": 180.0, "y0": 1.0, "y1": 3e7, "width": 300}
    params |= {"height": 200, "xlog": False, "ylog": True}
    grid = runtime.pipelines["figure"].run(root, "grid", params).value
    assert grid.shape == (210, 310)
    assert grid.sum() == 234_908 - 30_680
