"""Data: all that can be explored, as a list; what this session has sent, and where it sends more."""

from typing import Any, Final

import dash
import dash_mantine_components as dmc
from dash import ALL, Input, Output, callback, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from app import runtime
from app.datasets.faults import confined
from app.pipeline.errors import DataError
from app.pipeline.table import describe
from app.pipeline.types import Dataset
from app.ui import shell
from app.ui.links import page_href, rooted
from app.ui.numbers import size
from app.ui.sheet import Cell, sheet
from app.ui.upload import DELETE, drop_area, own_table

dash.register_page(
    __name__,
    path="/data",
    name="Data",
    title="Data · Stageboard",
    description="Every data set as a list, and the files that you send.",
    order=4,
)

_HEADS: Final = ("Data set", "Rows", "Fields", "Size", "Plots")


def _row(dataset: Dataset) -> list[Cell]:
    plot = dataset.plots[0]
    try:
        with confined(plot.path):
            info = describe(plot.path)
        rows, held = "counted when it opens" if info.rows is None else f"{info.rows:,}", size(info.bytes)
    except DataError as error:
        rows, held = str(error), ""
    name = dmc.Anchor(dataset.title, href=page_href("/explorer", dataset.name))
    return [name, rows, f"{len(plot.fields):,}", held, ", ".join(one.title for one in dataset.plots)]


def _own() -> Component:
    served = runtime.current()
    owner = served.owner()
    return own_table([(one, served.uploads.size(owner, one.name)) for one in served.uploads.of(owner)])


def layout(**_query: str) -> Component:
    """Return the page."""
    served = runtime.current()
    return shell.page(
        html.H1("Data"),
        drop_area(served.uploads.allowance.upload, served.settings.session_days),
        html.H2("Yours"),
        html.Div(_own(), id="data-own"),
        html.P(dmc.Anchor("What is kept of you", href=rooted("/session")), className="quiet"),
        html.H2("For everyone"),
        sheet(_HEADS, map(_row, served.catalogue), _HEADS[1:4]),
    )


@callback(Output("data-own", "children"), Input({"type": DELETE, "name": ALL}, "n_clicks"), prevent_initial_call=True)
def deleted(clicks: Any) -> Component:
    """Delete an upload of who asks, and return the list anew."""
    chosen = ctx.triggered_id
    if not (isinstance(clicks, list) and any(clicks) and isinstance(chosen, dict)):
        raise PreventUpdate
    served = runtime.current()
    served.uploads.delete(served.owner(), str(chosen["name"]))
    return _own()
