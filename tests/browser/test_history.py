"""Back and forward step through actions: one entry each, drags and quick series merged, and the page stays."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.browsing import Visit
from tests.browser.test_explorer import choose, drawn, opened

Browse = Callable[..., Visit]
LENGTH = "history.length"
MARK = "document.querySelector('.explorer-map').dataset.mark = 'same'"
MARKED = "document.querySelector('.explorer-map').dataset.mark === 'same'"


def dragged(page: Page, right: int) -> None:
    """Drag the map slowly, in several parts that each last longer than the address waits."""
    page.mouse.move(800, 400)
    page.mouse.down()
    for part in range(1, 5):
        page.mouse.move(800 + right * part / 4, 400, steps=3)
        page.wait_for_timeout(250)
    page.mouse.up()
    page.wait_for_timeout(1300)


def test_each_action_is_an_entry_and_back_takes_it_away_in_place(browse: Browse) -> None:
    visit = opened(browse, "/explorer/places")
    page = visit.page
    page.evaluate(MARK)
    start = page.evaluate(LENGTH)
    view = page.evaluate("stageboard.explorer.bounds()")
    choose(visit, "cmap", "bmy")
    expect(page).to_have_url(re.compile("cmap=bmy$"))
    dragged(page, 120)
    assert page.evaluate(LENGTH) == start + 2
    moved = page.evaluate("stageboard.explorer.bounds()")
    choose(visit, "aggregate", "by")
    expect(page).to_have_url(re.compile("aggregate=by"))
    assert page.evaluate(LENGTH) == start + 3
    visit.requests.clear()
    page.go_back()
    page.wait_for_function("stageboard.explorer.look.aggregate === 'count'")
    expect(page.get_by_role("textbox", name="Aggregate")).to_have_value("count")
    assert page.evaluate("stageboard.explorer.bounds()") == moved
    page.go_back()
    page.wait_for_function("!location.search.includes('bounds')")
    assert page.evaluate("stageboard.explorer.bounds()") == view
    assert page.evaluate("stageboard.explorer.look.cmap") == "bmy"
    page.go_back()
    page.wait_for_function("stageboard.explorer.look.cmap === 'fire'")
    expect(page.locator("#explorer-cmap")).to_have_value("fire")
    for _ in range(3):
        page.go_forward()
    page.wait_for_function("stageboard.explorer.look.aggregate === 'by'")
    drawn(visit)
    assert page.evaluate("stageboard.explorer.bounds()") == moved
    expect(page.locator("#explorer-field")).to_have_value("Continent")
    assert page.evaluate(LENGTH) == start + 3
    # Nothing was built anew, and nothing asked of the server but what no page held.
    assert page.evaluate(MARKED)
    assert not [one for one in visit.requests if "_dash-update" in one]


def test_a_drag_of_a_slider_is_one_entry_and_so_is_a_turn_of_the_wheel(browse: Browse) -> None:
    visit = opened(browse, "/explorer/places")
    page = visit.page
    start = page.evaluate(LENGTH)
    thumb = page.locator("#explorer-spreading [role=slider], #explorer-spreading .mantine-Slider-thumb").first
    thumb.scroll_into_view_if_needed()
    box = thumb.bounding_box()
    assert box
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    for part in range(1, 6):
        page.mouse.move(box["x"] + 8 + part * 40, box["y"] + 8)
        page.wait_for_timeout(260)
    page.mouse.up()
    page.wait_for_function("location.search.includes('spreading')")
    assert page.evaluate(LENGTH) == start + 1
    page.mouse.move(800, 400)
    for _ in range(3):
        page.mouse.wheel(0, -100)
        page.wait_for_timeout(250)
    page.wait_for_timeout(1300)
    assert page.evaluate(LENGTH) == start + 2
    page.go_back()
    page.wait_for_function("!location.search.includes('bounds')")
    page.go_back()
    page.wait_for_function("stageboard.explorer.look.spreading === 0")
    expect(page).not_to_have_url(re.compile("spreading"))


def test_another_plot_keeps_what_still_fits_and_back_returns(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights?cmap=bmy&normalization=log&range=2,98&aggregate=mean&field=distance")
    page = visit.page
    page.locator("#explorer-plot").click()
    page.get_by_role("option", name="Routes").click()
    page.wait_for_function("stageboard.explorer?.info.plot === 'routes'")
    look = page.evaluate("stageboard.explorer.look")
    assert (look["cmap"], look["normalization"], look["range"]) == ("bmy", "log", [2, 98])
    fits = page.evaluate("stageboard.explorer.info.fields.some((one) => one.name === 'distance')")
    assert (look["aggregate"] == "mean") == fits
    page.go_back()
    page.wait_for_function("stageboard.explorer?.info.plot === 'time'")
    assert page.evaluate("stageboard.explorer.look.field") == "distance"


def test_a_figures_entries_are_actions_too(browse: Browse) -> None:
    visit = browse("/figure/places")
    page = visit.page
    page.wait_for_selector("#figure-export[href]", state="attached")
    expect(page.locator("#figure-state")).to_have_text("exact")
    start = page.evaluate(LENGTH)
    page.locator("#figure-cmap").click()
    page.get_by_role("option", name="bgy", exact=True).click()
    page.wait_for_function("location.search.includes('cmap=bgy')")
    assert page.evaluate(LENGTH) == start + 1
    page.go_back()
    expect(page.locator("#figure-cmap")).to_have_value("fire")
    expect(page).to_have_url(re.compile("/figure/places$"))
    page.go_forward()
    expect(page.locator("#figure-cmap")).to_have_value("bgy")


def test_all_rows_are_shown_at_a_press_and_back_returns_to_the_opening_view(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights")
    page = visit.page
    expect(page.locator(".explorer-outside")).to_have_text(re.compile(r"[\d,]+ rows lie outside the opening view\."))
    opening = page.evaluate("stageboard.explorer.bounds()")
    page.get_by_role("button", name="Show all rows").click()
    page.wait_for_function("location.search.includes('bounds')")
    x0, x1, y0, y1 = page.evaluate("stageboard.explorer.bounds()")
    left, right, low, high = page.evaluate("stageboard.explorer.info.whole")
    assert (x0 <= left, x1 >= right, y0 <= low, y1 >= high) == (True,) * 4
    drawn(visit)
    page.go_back()
    page.wait_for_function("!location.search.includes('bounds')")
    assert page.evaluate("stageboard.explorer.bounds()") == opening
    visit = opened(browse, "/explorer/stars")
    assert visit.page.locator("#explorer-all").count() == 0
