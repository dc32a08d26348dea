"""The Figure page's parts: its panel of controls, the figure, and the places that `assets/figure.js` writes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from app.pipeline import controls as table
from app.pipeline.controls import COLORMAPS, WHOLE
from app.pipeline.types import Dataset, Plot
from app.ui import controls
from app.ui.explorer_page import plots_told
from app.ui.figure_query import Opening, default_kind
from app.ui.figures import CONFIG, columns
from app.ui.icons import icon
from app.ui.legend import legend
from app.ui.ribbon import ribbon

PAGE: Final = "figure"


def page(dataset: Dataset, how: Opening, drawn: Mapping[str, Any], said: str, served: Sequence[Dataset]) -> Component:
    """Return the page's content.

    Parameters
    ----------
    dataset : Dataset
    how : Opening
        The values to open with.
    drawn : mapping
        The figure, without its picture.
    said : str
        What the user should know about the rows.
    served : sequence of Dataset
        All that can be chosen.
    """
    return html.Div(
        [
            _panel(dataset, how, served),
            html.Div(
                [
                    html.Div([_stage(drawn), _chips(said)], className="explorer-view figure-view"),
                    html.Div([legend(PAGE), ribbon(PAGE)], className="explorer-dock"),
                ],
                className="explorer-main",
            ),
            dcc.Store(id="figure-info", data=browser_info(dataset, how)),
            dcc.Store(id="figure-category", data=how.controls.category),
            dcc.Store(id="figure-names", data=drawn["layout"]["meta"]["names"]),
            *(dcc.Store(id=f"figure-{name}") for name in ("view", "token", "picture", "ground", "watched", "told")),
            dcc.Location(id="figure-go", refresh="callback-nav"),
        ],
        className="explorer figure",
        **{"data-crs": "plane", "data-dataset": dataset.name, "data-plot": how.plot.name},
    )


def _stage(drawn: Mapping[str, Any]) -> Component:
    graph = dcc.Graph(id="figure-graph", figure=drawn, config=CONFIG, responsive=True, className="figure-graph")
    return html.Div(
        graph,
        id="figure-stage",
        className="figure-stage",
        tabIndex=0,
        role="application",
        **{"aria-label": "Figure. Arrow keys move the view, plus and minus zoom, zero resets."},
    )


def _chips(said: str) -> Component:
    state = html.Div(id="figure-state", className="explorer-state figure-state")
    return html.Div(
        [html.Div(said, id="figure-said", role="status"), html.Div(id="figure-message", role="alert"), state],
        className="figure-chips",
    )


def _panel(dataset: Dataset, how: Opening, served: Sequence[Dataset]) -> Component:
    notes = [html.Ul([html.Li(one) for one in dataset.notes], className="notes")] if dataset.notes else []
    return html.Aside(
        [
            html.H1(dataset.title),
            html.P("Any two columns, aggregated for the exact view", className="explorer-facts"),
            _actions(dataset),
            _data_group(dataset, how, served),
            _axes_group(dataset, how),
            controls.aggregate_group(PAGE, how.plot, how.controls),
            controls.colour_group(PAGE, how.controls),
            controls.points_group(PAGE, how.controls),
            *notes,
        ],
        className="explorer-panel",
        **{"aria-label": "Controls"},
    )


def _actions(dataset: Dataset) -> Component:
    label = html.Span("Copy link to this view", id="figure-share-label", role="status")
    share = dmc.Button(label, id="figure-share", variant="filled", leftSection=icon("copy"), size="sm")
    reset = dmc.Button("Reset view", id="figure-reset", variant="default", size="sm")
    export = html.A("Export PNG", id="figure-export", download=f"{dataset.name}.png", className="explorer-export")
    return html.Div([share, reset, export], className="explorer-actions")


def _data_group(dataset: Dataset, how: Opening, served: Sequence[Dataset]) -> Component:
    sets = [{"value": one.name, "label": one.title} for one in served]
    plots = [{"value": one.name, "label": one.title} for one in dataset.plots]
    return controls.group(
        "Data",
        controls.select(PAGE, "dataset", "Data set", sets, dataset.name),
        controls.select(PAGE, "plot", "Columns of", plots, how.plot.base),
    )


def _axes_group(dataset: Dataset, how: Opening) -> Component:
    known = columns(dataset, how.plot)
    options = [{"value": name, "label": one.title} for name, one in known.items()]
    kinds = [{"value": "points", "label": "Points"}, {"value": "lines", "label": "Lines"}]
    return controls.group(
        "Axes",
        controls.select(PAGE, "x", "x", options, how.x, searchable=True),
        _log("xlog", "Logarithmic x", how.xlog, known[how.x].can_log),
        controls.select(PAGE, "y", "y", options, how.y, searchable=True),
        _log("ylog", "Logarithmic y", how.ylog, known[how.y].can_log),
        dmc.SegmentedControl(id="figure-kind", data=kinds, value=how.kind, fullWidth=True, size="xs",
                             **{"aria-label": "Draw rows as"}),
    )  # fmt: skip


def _log(name: str, label: str, checked: bool, possible: bool) -> Component:
    return dmc.Switch(id=f"figure-{name}", label=label, checked=checked, disabled=not possible, size="sm")


def browser_info(dataset: Dataset, how: Opening) -> dict[str, Any]:
    """Return what the browser needs to know beside the figure, as JSON."""
    known = columns(dataset, how.plot)
    return {
        "dataset": dataset.name,
        "plot": how.plot.name,
        "defaults": _defaults(dataset, how.plot),
        "plots": plots_told(dataset),
        "columns": {name: {"log": one.can_log} for name, one in known.items()},
        "fields": [{name: getattr(one, name) for name in ("name", "title", "unit", "kind")} for one in how.plot.fields],
        "palettes": {name: "".join(colours).replace("#", "") for name, colours in COLORMAPS.items()},
    }


def _defaults(dataset: Dataset, plot: Plot) -> dict[str, Any]:
    """Return how the figure opens on an address without parameters."""
    shown = asdict(table.opening(plot)) | {"range": list(WHOLE), "bounds": None, "plot": dataset.plots[0].name}
    return shown | {"x": plot.x.column, "y": plot.y.column, "kind": default_kind(plot), "xlog": False, "ylog": False}
