"""The peers' servers, each in processes of its own: how one is started, what it uses, and how it is stopped."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import psutil

from benchmarks.peers.frame import FIELDS, HOME

PEERS = ("panel", "dash", "extensions", "stageboard")
ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
START_SECONDS = 90
IDLE_SHARE = 0.05


class PeerError(RuntimeError):
    """A peer did not do what is measured."""


@dataclass
class Server:
    """A running server."""

    name: str
    url: str
    process: psutil.Popen
    folder: Path

    @property
    def page(self) -> str:
        """The address of its page with the view that all open with."""
        if self.name != "stageboard":
            return f"{self.url}/"
        bounds = ",".join(map(str, HOME))
        return f"{self.url}/explorer/taxi?{urlencode({'basemap': 'none', 'labels': 0, 'bounds': bounds}, safe=',')}"

    @property
    def script(self) -> str:
        """The script that moves its page."""
        name = "dash" if self.name == "extensions" else self.name
        return (HERE / "clients" / f"{name}.js").read_text()

    def processes(self) -> list[psutil.Process]:
        """Return all its processes."""
        return [self.process, *self.process.children(recursive=True)]

    def cpu(self) -> float:
        """Return the processor time of its processes until now, in seconds."""
        # The processes' own clocks: /proc counts in ticks of 10 ms.
        return sum(time.clock_gettime((~one.pid << 3) | 2) for one in self.processes())

    def memory(self) -> int:
        """Return its memory in bytes, what is shared by several processes counted once."""
        return sum(one.memory_full_info().pss for one in self.processes())

    def disk(self) -> int:
        """Return the bytes of the files that it has written."""
        return sum(one.stat().st_size for one in self.folder.rglob("*") if one.is_file())

    def wait_idle(self, seconds: float = 20) -> None:
        """Wait until it does nothing, such as warming up, for half a second."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            before = self.cpu()
            time.sleep(0.5)
            if self.cpu() - before < 0.5 * IDLE_SHARE:
                return

    def stop(self) -> None:
        """Stop it as an operator does."""
        processes = self.processes()
        self.process.terminate()
        _, left = psutil.wait_procs(processes, timeout=15)
        for one in left:
            one.kill()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def command(name: str, data: Path, folder: Path, port: int, workers: int) -> list[str]:
    """Return the command that starts a peer."""
    if name == "stageboard":
        return [
            sys.executable, "-m", "app", "--port", str(port), "--no-open", "--cache", str(folder / "cache"),
            "--workers", str(workers), "--data", str(data),
        ]  # fmt: skip
    return [sys.executable, "-m", f"benchmarks.peers.{name}_app", str(data), str(port), str(workers)]


@contextmanager
def serving(name: str, data: Path, folder: Path, workers: int = 1, port: int = 0) -> Iterator[Server]:
    """Start a peer, yield it when it answers and is idle, and stop it."""
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    folders = {"PEER_FOLDER": str(folder / "files"), "STAGEBOARD_FOLDER": str(folder / "data")}
    # To its limits, all sessions of a machine that keep no cookie are one.
    environment = {**os.environ, **folders, "STAGEBOARD_RATE": "0"}
    with (folder / "log.txt").open("a") as log:
        started = psutil.Popen(
            command(name, data, folder, port, workers), cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    server = Server(name, f"http://127.0.0.1:{port}", started, folder)
    try:
        wait_ready(server)
        server.wait_idle()
        yield server
    finally:
        server.stop()


def warm_kernels(server: Server) -> None:
    """Compile Stageboard's kernels for the types of the fields, on the plot that is not measured.

    The peers do so themselves when they start, as `frame.warm` tells.
    """
    if server.name == "stageboard":
        urlopen(f"{server.url}/events/taxi/pickup", timeout=START_SECONDS).read()
        for field in FIELDS:
            urlopen(f"{server.url}/image/taxi/pickup.png?aggregate=mean&field={field}", timeout=START_SECONDS).read()
        server.wait_idle()


def wait_ready(server: Server) -> None:
    """Wait until the page is served, and a large file is prepared."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        try:
            urlopen(server.url, timeout=30).read()
            if server.name == "stageboard":
                urlopen(f"{server.url}/events/taxi/dropoff", timeout=START_SECONDS).read()  # ends when it is prepared
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise PeerError(f"{server.name} did not start: {(server.folder / 'log.txt').read_text()[-600:]}")
