"""The engine inside Dash's callback model: a callback returns a token, and a later one redeems it.

Values stay on the server; what travels is a token of under 300 bytes that any worker can honour, and that recomputes
its value where the store has forgotten it. The pattern, for any app::

    side = Serverside(Pipeline(graph, store), secret, root=lambda names: open_root(**names))
    side.attach(app.server)

    @callback(Output("aggregate", "data"), Input("view", "data"))
    def aggregate(view):
        return side.run("grid", {"dataset": "flights"}, view).token

    @callback(Output("picture", "src"), Input("aggregate", "data"), Input("cmap", "value"))
    def picture(token, cmap):
        return f"/image/{side.extend(token, 'grid', 'encode', {'cmap': cmap}).token}.png"

A change of ``cmap`` calls the second alone, and runs only the stages that it changes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, current_app, has_request_context

from app.pipeline.errors import StageboardError, StaleError
from app.pipeline.keys import Plain
from app.pipeline.pipeline import Pipeline
from app.pipeline.run import Event, Root
from app.pipeline.session import IDLE_SECONDS, Session
from app.pipeline.token import Tokens
from app.serverside.cookies import Cookies
from app.timing import note

EXTENSION = "stageboard.serverside"
PREFIX_LENGTH = 12

Names = Mapping[str, Plain]
"""What tells a root from the others, such as a data set and two columns."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a token says: the root it starts from, and the parameters of its stage."""

    root: Names
    params: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Given:
    """A stage's value, the token that stands for it, and what became of each stage."""

    token: str
    value: Any
    events: tuple[Event, ...]


class Serverside:
    """Run stages for callbacks, and hand out tokens for what they give.

    Parameters
    ----------
    pipeline : Pipeline
    secret : str
        Signs cookies and tokens; the same for every worker.
    root : callable
        Takes a mapping of names, as callbacks give it, and returns their `Root`.
    idle : float
        Seconds after which a session that is not used ends.

    Notes
    -----
    Safe to use from several threads. A token's scope is the stage that it was made for.
    """

    def __init__(
        self, pipeline: Pipeline, secret: str, root: Callable[[Names], Root], idle: float = IDLE_SECONDS
    ) -> None:
        self.pipeline = pipeline
        self._root = root
        self._cookies = Cookies(secret, idle)
        self._tokens = Tokens(secret, pipeline.store)

    def attach(self, server: Flask) -> None:
        """Keep the session's cookie on an app's responses, and make this the app's `current`."""
        server.extensions[EXTENSION] = self
        self._cookies.attach(server)

    def session(self) -> Session:
        """Return the session of the request that is being answered."""
        return self._cookies.session()

    def known_session(self) -> Session | None:
        """Return the request's session where the browser has its cookie already; sets none, so for shared answers."""
        return self._cookies.known()

    def owner(self) -> str:
        """Return whose things the request may see: `Session.owner`, or nothing without a session or a request."""
        session = self.known_session() if has_request_context() else None
        return session.owner if session else ""

    def used(self) -> int:
        """Return the bytes of recipes, too long for a token, that are stored for the request's session."""
        return self._tokens.used(self.session().id)

    def leave(self) -> Session:
        """End the request's session, and forget its recipes: the browser gets another one with this answer."""
        self._tokens.forget(self.session().id)
        return self._cookies.leave()

    def run(self, target: str, root: Names, params: Mapping[str, Any]) -> Given:
        """Return a stage's value and a token for it.

        Parameters
        ----------
        target : str
            The name of a stage.
        root : mapping
            The names of the root, for the `root` that this was made with.
        params : mapping
            A value for each parameter that the stage and its ancestors declare. Those of later stages do no harm.

        Raises
        ------
        StageboardError
            For names, parameters or data that are not right.
        """
        data = self._root(root)
        chosen = self._declared(target, params)
        result = self.pipeline.run(data, target, params)
        note(result.events)
        recipe: dict[str, Plain] = {
            "root": dict(root),
            "params": chosen,
            "fingerprint": data.fingerprint[:PREFIX_LENGTH],
        }
        token = self._tokens.mint(recipe, session=self.session().id, scope=target)
        return Given(token, result.value, result.events)

    def take(self, token: str, target: str) -> Recipe:
        """Return what a token says, without running anything.

        Raises
        ------
        TokenError
            For a token that is forged, damaged, another session's, or another stage's.
        StaleError
            Where the data have changed since.
        """
        recipe = cast(dict[str, Any], self._tokens.redeem(token, session=self.session().id, scope=target))
        if self._root(recipe["root"]).fingerprint[:PREFIX_LENGTH] != recipe["fingerprint"]:
            raise StaleError("the data have changed since this token was made: reload the page.")
        return Recipe(recipe["root"], recipe["params"])

    def redeem(self, token: str, target: str) -> Given:
        """Return the value that a token stands for: from the store, or computed anew."""
        recipe = self.take(token, target)
        result = self.pipeline.run(self._root(recipe.root), target, recipe.params)
        return Given(token, result.value, result.events)

    def read(self, token: str, made_for: str, target: str) -> Any:
        """Return the value of another stage, such as one above the token's own, that needs no further parameters."""
        recipe = self.take(token, made_for)
        return self.pipeline.run(self._root(recipe.root), target, recipe.params).value

    def extend(self, token: str, made_for: str, target: str, params: Mapping[str, Any]) -> Given:
        """Run a later stage on what a token stands for.

        Parameters
        ----------
        token : str
        made_for : str
            The stage that the token was made for.
        target : str
            The stage to run.
        params : mapping
            The further parameters that it declares. Those of the token stay where they are not given anew.
        """
        recipe = self.take(token, made_for)
        return self.run(target, recipe.root, {**recipe.params, **params})

    def _declared(self, target: str, params: Mapping[str, Any]) -> dict[str, Any]:
        known = {name for one in self.pipeline.graph.lineage(target) for name in one.all_params}
        return {name: value for name, value in params.items() if name in known}


def current() -> Serverside:
    """Return the running app's `Serverside`."""
    try:
        return cast(Serverside, current_app.extensions[EXTENSION])
    except KeyError as error:
        raise StageboardError("no Serverside is attached to this app: call attach(app.server).") from error
