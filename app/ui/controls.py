"""The controls of Explorer and Figure, set as the address says.

Ids are the page's name, a dash, and the control's name. The Explorer reads them in the browser: none of its controls
has a callback on the server.
"""

from collections.abc import Sequence
from typing import Any, Final

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from app.pipeline.controls import Controls
from app.pipeline.palettes import COLORMAPS
from app.pipeline.types import Dataset, Field, FieldKind, Plot
from app.ui.basemaps import BASE_MAPS
from app.ui.icons import icon
from app.ui.numbers import count

# What each aggregate is called, and the fields that it can use.
AGGREGATES: Final[dict[str, tuple[str, tuple[FieldKind, ...]]]] = {
    "count": ("count", ()),
    "by": ("count by category", ("category",)),
    "sum": ("sum", ("number",)),
    "mean": ("mean", ("number", "time")),
    "min": ("minimum", ("number", "time")),
    "max": ("maximum", ("number", "time")),
    "var": ("variance", ("number",)),
    "std": ("standard deviation", ("number",)),
}
NORMALIZATIONS: Final = (("eq_hist", "Equalise"), ("log", "Log"), ("cbrt", "∛"), ("linear", "Linear"))

_HELP: Final = {
    "aggregate": "What each pixel shows of the rows that fall into it.",
    "field": "The column that is aggregated. Only columns that fit the aggregate are offered.",
    "cmap": "Low values take the end of the colours that is nearest to the ground, so that few points fade into it.",
    "normalization": "How values spread over the colours. Equalise gives each colour as many pixels as any other.",
    "range": "Percentiles of the visible pixels that take the first and the last colour. Their values stand below.",
    "spreading": "Draws each pixel as a disc of this radius. With few points in view a larger one is used; it says so.",
    "epsg": "Coordinates of a national grid, laid on the map: the system's number, such as 2056 for Switzerland.",
    "basemap": "Coastlines come with Stageboard. The others come from the network.",
}


def fitting(fields: Sequence[Field], aggregate: str) -> list[dict[str, str]]:
    """Return the fields that an aggregate can use, as options of a select."""
    kinds = AGGREGATES[aggregate][1]
    return [{"value": one.name, "label": one.title} for one in fields if one.kind in kinds]


def labelled(page: str, name: str, label: str, *controls: Component) -> Component:
    """Return a control with its label and, where there is one, its help."""
    head: list[Any] = [html.Label(label, htmlFor=f"{page}-{name}", id=f"{page}-{name}-label")]
    if name in _HELP:
        button = html.Button("?", type="button", className="control-help", **{"aria-label": f"{label}: {_HELP[name]}"})
        shown = {"hover": True, "focus": True, "touch": True}
        head.append(dmc.Tooltip(button, label=_HELP[name], multiline=True, w=240, withArrow=True, events=shown))
    return html.Div([html.Div(head, className="control-label"), *controls], className="control")


def select(page: str, name: str, label: str, data: Sequence[Any], value: str | None, **more: Any) -> Component:
    """Return a labelled choice of one."""
    control = dmc.Select(
        id=f"{page}-{name}", data=list(data), value=value, allowDeselect=False, size="sm",
        comboboxProps={"shadow": "md", "transitionProps": {"duration": 0}}, **{"aria-label": label, **more},
    )  # fmt: skip
    return labelled(page, name, label, control)


def _slider(page: str, name: str, label: str, value: int, top: int = 100, **more: Any) -> Component:
    slider = dmc.Slider(
        id=f"{page}-{name}", value=value, min=0, max=top, step=1, updatemode="drag", thumbLabel=label, size="sm",
        thumbSize=16, **more,
    )  # fmt: skip
    return labelled(page, name, label, slider)


def group(title: str, *controls: Component, hidden: bool = False) -> Component:
    """Return controls under a title."""
    return html.Fieldset([html.Legend(title, className="unseen"), *controls], className="explorer-group", hidden=hidden)


def _data_group(dataset: Dataset, plot: Plot, served: Sequence[Dataset]) -> Component:
    sets = [{"value": one.name, "label": one.title} for one in served]
    plots = [{"value": one.name, "label": one.title} for one in dataset.plots]
    return group(
        "Data",
        select("explorer", "dataset", "Data set", sets, dataset.name),
        select("explorer", "plot", "Plot", plots, plot.base),
    )


def aggregate_group(page: str, plot: Plot, shown: Controls) -> Component:
    """Return what each pixel shows."""
    options = [
        {"value": name, "label": label, "disabled": bool(kinds) and not fitting(plot.fields, name)}
        for name, (label, kinds) in AGGREGATES.items()
    ]
    fields = fitting(plot.fields, shown.aggregate)
    return group(
        "Aggregate",
        select(page, "aggregate", "Aggregate", options, shown.aggregate),
        select(
            page,
            "field",
            "Field",
            fields,
            shown.field if fields else None,
            disabled=not fields,
            placeholder="none: rows are counted",
        ),
    )


