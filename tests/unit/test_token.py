"""Tokens: only what was minted here, for this session and scope, is worth anything."""

import base64
import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.pipeline.errors import ParameterError, QuotaError, StaleError, TokenError
from app.pipeline.keys import canonical
from app.pipeline.owned import Owned
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.token import DAY, LIMIT, RECIPE_BYTES, Tokens

KEY = "a secret for these tests"
FIGURE = {
    "root": {"dataset": "flights", "x": "departure_time", "y": "delay", "kind": "points", "fingerprint": "0f1e2d3c4b"},
    "params": {
        "x0": 1262304000123.25, "x1": 1263304000456.75, "y0": -118.03515625, "y1": 1183.2109375,
        "width": 1187, "height": 643, "xlog": False, "ylog": True, "aggregate": "mean", "field": "distance",
        "spreading": 3, "normalization": "cbrt", "range": "2,98.5", "cmap": "gouldian",
    },
}  # fmt: skip
LONG = {"words": [f"{n:x}{n * 7919:x}" for n in range(200)]}

numbers = some.integers(-(2**60), 2**60) | some.floats(allow_nan=False, allow_infinity=False)
plain = some.recursive(
    some.none() | some.booleans() | numbers | some.text(max_size=60),
    lambda inner: some.lists(inner, max_size=6) | some.dictionaries(some.text(max_size=12), inner, max_size=6),
    max_leaves=40,
)
recipes = some.dictionaries(some.text(max_size=12), plain, max_size=8)


def make() -> Tokens:
    # A day that does not end while a test runs.
    return Tokens(KEY, MemoryStore(), clock=lambda: 20_000 * DAY)


@given(recipe=recipes, session=some.text(max_size=30), scope=some.text(max_size=30))
def test_any_recipe_comes_back(recipe: dict[str, object], session: str, scope: str) -> None:
    tokens = make()
    token = tokens.mint(recipe, session=session, scope=scope)  # type: ignore[arg-type]
    assert len(token) < LIMIT
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", token)
    assert tokens.redeem(token, session=session, scope=scope) == recipe


def test_a_figure_needs_no_stored_recipe() -> None:
    store = MemoryStore()
    token = Tokens(KEY, store).mint(FIGURE, session="s" * 22, scope="encode")
    assert list(store.keys()) == []
    assert Tokens(KEY, MemoryStore()).redeem(token, session="s" * 22, scope="encode") == FIGURE


def test_equal_recipes_give_equal_tokens() -> None:
    first, second = {"a": 1.0, "b": 2}, {"b": 2, "a": 1}
    assert make().mint(first, session="s", scope="c") == make().mint(second, session="s", scope="c")


def test_a_token_is_redeemed_any_number_of_times_by_any_worker() -> None:
    token = make().mint(FIGURE, session="s", scope="c")
    assert all(make().redeem(token, session="s", scope="c") == FIGURE for _ in range(3))


@pytest.mark.parametrize("recipe", [{"a": 1}, FIGURE, LONG], ids=["short", "figure", "stored"])
@pytest.mark.parametrize(("session", "scope"), [("t", "c"), ("s", "d"), ("", "sc"), ("sc", "")])
def test_another_session_or_scope_is_refused(recipe: dict[str, object], session: str, scope: str) -> None:
    tokens = make()
    token = tokens.mint(recipe, session="s", scope="c")  # type: ignore[arg-type]
    with pytest.raises(TokenError, match="reload the page"):
        tokens.redeem(token, session=session, scope=scope)


@pytest.mark.parametrize("recipe", [{"a": 1}, FIGURE, LONG], ids=["short", "figure", "stored"])
def test_every_altered_or_truncated_token_is_refused(recipe: dict[str, object]) -> None:
    tokens = make()
    token = tokens.mint(recipe, session="s", scope="c")  # type: ignore[arg-type]
    altered = [token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(len(token))]
    truncated = [token[:n] for n in range(len(token))] + [token[n:] for n in range(1, len(token))]
    for one in [*altered, *truncated, token + "A", token + "=", token + " ", token.replace(".", "")]:
        with pytest.raises(TokenError):
            tokens.redeem(one, session="s", scope="c")


@given(some.text(max_size=400))
def test_text_that_was_never_minted_is_refused(text: str) -> None:
    with pytest.raises(TokenError):
        make().redeem(text, session="s", scope="c")


