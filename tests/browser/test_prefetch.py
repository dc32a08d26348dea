"""Prefetching: at rest, the tiles of the next move; never more, never against the user, and never unsaid."""

import re
from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.browsing import Visit

Browse = Callable[..., Visit]

# In the midst of the data: tiles on all sides.
PLACE = "/explorer/stars?bounds=-20,20,-10,10"
STATS = "stageboard.prefetch.stats()"
DONE = "!stageboard.explorer.prefetcher.queue.length && stageboard.prefetch.stats().prefetched >= {}"
# What is shown also ends a prefetch, to begin anew: here only the user does, and none begins but this one.
ONLY_DISTURBED = """() => {
  const { prefetcher } = stageboard.explorer;
  prefetcher.disturb = () => prefetcher.stop();
  prefetcher.rest = () => {};
  prefetcher.stop();
  prefetcher.begin();
}"""
RECT = """() => {
  const { map, view } = stageboard.explorer, zoom = view.layer._tileZoom;
  return stageboard.tileRect(stageboard.viewPixels(map, zoom), zoom - 1);
}"""


def opened(browse: Browse, path: str = PLACE, **how: bool) -> tuple[Page, list[str]]:
    """Open a page; return it with the list, which grows, of what it prefetches."""
    # Not when the network is idle: it may already have fetched all that it wants by then.
    page = browse(path, **{"prefetch": True, "idle": False, **how}).page
    page.wait_for_function("document.querySelector('.ribbon-stage') !== null")
    ahead: list[str] = []

    def note(request: Request) -> None:
        if request.headers.get("stageboard-prefetch") == "1":
            ahead.append(request.url)

    page.on("request", note)
    return page, ahead


def pan(page: Page, right: int, down: int) -> None:
    page.evaluate(f"stageboard.explorer.map.panBy([{right}, {down}], {{ animate: false }})")


def hold(page: Page) -> list[Route]:
    """Keep what is prefetched from now on waiting for good."""
    held: list[Route] = []
    ours = "stageboard-prefetch"
    page.route("**/tiles/**", lambda one: held.append(one) if ours in one.request.headers else one.continue_())
    return held


def until(page: Page, happened: Callable[[], bool]) -> None:
    """Wait for what a request of the page brings about here."""
    ends = monotonic() + 30
    while not happened():
        assert monotonic() < ends, "it did not happen"
        page.wait_for_timeout(20)


def column(url: str) -> int:
    found = re.search(r"/(\d+)/(\d+)/(\d+)$", url)
    assert found
    return int(found[2])


def test_a_pan_onto_prefetched_tiles_asks_for_nothing_and_says_so(browse: Browse) -> None:
    page, ahead = opened(browse)
    pan(page, 512, 0)
    ahead.clear()
    _, right, top, bottom = page.evaluate(RECT)
    page.wait_for_function(DONE.format(bottom - top))
    assert {column(one) for one in ahead[: bottom - top]} == {right}
    page.wait_for_timeout(600)
    tiles: list[str] = []
    page.on("request", lambda one: tiles.append(one.url) if "stageboard-prefetch" not in one.headers else None)
    pan(page, 512, 0)
    expect(page.locator(".ribbon-summary")).to_contain_text(f"{bottom - top} prefetched; nothing requested")
    assert [one for one in tiles if "/tiles/" in one] == []
    stats = page.evaluate(STATS)
    assert stats["used"] == bottom - top
    assert stats["prefetched"] == stats["used"] + stats["wasted"] + stats["unused"]
    assert stats["bytes"] > 0
    page.get_by_role("link", name="Stages").first.click()
    expect(page.locator("#stages-last")).to_contain_text(f"used {bottom - top}")


def test_a_rest_is_bounded_and_asks_for_one_after_the_other(browse: Browse) -> None:
    page, ahead = opened(browse)
    page.wait_for_function(DONE.format(4))
    page.wait_for_timeout(1500)
    assert 4 <= len(ahead) <= 16
    assert len(ahead) == len(set(ahead))
    held = hold(page)
    pan(page, 0, 700)
    until(page, lambda: bool(held))
    page.wait_for_timeout(1200)
    assert len(held) == 1


