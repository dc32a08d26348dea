"""A worker that is sent what should exhaust it, over real connections: refused, and its own memory stays small."""

import socket
import subprocess
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path

from tests.app.test_deploy import until
from tests.app.test_serving import Start, ask, cookie, start
from tests.app.test_uploads import HOSTILE

__all__ = ["start"]
LARGE = ("bomb.parquet", "lying.parquet", "bomb.csv.gz", "wide.csv", "offsets.feather")
LIMIT = 100 * 2**20
MOST_MB = 60
"""What a worker may take more than before, at its worst moment: less than one file."""
CHUNK = b"100000\r\n" + b"1,2\n" * 2**18 + b"\r\n"


def peak_mb(app: subprocess.Popen[str]) -> float:
    """Return the most memory that any worker has had."""
    workers = Path(f"/proc/{app.pid}/task/{app.pid}/children").read_text().split()
    lines = [line for pid in workers for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return max(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))


def without_end(port: int, session: str) -> int:
    """Send a body that does not end, until the server has had enough; return the bytes that it took."""
    head = (
        f"POST /uploads/endless.csv HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        f"Cookie: {session}\r\nStageboard-Upload: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    sent = 0
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as link, suppress(ConnectionError):
        link.sendall(head.encode())
        while sent < 4 * LIMIT:
            link.sendall(CHUNK)
            sent += len(CHUNK)
    return sent


def test_hostile_uploads_leave_a_worker_small_and_answering(start: Start, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("STAGEBOARD_UPLOAD_BYTES", str(LIMIT))
    app, address = start("--workers", "1")
    port, session = int(address.rpartition(":")[2]), cookie(f"{address}/").split(";")[0]
    headers = {"Cookie": session, "Origin": address, "Stageboard-Upload": "1"}
    until(lambda: ask(f"{address}/ready") != b"")  # its kernels are compiled
    before = peak_mb(app)
    for name in LARGE:
        make, said = HOSTILE[name]
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as link:
            link.request("POST", f"/uploads/{name}", make(), headers)
            answer = link.getresponse()
            assert (answer.status, said in answer.read().decode()) == (422, True), name
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as link:
        link.putrequest("POST", "/uploads/declared.csv")
        for one, value in {**headers, "Content-Length": str(2 * 2**30)}.items():
            link.putheader(one, value)
        link.endheaders()  # and not a byte of it
        assert link.getresponse().status == 413
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as link:
        blocks = (b"9" * 2**20 for _ in range(LIMIT // 2**20))
        link.request("POST", "/uploads/line.csv", blocks, {**headers, "Content-Length": str(LIMIT)})
        answer = link.getresponse()
        assert (answer.status, b"a line of more than" in answer.read()) == (422, True)
    assert without_end(port, session) < 2 * LIMIT  # what fills the line as well
    assert peak_mb(app) - before < MOST_MB
    assert b'"status":"ok"' in ask(f"{address}/health").replace(b" ", b"")
    assert [one for one in (tmp_path / "cache" / "uploads").rglob("*") if one.is_file()] == []
