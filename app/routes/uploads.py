"""``POST /uploads/<name>``: a file of the user's own, as the body of the request, kept for its session alone.

Not a form: the body goes to the disk as it comes, whatever its size. A page of another origin can send neither the
session's cookie nor the header that is asked for. Who sends too slowly is cut off, and few may send at once, so that
others are always answered.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, request

from app import serverside
from app.pipeline.errors import TokenError
from app.runtime import Runtime
from app.ui.links import page_href

HEADER: Final = "Stageboard-Upload"
CHUNK = 1 << 16
STALL_SECONDS = 30
GRACE_SECONDS = 30
LEAST_RATE = 8_000
"""Bytes a second that a body must come with, after a moment's grace."""


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the route of uploads."""
    routes = Blueprint("uploads", __name__)
    places = BoundedSemaphore(max(runtime.settings.threads // 4, 1))

    @routes.post("/uploads/<name>")
    def receive(name: str) -> Response:
        """Keep a file, and answer where it can be seen: 201, or one sentence that says why not."""
        if request.headers.get(HEADER) != "1":
            abort(403, f"an upload carries the header {HEADER}: 1; send it from this server's own pages.")
        session = serverside.current().known_session()
        if session is None:
            raise TokenError("this browser has no session here: open a page first, then send the file again.")
        # Held to a limit of its own, not to that of the other bodies.
        request.max_content_length = sys.maxsize  # None would stand for the app's own limit
        with _place(places):
            kept = runtime.uploads.receive(session.owner, name, request.content_length, _body())
        facts = {"name": kept.name, "rows": kept.rows, "columns": kept.columns}
        answer = jsonify(**facts, href=page_href("/explorer", kept.name))
        answer.status_code = 201
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return routes


@contextmanager
def _place(places: BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        abort(503, "as many files as this server takes at once are on their way: try again in a moment.")
    try:
        yield
    finally:
        places.release()


def _body() -> Iterator[bytes]:
    """Yield the body as it comes, unless it comes too slowly."""
    started, size = time.monotonic(), 0
    with _patience(request.environ.get("gunicorn.socket")):
        while True:
            try:
                chunk = request.stream.read(CHUNK)
            except TimeoutError:
                abort(408, f"nothing came for {STALL_SECONDS} s: send the file again.")
            if not chunk:
                return
            size += len(chunk)
            if size < LEAST_RATE * (time.monotonic() - started - GRACE_SECONDS):
                abort(408, f"the file comes with less than {LEAST_RATE:,} bytes a second: send it from a faster line.")
            yield chunk


@contextmanager
def _patience(socket: Any) -> Iterator[None]:
    """Wait for the client no longer than it may stall, where the server lets us say so."""
    before = socket.gettimeout() if socket else None
    if socket:
        socket.settimeout(STALL_SECONDS)
    try:
        yield
    finally:
        if socket:
            socket.settimeout(before)
