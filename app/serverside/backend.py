"""Our store behind dash-extensions' server-side outputs: `Serverside(value)` in, the value out, a token in between.

In place of ``ServersideOutputTransform(backends=[FileSystemBackend()])``::

    backend = StageBackend(open_store(("memory:", 2**28), ("disk:cache/values", 2**33)), load_secret(Path("cache")))
    app = DashProxy(transforms=[backend.transform()])
    backend.attach(app.server)

Nothing is pickled. A token is signed and good for its own session alone; text that was not signed here is never looked
up. A value leaves only when its session's quota needs the room, the oldest first, and redeeming its token then raises:
nothing becomes None in silence.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final

from dash_extensions.enrich import Serverside, ServersideBackend, ServersideOutputTransform
from flask import Flask

from app.pipeline.errors import ParameterError, StaleError, unknown
from app.pipeline.owned import Owned
from app.pipeline.session import IDLE_SECONDS
from app.pipeline.stores.base import Store
from app.pipeline.token import Tokens
from app.serverside.cookies import Cookies
from app.serverside.values import pack, unpack

SCOPE: Final = "stageboard.value"
QUOTA: Final = 256_000_000


class StageBackend(ServersideBackend):
    """Keep callbacks' values in a store, each for its session alone.

    Parameters
    ----------
    store : Store
        All workers share it, such as one of `open_store`.
    secret : str
        Signs cookies and tokens; the same for every worker, at least 16 characters, such as `load_secret` gives.
    quota : int
        Bytes that a session may keep; beyond, its oldest values give way.
    session : callable, optional
        Returns the id of the session that a callback runs for, where the app has sessions of its own. Without it a
        signed cookie is set by `attach`.
    idle : float
        Seconds after which a session of that cookie ends, where it is not used; 30 days, as Stageboard's own.

    Notes
    -----
    Safe for threads, and for any number of workers with one store and one secret.
    """

    def __init__(
        self,
        store: Store,
        secret: str,
        *,
        quota: int = QUOTA,
        session: Callable[[], str] | None = None,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._cookies = Cookies(secret, idle)
        self._session = session or (lambda: self._cookies.session().id)
        self._tokens = Tokens(secret, store)
        self._values = Owned(store, "value", quota)

    def attach(self, server: Flask) -> None:
        """Keep the session's cookie on an app's responses."""
        self._cookies.attach(server)

    def transform(self) -> "StageTransform":
        """Return what goes into ``DashProxy(transforms=[...])``."""
        return StageTransform(self)

    def keep(self, value: Any) -> str:
        """Keep a value for the session of the running callback, and return its token.

        Parameters
        ----------
        value : DataFrame, ndarray, bytes or plain
            Plain is text, numbers, booleans, None, and lists and mappings of them.

        Raises
        ------
        CodecError
            For anything that would have to be pickled, or would come back as something else.
        QuotaError
            For a value larger than the whole quota.
        StoreError
            Where the store does not take it.
        """
        session = self._session()
        name = self._values.keep(session, pack(value))
        return self._tokens.mint({"value": name}, session=session, scope=SCOPE)

    def get(self, key: str, ignore_expired: bool = False) -> Any:  # noqa: ARG002 - dash-extensions passes it
        """Return the value of a token.

        Raises
        ------
        TokenError
            For what was not signed here for this session; nothing is looked up.
        StaleError
            Where the token is too old, or its value has given way to newer ones.
        """
        session = self._session()
        name = str(self._tokens.redeem(key, session=session, scope=SCOPE)["value"])
        data = self._values.find(session, name)
        if data is None:
            raise StaleError("a value that this page made is no longer kept: reload the page to make it again.")
        return unpack(data)

    def set(self, key: str, value: Any) -> None:  # noqa: ARG002 - the protocol of dash-extensions
        """Refuse: a key that a browser could have made up is no permission; `transform` signs them."""
        raise ParameterError("keys must be signed: use DashProxy(transforms=[backend.transform()]) for this backend.")

    def has(self, key: str) -> bool:
        """Whether a token is this session's, and its value is kept; raises `TokenError` as `get` does."""
        session = self._session()
        name = str(self._tokens.redeem(key, session=session, scope=SCOPE)["value"])
        return self._values.find(session, name) is not None

    def used(self) -> int:
        """Return the bytes that are kept for the session of the running callback."""
        return self._values.used(self._session())

    def forget(self) -> int:
        """Delete what is kept for the session of the running callback; return how many values that were."""
        return self._values.forget(self._session())


class StageTransform(ServersideOutputTransform):
    """dash-extensions' transform with signed tokens, for callbacks that are plain or async.

    Parameters
    ----------
    backend : StageBackend
    """

    def __init__(self, backend: StageBackend) -> None:
        super().__init__(backends=[backend])
        self._backend = backend

    def _try_load(self, data: Any, ann: Any = None) -> Any:  # noqa: ARG002
        if isinstance(data, str) and data.startswith(self.prefix):
            return self._backend.get(data.removeprefix(self.prefix))
        return data

    def _try_dump(self, obj: Any) -> Any:
        if not isinstance(obj, Serverside):
            return obj
        if obj.backend_uid not in (None, self._backend.uid):
            raise unknown("backend", str(obj.backend_uid), [self._backend.uid])
        return self.prefix + self._backend.keep(obj.value)

    def _unpack_pack_callback(self, callback: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: ARG002
        """Return a decorator; the one that this replaces takes a coroutine for a value."""

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(function)
            def called(*args: Any, **kwargs: Any) -> Any:
                return self._dumped(function(*self._loaded(args), **self._loaded(kwargs)))

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                return self._dumped(await function(*self._loaded(args), **self._loaded(kwargs)))

            return awaited if inspect.iscoroutinefunction(function) else called

        return decorate

    def _loaded(self, given: Any) -> Any:
        return _each(given, lambda one: _each(one, self._try_load) if isinstance(one, list) else self._try_load(one))

    def _dumped(self, made: Any) -> Any:
        return _each(made, self._try_dump) if isinstance(made, list | tuple | dict) else self._try_dump(made)


def _each(things: Any, change: Callable[[Any], Any]) -> Any:
    """Return a list, tuple or mapping of changed things."""
    if isinstance(things, dict):
        return {name: change(one) for name, one in things.items()}
    return (tuple if isinstance(things, tuple) else list)(map(change, things))
