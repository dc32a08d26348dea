"""Preparations: begun once, followed by many, and forgotten when they end."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from app.pipeline import preparing
from app.pipeline.errors import DataError
from app.pipeline.preparing import Preparing


@pytest.fixture
def made():
    one = Preparing()
    yield one
    one.close()


def test_progress_is_followed_to_the_end(made):
    seen, go_on = [], Event()

    def work(report):
        report(0.5, "half")
        assert go_on.wait(30)

    for fraction, message in made.follow("k", work):
        seen.append((fraction, message))
        if message == "half":
            go_on.set()
    assert "half" in dict(map(reversed, seen))
    assert seen[-1] == (1.0, "done")
    assert [fraction for fraction, _ in seen] == sorted(fraction for fraction, _ in seen)


def test_work_is_begun_once_for_all_who_follow(made):
    begun, lock, go_on, joined = [], Lock(), Event(), Event()

    def work(report):
        with lock:
            begun.append(1)
        assert go_on.wait(30)

    def follow():
        found = []
        for one in made.follow("k", work):
            found.append(one)
            joined.set()
        return found

    with ThreadPoolExecutor(8) as pool:
        followers = [pool.submit(follow) for _ in range(4)]
        streams = [made.follow("k", work) for _ in range(4)]
        assert [next(one) for one in streams] == [(0.0, "reading")] * 4
        assert joined.wait(30)
        go_on.set()
        assert all(one.result()[-1] == (1.0, "done") for one in followers)
        assert all(list(one)[-1] == (1.0, "done") for one in streams)
    assert begun[:2] in ([1], [1, 1])  # a follower that came after the end begins anew


def test_an_error_goes_to_the_follower_and_the_next_one_retries(made):
    def fail(report):
        raise DataError("ragged")

    for _ in range(2):
        with pytest.raises(DataError, match="ragged"):
            list(made.follow("k", fail))
    assert list(made.follow("k", lambda report: None))[-1] == (1.0, "done")


def test_what_has_ended_is_forgotten(made):
    for key in "abc":
        list(made.follow(key, lambda report: bytes(1000)))
    assert not made._jobs


def test_a_follower_looks_up_even_without_news(made, monkeypatch):
    monkeypatch.setattr(preparing, "BEAT_SECONDS", 0.01)
    go_on = Event()
    stream = made.follow("k", lambda report: go_on.wait(30))
    assert [next(stream) for _ in range(3)] == [(0.0, "reading")] * 3
    go_on.set()
    assert list(stream)[-1] == (1.0, "done")


def test_work_goes_on_when_its_follower_leaves(made):
    ended, go_on = Event(), Event()

    def work(report):
        assert go_on.wait(30)
        ended.set()

    stream = made.follow("k", work)
    next(stream)
    stream.close()
    go_on.set()
    assert ended.wait(30)
