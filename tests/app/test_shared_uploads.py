"""An upload under two real workers: what one has received the other shows, and what one deletes neither has."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import quote

import pytest

from app.pipeline.stores.disk import DiskStore
from app.ui.upload import DELETE
from tests.app.paging import content
from tests.app.test_deploy import Answer, Browser, until
from tests.app.test_serving import Start, start
from tests.app.test_uploads import parquet

__all__ = ["start"]
FILE = "Trips of Ada.parquet"


def send(browser: Browser, data: bytes) -> Any:
    """Send a file, and return what is said of it."""
    headers = {"Cookie": browser.cookie, "Origin": f"http://127.0.0.1:{browser.port}", "Stageboard-Upload": "1"}
    with closing(HTTPConnection("127.0.0.1", browser.port, timeout=60)) as link:
        link.request("POST", f"/uploads/{quote(FILE)}", data, headers)
        answer = link.getresponse()
        assert answer.status == 201, answer.read()
        return json.loads(answer.read())


def workers(app: Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{app.pid}/task/{app.pid}/children").read_text().split()]


def has_mapped(worker: int, name: str) -> bool:
    return name in Path(f"/proc/{worker}/maps").read_text()


@contextmanager
def asleep(worker: int) -> Iterator[None]:
    """Stop a worker, so that another answers."""
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


@pytest.fixture
def served(start: Start) -> tuple[Browser, int, int]:
    """Return a browser with a session, and two workers that both answer."""
    app, address = start("--workers", "2")
    until(lambda: len(workers(app)) == 2)
    one, other = workers(app)
    browser = Browser(int(address.rpartition(":")[2]))
    browser.get("/")
    for worker in (one, other):
        with asleep(worker):
            until(lambda: browser.get("/health").status_code == 200)
    return browser, one, other


def delete(browser: Browser, name: str) -> Answer:
    """Press a file's button on the data page."""
    button = {"type": DELETE, "name": name}
    return browser.post("/_dash-update-component", {
        "output": "data-own.children",
        "outputs": {"id": "data-own", "property": "children"},
        "inputs": [[{"id": button, "property": "n_clicks", "value": 1}]],
        "changedPropIds": [json.dumps(button, separators=(",", ":"), sort_keys=True) + ".n_clicks"],
    })  # fmt: skip


def test_two_workers_keep_one_upload(served: tuple[Browser, int, int], tmp_path: Path) -> None:
    browser, one, other = served
    with asleep(other):
        name = send(browser, parquet())["name"]
    image = f"/image/{name}/map.png?width=60&height=40"
    with asleep(one):
        assert FILE in json.dumps(content(browser, "/data"))
        assert browser.get(f"/explorer/{name}").status_code == 200
        assert browser.get(image).body.startswith(b"\x89PNG")
        until(lambda: not any(tier["queued"] for tier in browser.get("/health").get_json()["store"]))
    store = DiskStore(tmp_path / "cache" / "results")
    try:
        assert list(store.keys("private-"))
        assert has_mapped(other, name)
        with asleep(other):
            assert FILE not in delete(browser, name).body.decode()
        assert list(store.keys("private-")) == []
    finally:
        store.close()
    for worker in (one, other):
        with asleep(worker):
            assert FILE not in json.dumps(content(browser, "/data"))
            assert [browser.get(path).status_code for path in (image, f"/explorer/{name}")] == [404, 404]
    assert list((tmp_path / "cache" / "uploads").rglob("*.parquet")) == []
    until(lambda: not has_mapped(other, name))  # or the disk would get no room back
