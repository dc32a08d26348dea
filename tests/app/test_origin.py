"""What changes something is done for our own pages alone, and for programs that carry nobody's session."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.server import answer_errors
from app.web.mount import mount
from app.web.origin import check_origins


def made(prefix: str = "/", proxies: int = 0) -> FlaskClient:
    server = Flask("small")
    answer_errors(server)
    check_origins(server)
    server.add_url_rule("/change", view_func=lambda: "done", methods=["GET", "POST", "DELETE", "PUT", "PATCH"])
    mount(server, prefix, proxies)
    return server.test_client()


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, False),
        ({"Sec-Fetch-Site": "nonsense"}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "https://localhost"}, True),  # a proxy ended TLS
        ({"Origin": "http://LOCALHOST:80"}, True),
        ({"Origin": "http://localhost:8050"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
        ({"Origin": "http://evil.example/localhost"}, False),
        ({"Origin": "http://localhost@evil.example"}, False),
        ({"Origin": "http://evil.example#@localhost"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://[nonsense"}, False),
        ({"Origin": "http://evil.example", "Referer": "http://localhost/"}, False),
        ({"Referer": "http://localhost/explorer/flights?cmap=fire"}, True),
        ({"Referer": "http://evil.example/http://localhost/"}, False),
        ({}, True),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_who_may_change_something(method: str, headers: dict[str, str], allowed: bool) -> None:
    answer = made().open("/change", method=method, headers=headers)
    assert (answer.status_code, answer.text == "done") == ((200, True) if allowed else (403, False))


def test_a_cookie_without_a_word_of_who_asks_changes_nothing() -> None:
    client = made()
    client.set_cookie("stageboard_session", "a.b")
    assert client.post("/change").status_code == 403
    assert client.post("/change", headers={"Origin": "http://localhost"}).text == "done"


def test_reading_is_for_all() -> None:
    assert (
        made().get("/change", headers={"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}).text == "done"
    )


@pytest.mark.parametrize(("origin", "status"), [("https://maps.example", 200), ("http://localhost", 403)])
def test_behind_a_proxy_the_host_is_the_one_that_the_browser_asked(origin: str, status: int) -> None:
    headers = {"Origin": origin, "X-Forwarded-Host": "maps.example", "X-Forwarded-Proto": "https"}
    assert made("/maps/", proxies=1).post("/maps/change", headers=headers).status_code == status


def test_a_forwarded_host_that_nobody_vouched_for_changes_nothing() -> None:
    headers = {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"}
    assert made().post("/change", headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/_dash-update-component", "/lanes", "/events/flights/delay"])
def test_the_app_refuses_another_page_in_one_sentence(client: FlaskClient, path: str) -> None:
    answer = client.post(path, json={}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert answer.get_json()["error"].startswith("a page of another address than localhost asked for this")
    assert client.post("/lanes").status_code == 204
