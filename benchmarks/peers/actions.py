"""One session's actions, each from the action to its painted picture, repeated in fresh sessions."""

import shutil
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, ViewportSize

from benchmarks.peers.browser import QUIET_MS, Timing, Visit, blank, chromium, fitting, visit
from benchmarks.peers.frame import HOME, View
from benchmarks.peers.report import summary
from benchmarks.peers.servers import HERE, Server, serving, warm_kernels

# A moved plot first shows its old picture in its new place. A websocket does not say when an answer is due, and Panel's
# client waits for 500 ms after the wheel: so long a quiet is no end.
MOVED_MS = {"panel": 900}
FLOORS = 30
# Before the first action, for all: a page may go on with its start when its picture is there already.
REST_MS = 2500


class Action(NamedTuple):
    """An action: its name where it is timed, the script that does it, and whether it moves the view."""

    name: str
    script: str
    moves: bool = False


def setting(**values: object) -> str:
    """Return the script that sets controls."""
    return " ".join(f"peer.set({name!r}, {value!r});" for name, value in values.items())


def going(shown: View) -> str:
    """Return the script that goes to a view."""
    return f"peer.jump({list(shown)});"


# In order; those without a name prepare the next.
SESSION = (
    Action("colormap", setting(cmap="bgy")),
    Action("normalisation", setting(normalization="log")),
    Action("spreading 0 to 2", setting(spreading=2)),
    Action("opacity", setting(opacity=0.5)),
    Action("", setting(opacity=1, spreading=0, normalization="eq_hist", cmap="fire")),
    Action("count to mean", setting(aggregate="mean")),
    Action("field", setting(field="fare")),
    Action("", setting(aggregate="count")),
    Action("pan 20 %", going(HOME.panned(0.2)), moves=True),
    Action("back to an earlier view", going(HOME), moves=True),
    Action("zoom 2x", going(HOME.zoomed(2)), moves=True),
    Action("", going(HOME), moves=True),
    Action("zoom 16x", going(HOME.zoomed(16)), moves=True),
    Action("", going(HOME), moves=True),
)
WHEEL = "zoom by a wheel's notch"
# What another session has seen before: only Stageboard keeps anything for it.
SEEN = ("count to mean", "pan 20 %", "back to an earlier view", "zoom 2x", "zoom 16x")


def floor(browser: Browser) -> dict[str, Any]:
    """Return what the method itself costs: a page that paints its picture at once."""
    one = blank(browser, None, (HERE / "clients" / "floor.js").read_text())
    one.page.goto("data:text/html,<canvas width=800 height=400></canvas>")
    colours = ("red", "green", "blue")
    taken = [one.act(setting(cmap=colours[turn % 3]), quiet=60) for turn in range(FLOORS)]
    one.close()
    return summary([timing.settled for timing in taken])


def session(one: Visit, server: Server, only: tuple[str, ...] = ()) -> dict[str, Timing]:
    """Do a session's actions; with ``only``, just these and what prepares the next."""
    taken: dict[str, Timing] = {}
    changed = False
    for action in SESSION:
        if (only and action.name and action.name not in only) or not (action.name or changed):
            continue
        changed = bool(action.name)
        found = one.act(action.script, _quiet(server) if action.moves else QUIET_MS)
        if action.name:
            taken[action.name] = found
    return taken


def _quiet(server: Server) -> int:
    return MOVED_MS.get(server.name, QUIET_MS)


def repeat(browser: Browser, server: Server, window: ViewportSize) -> dict[str, Timing]:
    """Return the timings of one fresh session; for Stageboard, also of one that comes after it."""
    one, loaded = visit(browser, server, window)
    one.page.wait_for_timeout(REST_MS)
    taken = {"first load": loaded, **session(one, server), WHEEL: one.wheel(_quiet(server))}
    one.close()
    if server.name == "stageboard":
        one, loaded = visit(browser, server, window)
        one.page.wait_for_timeout(REST_MS)
        seen = {"first load": loaded, **session(one, server, SEEN)}
        taken |= {f"{name}, seen by another": timing for name, timing in seen.items()}
        one.close()
    return taken


def prepare(browser: Browser, server: Server, shots: Path | None) -> ViewportSize:
    """Do one session, to compile what is still to be compiled; return the window that gives the plot its size."""
    warm_kernels(server)
    one, _ = visit(browser, server)
    window = fitting(one)
    session(one, server)
    if shots:
        one.page.screenshot(path=shots / f"{server.name}.png")
    one.close()
    return window


def measure(name: str, data: Path, folder: Path, repeats: int, shots: Path | None = None) -> dict[str, Any]:
    """Return the statistics of every action, and the floor of the method.

    Each repetition is a new browser profile. Stageboard also gets a new server whose store of results is empty, so that
    each of its first times is one; what its disk keeps of the file itself stays, as the peers keep their rows.
    """
    taken: dict[str, list[Timing]] = defaultdict(list)
    fresh = name == "stageboard"
    with chromium() as browser, ExitStack() as running:
        server = running.enter_context(serving(name, data, folder))
        window = prepare(browser, server, shots)
        for _ in range(repeats):
            if fresh:
                running.close()
                shutil.rmtree(folder / "cache" / "results")
                server = running.enter_context(serving(name, data, folder))
                warm_kernels(server)
            for action, timing in repeat(browser, server, window).items():
                taken[action].append(timing)
        one, _ = visit(browser, server, window)
        size = one.page.evaluate("probe.size()")
        base = floor(browser)
    return {"floor_ms": base, "plot_pixels": size, "actions": {one: table(timings) for one, timings in taken.items()}}


def table(timings: list[Timing]) -> dict[str, Any]:
    """Return the statistics of one action's repetitions."""
    by_name = Timing(*zip(*timings, strict=True))
    return {
        "ms": summary(by_name.settled),
        "first_change_ms": summary(by_name.first),
        "received_bytes": summary(by_name.received)["median"],
        "sent_bytes": summary(by_name.sent)["median"],
        "requests": summary(by_name.requests)["median"],
        "server_cpu_ms": summary(by_name.cpu)["median"],
    }
