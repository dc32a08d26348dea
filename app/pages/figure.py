"""Figure: any two columns on real axes, shaded by the server for the exact viewport, its callbacks chained by tokens.

The chain: the browser settles on a viewport; `aggregated` runs the grid and returns a token; `pictured` extends it by
the shading and returns a picture's address; `assets/figure.js` puts the picture into the figure. A new colormap calls
`pictured` alone.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

import dash
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from app import asking, runtime, serverside
from app.datasets.readings import find_plot
from app.pipeline.errors import (
    DataError,
    ParameterError,
    StageboardError,
    StaleError,
    SupersededError,
    TokenError,
    unknown,
)
from app.pipeline.keys import canonical
from app.pipeline.palettes import category_colors
from app.pipeline.run import Event
from app.pipeline.scale import unpacked
from app.pipeline.types import Bounds, Plot
from app.serverside import Recipe
from app.ui import figure_page, figure_query
from app.ui.failure import failure
from app.ui.figure_query import chosen, opening, root_names, viewport
from app.ui.figures import columns, figure, legend, roomy
from app.ui.links import figure_href, page_path
from app.ui.notices import HOME, Action, notice
from app.ui.numbers import count
from app.ui.preparing import preparing

dash.register_page(
    __name__,
    path="/figure",
    path_template="/figure/<dataset>",
    name="Figure",
    title="Figure · Stageboard",
    description="Any two columns on real axes, aggregated for the exact view.",
    order=2,
)

_AXES: Final = ("x", "y", "kind", "xlog", "ylog")
_SHADING: Final = ("normalization", "range", "cmap", "spreading", "category")


def layout(dataset: str = "", **query: str) -> Component:
    """Return the page of a data set; without a name, of the first."""
    served = runtime.current()
    one = served.dataset(dataset) if dataset else next(iter(served.catalogue))
    try:
        how = opening(one, query)
        if not served.ready(how.plot):
            return preparing(one, how.plot, "/figure", own=not served.shared(one.name))
        names = {"dataset": one.name, "plot": how.plot.name, **{name: getattr(how, name) for name in _AXES}}
        drawn, said = _drawn(names, how.controls.bounds)
    except DataError as error:
        plot = find_plot(one, query.get("plot", ""))
        return failure("/figure", one, plot, str(error), not served.shared(one.name))
    except StageboardError as error:
        back = Action(f"Open {one.title}", page_path("/figure", one.name))
        return notice("That address does not work here", str(error), (back, HOME))
    return figure_page.page(one, how, drawn, said, served.datasets())


def _drawn(names: Mapping[str, Any], view: Bounds | None) -> tuple[dict[str, Any], str]:
    """Return a figure without its picture, and what should be said of its rows."""
    dataset = runtime.current().dataset(names["dataset"])
    known = columns(dataset, find_plot(dataset, names["plot"]))
    logs = {name: bool(names[name]) for name in ("xlog", "ylog")}
    found = serverside.current().run("extent", root_names(names), logs).value
    x, y = known[names["x"]], known[names["y"]]
    if found["bounds"] is None:
        raise DataError(f"no row has both a {x.label!r} and a {y.label!r} that these axes can show: choose others.")
    home = roomy(Bounds(*found["bounds"]), **logs)
    lost = found["nonpositive"]
    said = f"{count(lost, 'row')} with no positive value cannot stand on a logarithmic axis: not drawn." if lost else ""
    return figure({**names, **logs}, x, y, home, view), said


def _told(function: str) -> ClientsideFunction:
    return ClientsideFunction("figure", function)


@callback(
    output=(Output("figure-graph", "figure"), Output("figure-said", "children")),
    inputs={"axes": {name: Input(f"figure-{name}", figure_query.held_in(name)) for name in _AXES}},
    state={"names": State("figure-names", "data"), "view": State("figure-view", "data")},
    prevent_initial_call=True,
)
def drawn(axes: dict[str, Any], names: Any, view: Any) -> tuple[dict[str, Any], str]:
    """Draw other axes; where both columns stay, so does the view, as far as the new axes can show it."""
    now = {**(names if isinstance(names, dict) else {}), **axes}
    dataset = runtime.current().dataset(root_names(now)["dataset"])
    known = columns(dataset, find_plot(dataset, now["plot"]))
    for name in ("x", "y"):
        if now[name] not in known:
            raise unknown("column", now[name], known)
        now[f"{name}log"] = now[f"{name}log"] is True and known[now[name]].can_log
    return _drawn(now, _kept(now, view))


def _kept(names: Mapping[str, Any], view: Any) -> Bounds | None:
    if not isinstance(view, dict) or any(names[name] != view.get(name) for name in ("x", "y")):
        return None
    at = viewport(view)
    if (names["xlog"] and at["x0"] <= 0) or (names["ylog"] and at["y0"] <= 0):
        return None
    return Bounds(*(at[name] for name in Bounds._fields))


@callback(Output("figure-token", "data"), Input("figure-view", "data"), prevent_initial_call=True)
def aggregated(view: Any) -> dict[str, Any]:
    """Aggregate the exact viewport, and return a token for it; a newer viewport of its page ends this one quietly."""
    if not view:
        raise PreventUpdate
    names = root_names(view)
    plot = runtime.current().plot(names["dataset"], names["plot"])
    how = chosen(plot, {name: view.get(name) for name in ("aggregate", "field") if view.get(name)})
    params = {"aggregate": how.aggregate, "field": "" if how.aggregate == "count" else how.field}
    params |= viewport(view)
    lane = asking.lane(str(view["lane"])) if "lane" in view else None
    try:
        with runtime.current().lanes.whole(lane, canonical(names | params)):
            given = serverside.current().run("grid", names, params)
    except SupersededError:
        raise PreventUpdate from None
    return {"token": given.token, "ground": view.get("ground"), "events": [asdict(one) for one in given.events]}


@callback(
    output=Output("figure-picture", "data"),
    inputs={
        "aggregate": Input("figure-token", "data"),
        "shading": {name: Input(f"figure-{name}", figure_query.held_in(name)) for name in _SHADING},
        "ground": Input("figure-ground", "data"),
    },
    prevent_initial_call=True,
)
def pictured(aggregate: Any, shading: dict[str, Any], ground: str | None) -> dict[str, Any]:
    """Shade what a token stands for, and return the picture's address with all that the page says about it."""
    if not isinstance(aggregate, dict):
        raise PreventUpdate
    token, below = aggregate.get("token", ""), ground or aggregate.get("ground")
    try:
        recipe = serverside.current().take(token, "grid")
    except (TokenError, StaleError):
        # The session or the data changed: the browser asks once more from the start of the chain.
        return {"stale": True}
    first = any(one["prop_id"].startswith("figure-token") for one in ctx.triggered)
    above = _events(aggregate.get("events")) if first else []
    return _pictured(token, recipe, shading, "light" if below == "light" else "dark", above)


