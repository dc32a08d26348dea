"""An app under a path and behind proxies: which headers are believed, and what lies outside."""

import pytest
from flask import Flask, jsonify, request
from flask.testing import FlaskClient

from app.server import answer_errors
from app.web.mount import mount

FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "maps.example"}


def made(prefix: str = "/", proxies: int = 0) -> FlaskClient:
    server = Flask("small", static_folder=None)
    answer_errors(server)

    @server.get("/")
    @server.get("/seen")
    @server.get("/health")
    def seen():
        facts = {"address": request.remote_addr, "secure": request.is_secure, "host": request.host}
        return jsonify(facts | {"path": request.path, "root": request.script_root})

    mount(server, prefix, proxies)
    return server.test_client()


def test_forwarded_headers_are_ignored_unless_vouched_for() -> None:
    facts = made().get("/seen", headers=FORWARDED).get_json()
    assert facts == {"address": "127.0.0.1", "secure": False, "host": "localhost", "path": "/seen", "root": ""}


def test_one_proxy_is_believed_for_what_it_added_itself() -> None:
    forged = FORWARDED | {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
    facts = made(proxies=1).get("/seen", headers=forged).get_json()
    assert (facts["address"], facts["secure"], facts["host"]) == ("203.0.113.9", True, "maps.example")


def test_a_prefix_is_the_root_of_every_address() -> None:
    facts = made("/maps/").get("/maps/seen").get_json()
    assert (facts["path"], facts["root"]) == ("/seen", "/maps")
    assert made("/maps/").get("/maps").get_json()["path"] == "/"


def test_a_forwarded_prefix_is_not_believed() -> None:
    facts = made(proxies=1).get("/seen", headers=FORWARDED | {"X-Forwarded-Prefix": "/evil"}).get_json()
    assert facts["root"] == ""


@pytest.mark.parametrize("path", ["/seen", "/", "/mapsseen", "/map/seen", "/other/health"])
def test_what_is_outside_the_prefix_is_missing(path: str) -> None:
    answer = made("/maps/").get(path)
    assert answer.status_code == 404
    assert answer.get_json()["error"] == "there is nothing here: this app is served under /maps/."


def test_probes_are_answered_outside_the_prefix_too() -> None:
    assert made("/maps/").get("/health").status_code == made("/maps/").get("/maps/health").status_code == 200
