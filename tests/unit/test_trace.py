"""What re-runs: one test a row of the table."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.pipeline.controls import Controls, opening
from app.runtime import Runtime
from app.settings import Settings

ALL = ("source", "grid", "spread", "stats", "index", "encode")


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with Runtime(Settings(cache=tmp_path / "cache", folder=tmp_path / "data")) as made:
        yield made
        assert made.verify() == []


def last(runtime: Runtime, *changes: tuple[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    row = list(runtime.trace("places", "", None, changes))[-1]
    return row.ran, row.hits


@pytest.mark.parametrize(
    ("change", "ran"),
    [
        (("cmap", "bgy"), ALL[5:]),
        (("normalization", "log"), ALL[3:]),
        (("range", "2,98"), ALL[3:]),
        (("spreading", "2"), ALL[2:]),
        (("data_opacity", "50"), ()),
        (("map_opacity", "50"), ()),
        (("basemap", "none"), ()),
        (("labels", "0"), ()),
        (("aggregate", "mean"), ALL[1:]),
        (("field", "population"), ALL[1:]),
    ],
    ids=lambda one: "=".join(one) if one and "=" not in one[0] and len(one) == 2 else "",
)
def test_a_change_runs_only_what_it_changes(runtime: Runtime, change: tuple[str, str], ran: tuple[str, ...]) -> None:
    assert last(runtime, change) == (ran, tuple(one for one in ALL if one not in ran))


def test_a_pan_runs_only_missing_tiles(runtime: Runtime) -> None:
    changes = [("bounds", "0,20,40,50"), ("bounds", "14,34,40,50")]
    *_, row = runtime.trace("places", "", None, changes)
    ran, hit = row.parts["grid"]
    assert row.ran == ALL[1:]
    assert row.hits == ("source",)
    assert ran > 0
    assert hit > 0


def test_back_to_an_earlier_view_only_reads(runtime: Runtime) -> None:
    changes = [("bounds", "0,20,40,50"), ("bounds", "6,26,40,50"), ("bounds", "0,20,40,50")]
    assert last(runtime, *changes) == ((), ALL)


def test_another_process_and_a_restart_reuse_all(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app", "trace", "places", "cmap=bgy"]
    environment = {"STAGEBOARD_CACHE": str(tmp_path / "cache"), "STAGEBOARD_FOLDER": str(tmp_path), "PATH": "/usr/bin"}

    def run() -> str:
        root = Path(__file__).parents[2]
        return subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, text=True).stdout

    assert '"ran": ["source", "grid"' in run()
    assert run().count('"ran": []') == 2


def test_a_deleted_cache_is_computed_again(runtime: Runtime) -> None:
    runtime.image(runtime.plot("places"), runtime_controls(runtime), 300, 200)
    runtime.clear()
    _, events = runtime.image(runtime.plot("places"), runtime_controls(runtime), 300, 200)
    assert {one.stage for one in events if one.how == "ran"} >= set(ALL[1:])


def runtime_controls(runtime: Runtime) -> Controls:
    return opening(runtime.plot("places"))


def test_columns_on_real_axes_are_exact(runtime: Runtime) -> None:
    root = runtime.figure_root("places", "longitude", "population")
    params = {"aggregate": "count", "field": "", "x0": -180.0, "x1": 180.0, "y0": 1.0, "y1": 3e7, "width": 300}
    params |= {"height": 200, "xlog": False, "ylog": True}
    grid = runtime.pipelines["figure"].run(root, "grid", params).value
    assert grid.shape == (210, 310)
    assert grid.sum() == 234_908 - 30_680
