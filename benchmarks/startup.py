"""How long a process takes to start: to say its version, to import the app, to answer its first request."""

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.report import timed

REPEATS = 3
PATIENCE_SECONDS = 60


def measure() -> dict[str, int]:
    """Return the medians of three starts, in ms."""
    calls = {
        "version": lambda: _run("-m", "app", "--version"),
        "import app.server": lambda: _run("-c", "import app.server"),
        "first answer": first_answer,
    }
    return {name: round(statistics.median(timed(call) for _ in range(REPEATS))) for name, call in calls.items()}


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def first_answer() -> None:
    """Serve, wait for the first answer of /health, and stop."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as cache:
        ask = [sys.executable, "-m", "app", "--port", str(port), "--cache", cache, "--no-open"]
        server = subprocess.Popen(ask, stdout=subprocess.DEVNULL)
        try:
            _wait(f"http://127.0.0.1:{port}/health")
        finally:
            server.terminate()
            server.wait()


def _wait(url: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            urlopen(url, timeout=5).close()
            return
        except (URLError, ConnectionError):
            time.sleep(0.01)
    raise TimeoutError(f"{url} did not answer within {PATIENCE_SECONDS} s.")
