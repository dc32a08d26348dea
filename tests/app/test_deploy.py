"""What is in deploy/: files that fit the app, and two processes behind nginx, of which each may be killed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest
import yaml

from app.settings import PREFIX, Settings
from tests.app.test_figure import aggregate, picture, ran
from tests.app.test_serving import places_spec
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SECRET = "correct horse battery staple"  # noqa: S105
START_SECONDS = 60
SHADED = "figure-cmap.value"  # what changes a picture, and not the aggregate that its token names
VARIABLE = re.compile(PREFIX + r"[A-Z_]+")

App = subprocess.Popen[bytes]


def nginx_at(folder: Path, port: int, *apps: int) -> list[str]:
    """Return the command of nginx with deploy/nginx.conf, but for its addresses and folders."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not found:
        pytest.skip("nginx is not installed: `make test` installs it, or sudo apt-get install nginx-light")
    text = (DEPLOY / "nginx.conf").read_text()
    places = {"/tmp/": f"{folder}/", "listen 8080": f"listen 127.0.0.1:{port}"}
    places |= {f"web{n}:8050": f"127.0.0.1:{app}" for n, app in enumerate(apps, 1)}
    for here, there in places.items():
        assert here in text
        text = text.replace(here, there)
    (folder / "nginx.conf").write_text(text)
    # Without a master, so that no worker of another user has to reach the test's folder.
    return [found, "-c", str(folder / "nginx.conf"), "-g", "daemon off; master_process off;"]


@dataclass
class Answer:
    status_code: int
    body: bytes
    cookie: str

    def get_json(self, silent: bool = False) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass
class Browser:
    """A session at an address, and a new connection a request, so that any process may answer."""

    port: int
    cookie: str = field(default="")

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def post(self, path: str, json: Any) -> Answer:  # as Flask's client, for the tests of the page
        return self._ask("POST", path, json)

    def _ask(self, method: str, path: str, body: Any) -> Answer:
        headers = {"Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json"}
        headers |= {"Cookie": self.cookie} if self.cookie else {}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as link:
            link.request(method, path, None if body is None else json.dumps(body), headers)
            found = link.getresponse()
            given = (found.getheader("Set-Cookie") or "").split(";")[0]
            self.cookie = self.cookie or given
            return Answer(found.status, found.read(), given)


