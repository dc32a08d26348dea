"""Every page, in dark and light, on a desk and on a phone: whole, quiet, and no wider than its screen."""

from collections.abc import Callable

import pytest

from tests.browser.browsing import Visit

PAGES = {
    "/": "Point data too big for a browser",
    "/explorer/flights": "US flights",
    "/explorer/storms": "Storm tracks",
    "/figure/flights": "US flights",
    "/stages": "Stages",
    "/data": "Data",
    "/session": "What is kept of you",
    "/explorer?plot=nope": "nope",
}


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_page_is_whole(browse: Callable[..., Visit], path: str, dark: bool, phone: bool) -> None:
    page = browse(path, dark=dark, phone=phone).page
    page.locator("main").get_by_text(PAGES[path]).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    scheme = page.evaluate("document.documentElement.getAttribute('data-mantine-color-scheme')")
    assert scheme == ("dark" if dark else "light")


def test_only_the_figure_loads_plotly(browse: Callable[..., Visit]) -> None:
    for path in ("/", "/explorer/flights", "/stages"):
        assert not [one for one in browse(path).requests if "plotly" in one]


def test_nothing_comes_from_elsewhere(browse: Callable[..., Visit]) -> None:
    for path in PAGES:
        visit = browse(path)
        origin = visit.page.evaluate("location.origin")
        assert [one for one in visit.requests if not one.startswith((origin, "data:", "blob:"))] == []
