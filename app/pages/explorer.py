"""Explorer: a plot on its plane, its aggregate tiles shaded in the browser. The address is the whole view."""

from collections.abc import Mapping
from typing import Any

import dash
import dash_leaflet as dl
from dash import ClientsideFunction, Input, Output, State, clientside_callback, dcc, html
from dash.development.base_component import Component

from app import runtime
from app.pipeline.controls import Controls
from app.pipeline.errors import DataError, StageboardError
from app.pipeline.types import Dataset, Plot
from app.ui.controls import panel
from app.ui.explorer_page import asked_for, browser_info, check_category, named
from app.ui.failure import failure
from app.ui.legend import legend, readouts
from app.ui.links import page_path
from app.ui.notices import HOME, Action, notice
from app.ui.numbers import count
from app.ui.preparing import preparing
from app.ui.rereading import reading_group
from app.ui.ribbon import ribbon

dash.register_page(
    __name__,
    path="/explorer",
    path_template="/explorer/<dataset>",
    name="Explorer",
    title="Explorer · Stageboard",
    description="Millions of points on a map or a plane; every control re-runs only its stages.",
    order=1,
)


def layout(dataset: str = "", plot: str = "", **query: str) -> Component:
    """Return the page of a plot; without names, of the first data set and of the plot that it opens with."""
    served = runtime.current()
    one = named(served, dataset)
    try:
        _, drawn, shown = asked_for(served, one.name, plot, query)
        if not served.ready(drawn):
            return preparing(one, drawn, own=not served.shared(one.name))
        info = served.plot_info(one.name, drawn)
        check_category(info, shown)
    except DataError as error:
        return failure("/explorer", one, served.plot(one.name, plot), str(error), not served.shared(one.name))
    except StageboardError as error:
        back = Action(f"Open {one.title}", page_path("/explorer", one.name))
        return notice("That address does not work here", str(error), (back, HOME))
    return _page(one, drawn, shown, info)


def _page(dataset: Dataset, plot: Plot, shown: Controls, info: Mapping[str, Any]) -> Component:
    """Return the page; the browser puts the controls in their place when the first picture is painted."""
    told = browser_info(dataset, plot, shown, info)
    facts = f"{count(info['rows'], 'row')}, drawn as {plot.kind}"
    served = runtime.current()
    reading = reading_group(dataset, plot, own=not served.shared(dataset.name))
    controls = panel(dataset, plot, shown, served.datasets(), info["notes"], info["outside"], [reading])
    head = [html.H1(dataset.title), html.P(facts, className="explorer-facts figures")]
    area = dl.Map(
        id=told["map"],
        className="explorer-map",
        crs="EPSG3857" if plot.geographic else "Simple",
        center=[0, 0],
        zoom=1,
        fadeAnimation=False,
        attributionControl=plot.geographic,
    )
    return html.Div(
        [
            html.Aside(
                [*head, html.Div(id="explorer-panel")], className="explorer-panel", **{"aria-label": "Controls"}
            ),
            html.Div(
                [
                    html.Div([area, *readouts()], className="explorer-view"),
                    html.Div([legend(), ribbon()], className="explorer-dock"),
                ],
                className="explorer-main",
            ),
            dcc.Store(id="explorer-info", data=told),
            dcc.Store(id="explorer-controls", data=[*controls, dcc.Store(id="explorer-furnished")]),
            dcc.Store(id="explorer-told"),
            dcc.Location(id="explorer-go", refresh="callback-nav"),
        ],
        className="explorer",
        **{"data-crs": plot.crs, "data-dataset": dataset.name, "data-plot": plot.name},
    )


def _told(name: str) -> ClientsideFunction:
    return ClientsideFunction("explorer", name)


# Dash calls only callbacks that have an output when a page comes; these never write theirs.
clientside_callback(_told("page"), Output("explorer-told", "data"), Input("explorer-info", "data"))
clientside_callback(_told("panel"), Output("explorer-panel", "children"), Input("explorer-controls", "data"))
clientside_callback(_told("furnished"), Output("explorer-furnished", "data"), Input("explorer-cmap", "id"))
clientside_callback(
    _told("open"),
    Output("explorer-go", "href"),
    Input("explorer-dataset", "value"),
    Input("explorer-plot", "value"),
    State("explorer-info", "data"),
    prevent_initial_call=True,
)
clientside_callback(
    _told("reread"),
    Output("explorer-go", "href", allow_duplicate=True),
    Input("explorer-system", "value"),
    Input("explorer-epsg", "value"),
    Input("explorer-gap", "value"),
    Input("explorer-jump", "value"),
    State("explorer-info", "data"),
    State("explorer-base", "data"),
    prevent_initial_call=True,
)
clientside_callback(_told("reset"), Input("explorer-reset", "n_clicks"), prevent_initial_call=True)
clientside_callback(_told("share"), Input("explorer-share", "n_clicks"), prevent_initial_call=True)
clientside_callback(
    _told("preparing"),
    Output("explorer-preparing", "value"),
    Output("explorer-preparing-message", "children"),
    Input("explorer-events", "value"),
    prevent_initial_call=True,
)
clientside_callback(
    _told("stopPreparing"),
    Input("explorer-preparing-stop", "n_clicks"),
    State("explorer-events", "url"),
    prevent_initial_call=True,
)
