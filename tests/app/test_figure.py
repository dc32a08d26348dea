"""The Figure page without a browser: what its address opens, and its chain of callbacks, as the browser calls them."""

import io
import json
from typing import Any

import datashader as ds
import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from PIL import Image

from app import runtime
from app.pipeline.types import PlotKind
from app.ui.figure_query import LOOK, held_in
from tests.app.test_pages import texts

VIEW = {
    "dataset": "storms", "plot": "tracks", "x": "longitude", "y": "latitude", "kind": "points", "xlog": False,
    "ylog": False, "x0": -100, "x1": -40, "y0": 5, "y1": 45, "width": 300, "height": 200, "aggregate": "count",
    "field": "", "ground": "dark",
}  # fmt: skip
SHADING = {"normalization": "eq_hist", "range": [0, 100], "cmap": "fire", "spreading": 0, "category": ""}
AXES = {"x": "longitude", "y": "latitude", "kind": "points", "xlog": False, "ylog": False}


def ask(
    client: FlaskClient, outputs: Any, inputs: dict[str, Any], changed: str, state: dict[str, Any] | None = None
) -> Any:
    """Do what the browser does to run a callback; return its status and outputs."""

    def listed(values: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"id": name.split(".")[0], "property": name.split(".")[1], "value": value} for name, value in values.items()
        ]

    many = isinstance(outputs, list)
    targets = [{"id": one.split(".")[0], "property": one.split(".")[1]} for one in (outputs if many else [outputs])]
    body = {
        "output": f"..{'...'.join(outputs)}.." if many else outputs,
        "outputs": targets if many else targets[0],
        "inputs": listed(inputs),
        "changedPropIds": [changed],
        "state": listed(state or {}),
    }
    answer = client.post("/_dash-update-component", json=body)
    return answer.status_code, answer.get_json(silent=True)


def aggregate(client: FlaskClient, **view: Any) -> Any:
    status, body = ask(client, "figure-token.data", {"figure-view.data": VIEW | view}, "figure-view.data")
    assert status == 200, body
    return body["response"]["figure-token"]["data"] if "figure-token" in body["response"] else body


def picture(client: FlaskClient, token: Any, changed: str = "figure-token.data", **shading: Any) -> Any:
    values = {f"figure-{name}.{held_in(name)}": value for name, value in (SHADING | shading).items()}
    inputs = {"figure-token.data": token, **values, "figure-ground.data": None}
    status, body = ask(client, "figure-picture.data", inputs, changed)
    assert status == 200, body
    return body["response"]["figure-picture"]["data"]


def hows(shown: dict[str, Any]) -> dict[str, str]:
    return {one["stage"]: one["how"] for one in shown["events"]}


def ran(shown: dict[str, Any]) -> list[str]:
    return [name for name, how in hows(shown).items() if how == "ran"]


def draw(client: FlaskClient, axes: dict[str, Any], view: Any = None) -> Any:
    inputs = {f"figure-{name}.{'checked' if name.endswith('log') else 'value'}": value for name, value in axes.items()}
    state = {"figure-names.data": {"dataset": "storms", "plot": "tracks", **AXES}, "figure-view.data": view}
    outputs = ["figure-graph.figure", "figure-said.children"]
    status, body = ask(client, outputs, inputs, "figure-x.value", state)
    assert status == 200, body
    found = body["response"]
    return found["figure-graph"]["figure"]["layout"], found["figure-said"]["children"]


