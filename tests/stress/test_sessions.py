"""A thousand sessions that act at random on two workers: no error, nothing crosses over, and memory does not grow.

SESSIONS_SECONDS says for how long, 600 by default; STRESS_RESULTS names a folder that gets a report.
"""

import os
import statistics
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import monotonic

from benchmarks import report
from tests.app.test_serving import Start, start
from tests.stress.sessions import Timings, Visitor, World

__all__ = ["start"]
SECONDS = float(os.environ.get("SESSIONS_SECONDS", "600"))
SESSIONS, CLIENTS, WORKERS = 1000, 8, 2
MEMORY = 64 * 2**20  # of results, so that it is full long before memory is compared
EVERY = max(SECONDS / 60, 1.0)
GROWTH = 0.1
"""How much more a worker may hold in the last quarter than in the one before: it comes to rest at no moment of this."""


class Memory:
    """The private memory of processes, MB, looked at every few seconds."""

    def __init__(self, master: int) -> None:
        self.master = master
        self.seen: dict[int, list[float]] = {}
        self._over = Event()
        self._thread = Thread(target=self._watch)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(EVERY):
            for pid in map(int, Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                private = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
                self.seen.setdefault(pid, []).append(private / 1e3)

    def quarters(self) -> dict[int, list[float]]:
        """Return the median of each quarter of the time, of each process that was there all the time."""
        longest = max(map(len, self.seen.values()))
        whole = {pid: seen for pid, seen in self.seen.items() if len(seen) > 0.9 * longest}
        cuts = [round(longest * part / 4) for part in range(5)]
        return {pid: [round(statistics.median(seen[a:b]), 1) for a, b in pairwise(cuts)] for pid, seen in whole.items()}


def test_a_thousand_sessions_meet_no_error_and_no_leak(start: Start, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("STAGEBOARD_RATE", "0")
    monkeypatch.setenv("STAGEBOARD_MEMORY_BYTES", str(MEMORY))
    monkeypatch.setenv("STAGEBOARD_LOG_LEVEL", "warning")
    app, address = start("--workers", str(WORKERS), "--no-open")
    complaints = _drained(app)
    timings, world = Timings(), World.of(tmp_path)
    port = int(address.rpartition(":")[2])
    visitors = [Visitor(number, port, world, timings) for number in range(SESSIONS)]
    until = monotonic() + SECONDS

    def go(client: int) -> None:
        random, turn = Random(client), 0
        while monotonic() < until:
            # At first each session in turn, so that all of them act.
            number = client + turn * CLIENTS
            one = visitors[number] if number < SESSIONS else random.choice(visitors)
            turn += 1
            with one.lock:
                one.act()

    with Memory(app.pid) as memory, ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(go, range(CLIENTS)))
    quarters = memory.quarters()
    _report(timings, quarters, len([one for one in visitors if one.cookie]))
    assert timings.faults == []
    assert [line for line in complaints if '"error"' in line or "Traceback" in line] == []
    assert len(quarters) == WORKERS, "a worker was replaced"
    for _, _, third, last in quarters.values():
        assert last < third * (1 + GROWTH), quarters


def _drained(app) -> list[str]:
    """Read on what a server says, so that its pipes do not fill; return where its lines gather."""
    lines: list[str] = []
    for pipe in (app.stdout, app.stderr):
        Thread(target=lines.extend, args=(pipe,), daemon=True).start()
    return lines


def _report(timings: Timings, quarters: dict[int, list[float]], acted: int) -> None:
    rows = []
    for kind, ms in {"all": list(chain(*timings.ms.values())), **timings.ms}.items():
        p50, p99 = (report.digits(statistics.quantiles(ms, n=100)[at]) for at in (49, 98))
        rows.append({"kind": kind, "requests": len(ms), "p50_ms": p50, "p99_ms": p99, "max_ms": report.digits(max(ms))})
    found = {
        **report.facts(),
        "seconds": SECONDS,
        "sessions": acted,
        "clients": CLIENTS,
        "workers": WORKERS,
        "faults": len(timings.faults),
        "uploads_told_to_wait": timings.waits,
        "private_mb_by_quarter": list(quarters.values()),
        "requests": rows,
    }
    report.show(f"{acted:,} sessions, {SECONDS:.0f} s, {len(timings.faults)} faults", rows)
    print("Private memory of each worker by quarter, MB:", *quarters.values())
    if folder := os.environ.get("STRESS_RESULTS"):
        report.write(Path(folder) / "stress-sessions.json", found)
