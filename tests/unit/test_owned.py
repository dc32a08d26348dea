"""What belongs to a session: nobody else finds it, and within its quota the oldest gives way."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.pipeline.errors import QuotaError, StoreError
from app.pipeline.owned import Owned
from app.pipeline.stores.memory import MemoryStore


def test_two_sessions_and_two_kinds_share_a_store_and_nothing_else() -> None:
    store = MemoryStore()
    notes, drafts = Owned(store, "note", 1000), Owned(store, "draft", 1000)
    name = notes.keep("ada", b"canary")
    assert notes.find("ada", name) == b"canary"
    assert notes.find("eve", name) is None
    assert drafts.find("ada", name) is None
    assert (notes.used("ada"), notes.used("eve"), drafts.used("ada")) == (6, 0, 0)
    assert all("ada" not in key for key in store.keys())  # noqa: SIM118


def test_a_session_forgets_its_own_alone() -> None:
    owned = Owned(MemoryStore(), "note", 1000)
    kept = {who: [owned.keep(who, b"canary") for _ in range(3)] for who in ("ada", "eve")}
    assert owned.forget("ada") == 3
    assert [owned.find("ada", name) for name in kept["ada"]] == [None] * 3
    assert [owned.find("eve", name) for name in kept["eve"]] == [b"canary"] * 3


@given(some.lists(some.integers(0, 40), max_size=20))
def test_the_newest_that_fit_are_kept(sizes: list[int]) -> None:
    ticks = iter(range(1_000_000, 2_000_000))
    owned = Owned(MemoryStore(), "note", 100, clock=lambda: next(ticks))
    names = [owned.keep("ada", b"x" * size) for size in sizes]
    kept = [owned.find("ada", name) is not None for name in names]
    assert owned.used("ada") == sum(size for size, held in zip(sizes, kept, strict=True) if held) <= 100
    newest = next((n for n in range(len(sizes) + 1) if sum(sizes[n:]) <= 100), 0)
    assert all(kept[newest:])
    assert kept == sorted(kept)


def test_the_same_bytes_under_one_name_are_kept_once_within_a_period() -> None:
    owned = Owned(MemoryStore(), "note", 100, period=86_400)
    assert owned.keep("ada", b"same", "a1") == owned.keep("ada", b"same", "a1")
    assert owned.used("ada") == 4


def test_a_flood_fills_a_sessions_quota_and_no_more() -> None:
    store = MemoryStore()
    owned = Owned(store, "note", 5000)
    mine = owned.keep("ada", b"mine")
    for n in range(2000):
        owned.keep("eve", b"%03d" % (n % 1000) * 10)
        assert owned.used("eve") <= 5000
    assert owned.find("ada", mine) == b"mine"


def test_more_than_the_quota_and_more_than_the_store_are_refused() -> None:
    with pytest.raises(QuotaError, match="101 bytes are more than the 100"):
        Owned(MemoryStore(), "note", 100).keep("ada", b"x" * 101)
    with pytest.raises(StoreError, match="takes no 100 bytes"):
        Owned(MemoryStore(200), "note", 1000).keep("ada", b"x" * 100)
