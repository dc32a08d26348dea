"""Who is asking: a random session id in a signed cookie.

Owns the cookie's text; knows nothing of HTTP. A cookie that was not signed here opens a new session: nobody can choose
an id, and no one is turned away for an old one.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from itsdangerous import BadSignature, Signer

from app.pipeline.secret import check_secret

COOKIE = "stageboard_session"
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Session:
    """One browser.

    Parameters
    ----------
    id : str
        Random, 22 URL-safe characters; never shown outside the signed cookie.
    fresh : bool
        Whether the browser does not have the cookie yet.
    """

    id: str
    fresh: bool = False


class Sessions:
    """Open sessions from cookies, and write their cookies.

    Parameters
    ----------
    secret : str
        The same for every worker, at least 16 characters.

    Raises
    ------
    ParameterError
        For a secret that is too short.

    Notes
    -----
    Safe to use from several threads: nothing is kept.

    Examples
    --------
    >>> sessions = Sessions("a secret of the example")
    >>> first = sessions.open(None)
    >>> sessions.open(sessions.cookie(first)).id == first.id
    True
    """

    def __init__(self, secret: str) -> None:
        self._signer = Signer(check_secret(secret), salt="stageboard.session", digest_method=sha256)

    def open(self, cookie: str | None) -> Session:
        """Return the cookie's session, or a fresh one where there is no cookie or it was not signed here."""
        try:
            return Session(self._signer.unsign((cookie or "").encode()).decode())
        except (BadSignature, UnicodeError):
            return Session(secrets.token_urlsafe(ID_BYTES), fresh=True)

    def cookie(self, session: Session) -> str:
        """Return the signed text for the session's cookie."""
        return self._signer.sign(session.id).decode()
