"""Metrics: what is counted under which name, and summed over processes."""

from collections.abc import Mapping

import dash
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app import runtime
from app.web import metrics
from app.web.board import Board


def read(client: FlaskClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return every sample by name and labels."""
    answer = client.get("/metrics")
    assert answer.mimetype == "text/plain"
    families = text_string_to_metric_families(answer.text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def value(found: Mapping[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def test_requests_are_counted_by_route_and_status(client: FlaskClient) -> None:
    before = read(client)
    client.get("/geo/countries.json")
    client.get("/geo/nope.json")
    client.get("/geo/other.json")
    after = read(client)
    route = "/geo/<name>.json"
    grown = [
        value(after, "stageboard_requests_total", route=route, status=status)
        - value(before, "stageboard_requests_total", route=route, status=status)
        for status in ("200", "404")
    ]
    assert grown == [1, 2]
    count = "stageboard_request_seconds_count"
    assert value(after, count, route=route) - value(before, count, route=route) == 3
    top = "stageboard_request_seconds_bucket"
    assert value(after, top, route=route, le="+Inf") == value(after, count, route=route)


def test_stages_are_counted_by_what_became_of_them(app: dash.Dash, client: FlaskClient) -> None:
    plot = runtime.of(app.server).plot("places").name
    address = f"/image/places/{plot}.png?width=77&height=55"
    before = read(client)
    client.get(address)
    once = read(client)
    client.get(address)
    twice = read(client)
    name = "stageboard_stages_total"
    runs = [value(one, name, stage="encode", how="ran") for one in (before, once, twice)]
    hits = [
        sum(v for (n, labels), v in one.items() if n == name and ("stage", "encode") in labels) for one in (once, twice)
    ]
    assert (runs[1] - runs[0], runs[2] - runs[1]) == (1, 0)
    assert hits[1] - hits[0] == 1
    assert value(once, "stageboard_stage_seconds_total", stage="encode", how="ran") > 0


def test_the_store_is_told_by_tier(client: FlaskClient) -> None:
    found = read(client)
    for tier in ("memory", "disk"):
        assert value(found, "stageboard_store_misses_total", tier=tier) > 0
        for name in ("entries", "bytes", "queued"):
            assert (f"stageboard_store_{name}", frozenset({("tier", tier)})) in found
    assert ("stageboard_superseded_total", frozenset()) in found


def test_labels_do_not_grow_with_what_clients_write(client: FlaskClient) -> None:
    client.get("/metrics")
    before = len(read(client))
    for number in range(20):
        client.get(f"/geo/x{number}.json")
        client.get(f"/made/up/{number}")
        client.open(f"/metrics?{number}", method="PATCH")
    assert len(read(client)) - before < 40  # at most two routes and statuses that were not there


def test_others_are_added_and_the_gone_stay_in_the_sums(app: dash.Dash, client: FlaskClient) -> None:
    engine = runtime.of(app.server)
    board = Board(2)
    here, there = metrics.Metrics(engine), metrics.Metrics(engine)
    for one, place in ((here, 1), (there, 2)):
        one.counts.add("/a", 200, 0.01, ())
        one._board, one._place = board, place
        one.publish_now()
    line = b'stageboard_requests_total{route="/a",status="200"} 2.0'
    assert line in here.text()
    entries = [row for row in here.text().splitlines() if row.startswith(b"stageboard_store_entries{")]
    metrics.retire(board, 2)
    assert line in here.text()
    assert not board.read(2)
    metrics.retire(board, 2)
    assert line in here.text()
    assert len(entries) == 2
