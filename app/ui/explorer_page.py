"""What an Explorer's page opens with: for the page itself, and for its first picture, which does not wait for Dash."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from app.pipeline.controls import COLORMAPS, WHOLE, Controls, opening, place_of
from app.pipeline.types import Dataset, Plot
from app.runtime import Runtime
from app.ui.basemaps import BASE_MAPS

CONTROLS: Final = (
    ("aggregate", "value"),
    ("field", "value"),
    ("normalization", "value"),
    ("range", "value"),
    ("cmap", "value"),
    ("spreading", "value"),
    ("data_opacity", "value"),
    ("basemap", "value"),
    ("map_opacity", "value"),
    ("labels", "checked"),
)
"""What makes the picture, in the order in which the browser takes the values."""


class Opened(NamedTuple):
    """What an address asks for."""

    dataset: Dataset
    plot: Plot
    shown: Controls


def named(served: Runtime, dataset: str) -> Dataset:
    """Return the data set of an Explorer's path, which may name none: then the first.

    Raises
    ------
    UnknownNameError
    """
    return served.dataset(dataset) if dataset else next(iter(served.catalogue))


def asked_for(served: Runtime, dataset: str, plot: str, query: Mapping[str, str]) -> Opened:
    """Return what an Explorer's address asks for; without a plot's name, the one that the data set opens with.

    ``query`` is that of the address but for the plot.

    Raises
    ------
    StageboardError
        For names that are not served, and values that are not valid.
    """
    one = named(served, dataset)
    drawn = served.plot(one.name, plot)
    return Opened(one, drawn, opening(drawn).changed(drawn, query))


def check_category(info: Mapping[str, Any], shown: Controls) -> None:
    """Raise `UnknownNameError` where the category to bring out is none of its field's, which only the rows can tell.

    Parameters
    ----------
    info : mapping
        As `Runtime.plot_info` returns it.
    shown : Controls
    """
    if shown.aggregate == "by":
        for one in info["fields"]:
            if one["name"] == shown.field:
                place_of(shown.category, tuple(one["categories"]))


def plots_told(dataset: Dataset) -> dict[str, Any]:
    """Return what the browser must know of a data set's plots, to keep what fits another one."""
    return {one.name: {"crs": one.crs, "fields": [field.name for field in one.fields]} for one in dataset.plots}


def browser_info(dataset: Dataset, plot: Plot, shown: Controls, info: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that the browser needs to draw a plot, as JSON.

    Parameters
    ----------
    dataset, plot : Dataset, Plot
    shown : Controls
        The values to open with; its bounds are the view of the address.
    info : mapping
        As `Runtime.plot_info` returns it.
    """
    start = {**asdict(opening(plot)), "plot": dataset.plots[0].name, "range": list(WHOLE)}
    return {
        **info,
        "map": f"explorer-map-{dataset.name}-{plot.name}",
        "controls": [[f"explorer-{name}", prop] for name, prop in CONTROLS],
        "category": shown.category,
        "plots": plots_told(dataset),
        "about": {"title": dataset.title, "source": dataset.source, "licence": dataset.licence},
        "opening": [getattr(shown, name) for name, _ in CONTROLS],
        "bounds": list(shown.bounds) if shown.bounds else None,
        "defaults": start,
        "basemaps": {one.name: one.browser() for one in BASE_MAPS},
        "palettes": {name: "".join(colours).replace("#", "") for name, colours in COLORMAPS.items()},
    }


def first_picture(served: Runtime, dataset: str, query: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what the browser needs for a page's first picture, as `browser_info` has it but with one palette.

    Parameters
    ----------
    served : Runtime
    dataset : str
        As in the page's path; may be empty.
    query : mapping of str to str
        Of the page's address.

    Returns
    -------
    dict or None
        None where the plot is still to be prepared.

    Raises
    ------
    StageboardError
        As `asked_for` does, and for data that cannot be opened.
    """
    look = {name: text for name, text in query.items() if name != "plot"}
    one, plot, shown = asked_for(served, dataset, query.get("plot", ""), look)
    if not served.ready(plot):
        return None
    info = browser_info(one, plot, shown, served.plot_info(one.name, plot))
    return {**info, "palettes": {shown.cmap: info["palettes"][shown.cmap]}}
