"""Processes that want one key of a store: which of them computes it, and when, is a test's to say."""

import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0
"""Seconds that the processes wait for a busy machine."""

WORKER = """
import sys, time
from pathlib import Path
from app.pipeline import leases, redis_leases, redis_link
from app.pipeline.stores.registry import lessor_of, open_store

address, log, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
redis_link.ANSWER_SECONDS = float(sys.argv[4])
leases.STALE_SECONDS = redis_leases.STALE_SECONDS = float(sys.argv[5])
store = open_store(("memory:", 80_000_000), (address, 800_000_000))

def make(keys):
    for key in keys:
        if store.get(key) is None:
            with log.open("a") as file:
                file.write("ran\\n")
            time.sleep(seconds) if seconds >= 0 else sys.stdin.readline()
            store.set(key, b"value")

print("ready", flush=True)
sys.stdin.readline()
leases.alone(lessor_of(store), ["k"], make)
print(store.get("k").data.decode(), flush=True)
sys.stdin.readline()
store.close()
"""


class Processes:
    """Processes that compute one key of a store, and count in a file how often it was.

    Parameters
    ----------
    address : str
        Of the store.
    folder : Path
        Of that file.
    """

    def __init__(self, address: str, folder: Path) -> None:
        self.address, self.log = address, folder / "log"
        self.running: list[subprocess.Popen[str]] = []

    @property
    def ran(self) -> int:
        return self.log.read_text().count("ran") if self.log.exists() else 0

    def start(self, seconds: float, stale: float = 3.0) -> subprocess.Popen[str]:
        """Start one that takes some seconds to compute, or until it gets a line; it waits for a line before.

        Parameters
        ----------
        seconds : float
            Negative: until it gets a line.
        stale : float
            Seconds of silence after which it takes a holder for dead.
        """
        options = [self.address, str(self.log), str(seconds), str(PATIENCE), str(stale)]
        command = [sys.executable, "-c", WORKER, *options]
        one = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.running.append(one)
        assert heard(one) == "ready"
        return one

    def lead(self) -> subprocess.Popen[str]:
        """Return one that is computing the key, until it gets a line."""
        one = self.start(-1)
        tell(one)
        until = monotonic() + PATIENCE
        while not self.ran:
            assert monotonic() < until
            sleep(0.01)
        return one

    def end(self) -> None:
        for one in self.running:
            one.send_signal(signal.SIGCONT)
            try:
                one.communicate("go\nend\n", timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                one.kill()
                one.communicate()


def tell(one: subprocess.Popen[str]) -> None:
    """Let a process go on."""
    assert one.stdin is not None
    one.stdin.write("go\n")
    one.stdin.flush()


def heard(one: subprocess.Popen[str]) -> str:
    """Return the next line that a process says."""
    assert one.stdout is not None
    return one.stdout.readline().strip()
