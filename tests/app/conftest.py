"""Two users of the one app."""

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
