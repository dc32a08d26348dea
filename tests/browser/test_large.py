"""The Explorer on 50 million rows: a pan asks for what is missing alone, and only a drag's last view is computed."""

import re
from collections.abc import Callable, Iterator
from time import sleep

import pytest
from playwright.sync_api import Browser, Request

from app.datasets.make import make_clifford
from tests.browser.browsing import Server, Visit, start_server, stop_server
from tests.browser.test_lanes import SETTLED, VIEW, drag, idle, lane_of, within

ROWS = 50_000_000
Browse = Callable[..., Visit]
HELD = "() => [...stageboard.explorer.view.tiles.values()].filter((one) => one.next).map((one) => one.url)"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """Return a server that was started on a file of 50 million rows."""
    assert browser
    folder = tmp_path_factory.mktemp("large")
    path = folder / "attractor.parquet"
    make_clifford(path, ROWS, 7)
    running = start_server(folder, "--data", str(path))
    yield running
    stop_server(running)
    path.unlink()


def opened(browse: Browse, server: Server) -> Visit:
    """Open the page; while the rows are laid out it shows how far that is, and opens by itself."""
    visit = browse("/explorer/attractor", url=server.url, idle=False)  # its events are a request that lasts
    visit.page.wait_for_function("document.querySelector('.ribbon-stage') !== null", timeout=180_000)
    return visit


def test_a_pan_asks_only_for_the_tiles_that_are_missing(browse: Browse, large: Server) -> None:
    visit = opened(browse, large)
    visit.page.evaluate("stageboard.explorer.map.setZoom(stageboard.explorer.map.getZoom() + 2, { animate: false })")
    visit.page.wait_for_function(SETTLED)
    sleep(0.3)
    before = set(visit.page.evaluate(HELD))
    visit.requests.clear()
    visit.page.evaluate("stageboard.explorer.map.panBy([600, 0], { animate: false })")
    visit.page.wait_for_function(SETTLED)
    after = set(visit.page.evaluate(HELD))
    asked = [re.sub("^https?://[^/]+", "", url) for url in visit.requests if "/tiles/" in url]
    assert asked
    assert len(asked) == len(set(asked))
    assert not set(asked) & before
    assert set(asked) >= after - before
    visit.requests.clear()
    visit.page.evaluate("stageboard.explorer.map.panBy([-600, 0], { animate: false })")
    visit.page.wait_for_function(SETTLED)
    assert [url for url in visit.requests if "/tiles/" in url and url in before] == []


def test_of_a_drag_of_60_events_only_the_last_view_is_computed(browse: Browse, large: Server) -> None:
    visit = opened(browse, large)
    visit.page.evaluate("stageboard.explorer.map.setZoom(stageboard.explorer.map.getZoom() + 3, { animate: false })")
    visit.page.wait_for_function(SETTLED)
    asked: list[Request] = []
    visit.page.on("request", lambda one: asked.append(one) if "stageboard-lane" in one.headers else None)
    drag(visit)
    visit.page.wait_for_function(SETTLED)
    last = visit.page.evaluate(VIEW)
    # What is still computed once the last view is drawn could only be what it does not want.
    health = visit.page.request.get(f"{large.url}/health").json()
    assert health["computing"] <= 1
    assert idle(visit)["computing"] == 0
    # The server was told of the last view, unless it had answered all that this needs by then.
    newest = max(lane_of(one)[1] for one in asked)
    shown = [lane_of(one)[2] for one in asked if lane_of(one)[1] == last["generation"]]
    assert newest <= last["generation"]
    assert all(rect == last["rect"] for rect in shown)
    done = {one.url for one in asked if one.response() is not None}
    assert all(one.url in done or not within(one.url, last["rect"]) for one in asked if one.method == "GET")
