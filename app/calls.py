"""Requests to run a callback, checked before Dash runs it.

Dash's dispatch trusts its own browser side: of any other body it takes what it can, and fails on the rest. Here a body
that names no callback of this app, or other properties than that callback takes, is refused with one sentence. What the
values are is for the callback to judge.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from dash import Dash
from flask import request

from app.pipeline.errors import ParameterError

PATH: Final = "_dash-update-component"
LOCATION: Final = "_pages_location"

Known = Mapping[str, Mapping[str, Any]]
"""Dash's callbacks, by the text that names what they change."""


def guard(app: Dash) -> None:
    """Refuse what is no request of this app's own pages."""
    path = app.config.routes_pathname_prefix + PATH

    def refuse() -> None:
        if request.path == path and request.method == "POST":
            check(_body(), app.callback_map, app.config.requests_pathname_prefix)

    app.server.before_request(refuse)


def _body() -> object:
    try:
        return request.get_json()
    except RecursionError:
        raise ParameterError("this request is nested too deeply: send what the page sends.") from None


def check(body: object, known: Known, prefix: str = "/") -> None:
    """Refuse a body that is not what a callback of the app takes.

    Parameters
    ----------
    body : object
    known : mapping
        `Dash.callback_map`.
    prefix : str
        How all addresses of pages begin.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> known = {"a.data": {"callback": print, "inputs": [{"id": "b", "property": "value"}], "state": []}}
    >>> given = {"id": "b", "property": "value", "value": [1, {"any": "thing"}]}
    >>> body = {"output": "a.data", "outputs": {"id": "a", "property": "data"}, "inputs": [given], "changedPropIds": []}
    >>> check(body, known)
    >>> check({**body, "inputs": []}, known)
    Traceback (most recent call last):
        ...
    app.pipeline.errors.ParameterError: the inputs of this request are not those of 'a.data': reload the page.
    """
    output = body.get("output") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(output, str) or "callback" not in known.get(output, ()):
        raise ParameterError(f"this request names no callback of this app, but {output!r:.80}: reload the page.")
    wrong = _misfit(body, output, known[output], prefix)
    if wrong:
        raise ParameterError(f"the {wrong} of this request are not those of {output!r:.80}: reload the page.")


def _misfit(body: Mapping[str, Any], output: str, one: Mapping[str, Any], prefix: str) -> str:
    """Return which part of a body is not as its callback declares it, or nothing."""
    if not _all_fit(body.get("inputs"), one["inputs"]):
        return "inputs"
    if not _all_fit(body.get("state", []), one["state"]):
        return "states"
    if not (one.get("no_output") or _outputs_fit(body.get("outputs"), output)):
        return "outputs"
    if not _texts(body.get("changedPropIds")):
        return "changes"
    return "" if all(_leads(given, prefix) for given in body["inputs"]) else "addresses"


def _leads(given: Any, prefix: str) -> bool:
    """Whether an input, if it is of the page's address, which Dash itself reads, is one."""
    if not isinstance(given, dict) or given["id"] != LOCATION:
        return True
    value = given.get("value")
    return isinstance(value, str) and (given["property"] != "pathname" or value.startswith(prefix))


def _all_fit(given: object, declared: list[dict[str, Any]]) -> bool:
    return isinstance(given, list) and len(given) == len(declared) and all(map(_fits, given, declared))


def _fits(given: object, declared: Mapping[str, Any]) -> bool:
    """Whether what was sent is of the declared component; one with a wildcard stands for any number of them."""
    if declared["id"].startswith("{"):
        several = given if isinstance(given, list) else [given]
        return all(_named(one) and isinstance(one["id"], dict) for one in several)
    return _named(given) and (given["id"], given["property"]) == (declared["id"], declared["property"])


def _outputs_fit(given: object, output: str) -> bool:
    several = output.startswith("..")
    names = output[2:-2].split("...") if several else [output]
    declared = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    return _all_fit(given if several else [given], declared)


def _named(given: Any) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(given, dict) and isinstance(given.get("id"), str | dict) and isinstance(given.get("property"), str)
    )


def _texts(given: object) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) for one in given)
