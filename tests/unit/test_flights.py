"""Single flight: one computes, the others wait, and an error goes to all of them and is kept nowhere."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from app.pipeline.errors import DataError
from app.pipeline.flights import Flights

THREADS = 8


def race(flights, compute, key="k"):
    """Ask for a key from all threads while it is being computed, and return what each got."""
    begun, go_on = Event(), Event()

    def slow():
        begun.set()
        assert go_on.wait(30)
        return compute()

    with ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(flights.do, key, slow)
        assert begun.wait(30)
        rest = [pool.submit(flights.do, key, slow) for _ in range(THREADS - 1)]
        go_on.set()
        return [first, *rest]


def test_a_key_is_computed_once_for_those_who_ask_meanwhile():
    flights, made = Flights(), []
    claims = flights.claim(["k"])
    waiting = Barrier(THREADS)

    def ask():
        found = flights.claim(["k"])
        assert not found.mine
        waiting.wait(30)
        return found.others["k"].result()

    with ThreadPoolExecutor(THREADS) as pool:
        asked = [pool.submit(ask) for _ in range(THREADS)]
        with flights.settling(claims) as results:
            made.append(1)
            results["k"] = "value"
    assert [one.result() for one in asked] == ["value"] * THREADS
    assert made == [1]


def test_only_one_leads():
    found = [one.result() for one in race(Flights(), lambda: "value")]
    assert {value for value, _ in found} == {"value"}
    assert found[0][1] is True


def test_an_error_goes_to_all_and_the_next_call_retries():
    flights = Flights()

    def fail():
        raise DataError("torn")

    for one in race(flights, fail):
        with pytest.raises(DataError, match="torn"):
            one.result()
    assert flights.do("k", lambda: "mended") == ("mended", True)


def test_keys_do_not_wait_for_each_other():
    flights = Flights()
    assert flights.do("a", lambda: flights.do("b", lambda: 1)) == ((1, True), True)


def test_several_keys_are_claimed_apart():
    flights = Flights()
    mine = flights.claim(["a", "b", "a"])
    assert (set(mine.mine), set(mine.others)) == ({"a", "b"}, set())
    later = flights.claim(["b", "c"])
    assert (set(later.mine), set(later.others)) == ({"c"}, {"b"})
    assert later.others["b"] is mine.mine["b"]


def test_a_result_that_was_not_made_is_an_error_for_those_who_wait():
    flights = Flights()
    claims = flights.claim(["a", "b"])
    waiting = flights.claim(["a", "b"]).others
    with pytest.raises(KeyError, match="b"), flights.settling(claims) as results:
        results["a"] = 1
    for future in waiting.values():
        with pytest.raises(KeyError, match="b"):
            future.result(timeout=5)
    assert flights.do("a", lambda: 2) == (2, True)
