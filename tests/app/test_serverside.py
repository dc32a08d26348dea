"""The engine inside Dash's callbacks: chains of tokens, sessions that never cross, and workers that share."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from dash import Dash, Input, Output, dcc, html
from flask.testing import FlaskClient

from app.pipeline.codecs import JSON
from app.pipeline.errors import StageboardError, StaleError, TokenError
from app.pipeline.graph import Graph
from app.pipeline.pipeline import Pipeline
from app.pipeline.session import COOKIE
from app.pipeline.stage import stage
from app.pipeline.stores.memory import MemoryStore
from app.serverside import Serverside, current

KEY = "a secret for these tests"
WIDE = [f"column {n * 7919:x}" for n in range(200)]


@stage("numbers", codec=None)
def numbers(root: Any) -> Any:
    return root.open()


@stage("grid", parents=("numbers",), params=("low", "wide"))
def grid(values: Any, low: float, wide: list[str]) -> Any:
    return values[values >= low]


@stage("told", parents=("grid",), params=("unit",), codec=JSON)
def told(values: Any, unit: str) -> str:
    return f"{values.sum():g} {unit}"


GRAPH = Graph([numbers, grid, told])


@dataclass
class Numbers:
    """A root whose data can change."""

    fingerprint: str
    opened: list[str] = field(default_factory=list)

    def open(self) -> Any:
        self.opened.append(self.fingerprint)
        return np.arange(10.0)


class World:
    """One worker: a Dash app whose second callback redeems what the first returned."""

    def __init__(self, store: MemoryStore, roots: dict[str, Numbers] | None = None) -> None:
        self.roots = roots or {"one": Numbers("a" * 32), "two": Numbers("b" * 32)}
        self.side = Serverside(Pipeline(GRAPH, store), KEY, lambda names: self.roots[str(names["name"])])
        self.app = Dash(__name__, assets_folder="none")
        self.app.layout = html.Div([dcc.Store("low"), dcc.Store("token"), dcc.Store("unit"), html.P(id="text")])
        self.side.attach(self.app.server)

        @self.app.callback(Output("token", "data"), Input("low", "data"))
        def first(low: dict[str, Any]) -> str:
            return self.side.run("grid", {"name": "one"}, {"wide": [], **low}).token

        @self.app.callback(Output("text", "children"), Input("token", "data"), Input("unit", "data"))
        def second(token: str, unit: str) -> list[Any]:
            try:
                given = self.side.extend(token, "grid", "told", {"unit": unit})
            except StageboardError as error:
                return [type(error).__name__]
            return [given.value, given.token, *(one.stage for one in given.events if one.how == "ran")]

    def first(self, client: FlaskClient, **low: Any) -> Any:
        return call(client, "token.data", [("low.data", low)])["token"]["data"]

    def second(self, client: FlaskClient, token: str, unit: str = "km") -> list[Any]:
        found: list[Any] = call(client, "text.children", [("token.data", token), ("unit.data", unit)])["text"][
            "children"
        ]
        return found


def call(client: FlaskClient, output: str, inputs: list[tuple[str, Any]]) -> Any:
    """Do what the browser does to run a callback."""
    given = [{"id": name.split(".")[0], "property": name.split(".")[1], "value": value} for name, value in inputs]
    target = {"id": output.split(".")[0], "property": output.split(".")[1]}
    body = {"output": output, "outputs": target, "inputs": given, "changedPropIds": [inputs[0][0]], "state": []}
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["response"]


@pytest.fixture
def world() -> World:
    return World(MemoryStore())


def test_a_later_callback_redeems_what_an_earlier_one_returned(world: World) -> None:
    client = world.app.server.test_client()
    token = world.first(client, low=5)
    value, further, *ran = world.second(client, token)
    assert value == "35 km"
    assert ran == ["told"]
    assert world.second(client, token, "mi")[2:] == ["told"]
    assert world.second(client, token, "km")[2:] == []
    assert token != further


def test_two_sessions_share_results_but_not_tokens(world: World) -> None:
    ada, eve = world.app.server.test_client(), world.app.server.test_client()
    token = world.first(ada, low=5)
    world.second(ada, token)
    assert world.second(eve, token) == ["TokenError"]
    own = world.first(eve, low=5)
    assert own != token
    assert world.second(eve, own)[2:] == []
    assert world.second(ada, own) == ["TokenError"]
    assert world.second(ada, token)[0] == "35 km"


def test_any_worker_honours_a_token_and_recomputes_what_is_gone(world: World) -> None:
    client = world.app.server.test_client()
    token = world.first(client, low=5)
    other = World(MemoryStore(), world.roots)
    elsewhere = other.app.server.test_client()
    elsewhere.set_cookie(COOKIE, client.get_cookie(COOKIE).value)  # type: ignore[union-attr]
    value, _, *ran = other.second(elsewhere, token)
    assert value == "35 km"
    assert ran == ["numbers", "grid", "told"]


def test_a_forged_or_truncated_token_is_a_plain_error(world: World) -> None:
    client = world.app.server.test_client()
    token = world.first(client, low=5)
    for bad in [
        "",
        "x",
        token[:-1],
        token + "x",
        "../" + token,
        "\x00",
        "é",
        token[:20] + "A" + token[21:],
        "a" * 10_000,
    ]:
        assert world.second(client, bad) == ["TokenError"]


def test_a_token_is_good_for_its_stage_alone(world: World) -> None:
    with world.app.server.test_request_context("/"):
        token = world.side.run("grid", {"name": "one"}, {"low": 5, "wide": []}).token
        assert world.side.take(token, "grid").params == {"low": 5, "wide": []}
        with pytest.raises(TokenError):
            world.side.take(token, "told")


def test_changed_data_make_a_token_stale(world: World) -> None:
    with world.app.server.test_request_context("/"):
        token = world.side.run("told", {"name": "one"}, {"low": 5, "wide": [], "unit": "km"}).token
        world.roots["one"].fingerprint = "c" * 32
        with pytest.raises(StaleError, match="reload the page"):
            world.side.redeem(token, "told")


def test_a_long_recipe_travels_by_reference(world: World) -> None:
    with world.app.server.test_request_context("/"):
        given = world.side.run("told", {"name": "two"}, {"low": 2, "wide": WIDE, "unit": "km"})
        assert len(given.token) < 300
        assert world.side.redeem(given.token, "told").value == given.value == "44 km"
        world.side.pipeline.store.clear()
        with pytest.raises(StaleError):
            world.side.redeem(given.token, "told")


def test_redeeming_runs_nothing_that_is_stored(world: World) -> None:
    with world.app.server.test_request_context("/"):
        given = world.side.run("told", {"name": "one"}, {"low": 5, "wide": [], "unit": "km"})
        again = world.side.redeem(given.token, "told")
    assert [one.how for one in again.events] == ["unneeded", "unneeded", "memory"]
    assert world.roots["one"].opened == ["a" * 32]


def test_the_cookie_is_signed_private_and_set_once(world: World) -> None:
    client = world.app.server.test_client()
    cookie = client.get("/").headers["Set-Cookie"]
    assert all(part in cookie for part in [COOKIE, "HttpOnly", "SameSite=Lax", "Path=/"])
    assert "Secure" not in cookie
    assert "Set-Cookie" not in client.get("/").headers
    assert "Secure" in world.app.server.test_client().get("/", base_url="https://localhost").headers["Set-Cookie"]


def test_shared_answers_carry_no_cookie(world: World) -> None:
    assert "Set-Cookie" not in world.app.server.test_client().get("/_dash-layout").headers


def test_an_app_without_it_says_what_to_do() -> None:
    with Dash(__name__, assets_folder="none").server.app_context(), pytest.raises(StageboardError, match="attach"):
        current()


def test_current_is_the_attached_one(world: World) -> None:
    with world.app.server.app_context():
        assert current() is world.side


def test_an_unknown_parameter_is_refused(world: World) -> None:
    with world.app.server.test_request_context("/"), pytest.raises(StageboardError, match="no parameter named 'lwo'"):
        world.side.run("grid", {"name": "one"}, {"low": 5, "wide": [], "lwo": 1})


def test_an_earlier_value_can_be_read_by_a_later_token(world: World) -> None:
    with world.app.server.test_request_context("/"):
        given = world.side.run("told", {"name": "one"}, {"low": 5, "wide": [], "unit": "km"})
        assert world.side.read(given.token, "told", "grid").tolist() == [5, 6, 7, 8, 9]
