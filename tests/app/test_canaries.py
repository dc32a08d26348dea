"""Two users with the same names: what one of them has put into an upload is told to the other nowhere."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient

from app.datasets.uploads import Uploads
from app.pipeline.errors import DataError, QuotaError
from tests.app.paging import content
from tests.app.test_figure import aggregate, ask, picture

CANARY = "canary"
COLUMN, VALUE, FILE = (f"{CANARY}_{one}" for one in ("column", "value", "file"))
VIEW = {"plot": "map", "x": "lon", "y": "lat", "x0": -20, "x1": 20, "y0": 20, "y1": 60}


def table() -> bytes:
    out, random = io.BytesIO(), np.random.default_rng(2)
    frame = pd.DataFrame({"lon": random.normal(0, 9, 300), "lat": random.normal(40, 5, 300)})
    frame.assign(**{COLUMN: random.random(300), "kind": [VALUE, "b", "c"] * 100}).to_parquet(out)
    return out.getvalue()


@pytest.fixture
def kept(ada) -> str:
    """Return the name of what Ada has uploaded."""
    answer = ada.post(f"/uploads/{FILE}.parquet", data=table(), headers={"Stageboard-Upload": "1"})
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["name"])


def told(client: FlaskClient, path: str, search: str = "") -> str:
    return json.dumps(content(client, path, search))


@pytest.mark.parametrize("path", ["/", "/data", "/session"])
def test_a_page_that_lists_shows_uploads_to_their_owner_alone(app, ada, eve, kept, path: str) -> None:
    assert FILE in told(ada, path)
    for other in (eve, app.server.test_client()):
        shown = told(other, path)
        assert CANARY not in shown
        assert kept not in shown


@pytest.mark.parametrize("page", ["explorer", "figure"])
def test_a_page_of_an_upload_has_no_content_for_anyone_else(ada, eve, kept, page: str) -> None:
    mine = told(ada, f"/{page}/{kept}")
    assert COLUMN in mine
    theirs = told(eve, f"/{page}/{kept}").replace(kept, "what was asked for")
    assert CANARY not in theirs


def test_the_document_of_an_upload_tells_its_owner_alone(ada, eve, kept) -> None:
    mine, theirs = (one.get(f"/explorer/{kept}") for one in (ada, eve))
    assert COLUMN in mine.text
    assert CANARY not in theirs.text.replace(kept, "what was asked for")
    assert mine.headers["Cache-Control"] == "private, no-cache"


def test_a_token_of_a_figure_is_its_sessions_own(ada, eve, kept) -> None:
    token = aggregate(ada, dataset=kept, **VIEW)
    assert picture(ada, token)["src"]
    assert picture(eve, token) == {"stale": True}


def test_a_callback_that_names_an_upload_tells_no_one_else_of_it(ada, eve, kept) -> None:
    for client, whose in ((ada, True), (eve, False)):
        view = {**VIEW, "dataset": kept, "kind": "points", "xlog": False, "ylog": False, "width": 300, "height": 200}
        view |= {"aggregate": "mean", "field": COLUMN, "ground": "dark"}
        _, body = ask(client, "figure-token.data", {"figure-view.data": view}, "figure-view.data")
        assert ("figure-token" in json.dumps(body)) is whose
        if not whose:
            assert CANARY not in json.dumps(body).replace(kept, "what was asked for")


def test_uploads_at_once_keep_within_the_quota_together(tmp_path: Path) -> None:
    owner, many, limits = "ab" * 16, 4, {"upload": 10**6, "total": 10**9, "idle": 10**6}
    first = Uploads(tmp_path / "first", quota=10**8, **limits)
    first.receive(owner, "a.parquet", None, [table()])
    room = int(2.5 * first.size(owner))
    uploads = Uploads(tmp_path / "all", quota=room, **limits)
    together = Barrier(many)

    def send(number: int) -> bool:
        together.wait(30)
        try:
            uploads.receive(owner, f"{number}.parquet", None, [table()])
        except (QuotaError, DataError):  # there is no room for it, or while it is written
            return False
        return True

    with ThreadPoolExecutor(many) as pool:
        taken = sum(pool.map(send, range(many)))
    assert taken == len(uploads.of(owner)) < many
    assert uploads.size(owner) <= room
