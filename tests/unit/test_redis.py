"""The tier of several machines on a real Redis: its budget, its namespace, damage, and faults of Redis itself."""

import socket
from contextlib import closing
from threading import Thread
from time import monotonic, sleep

import pytest

from app.pipeline import redis_link
from app.pipeline.errors import CodecError, StoreError
from app.pipeline.stores.redis import ORDER, SIZES, TOGETHER, TOTAL, VALUES, RedisStore, sealed, unsealed
from tests.redis_server import RedisServer

LIMIT = 4_000_000
LARGE = b"L" * 100_000


@pytest.fixture
def store(redis_server):
    made = RedisStore(redis_server.url, LIMIT)
    yield made
    made.close()


@pytest.fixture
def behind_its_back(redis_server):
    with redis_server.client() as client:
        yield client


@pytest.fixture
def soon(monkeypatch):
    """Let a Redis that failed be tried again at once."""
    monkeypatch.setattr(redis_link, "REST_SECONDS", 0.05)


@pytest.fixture
def hasty(monkeypatch):
    """Wait as long as the app does for an answer."""
    monkeypatch.setattr(redis_link, "ANSWER_SECONDS", 0.2)


@pytest.fixture
def own(tmp_path, patient):
    """Start a Redis that a test may break."""
    server = RedisServer(tmp_path)
    yield server
    server.resume()
    server.stop()


def again(store, key, data):
    """Set a key until it is kept, as requests would."""
    until = monotonic() + 20
    while store.get(key) is None:
        assert monotonic() < until, store.stats()
        store.set(key, data)
        sleep(0.02)
    assert store.get(key).data == data


def test_a_seal_shows_a_flipped_bit_and_a_moved_value():
    blob = sealed("a", b"data")
    assert unsealed("a", blob) == b"data"
    for at in range(len(blob)):
        with pytest.raises(CodecError, match="damaged"):
            unsealed("a", blob[:at] + bytes([blob[at] ^ 4]) + blob[at + 1 :])
    for key, value in (("b", blob), ("a", blob[:3]), ("a", b"")):
        with pytest.raises(CodecError, match="damaged"):
            unsealed(key, value)


def test_the_oldest_is_forgotten_first_and_what_took_long_to_compute_later(store):
    store.set("dear", LARGE, cost=1.0)
    for at in range(60):
        store.set(f"a-{at:02}", LARGE)
    kept = sorted(store.keys())
    assert kept == [*(f"a-{at:02}" for at in range(60 - len(kept) + 1, 60)), "dear"]
    assert store.used() == store.stats()[0].bytes <= LIMIT
    assert store.check() == []


def test_bytes_are_counted_by_prefix(store):
    store.set("grid-1", b"x" * 96)
    store.set("grid-2", b"x" * 196)
    store.set("stats-1", b"x" * 46)
    assert (store.used("grid"), store.used("stats-1"), store.used("none"), store.used()) == (300, 50, 0, 350)
    store.set("grid-1", b"")
    store.delete("grid-2")
    assert (store.used("grid"), store.stats()[0].bytes) == (4, 54)


def test_it_touches_nothing_outside_its_namespace(store, behind_its_back):
    behind_its_back.set("stageboard:0:value:a", b"an older version's")
    behind_its_back.set("theirs", b"x")
    store.set("a", LARGE)
    assert list(store.keys()) == ["a"]
    assert store.check() == []
    assert store.clear() == 1
    assert sorted(behind_its_back.keys()) == [b"stageboard:0:value:a", b"theirs"]


def test_damaged_and_moved_values_are_dropped_and_counted(store, behind_its_back):
    for key in ("flipped", "moved", "short", "whole"):
        store.set(key, key.encode() * 100)
    behind_its_back.setrange(VALUES + "flipped", 50, b"?")
    behind_its_back.set(VALUES + "moved", behind_its_back.get(VALUES + "whole"))
    behind_its_back.set(VALUES + "short", b"x")
    behind_its_back.rpush(VALUES + "foreign", b"a list")
    assert [store.get(key) for key in ("flipped", "moved", "short", "foreign")] == [None] * 4
    assert store.get("whole").data == b"whole" * 100
    assert list(store.keys()) == ["whole"]
    [stats] = store.stats()
    assert (stats.errors, stats.entries) == (4, 1)
    assert "damaged" in stats.detail
    store.set("foreign", b"mended")
    assert store.get("foreign").data == b"mended"


