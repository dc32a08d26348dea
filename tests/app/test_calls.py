"""Requests to run a callback: a right one passes, and whatever Dash would fail on is one sentence."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.calls import check
from app.pipeline.errors import ParameterError

ALL = '{"kind":["ALL"]}'
TAKES = [{"id": "b", "property": "value"}]
KNOWN = {
    "a.data": {"callback": len, "inputs": TAKES, "state": [{"id": "c", "property": "data"}]},
    "..a.data...b.data@1..": {"callback": len, "inputs": [{"id": ALL, "property": "n"}], "state": []},
    "0123": {"callback": len, "inputs": TAKES, "state": [], "no_output": True},
    "client.side": {"inputs": [], "state": []},
    "page.children": {"callback": len, "inputs": [{"id": "_pages_location", "property": "pathname"}], "state": []},
}  # fmt: skip
B, C = {"id": "b", "property": "value", "value": {"any": ["thing"]}}, {"id": "c", "property": "data"}
RIGHT = {
    "output": "a.data",
    "outputs": {"id": "a", "property": "data"},
    "inputs": [B],
    "state": [C],
    "changedPropIds": ["b.value"],
}


def several(inputs: list[Any]) -> dict[str, Any]:
    outputs = [{"id": "a", "property": "data"}, {"id": "b", "property": "data@1"}]
    return {"output": "..a.data...b.data@1..", "outputs": outputs, "inputs": inputs, "changedPropIds": []}


def page(address: Any) -> dict[str, Any]:
    given = {"id": "_pages_location", "property": "pathname", "value": address}
    outputs = {"id": "page", "property": "children"}
    return {"output": "page.children", "outputs": outputs, "inputs": [given], "changedPropIds": []}


@pytest.mark.parametrize(
    "body",
    [
        RIGHT,
        several([[{"id": {"kind": "x"}, "property": "n", "value": 1}, {"id": {"kind": "y"}, "property": "n"}]]),
        several([[]]),
        {"output": "0123", "inputs": [B], "changedPropIds": []},
        page("/explorer/places"),
    ],
)
def test_what_a_page_sends_passes(body: dict[str, Any]) -> None:
    check(body, KNOWN)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "names no callback"),
        ([], "names no callback"),
        ({}, "names no callback"),
        (RIGHT | {"output": 7}, "names no"),
        (RIGHT | {"output": "nope.data"}, "names no"),
        (RIGHT | {"output": ["a.data"]}, "names no"),
        (RIGHT | {"output": "client.side"}, "names no"),
        (RIGHT | {"inputs": None}, "inputs"),
        (RIGHT | {"inputs": []}, "inputs"),
        (RIGHT | {"inputs": [B, B]}, "inputs"),
        (RIGHT | {"inputs": [C]}, "inputs"),
        (RIGHT | {"inputs": [[B]]}, "inputs"),
        (RIGHT | {"inputs": ["b"]}, "inputs"),
        (RIGHT | {"inputs": [{**B, "id": {"a": 1}}]}, "inputs"),
        (RIGHT | {"inputs": [{"id": "b"}]}, "inputs"),
        (RIGHT | {"state": []}, "states"),
        (RIGHT | {"state": {}}, "states"),
        (RIGHT | {"outputs": {}}, "outputs"),
        (RIGHT | {"outputs": [RIGHT["outputs"]]}, "outputs"),
        (RIGHT | {"outputs": {"id": "b", "property": "data"}}, "outputs"),
        (RIGHT | {"changedPropIds": None}, "changes"),
        (RIGHT | {"changedPropIds": [1]}, "changes"),
        (several([B]), "inputs"),
        (several([["x"]]), "inputs"),
        (page(None), "addresses"),
        (page(["/"]), "addresses"),
        (page("explorer"), "addresses"),
    ],
)
def test_what_a_page_never_sends_is_refused(body: Any, said: str) -> None:
    with pytest.raises(ParameterError, match=f"{said}.*reload the page"):
        check(body, KNOWN)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400), (b"", "application/json", 400), (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400), (b"{}", "application/json", 400), (b"{}", "text/plain", 415),
    ],
)  # fmt: skip
def test_a_body_that_is_no_request_is_one_sentence(client: FlaskClient, body: bytes, kind: str, status: int) -> None:
    answer = client.post("/_dash-update-component", data=body, content_type=kind)
    assert answer.status_code == status
    assert answer.get_json()["error"]


def test_a_script_that_is_not_served_is_not_found(client: FlaskClient) -> None:
    answer = client.get("/_dash-component-suites/dash/../../etc/passwd")
    assert answer.status_code == 404
    assert answer.get_json() == {"error": "no such script or style is served here: reload the page."}
