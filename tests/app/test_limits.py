"""Rate limits: a burst passes, more than that is told to wait, and nobody pays for another."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.pipeline.session import COOKIE, Sessions
from app.server import answer_errors
from app.serverside.outputs import EXTENSION
from app.web.buckets import Buckets
from app.web.limits import BURST, WEIGHTS, limit_rates


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_refills_and_never_overflows() -> None:
    clock = Clock()
    buckets = Buckets(10, 20, clock=clock)
    assert [buckets.take("a", 10) for _ in range(3)] == [0, 0, 1]
    clock.now = 0.5
    assert buckets.take("a", 10) == 0.5
    clock.now = 1
    assert buckets.take("a", 10) == 0
    clock.now = 100
    assert [buckets.take("a", 20), buckets.take("a", 1)] == [0, pytest.approx(0.1)]


def test_buckets_are_bounded_and_apart() -> None:
    buckets = Buckets(1, 1, most=2, clock=lambda: 0.0)
    assert [buckets.take(name, 1) for name in "aab"] == [0, 1, 0]
    for name in "cde":
        buckets.take(name, 1)
    assert len(buckets._held) == 2


def test_the_bucket_that_was_used_last_is_kept() -> None:
    buckets = Buckets(1, 2, most=2, clock=lambda: 0.0)
    assert [buckets.take(name, 1) for name in "abacaa"] == [0, 0, 0, 0, 1, 1]
    assert buckets.take("b", 2) == 0  # forgotten, and so full again


@pytest.fixture
def made(app) -> Flask:
    """A small app with the routes' names, and one token a second."""
    server = Flask("small")
    server.extensions[EXTENSION] = app.server.extensions[EXTENSION]
    answer_errors(server)
    limit_rates(server, 1)
    server.add_url_rule("/image", endpoint="images.image", view_func=lambda: "drawn")
    server.add_url_rule("/tile", endpoint="tiles.tile", view_func=lambda: "tile")
    server.add_url_rule("/health", endpoint="health.health", view_func=lambda: "ok")
    return server


def known(server: Flask, app) -> FlaskClient:
    client = server.test_client()
    sessions = server.extensions[EXTENSION]._cookies._sessions
    client.set_cookie(COOKIE, sessions.cookie(sessions.open(None)))
    return client


def test_who_asks_for_too_much_waits_and_the_others_do_not(made: Flask, app) -> None:
    greedy, modest = known(made, app), known(made, app)
    answers = [greedy.get("/tile") for _ in range(BURST + 3)]
    assert [one.status_code for one in answers[:BURST]] == [200] * BURST
    refused = answers[-1]
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.get_json()["error"] == "this session asked for more than its share: wait 1 s, then try again."
    assert modest.get("/tile").status_code == 200
    assert greedy.get("/health").status_code == 200
    assert made.test_client().get("/tile").status_code == 200


def test_without_a_session_an_address_is_counted_and_forged_cookies_win_nothing(made: Flask) -> None:
    client, forged = made.test_client(), Sessions("not the secret of the app")
    statuses = []
    for number in range(BURST + 1):
        client.set_cookie(COOKIE, forged.cookie(forged.open(None)) + str(number))
        statuses.append(client.get("/tile").status_code)
    assert statuses == [200] * BURST + [429]
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/tile", environ_overrides=elsewhere).status_code == 200


def test_what_costs_more_weighs_more(made: Flask, app) -> None:
    client = known(made, app)
    assert [client.get("/image").status_code for _ in range(2)] == [200, 429]


def test_every_weight_is_of_a_route_and_fits_a_bucket(app) -> None:
    assert set(WEIGHTS) <= {rule.endpoint for rule in app.server.url_map.iter_rules()}
    assert max(WEIGHTS.values()) <= BURST


def test_a_user_who_pans_wildly_is_never_refused() -> None:
    """A view of 24 tiles is replaced four times a second for a minute, then left, and 16 are prefetched."""
    clock = Clock()
    buckets = Buckets(200, 200 * BURST, clock=clock)
    for _ in range(240):
        assert [buckets.take("user", 1) for _ in range(24)] == [0] * 24
        clock.now += 0.25
    assert [buckets.take("user", 1) for _ in range(16)] == [0] * 16
