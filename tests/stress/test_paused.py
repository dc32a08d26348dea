"""A process that computes a result and is stopped for 30 s: others take over, and what it says late does no harm.

STRESS_RESULTS names a folder that gets a report.
"""

import signal
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from app.pipeline.stores.registry import open_store
from benchmarks import report
from tests.leasing import Processes, heard, tell

SECONDS = 30
TITLE = f"A holder of a lease stopped for {SECONDS} s"


@pytest.fixture(params=["disk", "redis"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "disk":
        return f"disk:{tmp_path / 'store'}"
    return str(request.getfixturevalue("redis_server").url)


def test_a_holder_that_is_stopped_for_long_is_taken_over(
    address: str, tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    processes = Processes(address, tmp_path)
    leader, heir, third = processes.lead(), processes.start(0.0), processes.start(0.0)
    leader.send_signal(signal.SIGSTOP)
    stopped = monotonic()
    tell(heir)
    assert heard(heir) == "value"
    took = monotonic() - stopped
    assert took < SECONDS
    sleep(stopped + SECONDS - monotonic())
    leader.send_signal(signal.SIGCONT)
    tell(leader)
    assert heard(leader) == "value"
    tell(third)
    assert heard(third) == "value"
    assert processes.ran == 2
    processes.end()
    with closing(open_store(("memory:", 80_000_000), (address, 80_000_000))) as store:
        assert store.get("k").data == b"value"
        assert store.check() == []
    rows.append({"store": address.partition(":")[0], "taken_over_after_s": report.digits(took), "runs": processes.ran})
