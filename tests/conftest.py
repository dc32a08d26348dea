"""The one app of a test session, and its one real browser: Dash and Playwright keep what they have in the process."""

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any

import dash
import pytest
from flask.testing import FlaskClient
from hypothesis import settings
from numba.core import compiler
from playwright.sync_api import Browser, sync_playwright

from app.pipeline import redis_link
from app.server import create_app
from app.settings import Settings
from tests.app.paging import content
from tests.browser.browsing import FLAGS, chromium
from tests.redis_server import RedisServer

# How long an example takes is no assertion: the first one may compile.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")


def _unmeasured(compiling: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(compiling)
    def compiled(*given: Any, **named: Any) -> Any:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            return compiling(*given, **named)
        finally:
            sys.settrace(tracer)

    return compiled


@pytest.fixture(scope="session", autouse=True)
def _compiler_unmeasured() -> Iterator[None]:
    """Let coverage look away while numba compiles: none of our lines runs then, and half as long again was spent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiler, "compile_extra", _unmeasured(compiler.compile_extra))
        yield


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Start one Redis for all tests that leave it as they found it."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait long for a Redis that answers late because the machine is busy."""
    for name in ("ANSWER_SECONDS", "CLOSE_SECONDS"):
        monkeypatch.setattr(redis_link, name, 60.0)


@pytest.fixture
def redis_server(shared_redis: RedisServer, patient: None) -> RedisServer:
    """Return a Redis that holds nothing."""
    with shared_redis.client() as client:
        client.flushall()
    return shared_redis


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return the browser; without one, tests are skipped by name, but fail in CI."""
    path = chromium()
    if not path:
        message = "no Chromium: `make test` installs it, or set CHROMIUM to its path"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as play:
        launched = play.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


# An app of its own, for processes of its own: its pages would be registered here.
collect_ignore = ["app/proxied.py"]


class Client(FlaskClient):
    """A client that says which page asks, as every browser does."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Ask, as a page of the app itself."""
        if args and isinstance(args[0], str):
            kwargs["headers"] = {"Origin": "http://localhost", **(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings that touch nothing outside the test session's own folder, and limit no test's requests."""
    folder = tmp_path_factory.mktemp("stageboard")
    return Settings(cache=folder / "cache", folder=folder / "data", rate=0)


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[dash.Dash]:
    """Assemble the whole app, on the embedded data."""
    made = create_app(settings)
    made.server.test_client_class = Client
    # Dash gives the callbacks of our pages to the first app that answers: other tests build apps, too.
    made.server.test_client().get("/_dash-dependencies")
    yield made
    made.server.extensions["stageboard"].close()


@pytest.fixture
def client(app: dash.Dash) -> FlaskClient:
    """Return a browser without a screen."""
    return app.server.test_client()


@pytest.fixture
def visit(client: FlaskClient) -> Callable[..., Any]:
    """Return a function that does what the browser does at an address: ask Dash for the page's content."""
    return partial(content, client)