def props(answer: Any, name: str) -> dict[str, Any]:
    """Return the props of the component of a page with an id."""
    found: list[dict[str, Any]] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("props"), dict) and node["props"].get("id") == name:
                found.append(node["props"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(answer)
    assert len(found) == 1, name
    return found[0]


# The page


@pytest.mark.parametrize("far", [2**63, 2**70, 1e299])
def test_a_view_may_end_anywhere(client: FlaskClient, far: float) -> None:
    client.get("/")
    assert aggregate(client, x1=far)["token"]
    assert aggregate(client, y0=-far)["token"]


def test_a_newer_viewport_of_the_page_ends_an_older_one_quietly(client: FlaskClient) -> None:
    client.get("/")
    first = aggregate(client, x0=-99.5, lane="k3x9q2zt.2")
    assert first["token"]
    asked = {"figure-view.data": VIEW | {"x0": -98.5, "lane": "k3x9q2zt.1"}}
    assert ask(client, "figure-token.data", asked, "figure-view.data") == (204, None)
    for again in ({"x0": -99.5, "lane": "k3x9q2zt.1"}, {"x0": -98.5, "lane": "another0.1"}, {"x0": -97.5}):
        assert aggregate(client, **again)["token"]


def test_it_opens_on_the_bounds_of_the_data(visit):
    answer = visit("/figure/storms")
    layout = props(answer, "figure-graph")["figure"]["layout"]
    assert layout["xaxis"]["range"] == layout["meta"]["home"][:2]
    assert layout["meta"]["home"][1] <= 180
    assert layout["meta"]["names"] == {"dataset": "storms", "plot": "tracks", **AXES, "kind": "lines"}


def test_without_a_name_the_first_data_set_opens(visit):
    assert props(visit("/figure"), "figure-dataset")["value"] == "flights"


def test_the_address_sets_every_control(visit):
    asked = {
        "x": "distance", "y": "delay", "kind": "lines", "aggregate": "mean", "field": "distance",
        "normalization": "log", "range": [5, 95], "cmap": "kbc", "spreading": 3, "data_opacity": 60,
    }  # fmt: skip
    search = "&".join(f"{name}={','.join(map(str, v)) if isinstance(v, list) else v}" for name, v in asked.items())
    answer = visit("/figure/flights", f"?{search}&ylog=1&bounds=100,200,1,20")
    assert {name: props(answer, f"figure-{name}")["value"] for name in asked} == asked
    assert props(answer, "figure-ylog")["checked"] is True
    assert set(asked) | {"xlog", "ylog", "category"} == set(LOOK)
    other = visit("/figure/flights", "?aggregate=by&field=origin&category=ATL")
    assert props(other, "figure-category")["data"] == "ATL"
    layout = props(answer, "figure-graph")["figure"]["layout"]
    assert (layout["xaxis"]["range"], layout["yaxis"]["range"]) == ([100, 200], [0, pytest.approx(1.30103)])


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("?x=nope", "no column named 'nope'"),
        ("?y=origin", "no column named 'origin'"),
        ("?plot=nope", "'nope'"),
        ("?cmap=fyre", "did you mean 'fire'"),
        ("?kind=areas", "'areas'"),
        ("?xlog=1", "xlog=1 needs numbers"),
        ("?ylog=yes", "'yes' is neither 1 nor 0"),
        ("?ylog=1&bounds=1,2,-3,4", "not positive"),
        ("?bounds=1,2,3", "is not 4 numbers"),
        ("?bounds=2,1,3,4", "empty"),
        ("?spreading=9", "from 0 to 5"),
        ("?aggregate=mean&field=origin", "'origin' is a category"),
        ("?basemap=osm", "no parameter named 'basemap'"),
        ("?x=delay&x=distance", "more than once"),
    ],
)
def test_an_address_that_means_nothing_gets_a_plain_page(visit, search, said):
    answer = visit("/figure/flights", search)
    assert said.lower() in texts(answer).lower()
    assert "Traceback" not in json.dumps(answer)


# The chain


def test_a_view_becomes_a_token_and_a_token_becomes_a_picture(client, app):
    token = aggregate(client, width=310)
    shown = picture(client, token)
    assert len(token["token"]) < 300
    assert ran(shown) == ["grid", "spread", "stats", "index", "encode"]
    answer = client.get(shown["src"])
    image = Image.open(io.BytesIO(answer.data))
    assert (answer.mimetype, image.size) == ("image/png", (310, 200))
    assert "private" in answer.headers["Cache-Control"]
    alpha = np.asarray(image.convert("RGBA"))[..., 3]
    assert ((alpha > 0) == (direct(app, 310, 200) > 0)).all()
    faint = np.asarray(Image.open(io.BytesIO(client.get(f"{shown['src']}?data_opacity=40").data)).convert("RGBA"))
    assert (faint[..., 3] == np.floor(alpha * 0.4 + 0.5)).all()
    assert client.get(f"{shown['src']}?data_opacity=x").status_code == 400


def raw(app: Any, kind: PlotKind = "points") -> Any:
    """Return the raw longitudes and latitudes of the storms."""
    with app.server.app_context():
        served = runtime.current()
        root = served.figure_root("storms", "longitude", "latitude", kind)
        return served.points(root, "figure").rows_of("count", "")


def direct(app: Any, width: int, height: int) -> Any:
    """Count the rows of the view's pixels by one direct Datashader call, row 0 at the top."""
    rows = raw(app)
    canvas = ds.Canvas(width, height, (-100, -40), (5, 45))
    return canvas.points(pd.DataFrame({"x": rows.x, "y": rows.y}), "x", "y", agg=ds.count()).data[::-1]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"cmap": "kbc"}, ["encode"]),
        ({"normalization": "linear"}, ["stats", "index", "encode"]),
        ({"range": [7, 93]}, ["stats", "index", "encode"]),
        ({"spreading": 4}, ["spread", "stats", "index", "encode"]),
    ],
)
def test_a_control_runs_its_stages_alone(client, change, expected):
    token = aggregate(client, width=320)
    first = picture(client, token)
    (name,) = change
    shown = picture(client, token, f"figure-{name}.value", **change)
    assert ran(shown) == expected
    assert {hows(shown)["source"], hows(shown)["grid"]} <= {"unneeded", "memory", "disk"}
    assert shown["src"] != first["src"]
    assert ran(picture(client, token, f"figure-{name}.value", **change)) == []


