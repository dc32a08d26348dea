"""Sessions: only a cookie that was signed here brings its session back."""

import pytest

from app.pipeline.errors import ParameterError
from app.pipeline.session import Sessions

KEY = "a secret for these tests"


def test_a_cookie_brings_its_session_back() -> None:
    first = Sessions(KEY).open(None)
    again = Sessions(KEY).open(Sessions(KEY).cookie(first))
    assert first.fresh
    assert not again.fresh
    assert again.id == first.id
    assert len(first.id) == 22


def test_sessions_differ() -> None:
    assert len({Sessions(KEY).open(None).id for _ in range(100)}) == 100


@pytest.mark.parametrize("cookie", ["", "chosen", "chosen.signature", "ü.ü", "\x00", "a" * 10_000])
def test_an_unsigned_cookie_opens_a_fresh_session(cookie: str) -> None:
    session = Sessions(KEY).open(cookie)
    assert session.fresh
    assert session.id not in cookie


def test_a_cookie_of_another_secret_opens_a_fresh_session() -> None:
    cookie = Sessions("another secret, long too").cookie(Sessions(KEY).open(None))
    assert Sessions(KEY).open(cookie).fresh


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ParameterError, match="at least 16"):
        Sessions("short")


def test_a_session_that_is_not_used_ends_and_one_in_use_is_renewed() -> None:
    now = [1_000_000.0]
    sessions = Sessions(KEY, idle=3_000, clock=lambda: now[0])
    first = sessions.open(None)
    cookie = sessions.cookie(first)
    now[0] += 50
    assert not sessions.open(cookie).due
    now[0] += 2_000
    later = sessions.open(cookie)
    assert (later.id, later.due, later.until) == (first.id, True, now[0] + 3_000)
    renewed = sessions.cookie(later)
    now[0] += 1_500
    assert sessions.open(cookie).fresh
    assert sessions.open(renewed).id == first.id


def test_only_what_was_signed_here_is_remembered() -> None:
    sessions = Sessions(KEY)
    cookie = sessions.cookie(sessions.fresh())
    for at in range(100):
        assert sessions.open(f"{cookie}{at}").fresh
    assert sessions._read.cache_info().currsize == 0
    assert not sessions.open(cookie).fresh
    assert sessions._read.cache_info().currsize == 1


def test_an_owner_is_told_apart_and_makes_no_cookie() -> None:
    one, other = Sessions(KEY).open(None), Sessions(KEY).open(None)
    assert one.owner != other.owner
    assert one.id not in one.owner
    assert Sessions(KEY).open(one.owner).fresh
