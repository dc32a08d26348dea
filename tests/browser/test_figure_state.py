"""What the Figure says of its picture: a stretched one is a preview, its own is exact."""

from time import monotonic

from playwright.sync_api import expect

from tests.browser.test_figure import LATE, RANGES, Browse, act, fits, middle, opened


def test_a_stretched_picture_is_called_a_preview_until_its_own_comes(browse: Browse) -> None:
    visit = opened(browse, "/figure/flights")
    state = visit.page.locator("#figure-state")
    expect(state).to_have_text("exact")
    visit.page.evaluate(LATE)
    visit.page.mouse.move(*middle(visit))
    visit.page.mouse.wheel(0, -240)
    expect(state).to_have_text("preview")
    assert not fits(visit)
    expect(state).to_have_text("exact")
    soon = monotonic() + 5  # it is said of a picture that is about to be painted
    while not fits(visit) and monotonic() < soon:
        visit.page.wait_for_timeout(20)
    assert fits(visit)
    zoomed = visit.page.evaluate(RANGES)
    act(visit, lambda: visit.page.click("#figure-reset"))
    assert visit.page.evaluate(RANGES) != zoomed
    expect(state).to_have_text("exact")
