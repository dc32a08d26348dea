"""`python -m app --debug`: Dash's tools work under the content security policy, and errors stay what they are."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.browsing import ROOT, Visit


@pytest.fixture
def debugged(tmp_path: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "app", "--debug", "--port", "0", "--no-open", "--cache", str(tmp_path / "cache")]
    environment = {**os.environ, "STAGEBOARD_FOLDER": str(tmp_path / "data")}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout
    found = next(one for line in process.stdout if (one := re.search(r"http://[\d.]+:\d+", line)))
    yield found[0]
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate()


def test_its_menu_works_under_the_policy_and_refusals_stay_refusals(debugged: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    visit = Visit(context.new_page())
    visit.watch()
    visit.page.goto(f"{debugged}/stages", timeout=60_000)
    graph = visit.page.get_by_role("button", name="Callbacks")
    graph.click()
    expect(visit.page.locator(".dash-callback-dag--container canvas").first).to_be_visible()
    visit.page.get_by_role("button", name="Errors").click()
    answer = context.request.get(f"{debugged}/image/nothing/map.png")
    assert (answer.status, list(answer.json())) == (404, ["error"])
    context.close()
    assert [one for one in visit.problems if "deprecated" not in one] == []  # cytoscape's own
