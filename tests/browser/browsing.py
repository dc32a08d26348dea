"""Servers in processes of their own, and pages that note what happens on them."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, Request

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = (1440, 900), (390, 844)


def chromium() -> str | None:
    """Return the path of the browser; none where there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Visit:
    """A page that is open, and what happened on it.

    Attributes
    ----------
    page : Page
    requests : list of str
        Addresses asked for, in order; clear it before an action to see what the action asked for.
    problems : list of str
        Errors in the console, exceptions, and requests that failed.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Begin to note what happens."""
        self.page.on("request", lambda one: self.requests.append(one.url))
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        # A font that is not used for seconds says that the machine is busy, not that the page is wrong.
        if message.type in ("error", "warning") and "preloaded using link preload" not in message.text:
            self.problems.append(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # A tile that has left the view is given up on purpose.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"request failed: {request.url} {request.failure}")


@dataclass
class Server:
    """A running server: its address, its process, and the folders it uses."""

    url: str
    process: subprocess.Popen[str]
    folder: Path


def start_server(folder: Path, *arguments: str) -> Server:
    """Start the app as a user does, on a free port, and wait until it answers."""
    command = [sys.executable, "-m", "app", "--port", "0", "--no-open", "--cache", str(folder / "cache"), *arguments]
    environment = {**os.environ, "STAGEBOARD_FOLDER": str(folder / "data")}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = []
    assert process.stdout
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"http://[\d.]+:\d+", line):
            return Server(found[0], process, folder)
    raise AssertionError(f"the server did not start: {''.join(said)}")


def stop_server(server: Server) -> None:
    """Stop a server as an operator does."""
    server.process.send_signal(signal.SIGTERM)
    server.process.communicate(timeout=30)
