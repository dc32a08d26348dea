"""Home, Stages and the not-found page, as the browser gets them."""

import json
import re

import pytest

from app import runtime
from app.datasets.sidecar import read_sidecar
from app.ui.cards import Facts, card, unavailable


def texts(answer):
    return json.dumps(answer["_pages_content"]["children"], ensure_ascii=False)


def parts(node, kind):
    """Yield the props of every component of a type, in order."""
    if isinstance(node, dict):
        if node.get("type") == kind:
            yield node["props"]
        for value in node.values():
            yield from parts(value, kind)
    elif isinstance(node, list):
        for value in node:
            yield from parts(value, kind)


@pytest.fixture
def engine(app):
    with app.server.app_context():
        yield runtime.current()


def test_home_has_a_card_for_each_data_set(visit, engine):
    answer = visit("/")
    articles = list(parts(answer, "Article"))
    assert len(articles) == len(engine.catalogue) >= 4
    for dataset, article in zip(engine.catalogue, articles, strict=True):
        shown = json.dumps(article, ensure_ascii=False)
        assert dataset.title in shown
        assert json.dumps(dataset.licence, ensure_ascii=False)[1:-1] in shown
        for plot in dataset.plots:
            assert f"/explorer/{dataset.name}?plot={plot.name}" in shown
        assert f'"/figure/{dataset.name}"' in shown


def test_home_says_rows_and_columns_of_the_embedded_data(visit):
    shown = texts(visit("/"))
    for rows in ("3,000,000 rows", "234,908 rows", "1,871,011 rows", "149,703 rows"):
        assert rows in shown
    assert len(re.findall(r" · \d+ columns", shown)) >= 4


def test_home_reserves_room_for_pictures_of_the_pipeline(visit, client):
    images = list(parts(visit("/"), "Image"))
    assert len(images) >= 4
    for image in images:
        assert image["attributes"]["root"] == {"loading": "lazy", "width": 480, "height": 300}
        assert image["alt"]
    answer = client.get(images[0]["src"])
    assert answer.status_code == 200
    assert answer.mimetype == "image/png"


def test_home_shows_how_to_add_a_file(visit, tmp_path):
    copies = [one["value"] for one in parts(visit("/"), "CopyButton")]
    assert copies[0] == "python -m app data add FILE"
    (tmp_path / "trips.csv.toml").write_text(copies[1])
    said = read_sidecar(tmp_path / "trips.csv")
    assert (said.title, said.x, said.fields["fare_amount"].unit) == ("Taxi trips", "dropoff_lon", "$")


def test_a_card_shows_notes_and_a_lost_file_its_reason(engine):
    dataset = engine.dataset("flights").noted("12 rows were dropped.")
    assert "12 rows were dropped." in str(card(dataset, Facts(1, 2)))
    assert "1 row · 2 columns" in str(card(dataset, Facts(1, 2)))
    assert "rows counted when it opens" in str(card(dataset, Facts()))
    assert "Line 17" in str(unavailable("trips.csv", "line 17 has 9 columns."))


def test_stages_draws_both_graphs(visit, engine):
    ids = [one["id"] for one in parts(visit("/stages"), "Li") if isinstance(one.get("id"), dict)]
    drawn = [(one["graph"], one["stage"]) for one in ids if one["type"] == "stages-node"]
    assert drawn == [(name, stage.name) for name, graph in engine.graphs.items() for stage in graph.stages]


def rows_of(answer):
    """Return which stages each control re-runs, as the page's first table says."""
    panel = next(parts(answer, "TabsPanel"))
    found = {}
    for row in parts(panel, "Tr"):
        name = next(parts(row, "Code"), None)
        if name:
            chips = [one for one in parts(row, "Li") if "runs" in one["className"].split()]
            found[name["children"]] = [chip["children"][0] for chip in chips]
    return found


def test_what_re_runs_is_what_the_graph_says(visit, engine):
    graph = engine.graphs["map"]
    found = rows_of(visit("/stages"))
    for control in ("aggregate", "spreading", "normalization", "range", "cmap"):
        assert tuple(found[control]) == graph.downstream(control)
        assert found[control]
    for look in ("basemap", "data_opacity", "map_opacity", "labels"):
        assert found[look] == []
    assert "grid" not in found["spreading"]
    assert "grid" in found["aggregate"]


def test_stages_shows_what_the_cache_holds(visit, engine):
    shown = texts(visit("/stages"))
    for tier in engine.store_stats()["tiers"]:
        assert tier["tier"] in shown


def test_refresh_reads_the_cache_again(client, visit, engine):
    visit("/stages")
    body = {
        "output": "stages-cache.children",
        "outputs": {"id": "stages-cache", "property": "children"},
        "inputs": [{"id": "stages-refresh", "property": "n_clicks", "value": 1}],
        "changedPropIds": ["stages-refresh.n_clicks"],
    }
    client.get(f"/image/stars/{engine.dataset('stars').plots[0].name}.png?width=64&height=64")
    answer = client.post("/_dash-update-component", json=body).get_json()
    stages = list(parts(answer, "Table"))[1]
    rows = {
        cells[0]["props"]["children"]: cells[1]["props"]["children"]
        for cells in (row["children"] for row in list(parts(stages, "Tr"))[1:])
    }
    held = engine.store_stats()["stages"]
    assert rows["encode"] == f"{held['encode']['entries']:,}"
    order = ("grid", "spread", "stats", "index", "encode")
    assert [name for name in rows if name in order] == [name for name in order if name in rows]


def test_a_notice_begins_with_a_capital(visit):
    assert "No data set named 'nope'" in texts(visit("/explorer/nope"))


def test_an_address_of_no_page_says_so(visit):
    answer = visit("/nope")
    assert "There is no such page" in texts(answer)
    assert answer["_pages_store"]["data"]["title"].startswith("Not found")


@pytest.mark.parametrize("section", ["/explorer", "/figure"])
def test_an_unknown_data_set_is_a_clear_page(visit, section):
    shown = texts(visit(f"{section}/flihgts"))
    assert "flihgts" in shown
    assert "flights" in shown
    assert "Traceback" not in shown


def test_a_query_that_no_page_knows_does_no_harm(visit):
    for path in ("/", "/stages", "/nope"):
        assert visit(path, "?utm_source=x&plot=&self=1")["_pages_content"]
