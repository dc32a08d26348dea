"""Gunicorn's threads, for requests that are there: a worker's loop waits for what its clients send.

A thread is given to a request once its head and its body have come. Until then it costs a place in the loop and the
bytes that came, for `PATIENCE` seconds at most, so that clients who send slowly, or nothing, hold no thread. The loop
itself waits for nobody either: not for one who should read an answer before the connection ends. The body of an upload
is its route's own to wait for. Where gunicorn itself ends TLS its own rules hold.
"""

from contextlib import suppress
from selectors import EVENT_READ
from socket import SHUT_WR
from time import monotonic
from typing import Any, Final

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import ThreadWorker

from app.web.coming import FOR_EVER, Coming

PATIENCE: Final = 15.0
"""Seconds in which a request must come, head and body."""

ROOM: Final = 64 * 2**20
"""Bytes of requests on their way that a worker holds; beyond that those that do not come at once are refused."""

LINGER: Final = 2.0
DRAINED: Final = 2**22
"""Seconds that a client has to read the last answer of a connection, and bytes that it may still send meanwhile."""

CHUNK: Final = 2**16
_LATE: Final = "408 Request Timeout"
_FULL: Final = "503 Service Unavailable"


class Unreader(SocketUnreader):  # type: ignore[misc]
    """Gunicorn's reader of a connection, which waits no longer than a request may take.

    What is whole never waits here. It stops who tells the loop otherwise than gunicorn how much is to come.
    """

    until = FOR_EVER

    def hand(self, request: Coming) -> None:
        """Begin with what came of a request."""
        self.until = request.until
        self.unread(bytes(request.data))

    def chunk(self) -> bytes:
        """Wait for more; nothing comes from who is late, as from who is gone."""
        if self.until == FOR_EVER:
            return bytes(super().chunk())
        self.sock.settimeout(max(self.until - monotonic(), 1e-3))
        try:
            return bytes(super().chunk())
        except TimeoutError:
            return b""
        finally:
            self.sock.settimeout(None)


class Answer:
    """A socket that sends the head of an answer together with the first of its body.

    A process that is killed has then most often sent the whole of an answer, or nothing of it, and a proxy asks another
    process; and a short answer is one call and one packet.

    Parameters
    ----------
    sock : socket
    """

    def __init__(self, sock: Any) -> None:
        self._sock, self._head, self._begun = sock, b"", False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        """Keep what comes first, which gunicorn sends by itself; send what follows, and what was kept with it."""
        if not self._begun:
            self._begun, self._head = True, data
        elif self._head:
            head, self._head = self._head, b""
            sent = self._sock.sendmsg((head, data))
            self._sock.sendall(head[sent:])
            self._sock.sendall(memoryview(data)[max(sent - len(head), 0) :])
        else:
            self._sock.sendall(data)

    def sendfile(self, *args: Any, **kwargs: Any) -> int:
        """Send a file, behind what was kept."""
        self.flush()
        return int(self._sock.sendfile(*args, **kwargs))

    def flush(self) -> None:
        """Send what is kept: nothing followed it."""
        head, self._head = self._head, b""
        if head:
            self._sock.sendall(head)


class Worker(ThreadWorker):  # type: ignore[misc]
    """Gunicorn's worker of threads, in whose loop clients wait.

    Attributes
    ----------
    patience : float
        Seconds in which a request must come.
    body_bytes : int
        The largest body that is waited for; to be set before requests come.

    Notes
    -----
    All but `handle` and `handle_request` runs in the loop's thread alone.
    """

    patience = PATIENCE
    body_bytes = 2**20

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting: dict[Any, Coming] = {}
        self.leaving: dict[Any, tuple[float, int]] = {}
        self.held = 0
        self.next_look = 0.0

    def enqueue_req(self, conn: Any) -> None:
        """Wait for the next request of a connection; it was opened, or something came by it."""
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
            return
        request = Coming(self.body_bytes, monotonic() + self.patience)
        if conn.parser:
            request.add(conn.parser.unreader.take_buffered())
        self._wait(conn, request)

    def _wait(self, conn: Any, request: Coming) -> None:
        """Take what came of a request, and pass it on once it is there."""
        with suppress(BlockingIOError):
            data = _received(conn)
            if not data:
                self._close(conn)
                return
            request.add(data)
        full = self.held + len(request.data) > ROOM
        if request.refusal or (full and not request.ready):
            self._refuse(conn, request.refusal or _FULL)
        elif request.ready:
            conn.request = request
            super().enqueue_req(conn)
        else:
            self._keep(conn, request)

    def _keep(self, conn: Any, request: Coming) -> None:
        self.waiting[conn] = request
        self.held += len(request.data)
        self.poller.register(conn.sock, EVENT_READ, lambda _: self._wait(conn, self._take(conn)))

    def _take(self, conn: Any) -> Coming:
        request = self.waiting.pop(conn)
        self.held -= len(request.data)
        self.poller.unregister(conn.sock)
        return request

    def _give_up(self, conn: Any, request: Coming) -> None:
        if request.data:
            self._refuse(conn, _LATE)
        else:
            self._close(conn)  # a browser opens connections ahead

    def _refuse(self, conn: Any, status: str) -> None:
        with suppress(OSError):
            conn.sock.send(f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
        self._leave(conn)

    def handle(self, conn: Any) -> Any:
        """Answer a request that is there."""
        if not self.cfg.is_ssl:
            conn.init()
            if not isinstance(conn.parser.unreader, Unreader):
                conn.parser.unreader = Unreader(conn.sock)
            conn.parser.unreader.hand(conn.request)
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request; where its body had not come by then, it is the last: nobody reads what is left of it."""
        if self.cfg.is_ssl:
            return super().handle_request(req, conn)
        if not conn.request.whole:
            req.force_close()
        sock = conn.sock
        conn.sock = answer = Answer(sock)
        try:
            found = super().handle_request(req, conn)
            answer.flush()
        finally:
            conn.sock = sock
        return found

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep a connection, or let its client read what was sent before it ends."""
        if self.alive and not (fs.cancelled() or fs.exception() or fs.result()):
            self._leave(conn)
        else:
            super().finish_request(conn, fs)

    def _leave(self, conn: Any) -> None:
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(SHUT_WR)
        except OSError:
            self._close(conn)
            return
        self.leaving[conn] = monotonic() + LINGER, DRAINED
        self.poller.register(conn.sock, EVENT_READ, lambda _: self._drain(conn))

    def _drain(self, conn: Any) -> None:
        """Throw away what a client still sends: the kernel would answer it by throwing away what we sent."""
        with suppress(BlockingIOError):
            data, (until, room) = _received(conn), self.leaving[conn]
            self.leaving[conn] = until, room - len(data)
            if not data or room < len(data):
                self._end(conn)

    def _end(self, conn: Any) -> None:
        del self.leaving[conn]
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """End the waiting for those whose time is over; gunicorn asks for it in every turn of its loop."""
        super().murder_pending()
        now = monotonic()
        if now < self.next_look:
            return
        self.next_look = now + self.patience / 15
        for conn in [one for one, request in self.waiting.items() if request.until < now]:
            self._give_up(conn, self._take(conn))
        for conn in [one for one, (until, _) in self.leaving.items() if until < now]:
            self._end(conn)


def _received(conn: Any) -> bytes:
    """Return what came, nothing where the client is gone; raises BlockingIOError where there is nothing yet."""
    try:
        return bytes(conn.sock.recv(CHUNK))
    except BlockingIOError:
        raise
    except OSError:
        return b""
