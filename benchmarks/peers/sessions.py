"""Twenty sessions that change the colormap at once, for a bounded time."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.peers.browser import chromium
from benchmarks.peers.frame import COLORMAPS, HEIGHT, HOME, WIDTH
from benchmarks.peers.replay import Asked, ask, connect, recoloured, record
from benchmarks.peers.report import summary
from benchmarks.peers.servers import PeerError, Server, serving
from benchmarks.peers.socket_client import PanelSession

SESSIONS = 20
SECONDS = 8.0


def measure(name: str, data: Path, folder: Path) -> dict[str, Any]:
    """Return actions a second and the latencies of twenty sessions."""
    with serving(name, data, folder) as server:
        if name == "panel":
            taken, used = asyncio.run(_panel(server))
            how = "websocket sessions; from the widget's change to the new picture's bytes"
        else:
            change, how = _change(server)
            taken, used = _http(server, change)
    return {
        "sessions": SESSIONS,
        "seconds": SECONDS,
        "how": how,
        "actions_per_second": round(len(taken) / SECONDS, 1),
        "ms": summary(taken),
        "server_cpu_ms_an_action": round(used * 1e3 / len(taken), 1),
    }


def _change(server: Server) -> tuple[Callable[[int], Asked], str]:
    """Return what makes the request of a turn's colormap."""
    with chromium() as browser:
        _, asked = record(browser, server)
    if server.name != "stageboard":
        if len(asked) != 1:
            raise PeerError(f"a colormap took {len(asked)} requests: {[one.path for one in asked]}")
        return (lambda turn: recoloured(asked[0], turn)), "the page's own callback, replayed"
    if asked:
        raise PeerError(f"a colormap asked the server for {[one.path for one in asked]}")
    return _image, "the page makes no request; instead its server-shaded image, whose views the sessions share"


def _image(turn: int) -> Asked:
    query = {"cmap": COLORMAPS[turn % len(COLORMAPS)], "bounds": ",".join(map(str, HOME))}
    path = f"/image/taxi/dropoff.png?{urlencode({**query, 'width': WIDTH, 'height': HEIGHT}, safe=',')}"
    return Asked("GET", path, {}, None)


def _http(server: Server, change: Callable[[int], Asked]) -> tuple[list[float], float]:
    """Return the milliseconds of each change, by threads that each hold a connection, and the server's CPU seconds."""
    used = server.cpu()
    until = time.perf_counter() + SECONDS

    def session(number: int) -> list[float]:
        connection, taken = connect(server), []
        while (begun := time.perf_counter()) < until:
            ask(connection, [change(number + len(taken))])
            taken.append((time.perf_counter() - begun) * 1e3)
        connection.close()
        return taken

    with ThreadPoolExecutor(SESSIONS) as pool:
        found = list(pool.map(session, range(SESSIONS)))
    return [one for taken in found for one in taken], server.cpu() - used


async def _panel(server: Server) -> tuple[list[float], float]:
    """Return the same of sessions on one event loop."""
    sessions = [await PanelSession.open(server.url) for _ in range(SESSIONS)]
    used = server.cpu()
    until = time.perf_counter() + SECONDS

    async def turns(session: PanelSession) -> list[float]:
        taken: list[float] = []
        while (begun := time.perf_counter()) < until:
            # The first differs from what is shown: the same value again would change nothing.
            await asyncio.wait_for(session.choose(len(taken) + 1), 30)
            taken.append((time.perf_counter() - begun) * 1e3)
        return taken

    found = await asyncio.gather(*map(turns, sessions))
    for one in sessions:
        one.close()
    return [one for taken in found for one in taken], server.cpu() - used
