"""Serving, with real processes: start, answer, refuse a taken port, stop."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from urllib.request import Request, urlopen

import pytest

from app.address import AddressError, listen, url
from app.pipeline.stores.disk import DiskStore
from app.runtime import Runtime
from app.settings import load
from app.web.metrics import PAUSE

ROOT = Path(__file__).parents[2]
Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the app and waits until it says where it is."""
    running: list[subprocess.Popen[str]] = []

    def run(*options: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "app", "--port", "0", "--cache", str(tmp_path / "cache"), *options]
        environment = {"STAGEBOARD_RATE": "0", **os.environ, "STAGEBOARD_FOLDER": str(tmp_path / "data")}
        app = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        running.append(app)
        assert app.stdout is not None
        for line in app.stdout:
            if "ready at " in line:
                return app, line.split("ready at ")[1].split()[0]
        raise AssertionError(f"it did not start: {app.communicate()[1]}")

    yield run
    for app in running:
        if app.poll() is None:
            os.killpg(app.pid, signal.SIGKILL)
        app.communicate()


def ask(address: str, **headers: str) -> bytes:
    """Return the body of an answer."""
    with urlopen(Request(address, headers=headers)) as answer:
        return bytes(answer.read())


def cookie(address: str, **headers: str) -> str:
    """Return the cookie that an answer sets."""
    with urlopen(Request(address, headers=headers)) as answer:
        return str(answer.headers["Set-Cookie"])