@dataclass
class Pair:
    """Two processes that share a cache folder and a secret, one of each way to start; nginx before them."""

    folder: Path
    ports: tuple[int, int]
    port: int
    running: dict[int, App] = field(default_factory=dict)

    def start(self, port: int) -> None:
        settings = {
            "PORT": port, "CACHE": self.folder / "cache", "FOLDER": self.folder / "data", "SECRET": SECRET,
            "PROXIES": 1, "RATE": 0, "LOG_LEVEL": "info",
        }  # fmt: skip
        environment = os.environ | {PREFIX + name: str(value) for name, value in settings.items()}
        ways = (["app"], ["gunicorn", "-c", str(DEPLOY / "gunicorn.conf.py")])
        with (self.folder / f"{port}.log").open("ab") as log:
            self.running[port] = subprocess.Popen(
                [sys.executable, "-m", *ways[self.ports.index(port)]],
                cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def wait(self, port: int) -> None:
        """Wait until a process answers, and has written what it computed."""
        until(lambda: not any(tier["queued"] for tier in Browser(port).get("/health").get_json()["store"]))

    def kill(self, port: int) -> None:
        app = self.running.pop(port)
        os.killpg(app.pid, signal.SIGKILL)
        app.wait()

    def requests(self) -> list[dict[str, Any]]:
        """Return the lines of the processes' logs."""
        text = "".join((self.folder / f"{port}.log").read_text() for port in self.ports)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def until(happened: Callable[[], bool]) -> None:
    end = monotonic() + START_SECONDS
    while True:
        with suppress(OSError, HTTPException):
            if happened():
                return
        assert monotonic() < end, "it did not happen"
        sleep(0.05)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(tmp_path, (free_port(), free_port()), free_port())
    with (tmp_path / "nginx.log").open("wb") as log:
        nginx = subprocess.Popen(nginx_at(tmp_path, pair.port, *pair.ports), stderr=log)
    try:
        for port in pair.ports:
            pair.start(port)
        for port in pair.ports:
            pair.wait(port)
        yield pair
    finally:
        for port in tuple(pair.running):
            pair.kill(port)
        nginx.terminate()
        nginx.wait()


class Load:
    """GETs through nginx, one after another, until it is left; what came of each that was not 200."""

    def __init__(self, port: int, cookie: str, paths: list[str]) -> None:
        self.asked, self.faults = 0, []
        self._browser, self._paths, self._over = Browser(port, cookie), paths, Event()
        self._thread = Thread(target=self._go)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def go_on(self, more: int) -> None:
        """Wait until so many more were asked."""
        enough = self.asked + more
        until(lambda: self.asked > enough)

    def _go(self) -> None:
        while not self._over.wait(0.02):
            path = self._paths[self.asked % len(self._paths)]
            self.asked += 1
            try:
                status = self._browser.get(path).status_code
            except (OSError, HTTPException) as error:
                status = repr(error)
            if status != 200:
                self.faults.append((path, status))


def test_processes_killed_one_after_the_other_lose_no_session_and_no_result(pair: Pair) -> None:
    browser = Browser(pair.port)
    assert b"<html" in browser.get("/").body
    session = browser.cookie
    token = aggregate(browser)
    first = picture(browser, token)
    tile = f"/tiles/{places_spec(pair.folder)}/0/0/0"
    paths = ["/", "/session", tile, "/image/places/map.png?width=300&height=200"]
    assert {browser.get(path).status_code for path in paths} == {200}
    for port in pair.ports:
        pair.wait(port)
    with Load(pair.port, session, paths) as load:
        for port in pair.ports:
            pair.kill(port)
            assert ran(same := picture(browser, token, SHADED)) == []
            assert same["src"] == first["src"]
            pair.start(port)
            pair.wait(port)
            load.go_on(len(paths))  # a request that meets two ends has nowhere left to go
    assert load.faults == []
    assert load.asked > 2 * len(paths)
    assert ran(last := picture(browser, token, SHADED)) == []
    assert last["src"] == first["src"]
    assert picture(Browser(pair.port), token) == {"stale": True}
    assert not browser.get("/").cookie
    lines = pair.requests()
    assert {line["event"] for line in lines if line["level"] == "error"} == set()
    answered = [line for line in lines if line["event"] == "request"]
    assert len(answered) > load.asked
    assert [line for line in answered if line["status"] >= 400] == []


def test_nginx_reads_its_configuration(tmp_path: Path) -> None:
    done = subprocess.run([*nginx_at(tmp_path, 8080, 8051, 8052), "-t"], capture_output=True, text=True, check=False)
    assert "syntax is ok" in done.stderr
    assert "[warn]" not in done.stderr
    assert done.returncode == 0


def test_nginx_takes_an_upload_as_large_as_the_app_does() -> None:
    size = re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf").read_text())
    assert size
    assert int(size[1]) * 2**20 >= Settings.model_fields["upload_bytes"].default


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "nginx.conf"])
def test_every_setting_that_is_named_is_one(name: str) -> None:
    named = set(VARIABLE.findall((DEPLOY / name).read_text()))
    assert named
    assert {one.removeprefix(PREFIX).lower() for one in named} <= set(Settings.model_fields)


def test_the_image_is_made_of_files_that_exist_and_has_no_secret_nor_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [word for words in re.findall(r"^COPY (?:--\S+ )*(.+) \S+$", text, re.MULTILINE) for word in words.split()]
    assert copied
    assert [one for one in copied if not (ROOT / one).exists() and not one.startswith("/")] == []
    assert "--require-hashes" in text
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE)[-1] not in ("root", "0")
    assert f"{PREFIX}SECRET" not in text


@pytest.fixture
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return found


def test_every_container_is_read_only_and_has_no_rights(services: dict[str, Any]) -> None:
    assert set(services) == {"web1", "web2", "redis", "nginx"}
    for one in services.values():
        assert one["init"] is True
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert one["security_opt"] == ["no-new-privileges:true"]
        assert one["healthcheck"]["test"]


def test_compose_names_files_that_exist_and_settings_that_can_be_read(services: dict[str, Any]) -> None:
    named = [volume.split(":")[0] for one in services.values() for volume in one.get("volumes", [])]
    assert [one for one in named if one.startswith(".") and not (DEPLOY / one).exists()] == []
    for web in (services["web1"], services["web2"]):
        assert (DEPLOY / web["build"]["context"] / web["build"]["dockerfile"]).is_file()
        given = {name.removeprefix(PREFIX).lower(): value for name, value in web["environment"].items()}
        settings = Settings(**given | {"secret": SECRET})
        assert (settings.proxies, settings.host) == (1, "0.0.0.0")  # noqa: S104
        assert settings.store.split(", ")[0] == "disk:"
