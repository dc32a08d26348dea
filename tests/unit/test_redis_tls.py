"""Redis by TLS, on a real one: under an authority of one's own, and refused where it is not trusted."""

from contextlib import closing
from time import monotonic, sleep

import pytest

from app.pipeline import redis_link
from app.pipeline.chain import split_chain
from app.pipeline.stores.redis import RedisStore
from app.pipeline.stores.registry import open_store
from app.settings import load
from tests.redis_server import Authority, RedisServer

LIMIT = 4_000_000
VALUE = b"value" * 10_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Start a Redis that speaks TLS alone."""
    made = RedisServer(tmp_path_factory.mktemp("redis"), authority=Authority(tmp_path_factory.mktemp("authority")))
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Let a Redis that did not answer in time, as on a busy machine, be tried again at once."""
    monkeypatch.setattr(redis_link, "REST_SECONDS", 0.05)


def opened():
    """Open the stores of the settings."""
    return closing(open_store(*[(address, LIMIT) for address in split_chain(load().store)]))


def until(ask):
    """Ask until there is an answer."""
    latest = monotonic() + 20
    while not (answer := ask()):
        assert monotonic() < latest
        sleep(0.01)
    return answer


def test_what_one_process_set_another_gets_by_tls(server, monkeypatch):
    monkeypatch.setenv("STAGEBOARD_STORE", server.url)
    with opened() as one, server.client() as client:

        def written():
            one.set("a", VALUE, wait=True)
            return client.dbsize()

        until(written)
    with opened() as other:
        found = until(lambda: other.get("a"))
        assert (found.data, found.tier) == (VALUE, "redis")
        assert other.check() == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda url: url.partition("?")[0], "has a certificate that is not trusted: self-signed certificate"),
        (lambda url: url.replace("127.0.0.1", "localhost"), "has a certificate that is not trusted: Hostname mismatch"),
        (lambda url: url.partition("?")[0].replace("rediss", "redis"), "cannot be reached"),
    ],
    ids=["unknown authority", "another name", "without TLS"],
)
def test_where_it_is_not_trusted_nothing_is_sent_and_the_reason_is_said(server, change, reason):
    with server.client() as client, closing(RedisStore(change(server.url), LIMIT)) as store:
        client.flushall()

        def refused():
            store.set("a", VALUE)
            assert store.get("a") is None
            return reason in store.stats()[0].detail

        until(refused)
        assert client.dbsize() == 0
