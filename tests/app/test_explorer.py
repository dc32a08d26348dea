"""The Explorer's page, as the browser gets it: the address sets every control, and what it cannot mean is said."""

import json
import re

import pytest

from app.pipeline.controls import BASEMAPS
from app.ui.basemaps import BASE_MAPS
from app.ui.controls import AGGREGATES, fitting
from tests.app.test_pages import parts, texts


def control(answer, name):
    """Return the props of a control of the page."""
    found = [one for one in walk(answer) if one.get("id") == f"explorer-{name}"]
    assert len(found) == 1, name
    return found[0]


def walk(node):
    if isinstance(node, dict):
        if isinstance(node.get("props"), dict):
            yield node["props"]
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def test_without_a_name_the_first_data_set_opens(visit):
    assert control(visit("/explorer"), "dataset")["value"] == "flights"


def test_the_address_sets_every_control(visit):
    search = (
        "?aggregate=mean&field=distance&normalization=log&cmap=kbc&spreading=3&range=5,95"
        "&data_opacity=60&basemap=osm&map_opacity=40&labels=0&bounds=100,200,-10,20"
    )
    answer = visit("/explorer/flights", search)
    expected = {
        "aggregate": "mean", "field": "distance", "normalization": "log", "cmap": "kbc",
        "spreading": 3,
        "range": [5, 95], "data_opacity": 60, "basemap": "osm", "map_opacity": 40,
    }  # fmt: skip
    assert {name: control(answer, name)["value"] for name in expected} == expected
    assert control(answer, "labels")["checked"] is False
    assert control(answer, "info")["data"]["bounds"] == [100, 200, -10, 20]


def test_a_plot_is_named_in_the_address(visit):
    answer = visit("/explorer/flights", "?plot=routes")
    assert control(answer, "plot")["value"] == "routes"
    assert control(answer, "info")["data"]["crs"] == "lonlat"


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("?plot=nope", "'nope'"),
        ("?cmap=fyre", "did you mean 'fire'"),
        ("?field=nope&aggregate=mean", "'nope'"),
        ("?aggregate=median", "'median'"),
        ("?aggregate=sum&field=origin", "origin"),
        ("?spreading=6", "from 0 to 5"),
        ("?range=90,10", "0 <= LOW < HIGH <= 100"),
        ("?bounds=1,2,3", "X0,X1,Y0,Y1"),
        ("?zoom=3", "'zoom'"),
    ],
)
def test_what_the_address_cannot_mean_is_said(visit, search, said):
    answer = visit("/explorer/flights", search)
    assert said in texts(answer)
    assert not [one for one in parts(answer, "Store") if one.get("id") == "explorer-info"]


def test_an_unknown_data_set_is_said(visit):
    assert "'nowhere'" in texts(visit("/explorer/nowhere"))


def test_only_fields_that_fit_are_offered(visit):
    answer = visit("/explorer/flights", "?aggregate=by")
    assert [one["value"] for one in control(answer, "field")["data"]] == ["origin", "destination"]
    assert control(answer, "cmap")["disabled"] is True
    assert control(visit("/explorer/flights"), "field")["disabled"] is True


def test_aggregates_without_a_fitting_field_cannot_be_chosen(visit):
    options = {one["value"]: one["disabled"] for one in control(visit("/explorer/stars"), "aggregate")["data"]}
    assert options["by"] is True
    assert options["mean"] is False
    assert set(options) == set(AGGREGATES)


def test_fitting_keeps_the_order_of_declaration(visit):
    assert fitting((), "mean") == []


def test_base_maps_are_those_that_the_address_knows():
    assert tuple(one.name for one in BASE_MAPS) == BASEMAPS
    online = [one.browser() for one in BASE_MAPS if one.provider]
    assert all("{z}" in str(one["url"]) and one["attribution"] for one in online)


def test_the_browser_is_told_the_plane_and_the_palettes(visit):
    told = control(visit("/explorer/stars"), "info")["data"]
    assert told["map"] == "explorer-map-stars-" + told["plot"]
    assert all(len(colours) == 256 * 6 for colours in told["palettes"].values())
    assert json.dumps(told["defaults"]["range"]) == "[0, 100]"


def facts(client, path):
    """Return what a page's document tells of its first picture; None where it tells nothing."""
    text = client.get(path).get_data(as_text=True)
    found = re.search(r'<script type="application/json" id="early">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1]) if found else None


def test_the_document_tells_what_the_first_picture_needs(visit, ada):
    search = "?plot=routes&cmap=kbc&bounds=-100,-80,30,50"
    told, page = facts(ada, f"/explorer/flights{search}"), control(visit("/explorer/flights", search), "info")["data"]
    assert told == {**page, "palettes": {"kbc": page["palettes"]["kbc"]}}
    assert facts(ada, "/explorer")["dataset"] == "flights"


@pytest.mark.parametrize(
    "path",
    ["/", "/data", "/figure/flights", "/explorer/nope", "/explorer/flights?plot=nope", "/explorer/flights?cmap=nope"],
)
def test_other_documents_tell_nothing(ada, path):
    assert facts(ada, path) is None


def scripts(client, path):
    """Return the file names of a document's scripts, and of those that it only holds for later, with the last text."""
    whole = client.get(path).get_data(as_text=True)
    held = "".join(re.findall(r'<template id="later">(.*?)</template>', whole, re.DOTALL))
    first, later = (re.findall(r'<script src="[^"]*/([^"]*)"', text) for text in (whole.replace(held, ""), held))
    return first, later, re.findall(r">([^<]*)</script>", held)[-1:]


def test_what_draws_the_first_picture_comes_before_all_else(ada):
    first, later, last = scripts(ada, "/explorer")
    assert [one.partition("-")[0] for one in first] == ["bundle"]
    assert {"react-dom", "dash_leaflet", "dash_renderer"} <= {re.split("[.@]", one)[0] for one in later}
    assert "new DashRenderer()" in last[0]


def test_pages_without_a_first_picture_hold_nothing_back(ada):
    first, later, _ = scripts(ada, "/data")
    assert later == []
    assert [one.partition("-")[0] for one in first[:1]] == ["bundle"]
    assert len(first) == 1 + len(scripts(ada, "/explorer")[1])
