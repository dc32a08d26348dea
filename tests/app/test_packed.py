"""Scripts that are packed once: whatever is asked first, all get them whole."""

import re

from dash import Dash, html
from flask.testing import FlaskClient

from app.web.packed import pack_suites


def served() -> FlaskClient:
    made = Dash(__name__, assets_folder="none")
    made.layout = html.P()
    pack_suites(made)
    return made.server.test_client()


def test_who_has_a_script_by_another_name_does_not_empty_it_for_others() -> None:
    client = served()
    named = next(one for one in re.findall(r'<script src="([^"]+)"', client.get("/").text) if "/dcc/" in one)
    plain = client.get(re.sub(r"\.v\w+", "", named))
    first = client.get(named, headers={"If-None-Match": plain.headers["ETag"]})
    assert (first.status_code, first.data) == (200, plain.data)
    assert client.get(named).data == plain.data
