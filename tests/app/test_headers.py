"""What a browser may do with each answer."""

import re

import pytest
from flask.testing import FlaskClient

from app.ui.shell import SCHEME_SCRIPT
from app.web.headers import ALWAYS, map_hosts, policy, script_hash

ADDRESSES = ["/", "/explorer/flights", "/stages", "/nope", "/health", "/assets/base.css", "/tiles/nonsense/1/0/0"]


def rules(text: str) -> dict[str, list[str]]:
    """Return a policy's sources by directive."""
    return {name: sources for name, *sources in (rule.split() for rule in text.split("; "))}


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_has_every_header_once(client: FlaskClient, address: str) -> None:
    with client.get(address) as answer:
        for name, value in ALWAYS:
            assert answer.headers.getlist(name) == [value]
        assert len(answer.headers.getlist("Content-Security-Policy")) == 1


@pytest.mark.parametrize("address", ["/", "/stages", "/nope"])
def test_every_inline_script_of_a_page_is_listed_and_no_other_runs(client: FlaskClient, address: str) -> None:
    client.get("/")  # Dash adds the script of its pages at the first request
    answer = client.get(address)
    allowed = rules(answer.headers["Content-Security-Policy"])["script-src"]
    inline = re.findall(r"<script(?![^>]*(?:src|json))[^>]*>(.*?)</script>", answer.text, re.DOTALL)
    assert len(inline) == 3
    assert {script_hash(text) for text in inline} | {"'self'"} == set(allowed)


def test_an_error_page_sets_its_scheme(client: FlaskClient) -> None:
    answer = client.get("/tiles/nonsense/1/0/0", headers={"Accept": "text/html"})
    assert SCHEME_SCRIPT in answer.text
    assert script_hash(SCHEME_SCRIPT) in answer.headers["Content-Security-Policy"]


def test_scripts_and_connections_stay_at_home() -> None:
    found = rules(policy(["'sha256-x'"]))
    assert found["script-src"] == ["'self'", "'sha256-x'"]
    assert found["connect-src"] == ["'self'"]
    assert found["default-src"] == ["'none'"]
    assert not any("unsafe" in source for name, sources in found.items() if name != "style-src" for source in sources)


def test_what_is_no_page_runs_nothing(client: FlaskClient) -> None:
    assert "script-src" not in client.get("/health").headers["Content-Security-Policy"]


def test_base_maps_may_be_loaded() -> None:
    assert rules(policy([]))["img-src"] == ["'self'", "data:", "blob:", *map_hosts()]
    assert "https://server.arcgisonline.com" in map_hosts()
    assert all(re.fullmatch(r"https://[a-z.*]+", host) for host in map_hosts())
