"""What has come of a request, and whether that is enough to answer it.

Owns how a request is told to be whole, and no more of HTTP: what is handed on is read by gunicorn, which may still
refuse it.
"""

import re
from typing import Final

HEAD_BYTES: Final = 2**16
FOR_EVER: Final = float("inf")

_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
# In the path: a query may hold anything.
_STREAMED: Final = re.compile(rb"POST [^?#\s]*/uploads/[^/?#\s]")


class Coming:
    r"""A request that is on its way.

    Parameters
    ----------
    body_bytes : int
        The largest body that is waited for. A larger one is the app's to refuse, by its head.
    until : float
        The time by which it must have come; that of an upload's body is for its route to say.

    Attributes
    ----------
    data : bytearray
        All that came.
    ready : bool
        Whether it can be answered: all that is to be waited for is there.
    whole : bool
        Whether its body is there as well.
    refusal : str
        The status of a request that is not waited for any longer; else empty.

    Examples
    --------
    >>> request = Coming(body_bytes=100, until=0)
    >>> request.add(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[")
    >>> request.ready
    False
    >>> request.add(b"]")
    >>> request.ready
    True
    """

    def __init__(self, body_bytes: int, until: float) -> None:
        self.body_bytes, self.until = body_bytes, until
        self.data = bytearray()
        self.ready = self.whole = False
        self.refusal = ""
        self._size = 0.0  # of head and body, known once the head is there

    def add(self, data: bytes) -> None:
        """Take what came.

        Parameters
        ----------
        data : bytes

        Notes
        -----
        Linear in all that comes, in however small pieces.
        """
        seen = max(len(self.data) - 3, 0)
        self.data += data
        if not self._size:
            self._find_head(seen)
        self.whole = 0 < self._size <= len(self.data)
        self.ready = self.ready or self.whole

    def _find_head(self, seen: int) -> None:
        end = self.data.find(b"\r\n\r\n", seen)
        if end >= 0:
            self._read_head(bytes(self.data[: end + 2]))
        elif len(self.data) > HEAD_BYTES:
            self.refusal = "431 Request Header Fields Too Large"

    def _read_head(self, head: bytes) -> None:
        chunked = _CHUNKED.search(head)
        length = FOR_EVER if chunked else int(found[1]) if (found := _LENGTH.search(head)) else 0
        self._size = len(head) + 2 + length
        if _STREAMED.match(head):
            self.ready, self.until = True, FOR_EVER
        elif chunked:
            self.refusal = "411 Length Required"
        elif length > self.body_bytes:
            self.ready = True
