"""Memory of the server's processes as sessions open and stay: 1, 10, 30 and 300 of them."""

import asyncio
import time
from pathlib import Path
from typing import Any

from benchmarks.peers.browser import chromium
from benchmarks.peers.replay import ask, connect, record
from benchmarks.peers.servers import Server, serving
from benchmarks.peers.socket_client import PanelSession

COUNTS = (1, 10, 30, 300)
# Opening stops here, and what was reached is reported.
SECONDS = 40.0


def measure(name: str, data: Path, folder: Path) -> dict[str, Any]:
    """Return the memory at each number of sessions, and of one more that idles."""
    with serving(name, data, folder) as server:
        start = {"sessions": 0, "bytes": server.memory(), "disk_bytes": server.disk()}
        found = asyncio.run(_panel(server)) if name == "panel" else _http(server)
    first, last = found[1] if len(found) > 2 else found[0], found[-1]
    more = max(last["sessions"] - first["sessions"], 1)
    return {
        "at": [start, *found],
        "from_to": [first["sessions"], last["sessions"]],
        "bytes_a_further_session": round((last["bytes"] - first["bytes"]) / more),
        "disk_bytes_a_further_session": round((last["disk_bytes"] - first["disk_bytes"]) / more),
    }


def _taken(server: Server, sessions: int) -> dict[str, Any]:
    time.sleep(0.3)
    return {"sessions": sessions, "bytes": server.memory(), "disk_bytes": server.disk()}


def _http(server: Server) -> list[dict[str, Any]]:
    """Open pages by their own requests, each on a connection that stays open."""
    with chromium() as browser:
        opening, _ = record(browser, server)
    until, opened, found = time.monotonic() + SECONDS, [], []
    for wanted in COUNTS:
        while len(opened) < wanted and time.monotonic() < until:
            opened.append(connect(server))
            ask(opened[-1], opening)
        found.append(_taken(server, len(opened)))
    for one in opened:
        one.close()
    return found


async def _panel(server: Server) -> list[dict[str, Any]]:
    """Open sessions that keep their websocket, as idle pages do."""
    until, opened, found = time.monotonic() + SECONDS, [], []
    for wanted in COUNTS:
        while len(opened) < wanted and time.monotonic() < until:
            opened.append(await PanelSession.open(server.url))
        found.append(_taken(server, len(opened)))
    for one in opened:
        one.close()
    return found