@pytest.mark.parametrize(
    "change",
    [{"aggregate": "mean", "field": "wind"}, {"x1": -41}, {"height": 210}, {"kind": "lines", "width": 330}],
    ids=["aggregate", "pan", "size", "kind"],
)
def test_another_view_or_aggregate_runs_from_the_grid_on(client, change):
    picture(client, aggregate(client, width=329))
    shown = picture(client, aggregate(client, **{"width": 329, **change}))
    assert [name for name in ran(shown) if name != "source"] == ["grid", "spread", "stats", "index", "encode"]


def test_an_earlier_view_runs_nothing_for_another_session_too(app):
    ada, eve = app.server.test_client(), app.server.test_client()
    first = picture(ada, aggregate(ada, width=340))
    again = picture(eve, aggregate(eve, width=340))
    assert ran(again) == []
    assert first["src"] != again["src"]
    assert eve.get(first["src"]).status_code == 403
    assert ada.get(first["src"]).data == eve.get(again["src"]).data


def test_by_category_comes_in_the_categories_own_colours(client):
    shown = picture(client, aggregate(client, aggregate="by", field="basin"))
    assert [name for name, _ in shown["categories"]][:2] == ["North Atlantic", "East Pacific"]
    assert shown["aggregate"] == "by"
    assert shown["legend"]["high"] >= 1


def test_an_aggregate_without_a_field_takes_the_first_that_fits(client):
    shown = picture(client, aggregate(client, aggregate="mean", field=""))
    assert shown["field"] == "wind"


def test_the_legend_tells_the_greatest_count_of_the_view(client, app):
    shown = picture(client, aggregate(client, width=30, height=20), normalization="linear")
    counts = direct(app, 30, 20)
    assert [shown["legend"]["low"], shown["legend"]["high"]] == [counts[counts > 0].min(), counts.max()]


def test_a_view_of_no_rows_is_an_empty_picture(client):
    shown = picture(client, aggregate(client, y0=88, y1=89))
    assert shown["legend"] is None
    assert not np.asarray(Image.open(io.BytesIO(client.get(shown["src"]).data)).convert("RGBA"))[..., 3].any()


def test_light_and_dark_differ_in_encode_alone(client):
    dark, light = (picture(client, aggregate(client, width=350, ground=ground)) for ground in ("dark", "light"))
    assert ran(light) == ["encode"]
    assert light["src"] != dark["src"]


# What a browser should not send


def test_a_foreign_or_forged_token_is_stale_and_never_a_picture(app, client):
    token = aggregate(client)
    assert picture(app.server.test_client(), token) == {"stale": True}
    for bad in ("", "x", token["token"][:-2], None, 7, ["x"]):
        assert picture(client, token | {"token": bad}) == {"stale": True}
    assert client.get("/image/forged.png").status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "nope"}, {"plot": 3}, {"x": ["longitude"]}, {"x": "nope"}, {"y": "basin"}, {"kind": "areas"},
        {"x0": None}, {"x0": "1"}, {"x0": 10**400}, {"x1": -200}, {"width": 0}, {"width": 100_000}, {"height": True},
        {"aggregate": "median"}, {"aggregate": "sum", "field": "time"}, {"field": {"a": 1}, "aggregate": "mean"},
        {"xlog": True},
    ],
    ids=str,
)  # fmt: skip
def test_a_view_that_cannot_be_is_said_and_changes_nothing(client, change):
    status, body = ask(client, "figure-token.data", {"figure-view.data": VIEW | change}, "figure-view.data")
    assert status == 200
    assert "shell-toast" in json.dumps(body)
    assert "went wrong on the server" not in json.dumps(body)


@pytest.mark.parametrize("view", [7, "view", ["a"], {"dataset": "storms"}])
def test_a_view_that_is_none_is_said(client, view):
    status, body = ask(client, "figure-token.data", {"figure-view.data": view}, "figure-view.data")
    assert status == 200
    assert "reload the page" in json.dumps(body)


# Other axes


def test_a_logarithmic_axis_says_what_it_cannot_show(client):
    layout, said = draw(client, {**AXES, "x": "wind", "y": "pressure", "xlog": True})
    assert layout["xaxis"]["type"] == "log"
    assert (said == "") == (10 ** layout["xaxis"]["range"][0] == layout["meta"]["home"][0])
    layout, said = draw(client, {**AXES, "x": "time", "y": "latitude", "xlog": True})
    assert layout["xaxis"]["type"] == "date"
    assert said == ""


def test_the_view_survives_where_both_columns_stay(client):
    kept, _ = draw(client, {**AXES, "kind": "lines"}, VIEW)
    assert (kept["xaxis"]["range"], kept["yaxis"]["range"]) == ([-100, -40], [5, 45])
    other, _ = draw(client, {**AXES, "y": "wind"}, VIEW)
    assert other["xaxis"]["range"] == other["meta"]["home"][:2]


def test_tracks_do_not_run_back_around_the_world(app):
    with app.server.app_context():
        served = runtime.current()
        rows = served.points(served.figure_root("storms", "longitude", "latitude", "lines"), "figure").rows_of(
            "count", ""
        )
    assert np.nanmax(np.abs(np.diff(rows.x))) <= 180
