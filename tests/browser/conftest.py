"""A real server in its own process, and pages of the real browser: Debian's Chromium, driven by Playwright.

A test asks `browse` for a page; at its end any error in the console, or any request that failed, fails the test.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.browsing import DESKTOP, PHONE, Server, Visit, start_server, stop_server

expect.set_options(timeout=30_000)  # as all else waits, for a page on a busy machine


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server on the embedded data, for all tests that do not change it."""
    running = start_server(tmp_path_factory.mktemp("server"))
    yield running
    stop_server(running)


@pytest.fixture
def browse(server: Server, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a page: ``browse("/explorer", dark=True)``; what went wrong is checked after.

    Nothing is prefetched unless asked for, so that a test that counts requests sees those of its action alone.
    """
    opened: list[Visit] = []

    def open_page(
        path: str,
        *,
        dark: bool = False,
        phone: bool = False,
        prefetch: bool = False,
        url: str = server.url,
        idle: bool = True,
    ) -> Visit:
        width, height = PHONE if phone else DESKTOP
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            bypass_csp=True,  # or playwright could wait for nothing in the page; `test_policy` does without
            permissions=["clipboard-read", "clipboard-write"],
        )
        if not prefetch:
            context.add_init_script("localStorage.setItem('stageboard-prefetch', 'off')")
        one = Visit(context.new_page())
        one.watch()
        one.page.goto(url + path, wait_until="networkidle" if idle else "load")
        opened.append(one)
        return one

    yield open_page
    problems = [problem for one in opened for problem in one.problems]
    for one in opened:
        one.page.context.close()
    assert problems == []