def test_it_serves_refuses_a_taken_port_and_ends_by_sigterm(start: Start) -> None:
    app, address = start()
    health = json.loads(ask(f"{address}/health"))
    assert health["status"] == "ok"
    assert {"flights", "places", "stars", "storms"} <= set(health["datasets"])
    assert b"<html" in ask(address)
    port = address.rsplit(":", 1)[1]
    second = subprocess.run([sys.executable, "-m", "app", "--port", port], capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert second.stdout == ""
    assert f"port {port} is in use" in second.stderr
    assert "--port" in second.stderr
    assert "Traceback" not in second.stderr
    app.send_signal(signal.SIGTERM)
    out, err = app.communicate()
    assert (app.returncode, out, err) == (0, "", "")


def test_several_workers_that_cannot_share_a_secret_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [
        sys.executable,
        "-m",
        "app",
        "--port",
        "0",
        "--workers",
        "2",
        "--cache",
        str(tmp_path / "file" / "cache"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "several workers need one secret" in done.stderr
    assert "STAGEBOARD_SECRET" in done.stderr
    assert "Traceback" not in done.stderr


def test_gunicorns_own_command_refuses_in_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py"]
    (tmp_path / "file").touch()
    shared = {"STAGEBOARD_WORKERS": "2", "STAGEBOARD_CACHE": str(tmp_path / "file" / "cache")}
    for settings, said in ((shared, "several workers need one secret"), ({"STAGEBOARD_PROT": "1"}, "did you mean")):
        environment = {"STAGEBOARD_PORT": "0", **os.environ, **settings}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_two_workers_without_a_cache_folder_say_so_once_and_end_by_ctrl_c(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEBOARD_SECRET", "correct horse battery staple")
    (tmp_path / "file").touch()
    app, address = start("--workers", "2", "--cache", str(tmp_path / "file" / "cache"))
    assert "cannot be used" in json.loads(ask(f"{address}/health"))["store"][-1]["detail"]
    os.killpg(app.pid, signal.SIGINT)
    out, err = app.communicate()
    assert (app.returncode, out) == (0, "")
    assert err.count("cannot be used") == 1
    assert "Traceback" not in err


def served(address: str, route: str) -> float:
    """Return how many requests of a route all workers have counted."""
    text = ask(f"{address}/metrics").decode()
    lines = [line for line in text.splitlines() if line.startswith(f'stageboard_requests_total{{route="{route}"')]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def wait_for(happened: Callable[[], bool], seconds: float = 40) -> None:
    end = monotonic() + seconds
    while not happened():
        assert monotonic() < end, "it did not happen"
        sleep(0.2)


def test_metrics_are_the_sum_over_workers_and_outlive_them(start: Start) -> None:
    app, address = start("--workers", "2")
    for _ in range(40):
        ask(f"{address}/geo/countries.json")
    wait_for(lambda: served(address, "/geo/<name>.json") == 40)
    sleep(PAUSE + 1)  # a worker that is killed takes what it counted since it last told along
    children = Path(f"/proc/{app.pid}/task/{app.pid}/children")
    before = children.read_text().split()
    assert len(before) == 2
    os.kill(int(before[0]), signal.SIGKILL)
    wait_for(lambda: len(set(children.read_text().split()) - {before[0]}) == 2)
    for _ in range(10):
        ask(f"{address}/geo/countries.json")
    wait_for(lambda: served(address, "/geo/<name>.json") == 50)


def test_a_cache_folder_that_is_deleted_is_made_again_and_ends_no_session(start: Start, tmp_path: Path) -> None:
    app, address = start("--workers", "2")
    known, picture = cookie(address).split(";")[0], f"{address}/image/places/map.png?width=300&height=200"
    before = ask(picture)
    while (tmp_path / "cache").exists():  # a worker may write into it meanwhile: rmtree then finds a folder not empty
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    children = Path(f"/proc/{app.pid}/task/{app.pid}/children")
    old = children.read_text().split()[0]
    os.kill(int(old), signal.SIGKILL)
    wait_for(lambda: len(set(children.read_text().split()) - {old}) == 2)
    for _ in range(20):
        with urlopen(Request(address, headers={"Cookie": known})) as answer:
            assert "Set-Cookie" not in answer.headers
        assert ask(picture) == before
    wait_for(lambda: (tmp_path / "cache" / "results").is_dir())


def test_headers_of_a_proxy_are_ignored_unless_it_is_vouched_for(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "maps.example"}
    _, address = start()
    assert "Secure" not in cookie(address, **forwarded)
    assert b"/evil/" not in ask(address, SCRIPT_NAME="/evil")
    monkeypatch.setenv("STAGEBOARD_PROXIES", "1")
    monkeypatch.setenv("STAGEBOARD_PREFIX", "/maps/")
    _, address = start()
    assert address.endswith("/maps")
    assert "Secure; HttpOnly; Path=/maps; SameSite=Lax" in cookie(address, **forwarded)
    assert b'href="/maps/assets/bundle-' in ask(address)


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("no-such-host.invalid", 0, "host 'no-such-host.invalid' is not an address of this machine"),
        ("192.0.2.1", 0, "host '192.0.2.1' is not an address of this machine"),
    ],
)
def test_an_address_that_cannot_be_had(host: str, port: int, said: str) -> None:
    with pytest.raises(AddressError, match=said):
        listen(host, port)


def test_the_other_port_that_is_proposed_exists() -> None:
    with socket.create_server(("127.0.0.1", 65535)), pytest.raises(AddressError, match="--port 65534"):
        listen("127.0.0.1", 65535)


def test_addresses_for_browsers() -> None:
    with listen("127.0.0.1", 0) as one:
        assert url(one) == f"http://127.0.0.1:{one.getsockname()[1]}"
    with listen("::1", 0) as six:
        assert url(six) == f"http://[::1]:{six.getsockname()[1]}"


def test_callbacks_that_are_sent_slowly_hold_no_thread(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEBOARD_THREADS", "2")
    _, address = start()
    host, port = address.removeprefix("http://").split(":")
    begun = b"POST /_dash-update-component HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n{"
    with ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(socket.create_connection((host, int(port)))).sendall(begun)
        assert json.loads(ask(f"{address}/health"))["status"] == "ok"


def test_what_a_worker_has_queued_is_written_when_it_is_stopped(start: Start, tmp_path: Path) -> None:
    app, address = start("--workers", "2")
    spec = places_spec(tmp_path)
    for x in range(8):
        ask(f"{address}/tiles/{spec}/3/{x}/3")
    app.send_signal(signal.SIGTERM)
    assert app.communicate()[1] == ""
    store = DiskStore(tmp_path / "cache" / "results")
    kept = [key for key in store.keys() if key.startswith("grid-")]  # noqa: SIM118
    assert len(kept) >= 8
    assert store.check() == []
    store.close()


def places_spec(folder: Path) -> str:
    """Return the address of the tiles of places, as the app under test gives it."""
    with Runtime(load(cache=folder / "other", folder=folder / "data")) as engine:
        plot = engine.plot("places")
        return f"places.{engine.root(plot).fingerprint[:12]}.{plot.name}.count"
