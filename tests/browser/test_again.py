"""What is refused for a moment is asked again when it was said to, and a refusal that goes on is said."""

import json
from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.browsing import Visit

Browse = Callable[..., Visit]
PLACE = "/explorer/stars?bounds=-20,20,-10,10"
SAID = "this session asked for more than its share: wait 1 s, then try again."


class Refusing:
    """A server that refuses the first of what it is asked for, at each address, and notes when it was asked."""

    def __init__(self, page: Page, pattern: str, status: int, times: int, wait: str = "1") -> None:
        self.status, self.times, self.wait = status, times, wait
        self.asked: dict[str, list[float]] = {}
        page.route(pattern, self)

    def __call__(self, route: Route) -> None:
        before = self.asked.setdefault(route.request.url, [])
        before.append(monotonic())
        if len(before) > self.times:
            return route.fallback()
        headers = {"Retry-After": self.wait, "Content-Type": "application/json"}
        return route.fulfill(status=self.status, headers=headers, body=json.dumps({"error": SAID}))


def forgive(visit: Visit) -> None:
    """Take the refusals off what went wrong: the browser notes each in its console, and Dash that of a callback."""
    refusals = ("the server responded with a status of", "this session asked for more than its share")
    visit.problems[:] = [one for one in visit.problems if not any(told in one for told in refusals)]


def opened(browse: Browse) -> Visit:
    visit = browse(PLACE)
    visit.page.wait_for_function("document.querySelector('.ribbon-stage') !== null")
    return visit


def zoom_in(page: Page) -> None:
    page.evaluate("stageboard.explorer.map.setZoom(stageboard.explorer.map.getZoom() + 1, { animate: false })")


@pytest.mark.parametrize("status", [429, 503])
def test_a_tile_that_is_refused_once_comes_after_the_wait(browse: Browse, status: int) -> None:
    visit = opened(browse)
    server = Refusing(visit.page, "**/tiles/**", status, times=1)
    zoom_in(visit.page)
    visit.page.wait_for_function("stageboard.explorer.view.exact && !stageboard.explorer.action")
    assert server.asked
    assert all(len(at) == 2 and at[1] - at[0] >= 0.9 for at in server.asked.values())
    assert visit.page.inner_text("#explorer-message") == ""
    forgive(visit)


def test_a_server_that_goes_on_refusing_is_said_and_left_alone(browse: Browse) -> None:
    visit = opened(browse)
    server = Refusing(visit.page, "**/tiles/**", 429, times=99)
    zoom_in(visit.page)
    expect(visit.page.locator("#explorer-message")).to_contain_text(
        "This session asked for more than its share", timeout=20_000
    )
    until = monotonic() + 20
    while any(len(at) < 4 for at in server.asked.values()) and monotonic() < until:
        visit.page.wait_for_timeout(100)
    visit.page.wait_for_timeout(2000)  # nothing is asked a fifth time
    assert {len(at) for at in server.asked.values()} == {4}
    forgive(visit)


def test_a_wait_that_is_too_long_is_not_begun(browse: Browse) -> None:
    visit = opened(browse)
    server = Refusing(visit.page, "**/tiles/**", 503, times=99, wait="3600")
    zoom_in(visit.page)
    expect(visit.page.locator("#explorer-message")).to_contain_text("This session asked for more than its share")
    assert {len(at) for at in server.asked.values()} == {1}
    assert visit.page.evaluate("stageboard.toldToWait()")
    forgive(visit)


def test_what_the_view_left_is_not_asked_again(browse: Browse) -> None:
    visit = opened(browse)
    server = Refusing(visit.page, "**/tiles/**", 503, times=99)
    zoom_in(visit.page)
    visit.page.wait_for_function("stageboard.toldToWait()")
    visit.page.evaluate("stageboard.explorer.map.setZoom(stageboard.explorer.map.getZoom() - 1, { animate: false })")
    visit.page.wait_for_function("!stageboard.toldToWait()")
    visit.page.wait_for_timeout(1000)
    assert {len(at) for at in server.asked.values()} == {1}
    forgive(visit)


def test_a_callback_that_is_refused_once_is_asked_again_and_then_said(browse: Browse) -> None:
    visit = browse("/")
    refusing = Refusing(visit.page, "**/_dash-update-component*", 429, times=1)
    visit.page.get_by_role("link", name="Stages").first.click()
    expect(visit.page.locator("h1")).to_have_text("Stages")
    refusing.times = 99
    # Dash says so in the console, a moment after the page does.
    with visit.page.expect_console_message(lambda told: "Callback error" in told.text):
        visit.page.get_by_role("link", name="Home").first.click()
        expect(visit.page.locator("#shell-toast")).to_contain_text("This session asked for more", timeout=20_000)
    forgive(visit)
