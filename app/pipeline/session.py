"""Who is asking: a random session id in a signed cookie that ends when it is not used.

Owns the cookie's text; knows nothing of HTTP. A cookie that was not signed here, or too long ago, opens a new session:
nobody can choose an id, and no one is turned away for an old one.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from itsdangerous import BadSignature, TimestampSigner

from app.pipeline.secret import check_secret

COOKIE = "stageboard_session"
ID_BYTES = 16
DAY = 86_400
IDLE_SECONDS = 30 * DAY
RENEWALS = 30
"""How often a session in use is signed anew within the time that it may be idle."""
REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class Session:
    """One browser.

    Parameters
    ----------
    id : str
        Random, 22 URL-safe characters; never shown outside the signed cookie.
    fresh : bool
        Whether the browser does not have the cookie yet.
    until : float
        When it ends if it is not used again, in seconds since 1970.
    due : bool
        Whether its cookie should be signed anew; `until` counts on it.
    """

    id: str
    fresh: bool = False
    until: float = 0.0
    due: bool = False

    @property
    def owner(self) -> str:
        """What names the session's things: 32 hexadecimal digits, of which nobody can make a cookie."""
        return sha256(self.id.encode()).hexdigest()[:32]


class Sessions:
    """Open sessions from cookies, and write their cookies.

    Parameters
    ----------
    secret : str
        The same for every worker, at least 16 characters.
    idle : float
        Seconds after which a session that is not used ends.
    clock : callable
        Returns seconds since 1970.

    Raises
    ------
    ParameterError
        For a secret that is too short.

    Notes
    -----
    Safe to use from several threads. Cookies whose signature was right are remembered, the last few thousand: a
    signature is 40 µs of a request, and only what was signed here takes room. Their age is judged each time.

    Examples
    --------
    >>> sessions = Sessions("a secret of the example")
    >>> first = sessions.open(None)
    >>> sessions.open(sessions.cookie(first)).id == first.id
    True
    """

    def __init__(self, secret: str, idle: float = IDLE_SECONDS, clock: Callable[[], float] = time.time) -> None:
        self._signer = _Signer(check_secret(secret), clock)
        self._read = lru_cache(REMEMBERED)(self._unsign)
        self._clock = clock
        self.idle = idle

    def open(self, cookie: str | None) -> Session:
        """Return the cookie's session, or a fresh one where there is none, it was not signed here, or has ended."""
        now = self._clock()
        try:
            name, signed = self._read(cookie or "")
            age = now - signed
            if age > self.idle:
                return self.fresh()
            due = age > self.idle / RENEWALS
            return Session(name, until=now + self.idle - (0 if due else max(age, 0)), due=due)
        except (BadSignature, UnicodeError):
            return self.fresh()

    def _unsign(self, cookie: str) -> tuple[str, float]:
        text, signed = self._signer.unsign(cookie.encode(), return_timestamp=True)
        return text.decode(), signed.timestamp()

    def fresh(self) -> Session:
        """Return a session that no browser has yet."""
        return Session(secrets.token_urlsafe(ID_BYTES), fresh=True, until=self._clock() + self.idle)

    def cookie(self, session: Session) -> str:
        """Return the signed text for the session's cookie, good from now on."""
        return self._signer.sign(session.id).decode()


class _Signer(TimestampSigner):
    """Signs with the time of a clock that is given."""

    def __init__(self, secret: str, clock: Callable[[], float]) -> None:
        super().__init__(secret, salt="stageboard.session", digest_method=sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        """Return the seconds that go into a signature."""
        return int(self._clock())
