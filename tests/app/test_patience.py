"""Clients that send slowly, or nothing, hold no thread; sent by hand to a real gunicorn of two threads."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.address import listen
from app.web.coming import HEAD_BYTES, Coming
from app.web.patience import Answer

ROOT = Path(__file__).parents[2]
THREADS = 2
HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
Address = tuple[str, int]


@pytest.fixture(scope="module")
def served() -> Iterator[Address]:
    with listen("127.0.0.1", 0) as bound:
        command = [
            sys.executable, "-m", "gunicorn", "--worker-class", "hurried.Hurried", "--threads", str(THREADS),
            "--no-control-socket", "--graceful-timeout", "1", "--chdir", str(ROOT / "tests" / "app"),
            "--pythonpath", str(ROOT), "--log-level", "error", "--bind", f"fd://{bound.fileno()}", "hurried:answer",
        ]  # fmt: skip
        address = bound.getsockname()
        master = subprocess.Popen(command, pass_fds=[bound.fileno()], stderr=subprocess.PIPE)
    yield address
    master.terminate()
    assert master.communicate()[1] == b""
    assert master.returncode == 0


def everything(client: socket.socket) -> bytes:
    """Return all that comes until the server ends the connection."""
    return b"".join(iter(lambda: client.recv(1 << 16), b""))


def ask(address: Address) -> int:
    """Ask as anybody would; fails where nothing comes for much longer than it could take."""
    connection = HTTPConnection(*address, timeout=8)
    connection.request("GET", "/")
    status = connection.getresponse().status
    connection.close()
    return status


class Slow(Thread):
    """A client that sends what it begins with, and then a byte ten times a second until the server has enough."""

    def __init__(self, address: Address, begin: bytes) -> None:
        super().__init__(daemon=True)
        self.client = socket.create_connection(address)
        self.client.settimeout(0.1)
        self.client.sendall(begin)
        self.ended, self.answer = Event(), b""

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                self.answer = self.client.recv(1 << 16)
                self.ended.set()
            except TimeoutError:
                self.client.sendall(b"a")
        self.client.close()


def test_slow_clients_hold_no_thread_and_are_told_that_they_are_late(served: Address) -> None:
    begins = [b"GET / HTTP/1.1\r\nHost: a\r\nX: ", HEAD % 900, b"G", HEAD % 900 + 8 * b"a"]
    slow = [Slow(served, begin) for _ in range(2 * THREADS) for begin in begins]
    for one in slow:
        one.start()
    assert [ask(served) for _ in range(5)] == 5 * [200]
    assert not any(one.ended.is_set() for one in slow)
    for one in slow:
        one.join()
    assert {one.answer[:12] for one in slow} == {b"HTTP/1.1 408"}


@pytest.mark.parametrize("target", [b"/x?/uploads/y", b"/x?z=/uploads/y", b"/x#/uploads/y", b"/uploads/"])
def test_no_other_address_passes_for_an_uploads(target: bytes) -> None:
    request = Coming(body_bytes=100, until=1)
    request.add(HEAD.replace(b"/x", target) % 2)
    assert not request.ready
    assert request.until == 1


def test_an_upload_is_its_routes_own_to_wait_for(served: Address) -> None:
    slow = Slow(served, HEAD.replace(b"/x", b"/uploads/x") % 25)  # 2.5 s of 1.5
    slow.run()
    assert slow.answer.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in slow.answer


def test_nobody_waits_for_clients_that_keep_a_connection_of_which_the_server_took_leave(served: Address) -> None:
    with ExitStack() as stack:
        for _ in range(10):
            client = stack.enter_context(socket.create_connection(served))
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert everything(client).startswith(b"HTTP/1.0 200")
        assert ask(served) == 200


def test_requests_of_one_connection_in_any_pieces(served: Address) -> None:
    first, second = HEAD % 5 + b"abcde", HEAD % 7
    with socket.create_connection(served) as client:
        for silent, told in ((first[:30], first[30:]), (b"", first + second[:9]), (second[9:], b"1234567")):
            client.sendall(silent)
            client.sendall(told)
            answer = HTTPResponse(client)
            answer.begin()
            answer.read()
            assert answer.status == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + (HEAD_BYTES + 1) * b"a", b"431"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (HEAD % 2000, b"413"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"\r\n\r\n", b"400"),
    ],
)
def test_what_cannot_be_waited_for_is_refused_and_the_connection_ends(
    served: Address, sent: bytes, status: bytes
) -> None:
    with socket.create_connection(served) as client:
        client.sendall(sent)
        assert everything(client).startswith(b"HTTP/1.1 " + status)


@given(
    body=st.binary(max_size=200),
    cuts=st.lists(st.integers(1, 300)),
    name=st.sampled_from(["Content-Length", "CONTENT-length"]),
)
def test_a_request_is_there_with_its_last_byte(body: bytes, cuts: list[int], name: str) -> None:
    sent = f"POST / HTTP/1.1\r\nHost: a\r\n{name}: {len(body)}\r\n\r\n".encode() + body
    request = Coming(200, 0)
    ends = sorted({cut for cut in cuts if cut < len(sent)} | {len(sent) - 1, len(sent)})
    for start, end in zip([0, *ends], ends, strict=False):
        assert not request.ready
        request.add(sent[start:end])
    assert request.ready
    assert request.whole
    assert bytes(request.data) == sent


HEADERS = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[Answer, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(0.05)
    with ours, theirs:
        yield Answer(ours), theirs


def test_the_head_of_an_answer_goes_with_the_first_of_its_body(pair: tuple[Answer, socket.socket]) -> None:
    answer, client = pair
    answer.sendall(HEADERS)
    with pytest.raises(TimeoutError):
        client.recv(99)
    answer.sendall(b"first")
    assert client.recv(99) == HEADERS + b"first"
    answer.sendall(b"second")
    assert client.recv(99) == b"second"


def test_a_head_without_a_body_goes_at_the_end(pair: tuple[Answer, socket.socket]) -> None:
    answer, client = pair
    answer.sendall(HEADERS)
    answer.flush()
    answer.flush()
    assert client.recv(99) == HEADERS


def test_a_file_follows_its_head(pair: tuple[Answer, socket.socket], tmp_path: Path) -> None:
    answer, client = pair
    (tmp_path / "file").write_bytes(b"content")
    answer.sendall(HEADERS)
    with (tmp_path / "file").open("rb") as file:
        assert answer.sendfile(file) == len(b"content")
    assert client.recv(99) == HEADERS + b"content"


def test_a_body_larger_than_the_sockets_room_comes_whole(pair: tuple[Answer, socket.socket]) -> None:
    answer, client = pair
    client.settimeout(8)
    body = bytes(range(256)) * 2**14
    answer.sendall(HEADERS)
    sender = Thread(target=lambda: [answer.sendall(memoryview(body)), answer.close()])
    sender.start()
    assert everything(client) == HEADERS + body
    sender.join()
