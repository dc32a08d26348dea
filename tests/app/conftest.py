"""Two users of the one app."""

import dash
import pytest
from flask.testing import FlaskClient


def _browser(app) -> FlaskClient:
    client = app.server.test_client()
    client.get("/")
    return client


@pytest.fixture
def ada(app) -> FlaskClient:
    """Return a browser with a session."""
    return _browser(app)


@pytest.fixture
def eve(app) -> FlaskClient:
    """Return another user's."""
    return _browser(app)


@pytest.fixture(scope="session", autouse=True)
def ours_first(app: dash.Dash) -> None:
    """Let the whole app answer before any that a test builds."""
    del app
