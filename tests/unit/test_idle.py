"""Work that can wait is done in idle time, by one caller at a time, and makes way."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from app.pipeline.errors import BusyError
from app.pipeline.flights import Flights
from app.pipeline.idle import Idle
from app.pipeline.stopping import checkpoint

PATIENCE = 30


@pytest.fixture
def flights():
    return Flights()


@pytest.fixture
def idle(flights):
    return Idle([Flights(), flights])


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as threads:
        yield threads


def test_it_goes_on_while_nothing_else_is_computed(flights, idle):
    with idle.only():
        assert flights.do("k", lambda: [checkpoint()]) == ([None], True)


def test_it_makes_way_for_another_and_keeps_nothing(flights, idle, pool):
    go_on = Event()

    def work():
        pool.submit(flights.claim, ["other"]).result(PATIENCE)
        go_on.set()
        checkpoint()

    with pytest.raises(BusyError, match="ask again in a second"), idle.only():
        flights.do("k", work)
    assert go_on.is_set()
    assert flights.under_way == 1
    assert flights.do("k", lambda: 1) == (1, True)


def test_it_goes_on_for_another_that_waits_for_it(flights, idle, pool):
    def work():
        waiting = pool.submit(flights.claim, ["k", "other"]).result(PATIENCE)
        assert set(waiting.others) == {"k"}
        checkpoint()
        return "made"

    with idle.only():
        assert flights.do("k", work) == ("made", True)


def test_only_one_at_a_time_computes(flights, idle, pool):
    def second():
        with idle.only():
            flights.do("second", checkpoint)

    with idle.only():
        with pytest.raises(BusyError):
            pool.submit(second).result(PATIENCE)
        flights.do("first", checkpoint)
    pool.submit(second).result(PATIENCE)
