"""A page in a real browser: opened, moved by its peer's script, and timed by one probe for all."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from playwright.sync_api import Browser, CDPSession, Page, ViewportSize, sync_playwright

from benchmarks.peers.frame import SIZE
from benchmarks.peers.servers import HERE, PeerError, Server

FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
WINDOW: ViewportSize = {"width": 1160, "height": 640}
# A picture that stands still for so long, while no request is under way and the server rests, is the last.
QUIET_MS = 250
REST_SECONDS = 0.004
PATIENCE_SECONDS = 12


class Timing(NamedTuple):
    """What an action took: milliseconds to the first and the last change of pixels, bytes, requests, and CPU."""

    first: float
    settled: float
    received: int
    sent: int
    requests: int
    cpu: float


@dataclass
class Wire:
    """What goes over the network, as the browser's own tools count it."""

    received: int = 0
    sent: int = 0
    requests: int = 0
    waiting: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def watch(self, session: CDPSession) -> None:
        """Begin to count."""
        session.on("Network.requestWillBeSent", self._request)
        session.on("Network.loadingFinished", self._finished)
        session.on("Network.loadingFailed", lambda told: self.waiting.discard(told["requestId"]))
        session.on("Network.webSocketFrameReceived", lambda told: self._add(_length(told["response"]), 0))
        session.on("Network.webSocketFrameSent", lambda told: self._add(0, _length(told["response"]), 1))
        session.send("Network.enable")

    def _request(self, told: dict[str, Any]) -> None:
        if told["request"]["url"].startswith("http"):
            # The end of what no document loads, a worker's script, is told to the worker.
            if told["loaderId"]:
                self.waiting.add(told["requestId"])
            self._add(0, len(told["request"].get("postData", "")), 1)

    def _finished(self, told: dict[str, Any]) -> None:
        self.waiting.discard(told["requestId"])
        self._add(told["encodedDataLength"], 0)

    def _add(self, received: float, sent: int, requests: int = 0) -> None:
        self.received += int(received)
        self.sent += sent
        self.requests += requests

    def clear(self) -> None:
        """Count from zero."""
        self.received = self.sent = self.requests = 0


def _length(frame: dict[str, Any]) -> int:
    """Return the bytes of a websocket frame; binary ones are told in base64."""
    text = frame["payloadData"]
    return len(text) * 3 // 4 if frame["opcode"] == 2 else len(text)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page of a peer that is open in a profile of its own."""

    page: Page
    server: Server | None
    wire: Wire

    def wait(self, quiet: int = QUIET_MS, seconds: float = PATIENCE_SECONDS) -> tuple[float, float]:
        """Wait until the picture has changed and then stood still; return when, in ms from the action."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self._settled(quiet)
            if found and not self.wire.waiting and self._server_rests() and found == self._settled(quiet):
                return found[0], found[1]
            self.page.wait_for_timeout(30)
        raise PeerError(f"the picture did not change; {self.wire.problems[-3:]}")

    def _settled(self, quiet: int) -> list[float] | None:
        return self.page.evaluate(f"probe.settled({quiet})")

    def _server_rests(self) -> bool:
        """Whether the server does next to nothing for a moment, and nothing changes meanwhile."""
        if self.server is None:
            return True
        used = self.server.cpu()
        self.page.wait_for_timeout(60)
        return self.server.cpu() - used < REST_SECONDS and not self.wire.waiting

    def act(self, script: str, quiet: int = QUIET_MS, seconds: float = PATIENCE_SECONDS) -> Timing:
        """Run an action in the page, and wait until its picture is there."""
        return self._measure(lambda: self.page.evaluate(f"probe.act(() => {{ {script} }})"), quiet, seconds)

    def wheel(self, quiet: int) -> Timing:
        """Turn a real wheel by a notch over the middle of the plot."""
        at = self.page.evaluate("(({x, y, width, height}) => [x + width / 2, y + height / 2])(peer.area())")
        self.page.mouse.move(*at)
        self.page.evaluate("probe.await('wheel')")
        return self._measure(lambda: self.page.mouse.wheel(0, -120), quiet, PATIENCE_SECONDS)

    def _measure(self, begin: Any, quiet: int, seconds: float) -> Timing:
        self.wire.clear()
        used = self.server.cpu() if self.server else 0
        begin()
        first, settled = self.wait(quiet, seconds)
        cpu = (self.server.cpu() - used) * 1e3 if self.server else 0
        return Timing(first, settled, self.wire.received, self.wire.sent, self.wire.requests, cpu)

    def close(self) -> None:
        """Close the page and forget its profile."""
        self.page.context.close()


def visit(browser: Browser, server: Server, window: ViewportSize = WINDOW) -> tuple[Visit, Timing]:
    """Open a peer's page in a fresh profile, and return it with what the first load took."""
    one = blank(browser, server, server.script, window)
    used = server.cpu()
    one.page.goto(server.page, wait_until="commit")
    first, settled = one.wait(seconds=60)
    loaded = Timing(first, settled, one.wire.received, one.wire.sent, one.wire.requests, (server.cpu() - used) * 1e3)
    return one, loaded


def blank(browser: Browser, server: Server | None, script: str, window: ViewportSize = WINDOW) -> Visit:
    """Return a page in a fresh profile that will have the probe."""
    context = browser.new_context(viewport=window, color_scheme="dark")
    page = context.new_page()
    wire = Wire()
    page.on("console", lambda told: wire.problems.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: wire.problems.append(str(error)))
    page.add_init_script(script)
    page.add_init_script((HERE / "clients" / "probe.js").read_text())
    wire.watch(context.new_cdp_session(page))
    return Visit(page, server, wire)


def fitting(one: Visit) -> ViewportSize:
    """Return the window in which the plot has its size, where the window rules it."""
    width, height = one.page.evaluate("probe.size()")
    if one.server and one.server.name != "stageboard":
        return WINDOW
    return {"width": WINDOW["width"] + SIZE[0] - int(width), "height": WINDOW["height"] + SIZE[1] - int(height)}
