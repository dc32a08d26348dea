"""Requests that a newer view replaced, and requests that can wait, as a client sees them."""

from collections.abc import Iterator
from itertools import count

import pytest
from flask.testing import FlaskClient

from app import runtime as door
from app.runtime import Runtime

NEW_ROWS = count(300)  # tiles of the deepest zooms that no other test has asked for
Z = 12


@pytest.fixture
def engine(app) -> Runtime:
    return door.of(app.server)


@pytest.fixture
def spec(engine: Runtime) -> str:
    plot = engine.plot("places")
    return f"places.{engine.root(plot).fingerprint[:12]}.{plot.name}.count"


@pytest.fixture
def row() -> int:
    return next(NEW_ROWS)


@pytest.fixture
def client(client: FlaskClient) -> FlaskClient:
    """Return a browser that has opened a page, and so has a session."""
    client.get("/")
    return client


def headers(generation: int, rect: str, lane: str = "k3x9q2zt") -> dict[str, str]:
    return {"Stageboard-Lane": f"{lane}.{generation}", "Stageboard-View": rect}


def ask(client: FlaskClient, spec: str, row: int, generation: int, lane: str = "k3x9q2zt") -> int:
    """Ask for a tile as a view does that shows it alone; return the status."""
    at = headers(generation, f"7,8,{row},{row + 1}", lane)
    return client.get(f"/tiles/{spec}/{Z}/7/{row}", headers=at).status_code


def test_what_a_newer_view_does_not_show_is_not_computed(client, engine, spec, row) -> None:
    assert ask(client, spec, row, 2) in (200, 204)
    before, stopped = set(engine.store.keys()), engine.lanes.superseded
    late = client.get(f"/tiles/{spec}/{Z}/3/{row}", headers=headers(1, f"3,4,{row},{row + 1}"))
    assert late.status_code == 409
    assert late.get_json() == {"error": "a newer view replaced this one."}
    assert late.headers["Cache-Control"] == "no-store"
    assert set(engine.store.keys()) == before
    health = client.get("/health").get_json()
    assert (health["computing"], health["superseded"]) == (0, stopped + 1)


def test_what_the_newer_view_shows_too_is_computed(client, spec, row) -> None:
    wide = headers(2, f"0,9,{row},{row + 1}")
    assert client.post(f"/lanes/{spec}/{Z}", headers=wide).status_code == 204
    assert ask(client, spec, row, 1) == 204


def test_what_is_stored_is_answered_at_any_time(client, spec, row) -> None:
    assert ask(client, spec, row, 1) == 204
    client.post("/lanes", headers=headers(2, "0,0,0,0"))
    assert ask(client, spec, row, 1) == 204
    assert ask(client, spec, next(NEW_ROWS), 1) == 409


def test_a_view_that_wants_nothing_ends_all_that_it_asked_for(client, spec, row) -> None:
    answer = client.post(f"/lanes/{spec}/{Z}", headers=headers(5, "0,0,0,0"))
    assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (204, b"", "no-store")
    assert ask(client, spec, row, 4) == 409
    assert client.post("/lanes", headers={"Stageboard-Lane": "k3x9q2zt.7"}).status_code == 204
    assert ask(client, spec, row, 6) == 409
    assert ask(client, spec, row, 8) == 204


@pytest.mark.parametrize("has_session", [True, False])
def test_nobody_can_end_the_work_of_another_session(app, client, spec, row, has_session) -> None:
    other = app.server.test_client()
    if has_session:
        other.get("/")
    assert other.post(f"/lanes/{spec}/{Z}", headers=headers(9, "0,0,0,0")).status_code == 204
    assert ask(client, spec, row, 1) == 204


def test_without_a_session_or_a_lane_nothing_ends(app, spec, row) -> None:
    bare = app.server.test_client()
    bare.post(f"/lanes/{spec}/{Z}", headers=headers(9, "0,0,0,0"))
    assert ask(bare, spec, row, 1) == 204
    assert bare.get(f"/tiles/{spec}/{Z}/8/{row}").status_code == 204


def test_a_tile_never_carries_a_cookie(app, spec, row) -> None:
    answer = app.server.test_client().get(f"/tiles/{spec}/{Z}/7/{row}", headers=headers(1, "7,8,0,9"))
    assert answer.status_code == 204
    assert "Set-Cookie" not in answer.headers
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("lane", ["", "short.1", "k3x9q2zt", "k3x9q2zt.x", "../../k3x9q2zt.1", "k3x9q2zt.1" + "0" * 20])
def test_a_lane_that_cannot_be_read_is_told(app, client, spec, row, lane) -> None:
    for one in (client, app.server.test_client()):
        for ask_for in (one.get, one.post):
            path = f"/tiles/{spec}/{Z}/7/{row}" if ask_for == one.get else f"/lanes/{spec}/{Z}"
            answer = ask_for(path, headers={"Stageboard-Lane": lane, "Stageboard-View": "0,1,0,1"})
            assert answer.status_code == 400
            assert "is not 8 to 32 letters and digits" in answer.get_json()["error"]


def test_lanes_are_told_by_post_of_a_spec_alone(client, spec) -> None:
    assert client.get(f"/lanes/{spec}/{Z}").status_code in (404, 405)
    assert client.post(f"/lanes/nonsense/{Z}", headers=headers(1, "0,1,0,1")).status_code == 400


@pytest.fixture
def busy(engine: Runtime) -> Iterator[None]:
    """Let another thread compute something meanwhile."""
    flights = engine.pipelines["figure"].flights
    claims = flights.claim(["grid-of-another"])
    claims.mine["grid-of-another"].leader = 0
    with flights.settling(claims) as results:
        yield
        results["grid-of-another"] = b""


def prefetch(client: FlaskClient, spec: str, row: int) -> object:
    return client.get(f"/tiles/{spec}/{Z}/7/{row}", headers={"Stageboard-Prefetch": "1"})


def test_a_prefetch_is_computed_in_idle_time(client, engine, spec, row) -> None:
    assert prefetch(client, spec, row).status_code == 204
    with engine.idle.only():  # another prefetch is under way
        assert prefetch(client, spec, row).status_code == 204
        assert prefetch(client, spec, next(NEW_ROWS)).status_code == 202


def test_a_prefetch_waits_while_others_are_served(client, spec, row, busy) -> None:
    answer = prefetch(client, spec, row)
    assert answer.status_code == 202
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("1", "no-store")
    assert ask(client, spec, row, 1) == 204
    assert prefetch(client, spec, row).status_code == 204
    assert client.get("/health").get_json()["computing"] == 1


def test_a_prefetch_does_not_move_the_view(client, spec, row) -> None:
    assert ask(client, spec, row, 1) == 204
    ahead = headers(2, f"50,60,{row},{row + 1}") | {"Stageboard-Prefetch": "1"}
    assert client.get(f"/tiles/{spec}/{Z}/55/{row}", headers=ahead).status_code == 204
    at = headers(1, f"7,9,{row},{row + 1}")
    assert client.get(f"/tiles/{spec}/{Z}/8/{row}", headers=at).status_code == 204