def test_several_are_asked_for_by_one_question_and_the_damaged_dropped(store, behind_its_back):
    keys = [f"a-{at}" for at in range(TOGETHER + 8)]
    for key in keys:
        store.set(key, key.encode())
    behind_its_back.setrange(VALUES + "a-3", 4, b"?")
    behind_its_back.delete(VALUES + "a-4")
    behind_its_back.rpush(VALUES + "a-4", b"a list")
    behind_its_back.config_resetstat()
    found = store.get_all([*keys, "none"])
    asked = behind_its_back.info("commandstats")
    assert {key: blob.data for key, blob in found.items()} == {
        key: key.encode() for key in keys if key not in ("a-3", "a-4")
    }
    assert asked["cmdstat_mget"]["calls"] == 2
    assert "cmdstat_exists" not in asked
    [stats] = store.stats()
    assert (stats.hits, stats.misses, stats.errors) == (len(keys) - 2, 3, 1)
    assert "a-3" not in store


def test_a_check_finds_every_flipped_byte(store, behind_its_back):
    keys = [f"a-{at}" for at in range(1_000)]
    for at, key in enumerate(keys):
        store.set(key, bytes([at % 256]) * 100)
        behind_its_back.setrange(VALUES + key, at % 104, bytes([(at + 1) % 256]) * 2)
    behind_its_back.set(VALUES.encode() + b"\xff", b"not ours")
    behind_its_back.hset(VALUES + "hash", "a", "b")
    faults = store.check()
    assert len(faults) == 1_002
    assert all("damaged" in one for one in faults)
    assert store.check() == list(store.keys()) == []
    assert store.used() == store.stats()[0].bytes == 0


def test_an_index_that_is_gone_or_garbage_is_made_again(store, behind_its_back):
    store.set("a", LARGE)
    behind_its_back.delete(SIZES, ORDER, TOTAL)
    assert store.get("a").data == LARGE
    assert store.check() == ["1 values were in no count; they are counted again."]
    assert store.used() == store.stats()[0].bytes == len(LARGE) + 4
    for name in (SIZES, ORDER):
        behind_its_back.delete(name)
        behind_its_back.set(name, b"garbage")
        store.set("b", LARGE)
        assert store.get("b").data == LARGE
    behind_its_back.set(TOTAL, b"garbage")
    store.set("c", LARGE)
    store.check()
    assert store.check() == []
    assert sorted(store.keys()) == ["a", "b", "c"]
    assert store.used() == store.stats()[0].bytes == 3 * len(LARGE) + 12


def test_what_redis_evicts_by_itself_is_no_fault(store, behind_its_back):
    store.set("a", LARGE)
    store.set("b", LARGE)
    behind_its_back.delete(VALUES + "a")
    assert store.get("a") is None
    assert store.check() == []
    assert (store.stats()[0].entries, store.stats()[0].errors) == (1, 0)


def test_stopped_and_started_again_it_is_used_again(own, soon):
    with closing(RedisStore(own.url, LIMIT)) as store:
        store.set("a", LARGE)
        own.stop()
        store.set("b", LARGE)
        assert store.get("a") is None
        assert "a" not in store
        assert list(store.keys()) == []
        assert store.clear() == 0
        store.delete("a")
        [stats] = store.stats()
        assert stats.errors >= 1
        assert stats.detail == f"Redis at 127.0.0.1:{own.port} cannot be reached. Results are computed again."
        assert store.check() == [stats.detail]
        own.start()
        again(store, "a", LARGE)
        assert store.stats()[0].detail == ""
        assert store.check() == []


def test_a_store_opens_while_nothing_answers(soon, tmp_path):
    server = RedisServer(tmp_path)
    server.stop()
    with closing(RedisStore(server.url, LIMIT)) as store:
        assert store.get("a") is None
        server.start()
        again(store, "a", LARGE)
    server.stop()


