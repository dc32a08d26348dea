"""The backend's values and tokens, in process: what is kept, what is refused, and callbacks of every form."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dash_extensions.enrich import DashProxy, Input, Output, Serverside, dcc, html
from flask import Flask, Response
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from app.pipeline.errors import CodecError, ParameterError, StageboardError, StaleError, TokenError, UnknownNameError
from app.pipeline.session import COOKIE, Sessions
from app.pipeline.stores.memory import MemoryStore
from app.serverside import StageBackend
from app.serverside.values import pack, unpack

KEY = "a secret for these tests"

plain = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
)
kinds = some.one_of(
    arrays.scalar_dtypes(),
    arrays.datetime64_dtypes(),
    some.just(np.dtype([("x", "f4"), ("y", ">i2", (2,))])),
    arrays.unicode_string_dtypes(max_len=4),
    arrays.byte_string_dtypes(max_len=4),
)
shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


@given(plain | some.binary())
def test_plain_values_and_bytes_come_back_equal(value: Any) -> None:
    back = unpack(pack(value))
    assert repr(back) == repr(value)


@given(arrays.arrays(kinds, shapes))
def test_arrays_come_back_equal_and_can_be_changed(array: np.ndarray) -> None:
    back = unpack(pack(array))
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert back.flags.writeable


class Own:
    """A class of a developer's own."""


