"""What every data set of the registry must hold; a new one is covered by its line there."""

import re
from pathlib import Path

import numpy as np
import pytest

from app.datasets import DATA
from app.datasets.declared import Declaration
from app.datasets.registry import DECLARED, EMBEDDED
from app.pipeline.palettes import find_colormap
from app.pipeline.table import describe, open_table
from app.pipeline.types import Dataset, Field, Plot

SLUG = re.compile(r"[a-z0-9_-]+")
AGGREGATES = ("count", "sum", "min", "max", "mean", "var", "std", "by")
declared = [one.declare(Path("file.parquet")) for one in DECLARED]
datasets = pytest.mark.parametrize("dataset", [*EMBEDDED, *declared], ids=lambda one: one.name)
embedded_plots = pytest.mark.parametrize(
    "plot", [plot for one in EMBEDDED for plot in one.plots], ids=lambda plot: f"{plot.path.stem}-{plot.name}"
)


def _fields(dataset: Dataset) -> list[Field]:
    return [field for plot in dataset.plots for field in plot.fields]


def test_names_are_unique() -> None:
    names = [one.name for one in (*EMBEDDED, *declared)]
    assert sorted(set(names)) == sorted(names)


@datasets
def test_names_are_slugs(dataset: Dataset) -> None:
    for name in (dataset.name, *(plot.name for plot in dataset.plots), *(field.name for field in _fields(dataset))):
        assert SLUG.fullmatch(name)
    for plot in dataset.plots:
        for names in ([one.name for one in dataset.plots], [field.name for field in plot.fields]):
            assert len(set(names)) == len(names)


@datasets
def test_origin_and_licence_are_stated(dataset: Dataset) -> None:
    assert dataset.title
    assert dataset.description.endswith(".")
    assert dataset.source
    assert dataset.licence


@datasets
def test_labels_and_colours_fit_the_categories(dataset: Dataset) -> None:
    for field in _fields(dataset):
        assert field.kind == "category" or not field.categories
        assert len(field.labels) in (0, len(field.categories))
        assert len(field.colors) in (0, len(field.categories))
        assert all(re.fullmatch(r"#[0-9a-f]{6}", color) for color in field.colors)


@datasets
def test_plots_open_on_what_they_have(dataset: Dataset) -> None:
    for plot in dataset.plots:
        find_colormap(plot.cmap)
        assert plot.aggregate in AGGREGATES
        assert bool(plot.field) == (plot.aggregate != "count")
        if plot.field:
            assert (plot.find_field(plot.field).kind == "category") == (plot.aggregate == "by")
        if plot.view:
            assert plot.view.x0 < plot.view.x1
            assert plot.view.y0 < plot.view.y1


@embedded_plots
def test_embedded_columns_are_in_the_file(plot: Plot) -> None:
    wanted = {plot.x.column, plot.y.column, plot.x.end, plot.y.end, plot.track, *(one.column for one in plot.fields)}
    assert wanted - {""} <= {column.name for column in describe(plot.path).columns}


@embedded_plots
def test_embedded_plots_show_most_rows_when_they_open(plot: Plot) -> None:
    table = open_table(plot.path, [plot.x, plot.y, *plot.fields], None)
    x, y, view = table.column(plot.x.column), table.column(plot.y.column), plot.view
    assert view is not None
    inside = (x >= view.x0) & (x <= view.x1) & (y >= view.y0) & (y <= view.y1)
    assert inside.mean() > 0.95


@embedded_plots
def test_embedded_fields_hold_what_is_declared(plot: Plot) -> None:
    table = open_table(plot.path, list(plot.fields), None)
    for field in plot.fields:
        if field.kind != "category":
            assert np.isfinite(table.column(field.column)).mean() > 0.5
        elif field.categories:
            assert table.categories(field) == field.categories


@pytest.mark.parametrize("dataset", EMBEDDED, ids=lambda one: one.name)
def test_the_notice_speaks_of_every_embedded_file(dataset: Dataset) -> None:
    notice = (DATA / "NOTICE").read_text(encoding="utf-8")
    for plot in dataset.plots:
        assert plot.path.parent == DATA
        assert plot.path.name in notice


def test_no_embedded_file_is_left_out() -> None:
    assert {plot.path for one in EMBEDDED for plot in one.plots} == set(DATA.glob("*.parquet"))


def test_the_embedded_files_are_small() -> None:
    assert sum(file.stat().st_size for file in DATA.iterdir()) <= 28_000_000


@pytest.mark.parametrize("declaration", DECLARED, ids=lambda one: one.name)
def test_declarations_match_their_own_columns(declaration: Declaration) -> None:
    path = Path(f"{declaration.hint or 'file'}.parquet")
    first = next(one for one in DECLARED if one.matches(path, declaration.columns))
    assert first is declaration
    assert declaration.open(path, declaration.columns).name == declaration.name
    for plot in declaration.open(path, declaration.columns).plots:
        assert {plot.x.column, plot.y.column, *(field.column for field in plot.fields)} <= declaration.columns
        assert plot.path == path
