"""Our backend under dash-extensions, served by two real workers: any of them redeems what any of them kept."""

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.app.workers import Served, two_workers

PREFIX = "SERVERSIDE_"
MAKE = "..frame.data...array.data.."


@dataclass
class Browser:
    """A session's cookie, and a new connection a request, so that any worker may answer."""

    port: int
    cookie: str = field(default="")

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        link = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"Cookie": self.cookie, "Content-Type": "application/json"}
            link.request(method, path, None if body is None else json.dumps(body), headers)
            answer = link.getresponse()
            self.cookie = (answer.getheader("Set-Cookie") or self.cookie).split(";")[0]
            return answer.status, answer.read().decode()
        finally:
            link.close()

    def call(self, output: str, *inputs: tuple[str, Any], state: tuple[tuple[str, Any], ...] = ()) -> Any:
        """Do what the browser does to run a callback; return what it changes, and what `set_props` does."""
        status, text = self.ask("POST", "/_dash-update-component", {
            "output": output, "outputs": _outputs(output), "inputs": [_given(one) for one in inputs],
            "changedPropIds": [inputs[0][0]], "state": [_given(one) for one in state],
        })  # fmt: skip
        assert status in (200, 204), text
        found = json.loads(text) if text else {}
        return {**found.get("response", {}), **found.get("sideUpdate", {})}

    def make(self, rows: int) -> tuple[str, str]:
        made = self.call(MAKE, ("rows.value", rows))
        return made["frame"]["data"], made["array"]["data"]

    def total(self, frame: str, array: str) -> list[str]:
        made = self.call("total.children", ("frame.data", frame), state=(("array.data", array),))
        found: list[str] = made["total"]["children"].split() if "total" in made else [made["notice"]["children"]]
        return found


def visiting(served: Served) -> Browser:
    """Return a browser that has loaded a page, and so has a session."""
    browser = Browser(served.port)
    assert browser.ask("GET", "/")[0] == 200
    return browser


def _given(one: tuple[str, Any]) -> dict[str, Any]:
    name, prop = one[0].split(".")
    return {"id": name, "property": prop, "value": one[1]}


def _outputs(output: str) -> Any:
    parts = [one.split(".") for one in output.strip(".").split("...")]
    found = [{"id": name, "property": prop} for name, prop in parts]
    return found if output.startswith("..") else found[0]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with two_workers(tmp_path_factory.mktemp("proxied")) as served:
        yield served


@pytest.fixture
def browser(served: Served) -> Browser:
    return visiting(served)


def answered(browser: Browser, frame: str, array: str, told: list[str], wanted: int) -> set[int]:
    """Ask until as many workers have answered, each of them right; a limit of tries, so that a test can fail."""
    pids: set[int] = set()
    for _ in range(400):
        *found, pid = browser.total(frame, array)
        assert found == told
        pids.add(int(pid))
        if len(pids) == wanted:
            break
    return pids


def test_every_worker_redeems_what_one_kept(served: Served, browser: Browser) -> None:
    tokens = browser.make(100)
    assert all(one.startswith(PREFIX) and len(one) < 300 for one in tokens)
    assert answered(browser, *tokens, ["4950", "4950", "UTC"], 2) == served.workers()


def test_a_killed_worker_loses_no_value_and_no_session(served: Served, browser: Browser) -> None:
    tokens = browser.make(200)
    before = served.workers()
    for pid in sorted(before):
        os.kill(pid, signal.SIGKILL)
        while pid in served.workers() or len(served.workers()) < 2:  # the master starts another one
            time.sleep(0.05)
    assert not answered(browser, *tokens, ["19900", "19900", "UTC"], 2) & before


def test_another_session_gets_a_notice_and_no_value(served: Served, browser: Browser) -> None:
    frame, array = browser.make(30)
    other = visiting(served)
    assert other.cookie != browser.cookie
    assert other.total(frame, array) == [
        "TokenError: this token was not made for this session and use: reload the page."
    ]
    assert browser.total(frame, array)[0] == "435"


@pytest.mark.parametrize(
    "text", ["", "hello", '{"backend_uid":"StageBackend","key":"fixed"}', "../../etc/passwd", "\x00", "é" * 10_000]
)
def test_text_that_looks_like_a_token_gets_a_notice(browser: Browser, text: str) -> None:
    assert browser.call("echo.children", ("words.value", text)) == {"echo": {"children": text}}
    made = browser.call("echo.children", ("words.value", PREFIX + text))
    assert made["notice"]["children"].startswith("TokenError: this token was not made")


def test_truncated_and_altered_tokens_get_a_notice(browser: Browser) -> None:
    frame, array = browser.make(30)
    for bad in (frame[:-1], frame + "A", frame[:30] + "x" + frame[31:], frame + frame, PREFIX + PREFIX):
        assert browser.total(bad, array)[0].startswith("TokenError: ")


def test_over_its_quota_a_session_loses_its_oldest_values_with_a_notice(served: Served, browser: Browser) -> None:
    other = visiting(served)
    others = other.make(10)
    first = browser.make(5000)
    last = [browser.make(5000) for _ in range(4)][-1]
    assert browser.total(*first) == [
        "StaleError: a value that this page made is no longer kept: reload the page to make it again."
    ]
    assert browser.total(*last)[0] == "12497500"
    assert other.total(*others)[0] == "45"


def test_more_than_the_quota_is_refused_when_it_is_written(browser: Browser) -> None:
    made = browser.call(MAKE, ("rows.value", 100_000))
    assert made["notice"]["children"].startswith("QuotaError: ")
    assert "frame" not in made
