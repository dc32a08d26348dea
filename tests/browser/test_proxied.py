"""Our backend under dash-extensions in a real browser: tokens travel, values stay, and pages share them."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Response, expect

from tests.app.workers import Served, two_workers
from tests.browser.browsing import Visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with two_workers(tmp_path_factory.mktemp("proxied")) as served:
        yield served


def test_a_page_uses_values_that_never_leave_the_server(served: Served, browse: Callable[..., Visit]) -> None:
    visit = browse("/", url=f"http://127.0.0.1:{served.port}")
    total = visit.page.locator("#total")
    expect(total).to_have_text(re.compile("^10 10 UTC"))
    answers: list[Response] = []
    visit.page.on("response", lambda one: answers.append(one) if "_dash-update" in one.url else None)
    visit.page.locator("#rows").fill("2000")
    expect(total).to_have_text(re.compile("^1999000 1.999e\\+06 UTC"))
    bodies = [one.text() for one in answers]
    assert "SERVERSIDE_" in bodies[0]
    assert max(map(len, bodies)) < 1500


def test_text_that_looks_like_a_token_is_told_on_the_page(served: Served, browse: Callable[..., Visit]) -> None:
    visit = browse("/text", url=f"http://127.0.0.1:{served.port}")
    visit.page.locator("#words").fill("hello")
    expect(visit.page.locator("#echo")).to_have_text("hello")
    visit.page.locator("#words").fill("SERVERSIDE_hello")
    expect(visit.page.locator("#notice")).to_contain_text("this token was not made for this session")
    expect(visit.page.locator("#echo")).to_have_text("hello")