def colour_group(page: str, shown: Controls) -> Component:
    """Return how values become colours."""
    how = dmc.SegmentedControl(
        id=f"{page}-normalization", data=[{"value": value, "label": label} for value, label in NORMALIZATIONS],
        value=shown.normalization, fullWidth=True, size="xs", **{"aria-label": "Normalisation"},
    )  # fmt: skip
    window = dmc.RangeSlider(
        id=f"{page}-range", value=list(shown.range), min=0, max=100, step=0.5, minRange=0.5, updatemode="drag",
        size="sm", thumbSize=16, thumbFromLabel="Lowest percentile", thumbToLabel="Highest percentile",
    )  # fmt: skip
    cmaps = select(
        page, "cmap", "Colormap", [{"value": name, "label": name} for name in COLORMAPS], shown.cmap,
        renderOption={"function": "explorerColormap"}, disabled=shown.aggregate == "by", maxDropdownHeight=360,
    )  # fmt: skip
    cmaps.children.append(html.Div(id=f"{page}-cmap-preview", **{"aria-hidden": "true"}))
    return group(
        "Colour",
        cmaps,
        labelled(page, "normalization", "Normalisation", how),
        labelled(page, "range", "Range", window, html.Div(id=f"{page}-range-values")),
    )


def points_group(page: str, shown: Controls) -> Component:
    """Return how points are drawn."""
    spreading = _slider(
        page,
        "spreading",
        "Spreading",
        shown.spreading,
        5,
        marks=[{"value": at, "label": str(at)} for at in range(6)],
        mb=20,
    )
    spreading.children.append(html.P(id=f"{page}-spreading-note", className="control-note", role="status"))
    return group("Points", spreading, _slider(page, "data_opacity", "Data opacity", shown.data_opacity))


def _map_group(plot: Plot, shown: Controls) -> Component:
    labels = dmc.Switch(id="explorer-labels", label="Names of places", checked=shown.labels, size="sm")
    return group(
        "Map",
        select(
            "explorer",
            "basemap",
            "Base map",
            [{"value": one.name, "label": one.title} for one in BASE_MAPS],
            shown.basemap,
        ),
        _slider("explorer", "map_opacity", "Map opacity", shown.map_opacity),
        labels,
        hidden=not plot.geographic,
    )


def _actions(dataset: Dataset, plot: Plot, outside: int | None) -> Component:
    share = dmc.Button(
        html.Span("Copy link to this view", id="explorer-share-label", role="status"),
        id="explorer-share",
        variant="filled",
        leftSection=icon("copy"),
        size="sm",
    )
    reset = dmc.Button("Reset view", id="explorer-reset", variant="default", size="sm")
    export = html.A(
        "Export PNG",
        id="explorer-export",
        href="",
        download=f"{dataset.name}-{plot.name}.png",
        className="explorer-export",
    )
    every = [] if outside == 0 else _show_all(outside)
    return html.Div([share, reset, export, *every], className="explorer-actions")


def _show_all(outside: int | None) -> list[Component]:
    """Return the way to the rows that the opening view leaves out, and how many these are."""
    many = "Rows lie" if outside is None else f"{count(outside, 'row')} {'lies' if outside == 1 else 'lie'}"
    button = html.Button("Show all rows", id="explorer-all", type="button", className="button")
    return [button, html.P(f"{many} outside the opening view.", className="explorer-outside figures")]


def panel(
    dataset: Dataset,
    plot: Plot,
    shown: Controls,
    served: Sequence[Dataset],
    notes: Sequence[str],
    outside: int | None = 0,
    more: Sequence[Component] = (),
) -> list[Component]:
    """Return what stands in the panel of controls.

    Parameters
    ----------
    dataset, plot : Dataset, Plot
        What is explored.
    shown : Controls
        The values to open with.
    served : sequence of Dataset
        All that can be chosen.
    notes : sequence of str
        What the user should know about the data.
    outside : int or None
        How many rows the opening view leaves out; None: some, and how many is not known.
    more : sequence of Component
        What stands below the controls.
    """
    said = (
        [html.Ul([html.Li(one) for one in notes], className="notes", **{"aria-label": "Notes on the data"})]
        if notes
        else []
    )
    return [
        _actions(dataset, plot, outside),
        _data_group(dataset, plot, served),
        aggregate_group("explorer", plot, shown),
        colour_group("explorer", shown),
        points_group("explorer", shown),
        _map_group(plot, shown),
        *more,
        *said,
    ]
