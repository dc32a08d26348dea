"""Controls from text: what is allowed is read, all else is refused with what is."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from app.pipeline.controls import Window, opening
from app.pipeline.errors import ParameterError, UnknownNameError
from app.pipeline.palettes import CATEGORY_COLORS
from app.pipeline.roots import PlotRoot
from app.pipeline.table import fingerprint
from app.pipeline.types import Axis, Bounds, Field, Plot

PLOT = Plot("p", Path("x"), Axis("x"), Axis("y"), (Field("v", "v"), Field("c", "c", "category")))


def test_every_control_is_read() -> None:
    given = {"range": "2,98", "spreading": "3", "labels": "0", "data_opacity": "40", "bounds": "0,1,2,3"}
    found = opening(PLOT).changed(PLOT, {**given, "cmap": "bgy", "basemap": "osm", "normalization": "log"})
    assert (found.range, found.spreading, found.labels, found.data_opacity) == (Window(2, 98), 3, False, 40)
    assert (found.bounds, found.cmap, found.basemap, found.normalization) == (Bounds(0, 1, 2, 3), "bgy", "osm", "log")


@pytest.mark.parametrize(
    ("given", "aggregate", "field"),
    [
        ({"aggregate": "mean"}, "mean", "v"),
        ({"aggregate": "by"}, "by", "c"),
        ({"field": "v"}, "mean", "v"),
        ({"field": "c"}, "by", "c"),
        ({"aggregate": "sum", "field": "v"}, "sum", "v"),
    ],
)
def test_a_field_that_fits_is_found(given: dict[str, str], aggregate: str, field: str) -> None:
    found = opening(PLOT).changed(PLOT, given)
    assert (found.aggregate, found.field) == (aggregate, field)


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("cmpa", "fire", UnknownNameError),
        ("cmap", "fir", UnknownNameError),
        ("field", "w", UnknownNameError),
        ("aggregate", "mode", UnknownNameError),
        ("basemap", "moon", UnknownNameError),
        ("spreading", "6", ParameterError),
        ("spreading", "x", ParameterError),
        ("range", "98,2", ParameterError),
        ("range", "1", ParameterError),
        ("range", "a,b", ParameterError),
        ("bounds", "1,0,0,1", ParameterError),
        ("bounds", "0,inf,0,1", ParameterError),
        ("labels", "maybe", ParameterError),
    ],
)
def test_what_is_not_allowed_is_refused(name: str, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        opening(PLOT).changed(PLOT, {name: text})


def test_a_plot_without_a_fitting_field_says_so() -> None:
    bare = Plot("p", Path("x"), Axis("x"), Axis("y"))
    with pytest.raises(ParameterError, match="has no field"):
        opening(bare).changed(bare, {"aggregate": "mean"})
    with pytest.raises(ParameterError, match="is a category"):
        opening(PLOT).changed(PLOT, {"aggregate": "mean", "field": "c"})


def test_controls_become_parameters_of_stages(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pd.DataFrame({"x": [0.0, 1], "y": [0.0, 1], "v": [1, 2], "c": ["a", "b"]}).to_parquet(path)
    plot = replace(PLOT, path=path, fields=(PLOT.fields[0], replace(PLOT.fields[1], colors=("#112233",))))
    points = PlotRoot(plot, fingerprint(path)).open()
    by = opening(plot).changed(plot, {"aggregate": "by", "range": "2,98"}).params(points)
    assert by["colors"] == ["#112233", CATEGORY_COLORS[1]]
    assert (by["aggregate"], by["field"], by["range"]) == ("by", "c", [2, 98])
    assert by["front"] == -1
    shown = opening(plot).changed(plot, {"aggregate": "by", "category": "b"})
    assert shown.params(points)["front"] == 1
    assert replace(shown, aggregate="count", field="").params(points)["front"] == -1
    with pytest.raises(UnknownNameError, match="no category named 'bb'; did you mean 'b'"):
        replace(shown, category="bb").params(points)
    counted = opening(plot).changed(plot, {"aggregate": "count", "field": "v"}).params(points)
    assert (counted["field"], counted["colors"]) == ("", [])
    assert {"basemap", "labels", "data_opacity", "map_opacity"}.isdisjoint(counted)
