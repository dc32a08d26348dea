"""The page's worker: it unpacks tiles, and is missed by nobody where it cannot."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.browsing import Server, Visit
from tests.browser.test_explorer import PIXELS, Browse, drawn, opened

READY = "stageboard.unpacker.ready"
SHOWN = "document.querySelector('.ribbon-summary').textContent.startsWith('Aggregate')"
WHOLE = "stageboard.explorer.view.current().every((one) => one.painted)"
LIMITS = """async () => {
  const { view } = stageboard.explorer;
  const whole = await (await fetch(view.address(view.current()[0].coords))).arrayBuffer();
  const told = [];
  for (const body of [whole, whole.slice(0, 40), new ArrayBuffer(4), whole]) {
    const unpacked = stageboard.unpacker.unpack(body);
    told.push(await unpacked.then((tile) => tile.values.byteLength, (error) => error.constructor.name));
  }
  return told;
}"""


def mean(page: Page) -> list[int]:
    """Show a mean; return sums of its pixels."""
    page.wait_for_selector("#explorer-aggregate", state="attached")
    page.evaluate("dash_clientside.set_props('explorer-aggregate', { value: 'mean' })")
    page.wait_for_function(SHOWN)
    page.wait_for_function(WHOLE)
    return page.evaluate(PIXELS)


def test_what_it_unpacks_is_what_the_page_would(browse: Browse) -> None:
    beside = opened(browse, "/explorer/stars").page
    beside.wait_for_function(READY)
    asked = beside.evaluate("stageboard.unpacker.asked")
    assert asked == 0  # it starts when the first picture is there
    found = mean(beside)
    assert beside.evaluate("stageboard.unpacker.asked") > 0
    alone = opened(browse, "/explorer/stars").page
    alone.wait_for_function(READY)
    alone.evaluate("stageboard.unpacker.ready = false")
    assert mean(alone) == found
    assert alone.evaluate("stageboard.unpacker.asked") == 0


def test_damaged_bodies_are_told_apart_and_end_nothing(browse: Browse) -> None:
    page = opened(browse, "/explorer/stars").page
    page.wait_for_function(READY)
    beside = page.evaluate(LIMITS)
    page.evaluate("stageboard.unpacker.ready = false")
    [whole, *damaged, again] = page.evaluate(LIMITS)
    assert beside == [whole, "Error", "Error", whole]
    assert (again, len(damaged)) == (whole, 2)
    assert all("Error" in one for one in damaged)


@pytest.mark.parametrize("when", ["before it starts", "while it works"])
def test_without_it_the_page_unpacks(server: Server, browser: Browser, when: str) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    page.add_init_script("localStorage.setItem('stageboard-prefetch', 'off')")
    if when == "before it starts":
        page.route("**/*.worker", lambda route: route.abort())
    page.goto(f"{server.url}/explorer/stars")
    drawn(Visit(page))
    if when == "while it works":
        page.wait_for_function(READY)
        # It takes requests, and never answers; then it fails.
        page.evaluate(
            """() => {
              const { unpacker } = stageboard;
              unpacker.worker.postMessage = () => setTimeout(() => unpacker.worker.onerror(new Event("error")), 100);
            }"""
        )
    assert mean(page)[1] > 0
    assert not page.evaluate(READY)
    assert page.evaluate("stageboard.unpacker.waiting.size") == 0
    page.context.close()
