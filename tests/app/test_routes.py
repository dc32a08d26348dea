"""Tiles, images, events, geography and health, as a client sees them."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import runtime as door
from app.pipeline.tiles import TILE_CODEC
from app.routes.registry import BLUEPRINTS
from app.server import answer_errors
from app.settings import Settings
from app.ui.bundle import ASSETS


@pytest.fixture
def spec(app) -> str:
    engine = door.of(app.server)
    return f"places.{engine.root(engine.plot('places')).fingerprint[:12]}.places.count"


def plot_name(app) -> str:
    return door.of(app.server).plot("places").name


@pytest.fixture
def tiles(app, spec: str) -> str:
    return "/tiles/" + spec.replace(".places.count", f".{plot_name(app)}.count")


def test_a_tile_is_packed_immutable_and_timed(client: FlaskClient, app, tiles: str) -> None:
    door.of(app.server).store.clear()
    first = client.get(f"{tiles}/1/0/0", headers={"Stageboard-View": "0,2,0,2"})
    assert first.status_code == 200
    assert first.mimetype == "application/gzip"
    assert "Content-Encoding" not in first.headers
    assert "immutable" in first.headers["Cache-Control"]
    assert "grid;desc=" in first.headers["Server-Timing"]
    neighbour = client.get(f"{tiles}/1/1/1")
    assert "grid;desc=memory" in neighbour.headers["Server-Timing"]
    assert gzip.decompress(neighbour.data).startswith(b"SBT1")


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


def test_a_tile_is_as_stored_whatever_the_client_takes(client: FlaskClient, tiles: str) -> None:
    packed = client.get(f"{tiles}/2/2/1", headers={"Accept-Encoding": "gzip, br"})
    plain = client.get(f"{tiles}/2/2/1", headers={"Accept-Encoding": "identity"})
    assert packed.data == plain.data
    assert "Vary" not in packed.headers
    assert TILE_CODEC.decode(packed.data).shape == (522, 522)


def test_an_empty_tile_is_good_for_ever_too(client: FlaskClient, tiles: str) -> None:
    answer = client.get(f"{tiles}/5/0/31")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Set-Cookie" not in answer.headers
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("view", ["0,4,0,4", "0,99999999,0,99999999", "3,1,0,4"])
def test_a_view_never_changes_what_a_tile_is(client: FlaskClient, tiles: str, view: str) -> None:
    plain = client.get(f"{tiles}/3/4/3")
    assert client.get(f"{tiles}/3/4/3", headers={"Stageboard-View": view}).data == plain.data


@pytest.mark.parametrize("z", [23, 40, 999])
def test_beyond_the_deepest_zoom_is_not_found_with_a_view_too(client: FlaskClient, tiles: str, z: int) -> None:
    assert client.get(f"{tiles}/{z}/0/0", headers={"Stageboard-View": "0,1,0,1"}).status_code == 404


@pytest.mark.parametrize("view", ["", "1,2,3", "a,b,c,d", "0,1,0,-1", "0,1,0,1,", "0,999999999,0,1"])
def test_a_view_that_cannot_be_read_is_told(client: FlaskClient, tiles: str, view: str) -> None:
    answer = client.get(f"{tiles}/1/0/0", headers={"Stageboard-View": view})
    assert answer.status_code == 400
    assert "is not x0,x1,y0,y1 in tiles" in answer.get_json()["error"]


@pytest.mark.parametrize(
    ("aggregate", "status", "said"),
    [
        ("mean.nope", 404, "no field named 'nope'"),
        ("mean.continent", 400, "'continent' is a category: it has no 'mean'"),
        ("by.population", 400, "'population' is a number: it has no 'by'"),
        ("count.population", 400, "'count' takes no field"),
        ("mean", 400, "'mean' takes a field"),
        ("median.population", 400, "no aggregate 'median'"),
    ],
)
def test_an_aggregate_that_cannot_be_is_one_sentence(
    client: FlaskClient, tiles: str, aggregate: str, status: int, said: str
) -> None:
    for _ in range(2):  # an error is kept nowhere
        answer = client.get(f"{tiles.removesuffix('count')}{aggregate}/0/0/0")
        assert answer.status_code == status
        assert said in answer.get_json()["error"]


def test_a_planes_tile_has_a_plane_a_category(client: FlaskClient, tiles: str) -> None:
    data = client.get(f"{tiles.removesuffix('count')}by.continent/0/0/0").data
    assert TILE_CODEC.decode(data).shape[0] >= 7


def test_an_image_follows_its_controls(client: FlaskClient, app) -> None:
    url = f"/image/places/{plot_name(app)}.png?width=160&height=100"
    first, again = client.get(url), client.get(url)
    assert first.data == again.data
    assert first.headers["ETag"] == again.headers["ETag"]
    assert "encode;desc=memory" in again.headers["Server-Timing"]
    changes = ("cmap=bgy", "normalization=log", "spreading=3", "range=10,90", "bounds=-10,30,35,60")
    for change in (*changes, "ground=light", "ground=dark", "view=1,300,200", "data_opacity=10"):
        other = client.get(f"{url}&{change}")
        assert other.status_code == 200
        assert other.headers["ETag"] != first.headers["ETag"]
        stale = client.get(f"{url}&{change}", headers={"If-None-Match": first.headers["ETag"]})
        assert stale.status_code == 200
    assert client.get(f"{url}&basemap=none").data == first.data


@pytest.mark.parametrize(
    ("query", "status"),
    [("width=x", 400), ("width=5000", 400), ("height=-1", 400), ("bounds=1,2,3", 400), ("bounds=2,1,0,1", 400),
     ("colour=red", 404), ("field=nope", 404), ("spreading=9", 400), ("aggregate=median", 404)],
)  # fmt: skip
def test_an_image_of_what_is_not_allowed_is_one_sentence(client: FlaskClient, app, query: str, status: int) -> None:
    answer = client.get(f"/image/places/{plot_name(app)}.png?{query}")
    assert answer.status_code == status
    assert answer.get_json()["error"].endswith((".", "…"))


@pytest.mark.parametrize(
    "path", ["/image/nope/map.png", "/image/places/nope.png", "/events/nope/map", "/events/places/x"]
)
def test_what_is_not_served_is_not_found(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "no " in answer.get_json()["error"]


def test_health_says_what_a_probe_reads(client: FlaskClient) -> None:
    answer = client.get("/health")
    assert answer.headers["Cache-Control"] == "no-store"
    health = answer.get_json()
    assert set(health) >= {"status", "version", "datasets", "store"}
    assert [tier["tier"] for tier in health["store"]] == ["memory", "disk"]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[FlaskClient, Path, str]]:
    """Serve a file that a test may spoil, without pages."""
    path = tmp_path / "mine.parquet"
    pd.DataFrame({"x": [0.0, 1, 2], "y": [0.0, 1, 2]}).to_parquet(path)
    settings = Settings(cache=tmp_path / "cache", folder=tmp_path / "data", data=(path,))
    with door.Runtime(settings) as runtime:
        server = Flask("routes")
        answer_errors(server)
        server.extensions[door.EXTENSION] = runtime
        for build in BLUEPRINTS:
            server.register_blueprint(build(runtime))
        yield server.test_client(), path, runtime.plot("mine").name


def events_of(client: FlaskClient, plot: str) -> list[dict[str, object]]:
    answer = client.get(f"/events/mine/{plot}")
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("text/event-stream", "no-store")
    return [json.loads(one.removeprefix("data: ")) for one in answer.text.strip().split("\n\n")]


def test_progress_grows_to_done(own) -> None:
    client, _, plot = own
    events = events_of(client, plot)
    assert [one["done"] for one in events] == [False] * (len(events) - 1) + [True]
    assert [one["fraction"] for one in events] == sorted(one["fraction"] for one in events)
    assert all(one["message"] and "error" not in one for one in events)


def test_a_spoiled_file_ends_in_one_error_event_and_works_once_mended(own) -> None:
    client, path, plot = own
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    *_, end = events_of(client, plot)
    assert end["done"]
    assert "Traceback" not in str(end["error"])
    assert str(end["error"]).endswith(".")
    assert client.get(f"/image/mine/{plot}.png?width=20&height=20").status_code == 422
    path.write_bytes(whole)
    assert "error" not in events_of(client, plot)[-1]


def test_a_changed_file_makes_old_addresses_stale(own, monkeypatch) -> None:
    client, path, plot = own
    runtime = client.application.extensions[door.EXTENSION]
    mark = runtime.root(runtime.plot("mine")).fingerprint[:12]
    address = f"/tiles/mine.{mark}.{plot}.count/0/0/0"
    assert client.get(address).status_code == 200
    pd.DataFrame({"x": [0.0, 1, 2, 3], "y": [0.0, 1, 2, 3]}).to_parquet(path)
    runtime._marks.clear()
    answer = client.get(address)
    assert answer.status_code == 404
    assert "have changed since this page was loaded: reload it" in answer.get_json()["error"]
    path.unlink()
    runtime._marks.clear()
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("kind", "mimetype", "files"),
    [
        ("js", "text/javascript", "*.js"),
        ("css", "text/css", "*.css"),
        ("worker", "text/javascript", "*.worker.js"),
    ],
)
def test_our_scripts_and_styles_come_as_one_file_each(
    client: FlaskClient, kind: str, mimetype: str, files: str
) -> None:
    [name] = re.findall(rf"/assets/(bundle-\w+\.{kind})", client.get("/").text)
    answer = client.get(f"/assets/{name}")
    assert answer.mimetype == mimetype
    assert "immutable" in answer.headers["Cache-Control"]
    for file in ASSETS.glob(files):
        assert (file.read_text("utf-8") in answer.text) == (kind == "worker" or ".worker" not in file.name)
        assert f"/assets/{file.name}" not in client.get("/").text
    old = client.get(f"/assets/bundle-0123.{kind}")
    assert (old.text, old.headers["Cache-Control"]) == (answer.text, "no-store")


def test_scripts_are_packed_for_who_can_unpack_them_and_the_same_for_all(client: FlaskClient) -> None:
    sources = re.findall(r'<script src="([^"]+)"', client.get("/").text)
    assert len(sources) > 10
    for source in sources:
        packed, plain = client.get(source, headers={"Accept-Encoding": "br, gzip"}), client.get(source)
        assert (packed.headers["Content-Encoding"], plain.headers.get("Content-Encoding")) == ("gzip", None)
        assert gzip.decompress(packed.data) == plain.data
        assert packed.mimetype == plain.mimetype
        for answer in (packed, plain):
            assert (answer.headers["Vary"], "immutable" in answer.headers["Cache-Control"]) == ("Accept-Encoding", True)


def test_a_script_that_is_not_named_by_its_content_is_not_kept(client: FlaskClient) -> None:
    named = next(one for one in re.findall(r'<script src="([^"]+)"', client.get("/").text) if "leaflet" in one)
    plain = re.sub(r"\.v\w+", "", named)
    answer = client.get(plain)
    assert answer.data == client.get(named).data
    assert "Cache-Control" not in answer.headers
    assert client.get(plain, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert client.get(named.replace("dash_leaflet.v", "other.v")).status_code == 404


def test_ready_waits_for_kernels_and_says_what_is_degraded(tmp_path: Path) -> None:
    server = Flask("small")
    (tmp_path / "file").touch()
    with door.Runtime(Settings(cache=tmp_path / "file" / "cache", folder=tmp_path)) as engine:
        for build in BLUEPRINTS:
            server.register_blueprint(build(engine))
        client = server.test_client()
        answer = client.get("/ready")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        engine.warm()
        assert engine.warmed.wait(180)
        answer = client.get("/ready")
        assert (answer.status_code, answer.get_json()["status"]) == (200, "degraded")
        assert "cannot be used" in answer.get_json()["reasons"][0]