@pytest.mark.parametrize("action", ["key", "wheel", "control", "move"])
def test_whatever_the_user_does_aborts_it(browse: Browse, action: str) -> None:
    page, _ = opened(browse)
    held = hold(page)
    pan(page, 0, 700)  # by now it may have fetched all that it wants here
    until(page, lambda: bool(held))
    page.wait_for_function("stageboard.explorer.view.exact")
    before = len(held)
    page.evaluate(ONLY_DISTURBED)
    until(page, lambda: len(held) > before)
    page.wait_for_timeout(200)
    [url] = [one.request.url for one in held[before:]]
    # From here on: another may have ended before, even of the same address.
    failed: list[str] = []
    page.on("requestfailed", lambda one: failed.append(one.url))
    if action == "key":
        page.keyboard.press("Shift")
    elif action == "wheel":
        page.mouse.move(5, 5)
        page.mouse.wheel(0, 1)
    elif action == "control":
        page.evaluate("dash_clientside.set_props('explorer-cmap', { value: 'kbc' })")
    else:
        pan(page, 40, 0)
    until(page, lambda: bool(failed))
    page.wait_for_timeout(400)
    assert failed == [url]


def test_a_busy_server_is_left_alone_until_the_next_rest(browse: Browse) -> None:
    page, asked = browse(PLACE, prefetch=True, idle=False).page, []

    def busy(route: Route) -> None:
        if "stageboard-prefetch" not in route.request.headers:
            return route.continue_()
        asked.append(route.request.url)
        return route.fulfill(status=202, body="busy")

    page.route("**/tiles/**", busy)
    page.wait_for_function("document.querySelector('.ribbon-stage') !== null")
    pan(page, 600, 0)
    until(page, lambda: bool(asked))
    page.wait_for_timeout(1500)
    assert len(asked) == 1
    page.keyboard.press("Shift")
    until(page, lambda: len(asked) > 1)
    page.wait_for_timeout(1000)
    assert len(asked) == 2
    assert page.inner_text("#explorer-message") == ""


def test_it_can_be_switched_off(browse: Browse) -> None:
    page, ahead = opened(browse, prefetch=False)
    pan(page, 300, 0)
    page.wait_for_timeout(1600)
    assert ahead == []


def test_what_nobody_used_is_wasted_when_the_page_is_left(browse: Browse) -> None:
    page, _ = opened(browse)
    page.wait_for_function(DONE.format(2))
    assert page.evaluate(STATS)["unused"] >= 2
    page.get_by_role("link", name="Home").first.click()
    page.locator(".cards").wait_for()
    after = page.evaluate(STATS)
    assert after["unused"] == 0
    assert after["wasted"] == after["prefetched"] - after["used"] >= 2


def test_unused_tiles_hold_no_more_than_their_share_of_the_cache(browse: Browse) -> None:
    page, _ = opened(browse)
    page.evaluate("stageboard.tileCache.budget = 16 * 3 * 2 * 522 ** 2")
    page.wait_for_function(DONE.format(3))
    page.wait_for_timeout(1500)
    stats = page.evaluate(STATS)
    assert 1 <= stats["unused"] <= 8
    assert stats["wasted"] == stats["prefetched"] - stats["unused"]


AHEAD = "([rect, z, motion, extent]) => stageboard.tilesAhead(rect, z, motion, extent).map(({ x, y, z }) => [z, x, y])"
WORLD = [0, 2**32, 0, 2**32]


def test_the_motions_side_comes_first_then_the_ring_then_the_zoom_out(browse: Browse) -> None:
    page, _ = opened(browse, "/explorer/stars", prefetch=False)
    found = page.evaluate(AHEAD, [[4, 6, 4, 5], 4, [-90, 0], WORLD])
    assert {tuple(one) for one in found[:3]} == {(4, 3, 3), (4, 3, 4), (4, 3, 5)}
    assert [one[0] for one in found] == [4] * 10 + [3]
    assert found[-1] == [3, 2, 2]


@pytest.mark.parametrize(
    ("rect", "z", "extent", "expected"),
    [
        ([0, 2, 0, 2], 1, WORLD, [[0, 0, 0]]),
        ([0, 1, 0, 1], 0, WORLD, []),
        ([1, 2, 1, 2], 2, [2**30, 2**31, 2**30, 2**31], [[1, 0, 0]]),
        ([1, 2, 1, 2], 2, [2**30, 2**31 + 1, 2**30, 2**31], [[2, 2, 1], [1, 0, 0]]),
    ],
)
def test_nothing_is_asked_for_beyond_the_world_or_the_data(
    browse: Browse, rect: list[int], z: int, extent: list[int], expected: list[list[int]]
) -> None:
    page, _ = opened(browse, "/explorer/stars", prefetch=False)
    assert page.evaluate(AHEAD, [rect, z, [0, 0], extent]) == expected
