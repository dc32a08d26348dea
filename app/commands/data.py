"""``data``: what is served, files of one's own, and made-up data of any size."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from app.console import print_json, print_table, progress, say
from app.deferred import deferred
from app.pipeline.errors import DataError
from app.pipeline.types import Dataset, Plot
from app.settings import Settings

if TYPE_CHECKING:
    from app import plots, runtime
    from app.datasets import catalogue, faults, make
    from app.pipeline import roots, table
else:
    catalogue = deferred("app.datasets.catalogue")
    faults = deferred("app.datasets.faults")
    make = deferred("app.datasets.make")
    plots = deferred("app.plots")
    roots = deferred("app.pipeline.roots")
    runtime = deferred("app.runtime")
    table = deferred("app.pipeline.table")

group = typer.Typer(help="List, add, make or remove data sets.")
COUNTED_ROWS = 20_000_000
COUNTED_BYTES = 2_000_000_000
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Made(StrEnum):
    """What can be made."""

    taxi = "taxi"
    clifford = "clifford"


@group.command("list")
def show(context: typer.Context, as_json: AsJson = False) -> None:
    """List the data sets that are served, with their plots."""
    settings: Settings = context.obj
    found = catalogue.open_catalogue(settings.data, settings.folder)
    facts = [_facts(settings, one) for one in found]
    gone = [{"name": one.name, "path": str(one.path), "reason": one.reason} for one in found.unavailable]
    gone += [{key: str(one[key]) for key in ("name", "path", "reason")} for one in facts if one["reason"]]
    if as_json:
        print_json({"datasets": facts, "unavailable": gone})
        return
    shown = ("name", "title", "rows", "plots")
    print_table([{name: _short(one[name]) for name in shown} for one in facts], wide=("title", "plots"))
    for one in facts:
        for plot, counts in dict(one["counts"]).items():  # type: ignore[call-overload]
            if counts["left"] or counts["outside"]:
                say(f"{one['name']}, {plot}: {plots.told(counts)}")
    for lost in gone:
        say(f"{lost['name']} cannot be served: {lost['reason']}")


@group.command()
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A Parquet, CSV, Feather or Arrow file, or a folder of Parquet files.")],
    name: Annotated[str, typer.Option(help="What it is called in addresses.")] = "",
    title: Annotated[str, typer.Option(help="What it is called on the page.")] = "",
    x: Annotated[str, typer.Option(help="The column that goes across.")] = "",
    y: Annotated[str, typer.Option(help="The column that goes up.")] = "",
    crs: Annotated[str, typer.Option(help="lonlat, mercator, plane, or a system such as EPSG:2056.")] = "",
    kind: Annotated[str, typer.Option(help="points or lines.")] = "",
    track: Annotated[str, typer.Option(help="Lines: the column whose equal values are one track.")] = "",
    time: Annotated[str, typer.Option(help="Lines: the column by which a track's rows are ordered.")] = "",
    gap_time: Annotated[float | None, typer.Option(min=0, help="Lines: seconds that end a line; 0: none do.")] = None,
    gap_distance: Annotated[
        float | None, typer.Option(min=0, help="Lines: kilometres, or units of a plane, that end a line; 0: none do.")
    ] = None,
    scales: Annotated[str, typer.Option(help="A plane's: equal or free.")] = "",
    reverse: Annotated[str, typer.Option(help="Axes of a plane that grow to the left or downward: x, y, xy.")] = "",
    as_json: AsJson = False,
) -> None:
    """Serve a file from now on; what is recognised is said, and can be corrected by options.

    The file stays where it is.
    """
    entry = catalogue.Entry(file, name, title, x, y, crs, kind, track, scales, reverse, time, gap_time, gap_distance)
    _add(context, entry, as_json)


@group.command("make")
def make_data(
    context: typer.Context,
    what: Annotated[Made, typer.Argument(help="taxi: trips in New York; clifford: an attractor.")],
    rows: Annotated[int, typer.Option(min=1, help="How many rows; memory does not grow with them.")] = 1_000_000,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds make equal files.")] = 7,
    file: Annotated[Path | None, typer.Option("--to", help="The file to write; by default in the data folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a Parquet file of any size, and serve it from now on."""
    settings: Settings = context.obj
    target = file or settings.folder / f"{what}-{rows}.parquet"
    writers: dict[Made, Callable[..., None]] = {Made.taxi: make.make_taxi, Made.clifford: make.make_clifford}
    with progress(f"Making {target.name}") as report:
        writers[what](target, rows, seed, report)
    _add(context, catalogue.Entry(target, name=f"{what}-{rows}"), as_json)


