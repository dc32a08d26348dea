"""What a page that is open does after its server has started again, and with two workers."""

import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from benchmarks.peers.actions import going, setting
from benchmarks.peers.browser import Visit, chromium, visit
from benchmarks.peers.frame import HOME
from benchmarks.peers.servers import PeerError, Server, free_port, serving

QUIET_MS = 900
PAGES = 2
PATIENCE_SECONDS = 6.0
COLORMAP = setting(cmap="bgy")
MEAN, ZOOM = setting(aggregate="mean"), going(HOME.zoomed(4))


def measure(name: str, data: Path, folder: Path) -> dict[str, Any]:
    """Return what goes on working, and how long it takes."""
    with chromium() as browser:
        return {"restart": _restarted(browser, name, data, folder), "two_workers": _two(browser, name, data, folder)}


def tried(one: Visit, script: str, *, fetches: bool = True) -> dict[str, Any]:
    """Return the milliseconds of an action, or what went wrong with it.

    One that needs the server has failed where nothing came from it: then only the old picture has moved.
    """
    one.wire.problems.clear()
    try:
        took = one.act(script, QUIET_MS, PATIENCE_SECONDS)
    except PeerError:
        return {"failed": "the picture did not change", "problems": one.wire.problems[-2:]}
    if fetches and not took.received:
        return {"failed": "nothing came from the server", "problems": one.wire.problems[-2:]}
    return {"ms": round(took.settled, 1)}


def _restarted(browser: Browser, name: str, data: Path, folder: Path) -> dict[str, Any]:
    """Do things, start the server again, and do on the same page; then open what was seen before in a new one."""
    port = free_port()
    with serving(name, data, folder, port=port) as server:
        one, _ = visit(browser, server)
        before = {"mean": tried(one, MEAN), "zoom 4x": tried(one, ZOOM)}
        tried(one, going(HOME), fetches=False)
    started = time.monotonic()
    with serving(name, data, folder, port=port) as server:
        ready = time.monotonic() - started
        one.server = server
        after = {
            "colormap": tried(one, COLORMAP, fetches=False),
            "zoom 8x, not seen": tried(one, going(HOME.zoomed(8))),
        }
        one.close()
        other, loaded = visit(browser, server)
        warm = {"first load": {"ms": round(loaded.settled, 1), "server_cpu_ms": round(loaded.cpu, 1)}}
        warm |= {"zoom 4x, seen before": tried(other, ZOOM), "mean, seen before": tried(other, MEAN)}
        other.close()
    return {"before": before, "seconds_to_idle": round(ready, 1), "same_page": after, "new_page": warm}


def _two(browser: Browser, name: str, data: Path, folder: Path) -> dict[str, Any]:
    """Do the same actions on several pages that two workers serve."""
    with serving(name, data, folder, workers=2) as server:
        pages = [_actions(browser, server) for _ in range(PAGES)]
        return {"memory_bytes": server.memory(), "pages": pages}


def _actions(browser: Browser, server: Server) -> dict[str, Any]:
    one, loaded = visit(browser, server)
    found: dict[str, Any] = {"first load": {"ms": round(loaded.settled, 1)}}
    found["colormap"] = tried(one, COLORMAP, fetches=False)
    found |= {"zoom 4x": tried(one, ZOOM), "mean": tried(one, MEAN)}
    one.close()
    return found
