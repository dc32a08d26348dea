"""A plot's name holds the corrections of how its file was taken, in one order, and nothing else."""

import os
from pathlib import Path

import pytest

from app.datasets.readings import find_plot
from app.pipeline.errors import ParameterError, UnknownNameError
from app.pipeline.roots import MOST_CORRECTED, PlotRoot
from app.pipeline.specs import PLOT, Spec
from app.pipeline.table import fingerprint
from app.pipeline.types import ASPECT, EQUAL, Axis, Bounds, Dataset, Plot, TrackOrder

FILE = Path("rows.parquet")
GRID = Plot("grid", FILE, Axis("east"), Axis("north"), view=Bounds(0, 1, 0, 1))
MAP = Plot("map", FILE, Axis("lon"), Axis("lat"), crs="lonlat")
TRACKS = Plot(
    "tracks", FILE, Axis("lon"), Axis("lat"), kind="lines", crs="lonlat", track="ship", order=TrackOrder("time")
)
DATASET = Dataset("rows", "Rows", (GRID, MAP, TRACKS), "", "")


def test_without_a_name_it_is_the_first() -> None:
    assert find_plot(DATASET) == GRID
    assert find_plot(DATASET, "map") == MAP


@pytest.mark.parametrize(
    ("name", "crs", "aspect"),
    [
        ("grid~epsg-2056", "EPSG:2056", EQUAL),
        ("grid~epsg-4326", "lonlat", EQUAL),
        ("grid~epsg-3857", "mercator", EQUAL),
        ("grid~lonlat", "lonlat", EQUAL),
        ("grid~equal", "plane", EQUAL),
        ("grid~plane~equal", "plane", EQUAL),
        ("map~plane", "plane", EQUAL),
        ("map~plane~free", "plane", ASPECT),
    ],
)
def test_another_system_and_other_scales(name: str, crs: str, aspect: float) -> None:
    found = find_plot(DATASET, name)
    assert (found.name, found.base, found.crs, found.aspect) == (name, name.partition("~")[0], crs, aspect)
    # The declared view is in the units of the system that was.
    assert (found.view is None) == (found.crs != "plane" or name.startswith("map"))
    assert PLOT.fullmatch(name)
    assert Spec.parse(f"rows.0123456789ab.{name}.count").plot == name


@pytest.mark.parametrize(
    ("words", "gap", "jump"),
    [("gap-3600", 3600, None), ("jump-50", None, 50), ("gap-0~jump-0", 0, 0), ("epsg-2056~gap-60~jump-1", 60, 1)],
)
def test_lines_are_cut_elsewhere(words: str, gap: float | None, jump: float | None) -> None:
    assert find_plot(DATASET, f"tracks~{words}").order == TrackOrder("time", gap=gap, jump=jump)


@pytest.mark.parametrize(
    "name",
    [
        "map~",
        "map~x",
        "map~~plane",
        "map~equal",
        "map~lonlat~free",
        "map~gap-60",
        "map~jump-5",
        "map~plane~plane",
        "grid~equal~plane",
        "tracks~jump-1~gap-1",
        "tracks~gap--1",
        "tracks~gap-1e9",
        "map~epsg-99999",
        "map~epsg-1",
        "map~EPSG-2056",
        "map~epsg-5773",
    ],
)
def test_what_corrects_nothing_is_refused(name: str) -> None:
    with pytest.raises(ParameterError):
        find_plot(DATASET, name)


def test_a_correction_of_no_plot_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="'maps'"):
        find_plot(DATASET, "maps~plane")


def test_only_the_newest_corrected_layouts_are_kept(tmp_path: Path) -> None:
    path, folder = tmp_path / "rows.csv", tmp_path / "columns"
    path.write_text("lon,lat\n" + "".join(f"{at / 10},{at / 7}\n" for at in range(300)))
    dataset = Dataset("rows", "Rows", (Plot("map", path, Axis("lon"), Axis("lat"), crs="lonlat"),))
    mark = fingerprint(path)
    roots = [PlotRoot(dataset.plots[0], mark, folder)]
    roots += [
        PlotRoot(find_plot(dataset, f"map~epsg-{code}"), mark, folder) for code in range(32601, 32603 + MOST_CORRECTED)
    ]
    for at, root in enumerate(roots):
        assert len(root.open().at.x)
        for facts in folder.glob(f"*/*-{root._place}/facts.json"):
            os.utime(facts, (at, at))
    assert [root.ready() for root in roots] == [True, False, False, *[True] * MOST_CORRECTED]
    assert roots[1].open().rows == 300
    assert [root.ready() for root in roots[:4]] == [True, True, False, False]
