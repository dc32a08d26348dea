"""The content security policy in a real browser: every page works, and nothing that it forbids is tried."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.browsing import Server, Visit, start_server, stop_server

PAGES = {
    "/": "main h1",
    "/explorer/flights": "canvas.leaflet-tile-loaded, .explorer-data canvas",
    "/explorer/places": ".explorer-data canvas",
    "/figure/flights": ".main-svg image",
    "/data": "main h1",
    "/session": "main h1",
    "/stages": "main h1",
    "/nope": "main h1",
    "/tiles/nonsense/1/0/0": "main h1",
}
NOTE = """window.violations = [];
addEventListener("securitypolicyviolation", (one) => violations.push(`${one.violatedDirective} ${one.sourceFile}`));"""
INTRUDE = """() => {
  document.body.append(Object.assign(document.createElement("script"), { text: "window.ran = 1" }));
}"""


def until(page: Page, script: str) -> None:
    """Wait for something; the policy forbids playwright's own way."""
    for _ in range(300):
        if page.evaluate(script):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"in vain: {script}")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_tries_what_its_policy_forbids(server: Server, browser: Browser, path: str) -> None:
    page = browser.new_page()
    page.add_init_script(NOTE)
    page.goto(server.url + path, wait_until="networkidle")
    page.locator(PAGES[path]).first.wait_for(state="attached")
    if path.startswith("/explorer/"):
        until(page, "stageboard.unpacker.ready")
    assert page.evaluate("violations") == []
    page.close()


def test_a_script_of_another_hand_does_not_run(server: Server, browser: Browser) -> None:
    page = browser.new_page()
    page.add_init_script(NOTE)
    page.goto(f"{server.url}/stages", wait_until="networkidle")
    page.evaluate(INTRUDE)
    page.wait_for_function("violations.length === 1")  # told in a task of its own
    assert page.evaluate("window.ran") is None
    page.close()


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server under a path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAGEBOARD_PREFIX", "/maps/")
        running = start_server(tmp_path_factory.mktemp("mounted"))
    yield running
    stop_server(running)


def test_under_a_path_the_explorer_draws_and_links_lead_on(browse: Callable[..., Visit], mounted: Server) -> None:
    visit = browse("/maps/explorer/places", url=mounted.url)
    page = visit.page
    page.get_by_text("exact", exact=True).wait_for()
    asked = {one.removeprefix(mounted.url) for one in visit.requests if one.startswith(mounted.url)}
    assert all(one.startswith("/maps/") for one in asked)
    assert any(one.startswith("/maps/tiles/") for one in asked)
    assert any(one.startswith("/maps/geo/") for one in asked)
    page.wait_for_function("stageboard.unpacker.ready")
    current = page.locator(".shell-links a[aria-current=page]")
    assert current.get_attribute("href") == "/maps/explorer"
    page.locator(".shell-links").get_by_text("Figure").click()
    page.locator(".main-svg image").first.wait_for(state="attached")
    assert page.evaluate("location.pathname") == "/maps/figure"
    page.locator("a.brand").click()
    page.locator(".card").first.wait_for()
    assert page.evaluate("location.pathname") == "/maps/"
