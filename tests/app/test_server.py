"""Errors become statuses and sentences; addresses that are no page's are missing."""

import inspect

import pytest
from flask import Flask, abort

from app.pipeline import errors
from app.server import answer_errors, explain
from app.ui.notices import document

RAISED = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
OURS_TO_MEND = {errors.StageboardError, errors.GraphError, errors.CodecError}


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)
def test_every_error_class_has_its_status(kind):
    status, title, sentence = explain(kind("the file 'x' is not there: restore it."))
    assert (status == 500) == (kind in OURS_TO_MEND)
    assert sentence == "the file 'x' is not there: restore it."
    assert title


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.unknown("plot", "x", ["y"]), 404),
        (errors.StaleError("changed"), 404),
        (errors.ParameterError("no"), 400),
        (errors.DataError("ragged"), 422),
        (errors.DataMissingError("gone"), 404),
        (errors.TokenError("forged"), 403),
        (errors.StoreError("full"), 503),
        (errors.SupersededError("newer"), 409),
        (errors.BusyError("later"), 202),
        (ZeroDivisionError("secret"), 500),
    ],
)
def test_the_particular_class_wins(error, status):
    assert explain(error)[0] == status


def test_an_unexpected_error_keeps_its_text_to_the_log():
    assert "secret" not in explain(RuntimeError("secret"))[2]


@pytest.fixture
def faulty():
    server = Flask("faulty")
    answer_errors(server)

    @server.get("/crash")
    def crash():
        raise RuntimeError("secret <b>path</b>")

    @server.get("/unknown")
    def missing():
        raise errors.unknown("plot", "<script>", ["map"])

    @server.get("/teapot")
    def teapot():
        abort(418)

    return server.test_client()


def test_a_program_gets_json(faulty):
    answer = faulty.get("/unknown")
    assert answer.status_code == 404
    assert answer.get_json() == {"error": "no plot named '<script>'. Known: map."}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_browser_gets_a_page_with_the_sentence_escaped(faulty):
    answer = faulty.get("/unknown", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "No plot named &#x27;&lt;script&gt;&#x27;" in answer.text


def test_a_crash_shows_no_traceback(faulty, caplog):
    for accept in ("text/html", "*/*"):
        answer = faulty.get("/crash", headers={"Accept": accept})
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
    assert "RuntimeError: secret" in caplog.text


def test_http_errors_keep_their_status(faulty):
    assert faulty.get("/teapot").status_code == 418
    assert faulty.get("/nowhere").status_code == 404
    assert faulty.post("/teapot").status_code == 405


def test_a_document_escapes_what_it_shows():
    text = document("<i>", "<b> & 'x'")
    assert "<b>" not in text
    assert "&lt;b&gt; &amp; &#x27;x&#x27;" in text


@pytest.mark.parametrize(
    "path", ["/", "/stages", "/stages/", "/explorer", "/figure", "/explorer/stars", "/figure/stars"]
)
def test_pages_are_found(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/nope", "/stages/deeper", "/404", "/wp-login.php", "/explorer/nope", "/figure/a/b"])
def test_other_addresses_are_missing_and_still_show_the_frame(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "react-entry-point" in answer.text


def test_a_missing_asset_is_a_sentence(client):
    answer = client.get("/assets/nope.js")
    assert answer.status_code == 404
    assert answer.get_json()["error"]


def test_everything_is_served_from_here(client):
    text = client.get("/").text
    sources = [part.split('"')[0] for part in text.split('src="')[1:]] + [
        part.split('"')[0] for link in text.split("<link ")[1:] for part in link.split('href="')[1:2]
    ]
    assert len(sources) > 8
    assert [one for one in sources if not one.startswith(("/", "data:"))] == []
    for source in (one for one in sources if one.startswith("/")):
        with client.get(source) as answer:
            assert answer.status_code == 200, source


def test_the_scheme_is_set_before_anything_is_painted(client):
    text = client.get("/").text
    assert text.index("data-mantine-color-scheme") < text.index('rel="stylesheet"') < text.index("react-entry-point")


def test_no_thread_is_started_for_a_request(app):
    assert app._use_async is False


def test_a_body_beyond_the_limit_is_refused(client, settings):
    answer = client.post(
        "/_dash-update-component", data=b" " * (settings.body_bytes + 1), content_type="application/json"
    )
    assert answer.status_code == 413
    assert answer.get_json()["error"]


def test_the_cookie_is_secure_where_the_browser_came_by_https(app):
    for scheme, secure in (("http", False), ("https", True)):
        cookie = app.server.test_client().get("/", base_url=f"{scheme}://localhost").headers["Set-Cookie"]
        assert ("Secure" in cookie, "HttpOnly" in cookie, "SameSite=Lax" in cookie) == (secure, True, True)