@pytest.mark.parametrize(
    "value",
    [
        Own(), Own, len, {1, 2}, (1, 2), {"a": (1,)}, 1j, {1: "a"}, float("nan"), [float("inf")], np.float64(1),
        pd.Series([1]), np.array([Own()]),
        np.array(["a", None], object), np.ma.array([1, 2], mask=[0, 1]), np.zeros(2, [("a", object)]),
        bytearray(b"x"), [b"x"], {"frame": pd.DataFrame()}, pd.DataFrame({"a": [Own()]}),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_could_only_be_pickled_or_would_change_is_refused(value: Any) -> None:
    with pytest.raises(CodecError, match=r"(kept|stored).*: "):
        pack(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(CodecError):
        pack(endless)


@pytest.mark.parametrize("data", [b"", b"x", b"\x80\x04K\x01.", b"j{", b"a\x93NUMPY", b"f"])
def test_bytes_that_were_not_written_here_are_told(data: bytes) -> None:
    with pytest.raises(CodecError):
        unpack(data)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(10_000_000)


def keeper(store: MemoryStore, who: str, **more: Any) -> StageBackend:
    """Return one worker's backend, for callbacks of one session."""
    return StageBackend(store, KEY, session=lambda: who, **more)


@pytest.mark.parametrize("value", [{"a": [1, None]}, b"raw", "SERVERSIDE_text", None, 0])
def test_any_worker_redeems_for_the_same_session_alone(store: MemoryStore, value: Any) -> None:
    token = keeper(store, "ada").keep(value)
    assert keeper(store, "ada").get(token) == value
    assert keeper(store, "ada").has(token)
    for read in (keeper(store, "eve").get, keeper(store, "eve").has):
        with pytest.raises(TokenError, match="not made for this session"):
            read(token)


def test_a_foreign_or_forged_token_is_never_looked_up(store: MemoryStore) -> None:
    ada, eve = keeper(store, "ada"), keeper(store, "eve")
    token = ada.keep("canary")
    before = store.stats()[0]
    name = next(iter(store.keys()))
    for bad in (token, token[:-1], token + "x", name, name.split("-", 3)[3], "", "x" * 10_000, "../etc/passwd", "\x00"):
        with pytest.raises(TokenError):
            eve.get(bad)
    after = store.stats()[0]
    assert (after.hits, after.misses) == (before.hits, before.misses)


@pytest.mark.parametrize("thing", [None, 7, ["a"], {"key": "a"}])
def test_what_is_no_text_is_no_token(store: MemoryStore, thing: Any) -> None:
    with pytest.raises(TokenError):
        keeper(store, "ada").get(thing)


def test_a_lost_value_says_so(store: MemoryStore) -> None:
    ada = keeper(store, "ada")
    token = ada.keep([1])
    store.clear()
    assert not ada.has(token)
    with pytest.raises(StaleError, match="no longer kept: reload the page"):
        ada.get(token)


def test_a_session_sees_and_forgets_what_is_kept_of_it(store: MemoryStore) -> None:
    ada, eve = keeper(store, "ada"), keeper(store, "eve")
    kept = [ada.keep("x" * 100) for _ in range(3)]
    token = eve.keep("hers")
    assert ada.used() > 300
    assert ada.forget() == 3
    assert ada.used() == 0
    assert not any(map(ada.has, kept))
    assert eve.get(token) == "hers"


def test_old_values_give_way_one_by_one_never_all_at_once(store: MemoryStore) -> None:
    ada = keeper(store, "ada", quota=1000)
    tokens = [ada.keep(b"x" * 99) for _ in range(30)]
    assert [ada.has(one) for one in tokens] == [False] * 20 + [True] * 10


def test_the_stock_transform_is_refused_by_what_to_do_instead(store: MemoryStore) -> None:
    with pytest.raises(ParameterError, match=r"transforms=\[backend.transform\(\)\]"):
        keeper(store, "ada").set("fixed", 1)


def test_without_a_cookie_of_its_own_it_says_what_to_do(store: MemoryStore) -> None:
    backend = StageBackend(store, KEY)
    with pytest.raises(StageboardError, match="attach"):
        backend.keep(1)
    with Flask("bare").test_request_context("/"), pytest.raises(StageboardError, match="attach"):
        backend.keep(1)


@pytest.mark.parametrize(("idle", "ends"), [(3_600, True), (10_800, False)])
def test_a_session_that_is_not_used_ends(idle: float, ends: bool) -> None:
    server, backend = Flask("app"), StageBackend(MemoryStore(), KEY, idle=idle)
    backend.attach(server)
    before = Sessions(KEY, clock=lambda: time.time() - 7_200)
    cookie = {"Cookie": f"{COOKIE}={before.cookie(before.fresh())}"}
    with server.test_request_context("/", headers=cookie):
        assert backend._cookies.session().fresh is ends
        answer = server.process_response(Response("", mimetype="text/html"))
    assert f"Max-Age={idle}" in answer.headers["Set-Cookie"]


def run(app: DashProxy, output: str, given: list[tuple[str, Any]]) -> dict[str, Any]:
    """Do what the browser does to run a callback."""
    inputs = [{"id": name.split(".")[0], "property": name.split(".")[1], "value": value} for name, value in given]
    outputs = [{"id": one.split(".")[0], "property": one.split(".")[1]} for one in output.strip(".").split("...")]
    several = output.startswith("..")
    body = {"output": output, "outputs": outputs if several else outputs[0], "inputs": inputs, "state": []}
    answer = app.server.test_client().post("/_dash-update-component", json={**body, "changedPropIds": [given[0][0]]})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()["response"]
    return found


def proxied(backend: StageBackend, register: Callable[[DashProxy], None], **more: Any) -> DashProxy:
    app = DashProxy("proxied", transforms=[backend.transform()], assets_folder="-", **more)
    app.layout = html.Div([dcc.Store("in"), dcc.Store("out"), dcc.Store("other")])
    register(app)
    return app


def test_callbacks_take_and_give_values_in_every_form(store: MemoryStore) -> None:
    def register(app: DashProxy) -> None:
        @app.callback(Output("out", "data"), Output("other", "data"), Input("in", "data"))
        def several(given: Any) -> Any:
            return [Serverside({"given": given}), "plain"]

        @app.callback(output={"made": Output("in", "data")}, inputs={"named": Input("out", "data")})
        def named(named: Any) -> Any:
            return {"made": Serverside([named])}

    ada = keeper(store, "ada")
    app = proxied(ada, register)
    made = run(app, "..out.data...other.data..", [("in.data", [1, 2])])
    assert made["other"]["data"] == "plain"
    token = made["out"]["data"]
    assert ada.get(token.removeprefix("SERVERSIDE_")) == {"given": [1, 2]}
    made = run(app, "..in.data..", [("out.data", token)])
    assert ada.get(made["in"]["data"].removeprefix("SERVERSIDE_")) == [{"given": [1, 2]}]
    listed = run(app, "..out.data...other.data..", [("in.data", [token, "b"])])
    assert ada.get(listed["out"]["data"].removeprefix("SERVERSIDE_")) == {"given": [{"given": [1, 2]}, "b"]}


def test_async_callbacks_take_and_give_values_too(store: MemoryStore) -> None:
    def register(app: DashProxy) -> None:
        @app.callback(Output("out", "data"), Input("in", "data"))
        async def doubled(frame: pd.DataFrame) -> Any:
            await asyncio.sleep(0)
            return Serverside(frame * 2)

    ada = keeper(store, "ada")
    app = proxied(ada, register, use_async=True)
    token = "SERVERSIDE_" + ada.keep(pd.DataFrame({"n": [1, 2]}))
    made = run(app, "out.data", [("in.data", token)])["out"]["data"]
    assert ada.get(made.removeprefix("SERVERSIDE_"))["n"].tolist() == [2, 4]


def test_a_fixed_key_is_no_way_into_another_session(store: MemoryStore) -> None:
    ada, eve = keeper(store, "ada").transform(), keeper(store, "eve").transform()
    hers, his = ada._try_dump(Serverside("ada's", key="fixed")), eve._try_dump(Serverside("eve's", key="fixed"))
    assert hers != his
    assert (ada._try_load(hers), eve._try_load(his)) == ("ada's", "eve's")
    with pytest.raises(TokenError):
        eve._try_load(hers)


def test_another_backend_is_unknown(store: MemoryStore) -> None:
    with pytest.raises(UnknownNameError, match="no backend named 'RedisBackend'"):
        keeper(store, "ada").transform()._try_dump(Serverside(1, backend="RedisBackend"))