def test_one_that_hangs_is_asked_once_and_then_left_alone(own, hasty, soon, monkeypatch):
    with closing(RedisStore(own.url, LIMIT)) as store:
        again(store, "a", LARGE)
        before = store.stats()[0].errors
        own.pause()
        monkeypatch.setattr(redis_link, "REST_SECONDS", 3600.0)
        for _ in range(200):
            assert store.get("a") is None
            store.set("b", LARGE)
        [stats] = store.stats()
        assert stats.errors == before + 1
        assert "did not answer within 0.2 seconds" in stats.detail
        own.resume()
        monkeypatch.setattr(redis_link, "monotonic", lambda: monotonic() + 3600)
        again(store, "a", LARGE)
        assert store.stats()[0].detail == ""


def test_after_a_while_one_caller_tries_again_and_the_others_go_without(own, hasty, soon, monkeypatch):
    with closing(RedisStore(own.url, LIMIT)) as store:
        own.pause()
        assert store.get("a") is None
        sleep(0.1)
        monkeypatch.setattr(redis_link, "REST_SECONDS", 60.0)
        asking = [Thread(target=store.get, args=("a",)) for _ in range(8)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        assert store.stats()[0].errors == 2


@pytest.fixture
def slow(redis_server, hasty, monkeypatch):
    """Return the address of a Redis whose answers come half a second late; it is asked once."""
    monkeypatch.setattr(redis_link, "REST_SECONDS", 3600.0)
    listener = socket.create_server(("127.0.0.1", 0))
    open_sockets = [listener]

    def carry(source, target, seconds):
        try:
            while data := source.recv(65_536):
                sleep(seconds)
                target.sendall(data)
        except OSError:
            return

    def accept():
        try:
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", redis_server.port))
                open_sockets.extend((client, server))
                Thread(target=carry, args=(client, server, 0.0), daemon=True).start()
                Thread(target=carry, args=(server, client, 0.5), daemon=True).start()
        except OSError:
            return

    Thread(target=accept, daemon=True).start()
    yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
    for one in open_sockets:
        one.close()


def test_half_a_second_late_counts_as_not_answering(slow):
    with closing(RedisStore(slow, LIMIT)) as store:
        for _ in range(100):
            store.set("a", LARGE)
            assert store.get("a") is None
        [stats] = store.stats()
        assert stats.errors == 1
        assert "did not answer" in stats.detail


def test_a_full_one_is_read_and_takes_writes_again_when_it_has_room(own):
    with closing(RedisStore(own.url, LIMIT)) as store, own.client() as client:
        store.set("a", LARGE)
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1kb")
        store.set("b", LARGE)
        assert store.get("a").data == LARGE
        assert store.get("b") is None
        [stats] = store.stats()
        assert stats.errors == 1
        assert "is full: raise its maxmemory" in stats.detail
        assert "a" in store
        assert store.stats()[0].detail == stats.detail
        client.config_set("maxmemory", "0")
        again(store, "b", LARGE)
        assert store.stats()[0].detail == ""


def test_a_replica_is_read_and_says_that_it_takes_no_writes(own, redis_server):
    with closing(RedisStore(own.url, LIMIT)) as store, own.client() as client:
        client.replicaof("127.0.0.1", redis_server.port)
        store.set("a", LARGE)
        assert "refused to write: " in store.stats()[0].detail
        client.replicaof("NO", "ONE")
        again(store, "a", LARGE)


WORD = "h0rse%23staple"


@pytest.mark.parametrize(
    "rest", ["@localhost:port/0", "/x@localhost:1/0", "@localhost:99999999/0", "@localhost:1/0?db=x"]
)
def test_an_address_that_cannot_be_read_is_refused_without_its_password(rest):
    with pytest.raises(StoreError, match="address of Redis cannot be read") as caught:
        RedisStore(f"redis://user:{WORD}{rest}").get("a")
    assert "h0rse" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_password_is_used_and_told_to_nobody(own, soon):
    with own.client() as client:
        client.config_set("requirepass", "h0rse#staple")
    address = own.url.replace("//", f"//:{WORD}@")
    with closing(RedisStore(address, LIMIT)) as store:
        store.set("a", LARGE)
        assert store.get("a").data == LARGE
    with closing(RedisStore(address.replace("staple", "wrong"), LIMIT)) as store:
        store.set("a", LARGE)
        assert store.get("a") is None
        assert "does not accept the user or password" in store.stats()[0].detail
        assert "h0rse" not in repr(store.stats()) + repr(store.check())
