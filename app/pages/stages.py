"""Stages: the pipeline as a graph, what the last action did to it, what each control re-runs, what the cache holds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dash
import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Input, Output, callback, clientside_callback, html
from dash.development.base_component import Component

from app import runtime
from app.pipeline.graph import Graph
from app.ui import shell
from app.ui.icons import icon
from app.ui.numbers import size
from app.ui.stagegraph import stage_graph

dash.register_page(
    __name__,
    path="/stages",
    name="Stages",
    title="Stages · Stageboard",
    description="What the last action ran and reused, what each control re-runs, and what the cache holds.",
    order=3,
)

_PAGES: Final = {"map": "Explorer", "figure": "Figure"}
_LOOKS: Final = ("basemap", "data_opacity", "map_opacity", "labels")
# Parameters that people know by another name, or change together.
_VIEW: Final = dict.fromkeys(("view", "x0", "x1", "y0", "y1", "width", "height"), "pan, zoom")
_NAMES: Final[Mapping[str, str]] = {**_VIEW, "xlog": "log axes", "ylog": "log axes", "colors": "field"}


def _all_of(part: str) -> dict[str, Any]:
    return {"type": f"stages-{part}", "graph": ALL, "stage": ALL}


def _chips(graph: Graph, touched: Sequence[str]) -> Component:
    return html.Ul(
        [
            html.Li(
                [one.name, html.Span(" re-runs" if one.name in touched else " is reused", className="unseen")],
                className="stage-chip runs" if one.name in touched else "stage-chip",
            )
            for one in graph.stages
        ],
        className="stage-chips",
    )


def _touched(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Return, for each control that stages declare, the stages that it can re-run, in order."""
    found: dict[str, set[str]] = {}
    for param in (param for one in graph.stages for param in one.all_params):
        found.setdefault(_NAMES.get(param, param), set()).update(graph.downstream(param))
    order = [one.name for one in graph.stages]
    return {"plot": tuple(order), **{name: tuple(sorted(hit, key=order.index)) for name, hit in found.items()}}


def _reruns(graph: Graph, page: str) -> Component:
    rows = list(_touched(graph).items()) + [(look, ()) for look in _LOOKS if page == "map"]
    body = [html.Tr([html.Th(html.Code(name), scope="row"), html.Td(_chips(graph, hit))]) for name, hit in rows]
    head = html.Tr([html.Th("change of", scope="col"), html.Th("re-runs at most, and reuses the rest", scope="col")])
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)]), className="sheet reruns")


def _panel(name: str, graph: Graph) -> Component:
    note = (
        "In the Explorer all that follows the grid happens in the browser, so that these controls send no request; "
        "the server runs the same stages for pictures."
        if name == "map"
        else "In a figure the server runs every stage for the exact view."
    )
    return dmc.TabsPanel(
        [
            stage_graph(name, graph.stages),
            html.H2("What re-runs"),
            html.P(["Computed from the graph: a control touches the stages that declare it and all after them. ", note],
                   className="lede"),
            _reruns(graph, name),
        ],
        value=name,
    )  # fmt: skip


def _tier(tier: Mapping[str, Any]) -> Component:
    share = min(1.0, tier["bytes"] / tier["limit"]) if tier["limit"] else 0.0
    asked = tier["hits"] + tier["misses"]
    rate = f"{tier['hits'] / asked:.0%}" if asked else "–"
    filled = html.Div(html.Div(style={"width": f"{share:.2%}"}), className="fill", **{"aria-hidden": "true"})
    cells = [
        html.Th(
            [tier["tier"], html.Div(tier["detail"], className="quiet") if tier.get("detail") else None], scope="row"
        ),
        html.Td(f"{tier['entries']:,}", className="number"),
        html.Td([f"{size(tier['bytes'])} of {size(tier['limit'])}", filled], className="number"),
        html.Td(f"{tier['hits']:,}", className="number"),
        html.Td(f"{tier['misses']:,}", className="number"),
        html.Td(rate, className="number"),
        html.Td(f"{tier['errors']:,}", className="number"),
    ]
    return html.Tr(cells)


def _sheet(names: Sequence[str], rows: Sequence[Component]) -> Component:
    heads = [html.Th(name, scope="col", className="number" if place else "") for place, name in enumerate(names)]
    return html.Div(html.Table([html.Thead(html.Tr(heads)), html.Tbody(list(rows))]), className="sheet", tabIndex=0)


def _cache() -> list[Component]:
    served = runtime.current()
    stats = served.store_stats()
    order = {one.name: place for graph in served.graphs.values() for place, one in enumerate(graph.stages)}
    stages = [
        html.Tr([html.Th(name, scope="row"), html.Td(f"{one['entries']:,}", className="number")])
        for name, one in sorted(stats["stages"].items(), key=lambda row: order.get(row[0], len(order)))
    ]
    tiers = _sheet(
        ("tier", "entries", "bytes", "hits", "misses", "hit rate", "errors"), [_tier(one) for one in stats["tiers"]]
    )
    held = _sheet(("stage", "results"), stages) if stages else html.P("Nothing yet.", className="quiet")
    notes = [html.P([icon("warning"), " ", note], className="warned") for note in served.notes]
    return [*notes, tiers, html.H3("By stage"), held]


def layout(**_query: str) -> Component:
    """Return the page."""
    graphs = runtime.current().graphs
    tabs = dmc.TabsList([dmc.TabsTab(_PAGES.get(name, name), value=name) for name in graphs], mb="lg")
    refresh = dmc.Button(
        "Refresh", id="stages-refresh", variant="default", size="compact-sm", leftSection=icon("refresh")
    )
    return shell.page(
        html.H1("Stages"),
        html.Div(id="stages-last", className="last", **{"aria-live": "polite"}),
        dmc.Tabs(
            [tabs, *(_panel(name, graph) for name, graph in graphs.items())], id="stages-tab", value=next(iter(graphs))
        ),
        html.Div([html.H2("What the cache holds"), refresh], className="heading"),
        html.P("Hits and misses are of the process that answered; entries and bytes are of all.", className="lede"),
        html.Div(_cache(), id="stages-cache"),
    )


@callback(Output("stages-cache", "children"), Input("stages-refresh", "n_clicks"), prevent_initial_call=True)
def refresh_cache(_clicks: int) -> list[Component]:
    """Read the cache's figures again."""
    return _cache()


clientside_callback(
    ClientsideFunction("stages", "last"),
    Output("stages-last", "children"),
    Output("stages-tab", "value"),
    Output(_all_of("node"), "className"),
    Output(_all_of("how"), "children"),
    Output(_all_of("cost"), "children"),
    Input(_all_of("node"), "id"),
)
