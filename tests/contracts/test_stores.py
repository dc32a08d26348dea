"""What every store owes; a new kind is tested by its line in the registry, without an edit here."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.pipeline.chain import KINDS as NAMED
from app.pipeline.stores.base import Later, TierStats
from app.pipeline.stores.behind import BehindStore
from app.pipeline.stores.registry import STORES, open_store

LIMIT = 4_000_000
# What a volume keeps in the database, and what it keeps as a file.
SIZES = (0, 1, 100, 32_763, 32_764, 100_000)
BEHIND = "behind "
# Bytes that a tier may keep beside a value, and count.
OVERHEAD = 16
# By TLS or not, it is the same store.
KINDS = [one for one in STORES if one != "rediss"]
DURABLE = [*(one for one in KINDS if one != "memory"), "memory+disk", "memory+disk+redis", BEHIND + "disk"]
ROWS = [*KINDS, "memory+disk", "memory+disk+redis", *(BEHIND + one for one in KINDS)]


@pytest.fixture
def opened(request, tmp_path):
    """Return a function that opens the store of a row of the tests, the same one each time."""

    def address(kind):
        return request.getfixturevalue("redis_server").url if kind == "redis" else f"{kind}:{tmp_path / 'store'}"

    def open_kind(kind):
        made = open_store(*[(address(one), LIMIT) for one in kind.removeprefix(BEHIND).split("+")])
        return BehindStore(made, LIMIT // 16) if kind.startswith(BEHIND) else made

    return open_kind


@pytest.fixture(params=ROWS)
def store(request, opened):
    made = opened(request.param)
    yield made
    assert made.check() == []
    made.close()


def test_every_kind_can_be_named_in_the_settings():
    assert set(NAMED) == set(STORES)


def test_a_value_comes_back(store):
    for size in SIZES:
        data = bytes(range(256)) * (size // 256 + 1)
        data = data[:size]
        store.set(f"grid-{size:032x}", data)
        found = store.get(f"grid-{size:032x}")
        assert found.data == data
        assert found.tier in [one.tier for one in store.stats()]
        assert f"grid-{size:032x}" in store


def test_several_come_back_together(store):
    values = {f"a-{at}": bytes([at]) * (at * 1_000) for at in range(40)}
    for key, data in values.items():
        store.set(key, data)
    found = store.get_all(["none", *reversed(values), "a-1"])
    assert {key: blob.data for key, blob in found.items()} == values
    assert {blob.tier for blob in found.values()} <= {one.tier for one in store.stats()}
    assert store.get_all([]) == store.get_all(["none"]) == {}


def test_what_was_not_set_is_not_there(store):
    assert store.get("grid-00") is None
    assert "grid-00" not in store
    assert list(store.keys()) == []
    store.delete("grid-00")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["set", "get", "delete", "contains", "clear"]),
            st.sampled_from(["a-1", "a-2", "b" * 200, "é \x00 '\""]),
            st.binary(max_size=64),
        ),
        max_size=24,
    )
)
def test_it_behaves_as_a_mapping(store, moves):
    store.clear()
    model = {}
    for move, key, data in moves:
        if move == "set":
            store.set(key, data)
            model[key] = data
        elif move == "get":
            found = store.get(key)
            assert (found and found.data) == model.get(key)
        elif move == "delete":
            store.delete(key)
            model.pop(key, None)
        elif move == "contains":
            assert (key in store) == (key in model)
        else:
            assert store.clear() == len(model)
            model.clear()
        assert sorted(store.keys()) == sorted(model)


def test_setting_again_replaces(store):
    for data in (b"one", b"two" * 40_000, b"three"):
        store.set("a-1", data)
        assert store.get("a-1").data == data


def test_a_value_too_large_to_keep_leaves_no_older_one(store):
    store.set("a-1", b"old")
    store.set("a-1", bytes(LIMIT))
    found = store.get("a-1")
    assert found is None or found.data == bytes(LIMIT)
    store.delete("a-1")


def test_it_stays_within_its_limit(store):
    for at in range(30):
        store.set(f"a-{at}", bytes([at]) * 300_000)
    for one in store.stats():
        assert one.bytes <= one.limit * 1.1
    assert 0 < len(list(store.keys())) < 30
    assert store.get("a-29").data == bytes([29]) * 300_000


def test_it_says_what_it_holds(store):
    store.set("a-1", b"x" * 1_000)
    store.get("a-1")
    store.get("a-2")
    for one in store.stats():
        assert isinstance(one, TierStats)
        assert (one.tier, one.entries, one.errors, one.detail) == (one.tier, 1, 0, "")
        assert one.limit == LIMIT
        assert one.bytes >= 1_000
    assert store.stats()[0].hits == 1
    assert store.stats()[-1].misses == 1


def test_clear_counts(store):
    for at in range(3):
        store.set(f"a-{at}", b"x" * 40_000)
    assert store.clear() == 3
    assert store.clear() == 0
    assert [one.entries for one in store.stats()] == [0] * len(store.stats())


def test_it_says_what_a_prefix_uses(store):
    for key, size in (("u-1-a", 100), ("u-1-b", 40_000), ("u-10-a", 7), ("v-1", 5), ("é-1", 3)):
        store.set(key, b"x" * size)
    store.set("u-1-a", b"x" * 50)
    sizes = {"u-1-": (40_050, 2), "u-1": (40_057, 3), "u-10-": (7, 1), "v": (5, 1), "é": (3, 1), "w": (0, 0)}
    for prefix, (size, entries) in (sizes | {"": (40_065, 5), "u-1-a-": (0, 0)}).items():
        assert size <= store.used(prefix) <= size + OVERHEAD * entries
    store.delete("u-1-b")
    assert 50 <= store.used("u-1-") <= 50 + OVERHEAD


FAMILIES = ("u-1-", "u-1", "u-10-", "v", "é", "w", "u-[1]", "u-?", "")


@pytest.mark.parametrize("prefix", FAMILIES)
def test_what_has_a_prefix_is_told_and_cleared_and_nothing_else(store, prefix):
    held = ["u-1-a", "u-1-b", "u-10-a", "u-[1]-a", "u-?", "v-1", "é-1", "é-1\U0010fffd"]
    for at, key in enumerate(held):
        store.set(key, b"x" * (40_000 if at % 2 else 10), wait=at % 3 == 0)
    family = [key for key in held if key.startswith(prefix)]
    assert sorted(store.keys(prefix)) == sorted(family)
    assert store.clear(prefix) == len(family)
    left = sorted(set(held) - set(family))
    assert list(store.keys(prefix)) == []
    assert sorted(store.keys()) == left
    assert [key in store for key in held] == [key in left for key in held]
    assert [one.entries for one in store.stats()] == [len(left)] * len(store.stats())


def test_a_cleared_key_may_be_set_again(store):
    store.set("u-1-a", b"x" * 40_000)
    store.clear("u-1-")
    store.set("u-1-a", b"y")
    assert store.get("u-1-a").data == b"y"
    assert store.clear("u-1-") == 1


def test_threads_see_whole_values(store):
    def work(thread):
        for at in range(20):
            key, data = f"a-{at % 5}", bytes([at % 5]) * 50_000
            if (thread + at) % 3:
                store.set(key, data)
            found = store.get(key)
            assert found is None or found.data == data

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert sorted(store.keys()) == [f"a-{at}" for at in range(5)]


def test_it_may_be_closed_twice(store):
    store.close()
    store.close()


@pytest.mark.parametrize("wait", [False, True])
def test_bytes_may_be_made_later(store, wait):
    calls = []

    def make():
        calls.append(1)
        return b"made" * 10_000

    store.set("a-1", b"older")
    store.set("a-1", Later(make, 40_000), wait=wait)
    assert "a-1" in store
    assert [store.get("a-1").data for _ in range(3)] == [b"made" * 10_000] * 3
    assert calls == [1]


@pytest.mark.parametrize("kind", DURABLE)
def test_who_waits_can_be_read_by_others(kind, opened):
    one, other = (opened(kind) for _ in range(2))
    one.set("a-1", b"x" * 40_000, wait=True)
    assert other.get("a-1").data == b"x" * 40_000
    one.close()
    other.close()


def test_what_is_found_together_is_kept_in_the_faster_tiers(opened):
    with closing(opened("memory+disk")) as first:
        first.set("a-1", b"one")
        first.set("a-2", b"two")
    with closing(opened("memory+disk")) as second:
        second.set("a-3", b"three")
        tiers = {key: blob.tier for key, blob in second.get_all(["a-1", "a-2", "a-3"]).items()}
        assert tiers == {"a-1": "disk", "a-2": "disk", "a-3": "memory"}
        assert {blob.tier for blob in second.get_all(["a-1", "a-2", "a-3"]).values()} == {"memory"}


@pytest.mark.parametrize("kind", DURABLE)
def test_what_is_durable_outlives_its_store(kind, opened):
    first = opened(kind)
    values = {f"a-{size}": b"v" * size for size in SIZES}
    for key, data in values.items():
        first.set(key, data)
    first.close()
    second = opened(kind)
    assert sorted(second.keys()) == sorted(values)
    for key, data in values.items():
        found = second.get(key)
        assert found.data == data
        assert found.tier != "memory"
    assert second.check() == []
    second.close()
