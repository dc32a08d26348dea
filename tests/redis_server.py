"""A real Redis for tests: on a free port of this machine, keeping nothing on disk, and ended with its user."""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from time import monotonic, sleep

import pytest
from redis import Redis
from redis.exceptions import RedisError

START_SECONDS = 20


class RedisServer:
    """One redis-server, which can be stopped and started again on its port.

    Parameters
    ----------
    folder : Path
        Its working folder.
    *options : str
        As on its command line.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        found = shutil.which(os.environ.get("REDIS_SERVER", "") or "redis-server")
        if not found:
            pytest.skip("redis-server is not installed: `make test` installs it, or sudo apt-get install redis-server")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        password = options[options.index("--requirepass") + 1] if "--requirepass" in options else ""
        self.url = f"redis://{f':{password}@' if password else ''}127.0.0.1:{self.port}/0"
        self._command = [found, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)]
        self._command += ["--save", "", "--appendonly", "no", *options]
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = monotonic() + START_SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                    return
            except RedisError:
                assert self._process.poll() is None, "redis-server did not start"
                assert monotonic() < until, "redis-server does not answer"
                sleep(0.02)

    def client(self) -> Redis:
        """Return a client of its own, to look at it and to change it behind a store's back."""
        return Redis.from_url(self.url)

    def stop(self) -> None:
        """End it at once; what it held is lost."""
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Let it hang: it accepts connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)
