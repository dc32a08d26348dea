"""How many rows the opening view leaves out is what a plain count says, and the page offers the way to them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app import plots
from app.pipeline.roots import PlotRoot
from app.pipeline.table import fingerprint
from app.pipeline.types import Axis, Bounds, Plot
from app.plots import outside, whole_bounds


def opened(tmp_path: Path, x, y, view: Bounds | None, crs: str = "plane"):
    path = tmp_path / "rows.parquet"
    pd.DataFrame({"x": x, "y": y}).to_parquet(path)
    plot = Plot("p", path, Axis("x"), Axis("y"), crs=crs, view=view)
    return PlotRoot(plot, fingerprint(path)).open()


@pytest.mark.parametrize("crs", ["plane", "lonlat"])
@pytest.mark.parametrize("view", [Bounds(-20, 31, -10, 25), Bounds(0, 1, 0, 60), Bounds(60, 70, 60, 70)])
def test_rows_outside_are_counted(tmp_path: Path, crs: str, view: Bounds) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(0, 20, 5000), rng.normal(0, 15, 5000)
    points = opened(tmp_path, x, y, view, crs)
    inside = (x >= view.x0) & (x <= view.x1) & (y >= view.y0) & (y <= view.y1)
    assert outside(points, f"{crs}{view}") == 5000 - inside.sum()


def test_none_is_outside_where_all_are_shown(tmp_path: Path) -> None:
    x, y = np.array([0.0, 3, 7]), np.array([1.0, 2, 9])
    assert outside(opened(tmp_path, x, y, None), "none") == 0
    points = opened(tmp_path, x, y, Bounds(0, 7, 1, 8.5))
    assert outside(points, "some") == 1
    shown = whole_bounds(points)
    assert (shown.x0, shown.y0) == pytest.approx((0, 1), abs=1e-6)
    assert (shown.x1, shown.y1) == pytest.approx((7, 9), abs=1e-6)
    assert outside(opened(tmp_path, x, y, Bounds(-1, 8, 0, 10)), "roomy") == 0


def test_where_too_many_would_be_read_it_is_not_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = opened(tmp_path, np.arange(50.0), np.arange(50.0), Bounds(0, 20, 0, 20))
    monkeypatch.setattr(plots, "MOST_COUNTED", 10)
    assert outside(points, "many") is None
    lines = replace(points.plot, kind="lines", name="l")
    assert outside(PlotRoot(lines, fingerprint(lines.path)).open(), "lines") is None
