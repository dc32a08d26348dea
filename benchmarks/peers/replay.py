"""What a browser asks a peer for over HTTP, noted once, so that many sessions can ask the same without a browser."""

import http.client
import json
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Request

from benchmarks.peers.actions import setting
from benchmarks.peers.browser import blank
from benchmarks.peers.frame import COLORMAPS
from benchmarks.peers.servers import PeerError, Server

STATIC = ("/_dash-component-suites/", "/assets/", "/_favicon", "/static/")
SECONDS = 60


class Asked(NamedTuple):
    """A request: its method, path with query, headers, and body."""

    method: str
    path: str
    headers: dict[str, str]
    body: str | None


def _asked(request: Request) -> Asked:
    parts = urlsplit(request.url)
    kept = {name: value for name, value in request.headers.items() if name in ("content-type", "stageboard-view")}
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return Asked(request.method, path, {**kept, "accept-encoding": "gzip"}, request.post_data)


def record(browser: Browser, server: Server) -> tuple[list[Asked], list[Asked]]:
    """Return what a page asks for when it opens, without scripts and styles, and when its colormap changes."""
    one = blank(browser, server, server.script)
    asked: list[Asked] = []

    def note(request: Request) -> None:
        # What a page fetches ahead while it rests is not the action's.
        if request.url.startswith("http") and "stageboard-prefetch" not in request.headers:
            asked.append(_asked(request))

    one.page.on("request", note)
    one.page.goto(server.page, wait_until="commit")
    one.wait(seconds=60)
    opening = [request for request in asked if not request.path.startswith(STATIC)]
    asked.clear()
    one.act(setting(cmap="bgy"))
    one.close()
    return opening, list(asked)


def ask(connection: http.client.HTTPConnection, requests: Sequence[Asked]) -> int:
    """Send requests one after another; return the bytes of their answers."""
    received = 0
    for one in requests:
        connection.request(one.method, one.path, one.body, one.headers)
        answer = connection.getresponse()
        received += len(answer.read())
        if answer.status >= 400:
            raise PeerError(f"{one.method} {one.path}: status {answer.status}")
    return received


def connect(server: Server) -> http.client.HTTPConnection:
    """Return a connection that is kept open."""
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=SECONDS)


def recoloured(request: Asked, turn: int) -> Asked:
    """Return a callback's request with another colormap."""
    body = json.loads(request.body or "{}")
    for one in body["inputs"]:
        if one.get("id") == "cmap":
            one["value"] = COLORMAPS[turn % len(COLORMAPS)]
    return request._replace(body=json.dumps(body))
