"""Rate limits: a session may ask for much at once, but not for ever, so that one client cannot starve the others.

What a request weighs follows from its route: about what it costs where nothing of it is stored. A session that is
known by its cookie has a bucket of its own; all that come without one from an address share one, and so does what opens
new sessions, so that throwing the cookie away wins nothing.
"""

from math import ceil
from typing import Final

from flask import Flask, request
from werkzeug.exceptions import TooManyRequests

from app import serverside
from app.web.buckets import Buckets

WEIGHTS: Final = {
    "tiles.tile": 1,
    "values.value": 1,
    "images.image": 20,
    "figures.figure": 5,
    "events.events": 20,
    "uploads.receive": 30,
    "/_dash-update-component": 5,
    "/<path:path>": 1,  # pages
    "/": 1,
}
"""Tokens by Flask's endpoint; what is not here is served to all."""

BURST: Final = 30
"""Seconds of the steady rate that may be asked for at once."""


def limit_rates(server: Flask, rate: int) -> None:
    """Answer 429 to who asks for more than its share.

    Parameters
    ----------
    server : Flask
    rate : int
        Tokens a second, for each worker; 0: no limit.
    """
    if rate:
        buckets = Buckets(rate, rate * BURST)
        server.before_request(lambda: _check(buckets))


def _check(buckets: Buckets) -> None:
    weight = WEIGHTS.get(request.endpoint or "")
    if weight and (seconds := buckets.take(_who(), weight)):
        raise TooManyRequests(
            f"this session asked for more than its share: wait {ceil(seconds)} s, then try again.",
            retry_after=ceil(seconds),
        )


def _who() -> str:
    session = serverside.current().known_session()
    return session.id if session else f"address {request.remote_addr}"
