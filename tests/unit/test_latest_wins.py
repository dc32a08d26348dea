"""Work that nobody wants any more stops, and work that anyone waits for goes on."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from time import sleep
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.codecs import NPY
from app.pipeline.errors import SupersededError
from app.pipeline.flights import Flights
from app.pipeline.graph import Graph
from app.pipeline.pipeline import Pipeline
from app.pipeline.stage import Parts, stage
from app.pipeline.stopping import checkpoint, stoppable
from app.pipeline.stores.memory import MemoryStore

PATIENCE = 30


def stop() -> None:
    raise SupersededError("a newer view replaced this one.")


def until(true: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    for _ in range(PATIENCE * 500):
        if true():
            return
        sleep(0.002)
    raise AssertionError("it did not come to pass")


def waited_for(flights: Flights, key: str, by: int = 1) -> None:
    """Wait until so many wait for a key."""
    until(lambda: flights._under_way[key].waiting == by)


class Work:
    """A root whose rows are at hand, and whose only work can be held and looked into."""

    fingerprint = "00"

    def __init__(self) -> None:
        self.begun, self.go_on = Event(), Event()
        self.done: list[int] = []

    def open(self) -> "Work":
        return self


@stage("source", codec=None)
def source(root: Work) -> Work:
    return root.open()


@stage("held", parents=("source",), codec=NPY, parts=Parts(("numbers",), lambda numbers: numbers, lambda _, v, **__: v))
def held(work: Work, *, parts: Sequence[int]) -> list[Any]:
    work.begun.set()
    assert work.go_on.wait(PATIENCE)
    for part in parts:
        checkpoint()
        work.done.append(part)
    return [np.array([part]) for part in parts]


@pytest.fixture
def pipeline():
    return Pipeline(Graph([source, held]), MemoryStore())


@pytest.fixture
def pool():
    with ThreadPoolExecutor(4) as threads:
        yield threads


def asking(pool: ThreadPoolExecutor, pipeline: Pipeline, work: Work, parts: Sequence[int], over: Event) -> Future[Any]:
    """Ask for parts from another thread, until the event says that they are wanted no more."""

    def ask() -> Any:
        with stoppable(over.is_set):
            return pipeline.part(work, "held", {}, parts[0], parts[1:])

    return pool.submit(ask)


def test_superseded_work_that_nobody_waits_for_stops_and_leaves_nothing(pipeline, pool):
    work, over = Work(), Event()
    asked = asking(pool, pipeline, work, [1, 2], over)
    assert work.begun.wait(PATIENCE)
    assert pipeline.flights.under_way == 2
    over.set()
    work.go_on.set()
    with pytest.raises(SupersededError):
        asked.result(PATIENCE)
    assert (work.done, list(pipeline.store.keys()), pipeline.flights.under_way) == ([], [], 0)
    assert pipeline.part(work, "held", {}, 1)[1][-1].how == "ran"


def test_superseded_work_that_another_waits_for_goes_on(pipeline, pool):
    work, over = Work(), Event()
    leader = asking(pool, pipeline, work, [1, 2], over)
    assert work.begun.wait(PATIENCE)
    waiter = asking(pool, pipeline, work, [2], Event())
    until(lambda: any(one.waiting for one in pipeline.flights._under_way.values()))
    over.set()
    work.go_on.set()
    assert leader.result(PATIENCE)[1][-1].parts_ran == 2
    assert waiter.result(PATIENCE)[1][-1].how == "shared"
    assert work.done == [1, 2]


def test_who_is_superseded_waits_no_longer_and_then_the_leader_stops_too(pipeline, pool):
    work, over, bored = Work(), Event(), Event()
    leader = asking(pool, pipeline, work, [1], over)
    assert work.begun.wait(PATIENCE)
    waiter = asking(pool, pipeline, work, [1], bored)
    until(lambda: any(one.waiting for one in pipeline.flights._under_way.values()))
    over.set()
    bored.set()
    with pytest.raises(SupersededError):
        waiter.result(PATIENCE)
    assert not leader.done()
    work.go_on.set()
    with pytest.raises(SupersededError):
        leader.result(PATIENCE)
    assert work.done == []


def test_what_was_superseded_before_its_turn_computes_nothing_but_reads_what_is_stored(pipeline):
    work = Work()
    work.go_on.set()
    stored = pipeline.part(work, "held", {}, 1)[0]
    with stoppable(lambda: True):
        assert pipeline.part(work, "held", {}, 1)[0] == stored
        with pytest.raises(SupersededError):
            pipeline.part(work, "held", {}, 2)
    assert work.done == [1]


def test_who_waits_computes_what_the_leader_left(pool):
    flights = Flights()
    claims = flights.claim(["k"])
    asked = pool.submit(flights.do, "k", lambda: "mine")
    waited_for(flights, "k")
    with pytest.raises(SupersededError), flights.settling(claims):
        stop()
    assert asked.result(PATIENCE) == ("mine", True)


def test_of_several_that_wait_one_computes_what_the_leader_left(pool):
    flights, made = Flights(), []
    claims = flights.claim(["k"])
    asked = [pool.submit(flights.do, "k", lambda: made.append(1)) for _ in range(3)]
    waited_for(flights, "k", 3)
    with pytest.raises(SupersededError), flights.settling(claims):
        stop()
    led = [one.result(PATIENCE)[1] for one in asked]
    assert any(led)
    assert len(made) == sum(led)


def test_who_waits_for_a_child_keeps_its_parents_going(pool):
    flights, over = Flights(), Event()
    begun, go_on = Event(), Event()

    def parent() -> str:
        begun.set()
        assert go_on.wait(PATIENCE)
        checkpoint()
        return "parent"

    def lead() -> Any:
        with stoppable(over.is_set):
            return flights.do("child", lambda: flights.do("parent", parent)[0] + "'s child")

    leader = pool.submit(lead)
    assert begun.wait(PATIENCE)
    waiter = pool.submit(flights.do, "child", stop)
    waited_for(flights, "child")
    over.set()
    go_on.set()
    assert leader.result(PATIENCE) == ("parent's child", True)
    assert waiter.result(PATIENCE) == ("parent's child", False)


def test_a_leader_that_fails_waits_for_nobody_any_more():
    flights = Flights()
    first = flights.claim(["a"])
    second = flights.claim(["a", "b"])
    assert first.mine["a"].waiting == 1
    with pytest.raises(SupersededError), flights.settling(second):
        stop()
    assert first.mine["a"].waiting == 0


def test_each_thread_sees_the_work_of_the_others(pool):
    flights = Flights()
    flights.claim(["a", "b"])
    assert flights.others() == 0
    assert pool.submit(flights.others).result(PATIENCE) == 2


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sets(st.integers(0, 5), min_size=1), st.booleans()), min_size=2, max_size=6))
def test_who_is_wanted_gets_all_and_nobody_hears_of_anothers_end(requests):
    pipeline = Pipeline(Graph([source, held]), MemoryStore())
    work = Work()
    work.go_on.set()

    def ask(numbers: set[int], superseded: bool) -> Any:
        with stoppable(lambda: superseded):
            return pipeline.run(work, "held", {"numbers": sorted(numbers)}).value

    with ThreadPoolExecutor(len(requests)) as pool:
        asked = [(request, pool.submit(ask, *request)) for request in requests]
    for (numbers, superseded), one in asked:
        if not (superseded and isinstance(one.exception(), SupersededError)):
            assert [int(value[0]) for value in one.result()] == sorted(numbers)
    assert pipeline.flights.under_way == 0
