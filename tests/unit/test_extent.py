"""What a figure opens on: the bounds of the rows that its axes can show."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.pipeline.pipeline import Pipeline
from app.pipeline.roots import PlotRoot
from app.pipeline.stages.registry import GRAPHS
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.table import fingerprint
from app.pipeline.types import Axis, Plot

NAN, INF = np.nan, np.inf
X = [-4.0, 1.0, 2.0, 8.0, NAN, 0.0, INF]
Y = [10.0, 20.0, -5.0, 40.0, 9.0, 90.0, 1.0]


def extent(path: Path, x: list[float], y: list[float], xlog: bool = False, ylog: bool = False) -> dict[str, object]:
    pq.write_table(pa.table({"x": x, "y": y}), path / "rows.parquet")
    plot = Plot("figure", path / "rows.parquet", Axis("x"), Axis("y"))
    root = PlotRoot(plot, fingerprint(plot.path), raw=True)
    found: dict[str, object] = (
        Pipeline(GRAPHS["figure"], MemoryStore()).run(root, "extent", {"xlog": xlog, "ylog": ylog}).value
    )
    return found


@pytest.mark.parametrize(
    ("xlog", "ylog", "bounds", "rows", "nonpositive"),
    [
        (False, False, [-4, 8, -5, 90], 5, 0),
        (True, False, [1, 8, -5, 40], 3, 2),
        (False, True, [-4, 8, 10, 90], 4, 1),
        (True, True, [1, 8, 20, 40], 2, 3),
    ],
)
def test_bounds_are_those_of_rows_with_a_place_on_both_axes(tmp_path, xlog, ylog, bounds, rows, nonpositive):
    assert extent(tmp_path, X, Y, xlog, ylog) == {"bounds": bounds, "rows": rows, "nonpositive": nonpositive}


def test_where_no_row_can_be_drawn_there_are_no_bounds(tmp_path):
    assert extent(tmp_path, [-1.0, 0.0], [1.0, 2.0], xlog=True) == {"bounds": None, "rows": 0, "nonpositive": 2}


def test_it_is_stored_and_needs_no_other_stage(tmp_path):
    pq.write_table(pa.table({"x": [1.0, 3.0], "y": [2.0, 5.0]}), tmp_path / "rows.parquet")
    plot = Plot("figure", tmp_path / "rows.parquet", Axis("x"), Axis("y"))
    store = MemoryStore()
    params = {"xlog": False, "ylog": False}
    root = PlotRoot(plot, fingerprint(plot.path), raw=True)
    first = Pipeline(GRAPHS["figure"], store).run(root, "extent", params)
    again = Pipeline(GRAPHS["figure"], store).run(root, "extent", params)
    assert first.events[-1].how == "ran"
    assert [one.how for one in again.events] == ["unneeded", "memory"]
    assert again.value == first.value
