"""One line a request: what was asked, what became of it, and the trace id that ties other messages to it.

Owns the header ``X-Request-ID``. Never writes a query, a cookie, or a token; a session is known by a hash of its id.
"""

import logging
import re
from hashlib import sha256
from secrets import token_hex
from time import perf_counter
from typing import Final

from flask import Flask, Response, g, has_request_context, request

from app import serverside

HEADER: Final = "X-Request-ID"
MOST_SHOWN: Final = 200
"""Characters of a path that are written."""

_LOG = logging.getLogger(__name__)
_TRACE = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SECRET = re.compile(r"[^/]{40,}")
# What probes and pages fetch by the dozen tells an operator nothing.
_QUIET = re.compile(r"/(health|ready|metrics|assets|_dash-component-suites|_favicon|_dash-layout|_dash-dependencies)\b")


def keep_journal(server: Flask) -> None:
    """Note every request of an app. Call it before other hooks are set: the first begins first, and ends last."""
    server.before_request(_begin)
    server.after_request(_end)


def trace() -> str:
    """Return the trace id of the request that is being answered; empty where none is."""
    return str(g.get("trace", "")) if has_request_context() else ""


def shown_path(path: str) -> str:
    """Return a path as it may be written: without what could be a token.

    Examples
    --------
    >>> shown_path("/image/" + 50 * "x" + ".png")
    '/image/[hidden]'
    >>> shown_path("/tiles/flights.0123456789ab.delay.count/3/1/2")
    '/tiles/flights.0123456789ab.delay.count/3/1/2'
    """
    return _SECRET.sub("[hidden]", path)[:MOST_SHOWN]


def _begin() -> None:
    # Every tile passes here: the environment answers in a tenth of the time of `request.headers`.
    given = request.environ.get("HTTP_X_REQUEST_ID")
    now = g._get_current_object()
    now.trace = given if given and _TRACE.fullmatch(given) else token_hex(8)
    now.began = perf_counter()


def _end(response: Response) -> Response:
    response.headers.add(HEADER, g.trace)
    if _LOG.isEnabledFor(logging.INFO):
        level = logging.DEBUG if _QUIET.match(request.path) else logging.INFO
        if _LOG.isEnabledFor(level):
            _LOG.log(level, "request", extra=_facts(response))
    return response


def _facts(response: Response) -> dict[str, object]:
    """Return what the line says beside the trace id."""
    facts: dict[str, object] = {
        "method": request.method,
        "path": shown_path(request.path),
        "status": response.status_code,
        "ms": round((perf_counter() - g.began) * 1e3, 2),
        "bytes": response.content_length,
        "session": _session(),
    }
    stages = _stages(response.headers.get("Server-Timing", ""))
    return facts | ({"stages": stages} if stages else {})


def _session() -> str | None:
    session = serverside.current().known_session()
    return sha256(session.id.encode()).hexdigest()[:8] if session else None


def _stages(timing: str) -> dict[str, str]:
    """Return what became of each stage, from the header that says so.

    Examples
    --------
    >>> _stages("source;desc=unneeded;dur=0.00, grid;desc=ran;dur=12.34;parts=4")
    {'source': 'unneeded', 'grid': 'ran'}
    """
    return dict(re.findall(r"([\w-]+);desc=(\w+)", timing))