@group.command()
def prepare(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A data set; `data list` names them.")],
    plot: Annotated[str, typer.Option(help="One of its plots; all where not given.")] = "",
    as_json: AsJson = False,
) -> None:
    """Lay a data set's rows out and build its pyramids now, so that its first page opens at once.

    Ctrl-C stops it; what is whole is kept, and the rest is made when it is needed.
    """
    settings: Settings = context.obj
    made: list[dict[str, object]] = []
    with runtime.Runtime(settings) as engine:
        wanted = [engine.plot(name, plot)] if plot else engine.dataset(name).plots
        for one in wanted:
            started = perf_counter()
            with progress(f"Preparing {name}, {one.name}") as report:
                points = engine.points(engine.root(one, lambda part, said: report(part / 2, said)))
                points.deepen(lambda part, said: report(0.5 + part / 2, said))
            made.append({"plot": one.name, "rows": points.rows, "seconds": round(perf_counter() - started, 2)})
    if as_json:
        print_json(made)
    else:
        print_table(made)


@group.command()
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The name or path of a file that was added or made.")],
) -> None:
    """No longer serve a file that was added; the file itself stays."""
    settings: Settings = context.obj
    gone = catalogue.added(settings.folder).remove(name)
    say(f"{gone.name} is no longer served. The file stays: {gone.path}")


def _add(context: typer.Context, entry: "catalogue.Entry", as_json: bool) -> None:
    settings: Settings = context.obj
    said: list[str] = []

    def check(found: Dataset) -> None:
        """Open what the file is to be drawn from, as the page does, so that what is added opens there."""
        for one in found.plots if _is_counted(found.plots[0]) else ():
            with progress(f"Reading {one.path.name}, {one.name}") as report:
                points = _root(settings, one, report).open()
            said.extend((f"{one.title}: {plots.account(points)}", *points.notes))

    dataset = catalogue.added(settings.folder).add(entry, check)
    if as_json:
        print_json(_facts(settings, dataset))
        return
    for note in dict.fromkeys((*dataset.notes, *said)):
        say(note)
    names = ", ".join(plot.name for plot in dataset.plots)
    say(f"{dataset.name} is served from the next start on, with the plots {names}: python -m app")


def _root(settings: Settings, plot: Plot, report: Callable[[float, str], None] | None = None) -> "roots.PlotRoot":
    """Return the root of a plot's rows without its fields: its layout is the page's."""
    bare = replace(plot, fields=(), aggregate="count", field="")
    root = roots.PlotRoot(bare, table.fingerprint(plot.path), settings.cache / "columns")
    return replace(root, progress=report) if report else root


def _is_counted(plot: Plot) -> bool:
    """Whether a file is small enough for its rows to be placed at once; those of a larger one are when it opens."""
    info = table.describe(plot.path)
    return info.rows <= COUNTED_ROWS if info.rows is not None else info.bytes <= COUNTED_BYTES


def _counts(settings: Settings, dataset: Dataset) -> dict[str, dict[str, object]]:
    """Return what became of the rows of those plots that were opened before, by the plots' names."""
    found = {}
    for one in dataset.plots:
        root = _root(settings, one)
        if root.ready():
            found[one.name] = plots.counts(root.open())
    return found


def _facts(settings: Settings, dataset: Dataset) -> dict[str, object]:
    path = dataset.plots[0].path
    rows, counted, reason = None, {}, ""
    try:
        with faults.confined(path):
            counted = _counts(settings, dataset)
            first = counted.get(dataset.plots[0].name)
            rows = first["read"] if first else table.describe(path).rows
    except DataError as error:
        reason = str(error)
    return {
        "name": dataset.name,
        "title": dataset.title,
        "rows": rows,
        "plots": [plot.name for plot in dataset.plots],
        "fields": sorted({field.name for plot in dataset.plots for field in plot.fields}),
        "path": str(path),
        "source": dataset.source,
        "licence": dataset.licence,
        "notes": list(dataset.notes),
        "counts": counted,
        "reason": reason,
    }


def _short(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(value)
    return "counted when opened" if value is None else value
