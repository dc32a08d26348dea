"""The app of `tests/app/proxied.py` under two real gunicorn workers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.address import listen

ROOT = Path(__file__).parents[2]


@dataclass
class Served:
    """Two workers; each tells its pid in what its callbacks return."""

    port: int
    master: subprocess.Popen[bytes]

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text()
        return {int(pid) for pid in children.split()}


@contextmanager
def two_workers(cache: Path) -> Iterator[Served]:
    """Serve until the end of the context, and end in order."""
    with listen("127.0.0.1", 0) as bound:
        port, descriptor = bound.getsockname()[1], bound.fileno()
        command = [
            sys.executable, "-m", "gunicorn", "--workers", "2", "--worker-class", "gthread", "--threads", "4",
            "--no-control-socket", "--graceful-timeout", "1", "--chdir", str(ROOT / "tests" / "app"), "--bind", f"fd://{descriptor}",
            "--pythonpath", str(ROOT), "--log-level", "error", "proxied:server",
        ]  # fmt: skip
        environment = {**os.environ, "PROXIED_CACHE": str(cache), "PYTHONPATH": str(ROOT)}
        master = subprocess.Popen(command, env=environment, pass_fds=[descriptor])
    try:
        yield Served(port, master)
    finally:
        master.terminate()
        assert master.wait() == 0
