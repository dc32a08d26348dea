"""The request log: one line a request, with a trace id and without secrets."""

import io
import json
import logging
from collections.abc import Iterator

import dash
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import runtime
from app.server import answer_errors
from app.web.journal import HEADER, keep_journal
from app.web.logs import configure


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Log into memory, and leave logging as it was."""
    root, ours = logging.getLogger(), logging.getLogger("app")
    before = (list(root.handlers), root.level, ours.level)
    stream = io.StringIO()
    configure("info", stream)
    yield stream
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_one_line(client: FlaskClient, written: io.StringIO) -> None:
    client.get("/")
    answer = client.get("/image/places/places.png?width=64&height=64&cmap=secret-word", headers={HEADER: "probe-0123"})
    line = lines(written)[-1]
    assert answer.headers[HEADER] == line["trace"] == "probe-0123"
    facts = (line["event"], line["method"], line["path"], line["status"], line["level"])
    assert facts == ("request", "GET", "/image/places/places.png", answer.status_code, "info")
    assert line["ms"] > 0  # type: ignore[operator]
    assert line["bytes"] == len(answer.data)
    assert len(str(line["session"])) == 8
    assert len(lines(written)) == 2
    cookie = client.get_cookie("stageboard_session")
    assert cookie is not None
    assert cookie.value.split(".")[0] not in written.getvalue()
    assert "secret-word" not in written.getvalue()


def test_stages_are_said(app: dash.Dash, client: FlaskClient, written: io.StringIO) -> None:
    plot = runtime.of(app.server).plot("places").name
    client.get(f"/image/places/{plot}.png?width=64&height=64")
    stages = lines(written)[-1]["stages"]
    assert isinstance(stages, dict)
    assert stages["encode"] in ("ran", "memory", "disk")


def test_tokens_are_hidden_and_probes_are_quiet(client: FlaskClient, written: io.StringIO) -> None:
    client.get("/image/" + "t" * 60 + ".png")
    client.get("/health")
    with client.get("/assets/base.css"):
        pass
    assert [one["path"] for one in lines(written)] == ["/image/[hidden]"]


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "line\u2028break", "a b c d e f", "{$jndi:ldap}"])
def test_a_trace_id_that_is_none_is_replaced(client: FlaskClient, given: str) -> None:
    made = client.get("/health", headers={HEADER: given}).headers[HEADER]
    assert made != given
    assert len(made) == 16


def test_an_error_is_logged_once_and_its_sentence_names_the_trace(written: io.StringIO) -> None:
    server = Flask("faulty")
    keep_journal(server)
    answer_errors(server)
    server.add_url_rule("/assets/crash", view_func=lambda: 1 // 0)
    answer = server.test_client().get("/assets/crash")
    faults = [one for one in lines(written) if one["level"] == "error"]
    assert len(faults) == 1
    assert f"under {faults[0]['trace']}." in answer.get_json()["error"]
    assert faults[0]["trace"] == answer.headers[HEADER]
    assert "ZeroDivisionError" in str(faults[0]["exception"])


def test_a_terminal_gets_plain_lines(written: io.StringIO) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    configure("info", screen)
    logging.getLogger("app.some").info("said")
    logging.getLogger("library").info("chatter")
    assert "said" in screen.getvalue()
    assert "{" not in screen.getvalue()
    assert "chatter" not in screen.getvalue()
