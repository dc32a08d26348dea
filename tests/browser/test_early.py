"""The first picture: there before Dash has started, and the same as the page's own, which takes its place."""

from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.browsing import DESKTOP, PHONE, Server, Visit
from tests.browser.test_explorer import PIXELS, drawn, opened

PAINTED = "window.stageboard?.early?.painted"
PLACES = """() => [...document.querySelectorAll(".explorer-data canvas")].map((one) => {
  const { left, top, width, height } = one.getBoundingClientRect();
  return [left, top, width, height];
})"""
PAGES = {
    "a map": ("/explorer/places", DESKTOP),
    "a map's categories": ("/explorer/places?aggregate=by&field=continent&bounds=-10,30,35,60", DESKTOP),
    "a plane": ("/explorer/stars?normalization=log&spreading=1", DESKTOP),
    "a phone": ("/explorer/places", PHONE),
}


@pytest.fixture
def held(server: Server, browser: Browser) -> Callable[..., tuple[Page, list[str], Callable[[], None]]]:
    """Return a function that opens a page whose Dash is late: the page, what it asks for, and what lets Dash come."""

    def open_page(path: str, size: tuple[int, int] = DESKTOP) -> tuple[Page, list[str], Callable[[], None]]:
        page = browser.new_context(viewport={"width": size[0], "height": size[1]}, bypass_csp=True).new_page()
        page.add_init_script("localStorage.setItem('stageboard-prefetch', 'off')")
        waiting: list[Route] = []
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url.partition("?")[0]))
        page.route("**/dash_renderer*", lambda one: waiting.append(one))
        page.goto(server.url + path, wait_until="commit")

        def release() -> None:
            for one in waiting:
                one.continue_()

        return page, asked, release

    return open_page


@pytest.mark.parametrize("kind", PAGES)
def test_it_is_there_before_dash_and_then_the_pages_own_is_the_same(held, kind: str) -> None:
    page, asked, release = held(*PAGES[kind])
    page.wait_for_function(PAINTED)
    # What is outside the view is painted in later frames.
    page.wait_for_function("stageboard.early.current().every((one) => !one.next || one.painted)")
    early, where = page.evaluate(PIXELS), page.evaluate(PLACES)
    assert early[1] > 0
    assert page.evaluate("document.querySelector('.shell-header')") is None
    release()
    drawn(Visit(page))
    assert page.evaluate("[stageboard.early, document.querySelectorAll('.early').length]") == [None, 0]
    assert page.evaluate(PIXELS) == early
    assert page.evaluate(PLACES) == where
    assert max(Counter(one for one in asked if "/tiles/" in one).values()) == 1
    kinds = [kind for one in asked for kind in ("/tiles/", "/_dash-component-suites/") if kind in one]
    assert kinds[0] == "/tiles/"
    page.context.close()


def test_the_page_waits_for_the_tiles_that_it_has_asked_for(server: Server, browser: Browser) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    page.add_init_script("localStorage.setItem('stageboard-prefetch', 'off')")
    slow: list[Route] = []
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/tiles/" in one.url else None)
    page.route("**/tiles/**", lambda one: slow.append(one), times=1)
    page.goto(f"{server.url}/explorer/places", wait_until="commit")
    page.wait_for_function("window.stageboard?.explorer?.view.current().length > 0")
    assert page.evaluate("stageboard.early !== null")
    page.wait_for_timeout(300)
    assert asked == [slow[0].request.url]
    slow[0].continue_()
    drawn(Visit(page))
    assert "nothing requested" not in page.inner_text(".ribbon-summary")
    assert page.evaluate("document.querySelectorAll('.early').length") == 0
    page.context.close()


@pytest.mark.parametrize("script", ["stageboard.explorer.map.panBy([90, 0])", "stageboard.explorer.recolour()"])
def test_what_the_user_does_is_not_hidden_under_it(server: Server, browser: Browser, script: str) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    page.route("**/tiles/**", lambda _: None)  # never answered
    page.goto(f"{server.url}/explorer/places", wait_until="commit")
    page.wait_for_function("window.stageboard?.explorer && stageboard.early")
    page.evaluate(script)
    assert page.evaluate("document.querySelectorAll('.early').length") == 0
    page.context.close()


def test_where_its_tiles_fail_it_goes_and_the_page_says_why(server: Server, browser: Browser) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    page.route("**/tiles/**", lambda route: route.fulfill(status=500, json={"error": "it is broken."}))
    page.goto(f"{server.url}/explorer/places", wait_until="commit")
    page.get_by_text("It is broken.").wait_for()
    assert page.evaluate("document.querySelectorAll('.early').length") == 0
    page.context.close()


@pytest.mark.parametrize("part", ["sparseSpread", "tileRect"])
def test_where_it_fails_itself_the_page_goes_on_without(server: Server, browser: Browser, part: str) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    page.add_init_script(
        f"""window.stageboard = {{}};
        let whole, failed = false;
        Object.defineProperty(stageboard, "{part}", {{
          set: (value) => (whole = value),
          get: () => (...given) => {{
            if (failed) return whole(...given);
            failed = true;
            throw new Error("once");
          }},
        }});"""
    )
    page.goto(f"{server.url}/explorer/places", wait_until="commit")
    drawn(Visit(page))
    assert page.evaluate("[stageboard.early ?? null, document.querySelectorAll('.early').length]") == [None, 0]
    page.context.close()


def test_another_page_removes_it(server: Server, browser: Browser) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    page.route("**/tiles/**", lambda _: None)  # never answered
    page.goto(f"{server.url}/explorer/places", wait_until="commit")
    page.wait_for_function("window.stageboard?.explorer && stageboard.early")
    page.locator(".shell-links").get_by_text("Data", exact=True).click()
    page.get_by_role("heading", level=1, name="Data").wait_for()
    assert page.evaluate("document.querySelectorAll('.early').length") == 0
    page.context.close()


def test_an_opening_is_what_the_first_picture_took(browse) -> None:
    visit = opened(browse, "/explorer/stars")
    assert "to the screen" in visit.page.inner_text(".ribbon-summary")
    assert visit.page.inner_text(".ribbon-stages").count("tile")
