"""Single flight over real processes, on a folder and on a Redis: computed once, whoever dies, hangs, or fails."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from time import monotonic, sleep

import pytest

from app.pipeline import leases, redis_leases
from app.pipeline.errors import DataError, SupersededError
from app.pipeline.leases import FileLeases, alone
from app.pipeline.pipeline import Pipeline
from app.pipeline.stopping import stoppable
from app.pipeline.stores.registry import lessor_of, open_store
from tests.leasing import PATIENCE, Processes, heard, tell
from tests.redis_server import RedisServer
from tests.unit.samples import TOYS, Tally, ToyRoot

PARAMS = {"factor": 2.0, "start": 1.0}


@pytest.fixture(autouse=True)
def busy(monkeypatch):
    """Let nobody of this process take a holder for dead because the machine is busy."""
    for module in (leases, redis_leases):
        monkeypatch.setattr(module, "STALE_SECONDS", PATIENCE)


@pytest.fixture(params=["disk", "redis"])
def address(request, tmp_path) -> str:
    return request.getfixturevalue("redis_server").url if request.param == "redis" else f"disk:{tmp_path / 'store'}"


@pytest.fixture
def processes(address, tmp_path) -> Iterator[Processes]:
    made = Processes(address, tmp_path)
    yield made
    made.end()
    with opened(address) as store:
        assert store.get("k").data == b"value"
        assert store.check() == []


@contextmanager
def opened(address):
    with closing(open_store(("memory:", 80_000_000), (address, 80_000_000))) as store:
        yield store


def test_of_four_processes_one_computes_and_all_get_it(processes):
    workers = [processes.start(0.3, stale=PATIENCE) for _ in range(4)]
    for one in workers:
        tell(one)
    assert [heard(one) for one in workers] == ["value"] * 4
    assert processes.ran == 1


def test_a_holder_that_is_killed_is_taken_over(processes):
    leader, heir = processes.lead(), processes.start(0.0)
    tell(heir)
    leader.kill()
    assert heard(heir) == "value"
    assert processes.ran == 2


def test_a_holder_that_is_stopped_is_taken_over_and_its_late_result_does_no_harm(processes):
    leader, heir = processes.lead(), processes.start(0.0)
    leader.send_signal(signal.SIGSTOP)
    tell(heir)
    assert heard(heir) == "value"
    assert processes.ran == 2
    leader.send_signal(signal.SIGCONT)
    tell(leader)
    assert heard(leader) == "value"
    third = processes.start(0.0)
    tell(third)
    assert heard(third) == "value"
    assert processes.ran == 2


def test_threads_of_several_pipelines_compute_once(address):
    tally = Tally()
    with opened(address) as one, opened(address) as other, ThreadPoolExecutor(8) as pool:
        lines = [Pipeline(TOYS, store, lessor=lessor_of(store)) for store in (one, one, other, other)]
        asked = [pool.submit(line.run, ToyRoot(tally=tally), "summed", PARAMS) for line in lines * 2]
        assert {each.result().value for each in asked} == {13.0}
        assert tally.calls["scaled"] == 1
        parts = [
            pool.submit(line.run, ToyRoot(tally=tally), "tabled", {"factor": 2.0, "numbers": [at, 1, 2, 3]})
            for at, line in enumerate(lines)
        ]
        for each in parts:
            each.result()
        assert set(tally.parts.values()) == {1}


def test_an_error_is_raised_kept_nowhere_and_leaves_the_key_free(address):
    tally = Tally()
    tally.failing = {"scaled"}
    with opened(address) as store, opened(address) as other:
        line = Pipeline(TOYS, store, lessor=lessor_of(store))
        with pytest.raises(DataError, match="scaled fails"):
            line.run(ToyRoot(tally=tally), "summed", PARAMS)
        assert list(store.keys()) == []
        key = line.key(ToyRoot(), "summed", PARAMS)
        assert lessor_of(other).lease([key]) == [key]


def test_who_waits_stops_where_its_work_should(address):
    with opened(address) as holder, opened(address) as waiter:
        assert lessor_of(holder).lease(["k"]) == ["k"]
        with pytest.raises(SupersededError), stoppable(lambda: True):
            alone(lessor_of(waiter), ["k"], lambda _: None)


def test_who_waited_long_enough_computes(address, monkeypatch):
    monkeypatch.setattr(leases, "WAIT_SECONDS", 0.05)
    with opened(address) as holder, opened(address) as waiter:
        lessor_of(holder).lease(["k"])
        made = []
        alone(lessor_of(waiter), ["j", "k"], made.append)
        assert made == [["j"], ["k"]]
        assert lessor_of(waiter).lease(["k"]) == []


def test_what_is_awaited_is_written_before_it_would_be(address):
    with opened(address) as holder, opened(address) as waiter:
        mine, theirs = lessor_of(holder), lessor_of(waiter)
        assert mine.lease(["a", "k"]) == ["a", "k"]
        assert theirs.lease(["k"]) == []
        assert mine.awaited(["a", "k"]) == ["k"]
        holder.set("a", b"x")
        holder.set("k", b"value")
        mine.release(["a", "k"])
        until = monotonic() + PATIENCE
        while not theirs.lease(["k"]):
            assert monotonic() < until
            sleep(0.001)
        assert waiter.get("k").data == b"value"


def test_without_a_file_every_key_is_let_out(tmp_path):
    (tmp_path / "none").touch()
    with closing(FileLeases(tmp_path / "none" / "leases")) as one:
        assert one.lease(["k"]) == one.lease(["k"]) == ["k"]
        assert one.awaited(["k"]) == []
        one.release(["k"])


def test_a_file_that_could_not_be_opened_is_used_once_it_can(tmp_path):
    (tmp_path / "folder").touch()
    with closing(FileLeases(tmp_path / "folder" / "leases", 0.0)) as one:
        assert one.lease(["k"]) == one.lease(["k"]) == ["k"]
        (tmp_path / "folder").unlink()
        assert one.lease(["k"]) == ["k"]
        with closing(FileLeases(tmp_path / "folder" / "leases")) as other:
            assert other.lease(["j", "k"]) == ["j"]


def test_a_file_that_was_deleted_is_made_anew_when_nothing_is_held(tmp_path):
    path = tmp_path / "leases"
    with closing(FileLeases(path, 0.0)) as one, closing(FileLeases(path, 0.0)) as other:
        assert one.lease(["k"]) == ["k"]
        path.unlink()
        assert one.lease(["j", "k"]) == ["j"]
        assert other.lease(["k"]) == ["k"]  # in the new file
        one.release(["j", "k"])
        assert one.lease(["j", "k"]) == ["j"]


def test_keys_are_leased_once_and_again_when_they_are_free(tmp_path):
    with closing(FileLeases(tmp_path / "leases")) as one, closing(FileLeases(tmp_path / "leases")) as other:
        keys = [f"k-{at}" for at in range(200)]
        assert one.lease(keys[:100]) == keys[:100]
        assert other.lease(keys) == keys[100:]
        assert one.lease(keys) == []
        one.release(keys)
        assert other.lease(keys) == keys[:100]


def test_a_key_is_leased_of_every_tier_or_of_none(tmp_path, redis_server):
    disk, redis = (f"disk:{tmp_path / 'store'}", 80_000_000), (redis_server.url, 80_000_000)
    memory = ("memory:", 80_000_000)
    with (
        closing(open_store(memory, disk, redis)) as here,
        closing(open_store(memory, (f"disk:{tmp_path / 'other'}", 80_000_000), redis)) as elsewhere,
        closing(open_store(memory, disk)) as beside,
    ):
        assert lessor_of(elsewhere).lease(["k"]) == ["k"]
        assert lessor_of(here).lease(["j", "k"]) == ["j"]
        assert lessor_of(beside).lease(["j", "k"]) == ["k"]
        assert lessor_of(elsewhere).awaited(["k"]) == ["k"]
        lessor_of(elsewhere).release(["k"])
        assert lessor_of(here).lease(["k"]) == []
        lessor_of(beside).release(["k"])
        assert lessor_of(here).lease(["k"]) == ["k"]


def test_a_redis_that_is_away_lets_every_key_out(tmp_path):
    server = RedisServer(tmp_path)
    with opened(server.url) as one, opened(server.url) as other:
        assert lessor_of(one).lease(["k"]) == ["k"]
        server.stop()
        assert lessor_of(other).lease(["k"]) == ["k"]
        assert lessor_of(one).awaited(["k"]) == []
        lessor_of(one).release(["k"])
