"""Tiles, images, events, geography and health, as a client sees them."""

import json

import pytest
from flask.testing import FlaskClient

from app import runtime as door


@pytest.fixture
def spec(app) -> str:
    engine = door.of(app.server)
    return f"places.{engine.root(engine.plot('places')).fingerprint[:12]}.places.count"


def plot_name(app) -> str:
    return door.of(app.server).plot("places").name


@pytest.fixture
def tiles(app, spec: str) -> str:
    return "/tiles/" + spec.replace(".places.count", f".{plot_name(app)}.count")


def test_a_tile_is_packed_immutable_and_timed(client: FlaskClient, tiles: str) -> None:
    view = {"Stageboard-View": "0,2,0,2", "Accept-Encoding": "gzip"}
    first = client.get(f"{tiles}/1/0/0", headers=view)
    assert first.status_code == 200
    assert first.headers["Content-Encoding"] == "gzip"
    assert "immutable" in first.headers["Cache-Control"]
    assert "grid;desc=" in first.headers["Server-Timing"]
    neighbour = client.get(f"{tiles}/1/1/1")
    assert "grid;desc=memory" in neighbour.headers["Server-Timing"]
    assert neighbour.data.startswith(b"SBT1")


def test_an_empty_tile_has_no_content(client: FlaskClient, tiles: str) -> None:
    assert client.get(f"{tiles}/5/0/31").status_code == 204


@pytest.mark.parametrize("where", ["1/2/0", "23/0/0", "1/0/9"])
def test_a_tile_beyond_the_world_is_not_found(client: FlaskClient, tiles: str, where: str) -> None:
    answer = client.get(f"{tiles}/{where}")
    assert answer.status_code == 404
    assert "error" in answer.get_json()


@pytest.mark.parametrize(
    ("spec", "status"),
    [("nonsense", 400), ("places.0123456789ab.places.mode", 400), ("nope.0123456789ab.places.count", 404)],
)
def test_a_wrong_spec_is_one_sentence(client: FlaskClient, spec: str, status: int) -> None:
    answer = client.get(f"/tiles/{spec}/0/0/0")
    assert answer.status_code == status
    assert answer.get_json()["error"].endswith((".", "…"))


def test_stale_data_and_a_wrong_view_are_told(client: FlaskClient, app, tiles: str) -> None:
    stale = f"/tiles/places.0123456789ab.{plot_name(app)}.count/0/0/0"
    assert client.get(stale).status_code == 404
    assert client.get(f"{tiles}/0/0/0", headers={"Stageboard-View": "x"}).status_code == 400


def test_an_image_is_checked_by_its_tag(client: FlaskClient, app) -> None:
    url = f"/image/places/{plot_name(app)}.png?width=200&height=120&aggregate=by"
    first = client.get(url)
    assert first.data.startswith(b"\x89PNG")
    assert client.get(url, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert client.get(url + "&cmap=fir").status_code == 404
    assert client.get(f"/image/places/{plot_name(app)}.png?width=0").status_code == 400


def test_geography_and_health(client: FlaskClient) -> None:
    packed = client.get("/geo/land-110m.json", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert client.get("/geo/land-110m.json").get_json()["type"]
    assert client.get("/geo/nope.json").status_code == 404
    health = client.get("/health").get_json()
    assert health["status"] == "ok"
    assert health["datasets"] == ["flights", "places", "stars", "storms"]


def test_progress_ends_with_done(client: FlaskClient, app) -> None:
    text = client.get(f"/events/places/{plot_name(app)}").text
    events = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]
    assert events[-1]["done"]