def _pictured(token: str, recipe: Recipe, shading: dict[str, Any], ground: str, above: list[Event]) -> dict[str, Any]:
    side = serverside.current()
    plot = runtime.current().plot(str(recipe.root["dataset"]), str(recipe.root["plot"]))
    how = chosen(plot, shading)
    categories, colours = _categories(token, recipe, plot)
    # A category of another field than the picture's is brought out by none.
    front = categories.index(how.category) if how.category in categories else -1
    params = {name: getattr(how, name) for name in _SHADING if name != "category"}
    params |= {"range": list(how.range), "colors": colours, "front": front}
    given = side.extend(token, "grid", "encode", params | {"cmap": f"{how.cmap}@{ground}"})
    scale = unpacked(side.read(given.token, "encode", "stats"))
    return {
        "src": figure_href(given.token),
        "bytes": len(given.value),
        **recipe.root,
        **recipe.params,
        **params,
        "category": how.category,
        "legend": legend(scale, how.normalization, lambda: side.read(given.token, "encode", "spread")),
        "categories": [list(pair) for pair in zip(categories, colours, strict=True)],
        "events": _joined(above, given.events),
    }


def _categories(token: str, recipe: Recipe, plot: Plot) -> tuple[tuple[str, ...], list[str]]:
    """Return the categories that are drawn, and their colours; none where levels are."""
    if recipe.params["aggregate"] != "by":
        return (), []
    field = plot.find_field(str(recipe.params["field"]))
    found = serverside.current().read(token, "grid", "source").categories(field.name)
    return found, list(category_colors(found, field.colors))


def _events(given: Any) -> list[Event]:
    """Return events that have been to the browser and back."""
    try:
        return [Event(**one) for one in given]
    except TypeError:
        raise ParameterError("this page's own events came back changed: reload it.") from None


def _joined(first: list[Event], second: tuple[Event, ...]) -> list[dict[str, Any]]:
    """Return what became of each stage over both callbacks: what ran for the first is not a hit of the second."""
    ran = {one.stage: one for one in first if one.how != "unneeded"}
    return [asdict(replace(ran.get(one.stage, one))) for one in second]


# These two are to run when the page comes, which Dash does not do reliably for callbacks without an output.
clientside_callback(_told("watch"), Output("figure-watched", "data"), Input("figure-graph", "figure"))
clientside_callback(
    _told("controls"),
    Output("figure-told", "data"),
    Input("figure-info", "data"),
    *(Input(f"figure-{name}", figure_query.held_in(name)) for name in figure_query.LOOK),
)
clientside_callback(
    _told("show"),
    Output("figure-graph", "figure", allow_duplicate=True),
    Input("figure-picture", "data"),
    Input("figure-data_opacity", "value"),
    prevent_initial_call=True,
)
clientside_callback(_told("left"), Input("_pages_location", "pathname"), prevent_initial_call=True)
clientside_callback(_told("reset"), Input("figure-reset", "n_clicks"), prevent_initial_call=True)
clientside_callback(_told("share"), Input("figure-share", "n_clicks"), prevent_initial_call=True)
clientside_callback(
    _told("open"),
    Output("figure-go", "href"),
    Input("figure-dataset", "value"),
    Input("figure-plot", "value"),
    State("figure-info", "data"),
    prevent_initial_call=True,
)