def test_another_secret_is_refused() -> None:
    token = Tokens("another secret, long too", MemoryStore()).mint(FIGURE, session="s", scope="c")
    with pytest.raises(TokenError):
        make().redeem(token, session="s", scope="c")


def test_a_long_recipe_is_stored_and_shared_by_workers() -> None:
    store = MemoryStore()
    token = Tokens(KEY, store).mint(LONG, session="s", scope="c")
    assert len(token) < LIMIT
    assert len(list(store.keys())) == 1
    assert Tokens(KEY, store).redeem(token, session="s", scope="c") == LONG


def test_a_stored_recipe_that_is_gone_is_stale() -> None:
    store = MemoryStore()
    token = Tokens(KEY, store).mint(LONG, session="s", scope="c")
    store.clear()
    with pytest.raises(StaleError, match="reload the page"):
        Tokens(KEY, store).redeem(token, session="s", scope="c")


@pytest.mark.parametrize("planted", [b'{"dataset":"private"}', b"\xff", b""])
def test_a_stored_recipe_that_was_replaced_is_stale(planted: bytes) -> None:
    store = MemoryStore()
    token = Tokens(KEY, store).mint(LONG, session="s", scope="c")
    store.set(next(store.keys()), planted)
    with pytest.raises(StaleError):
        Tokens(KEY, store).redeem(token, session="s", scope="c")


@pytest.mark.parametrize("recipe", [{"a": 1}, FIGURE, LONG], ids=["short", "figure", "stored"])
def test_a_token_is_good_for_its_days_and_then_stale(recipe: dict[str, object]) -> None:
    now, store = [20_000 * DAY + 5.0], MemoryStore()
    tokens = Tokens(KEY, store, days=3, clock=lambda: now[0])
    token = tokens.mint(recipe, session="s", scope="c")  # type: ignore[arg-type]
    now[0] += 3 * DAY
    assert tokens.redeem(token, session="s", scope="c") == recipe
    assert tokens.mint(recipe, session="s", scope="c") != token  # type: ignore[arg-type]
    now[0] += DAY
    with pytest.raises(StaleError, match="older than 3 days: reload the page"):
        tokens.redeem(token, session="s", scope="c")
    with pytest.raises(TokenError):
        tokens.redeem(token, session="t", scope="c")


def test_nobody_can_make_a_token_younger() -> None:
    now = [20_000 * DAY + 5.0]
    tokens = Tokens(KEY, MemoryStore(), days=3, clock=lambda: now[0])
    body, _, signature = tokens.mint(FIGURE, session="s", scope="c").partition(".")
    now[0] += 9 * DAY
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    for day in range(20_000, 20_010):
        later = raw[:1] + day.to_bytes(2, "big") + raw[3:]
        young = base64.urlsafe_b64encode(later).rstrip(b"=").decode() + "." + signature
        with pytest.raises(StaleError if later == raw else TokenError):
            tokens.redeem(young, session="s", scope="c")


def test_a_flood_of_recipes_is_bounded_and_pushes_out_the_sessions_own_alone() -> None:
    store = MemoryStore(64_000_000)
    tokens = Tokens(KEY, store)
    hers = tokens.mint(LONG, session="ada", scope="c")
    for n in range(60):
        last = tokens.mint({"long": secrets.token_hex(25_000), "n": n}, session="eve", scope="c")
    recipes = Owned(store, "token", RECIPE_BYTES)
    assert 0 < recipes.used("eve") <= RECIPE_BYTES
    assert recipes.used("ada") == len(canonical(LONG))  # type: ignore[arg-type]
    assert tokens.redeem(hers, session="ada", scope="c") == LONG
    assert len(last) < LIMIT
    with pytest.raises(QuotaError):
        tokens.mint({"long": secrets.token_hex(RECIPE_BYTES)}, session="eve", scope="c")


def test_a_recipe_without_canonical_text_is_refused() -> None:
    with pytest.raises(ParameterError):
        make().mint({"x0": float("nan")}, session="s", scope="c")


@pytest.mark.parametrize("thing", [None, 7, b"token", ["token"], {"token": 1}])
def test_what_is_no_text_is_refused(thing: object) -> None:
    with pytest.raises(TokenError):
        make().redeem(thing, session="s", scope="c")  # type: ignore[arg-type]
